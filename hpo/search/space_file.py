"""The file of a search space: TOML of a size that can be read in no time."""

import tomllib
from pathlib import Path
from typing import Any

from hpo.errors import SpaceError
from model.files import read_regular

_MAX_BYTES = 100_000
#: Characters.
_MAX_LINE = 2_000


def read_toml(path: Path) -> dict[str, Any]:
    """Reads the table in a search space file.

    Raises:
        SpaceError: It cannot be read, is no TOML, or is larger, longer or deeper than any space.
    """
    try:
        text = read_regular(path, _MAX_BYTES).decode("utf-8-sig")
        _check_lines(text, path)
        return tomllib.loads(text)
    except OSError as error:
        raise SpaceError(
            f"The search space {path} cannot be read: {error.strerror}.", "Give a TOML file with --space."
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SpaceError(f"The search space {path} is not valid TOML: {error}.") from error
    except RecursionError as error:
        raise SpaceError(
            f"The search space {path} has values within values, deeper than any space.", "Write lists and ranges flat."
        ) from error


def _check_lines(text: str, path: Path) -> None:
    """Refuses a line that is longer than any of a space: reading a dotted key takes time that grows as its square."""
    for number, line in enumerate(text.splitlines(), start=1):
        if len(line) > _MAX_LINE:
            raise SpaceError(
                f"The search space {path}, line {number}, has {len(line):,} characters of {_MAX_LINE:,} at most.",
                "Break a long list into lines.",
            )
