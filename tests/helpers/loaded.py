"""What a command has Python read: libraries that take seconds are for those who need them."""

import subprocess
import sys
from collections.abc import Set
from pathlib import Path

_CODE = (
    "import sys; from hpo.__main__ import main; code = main(sys.argv[2:]); "
    "loaded = set(sys.argv[1].split(',')) & set(sys.modules); "
    "sys.exit(f'loaded {loaded}' if loaded else code)"
)


def runs_without(libraries: Set[str], *arguments: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Runs a command in a new process.

    Args:
        libraries: That it must not read.
        arguments: Of the command.
        folder: Where.

    Raises:
        AssertionError: It failed, or has read one of them.
    """
    done = subprocess.run(
        [sys.executable, "-c", _CODE, ",".join(libraries), *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done
