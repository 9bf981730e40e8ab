"""The dashboard's token: from the environment, from a file, or made here; never an argument, which every user sees."""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hpo.errors import UsageError
from model.files import read_regular

VARIABLE = "HPO_TOKEN"
_FORM = re.compile(r"[A-Za-z0-9._~-]{16,200}")
_FILE_BYTES = 1000


@dataclass(frozen=True)
class Token:
    """What visitors must show."""

    text: str
    #: Made here, so that nobody knows it yet.
    is_new: bool


def token_for(
    asked: bool | None, file: Path | None, beyond_loopback: bool, environment: Mapping[str, str]
) -> Token | None:
    """Finds the token that visitors must show.

    Args:
        asked: --token or --no-token; None where neither was said: then whoever can reach it from outside must show one.
        file: That holds one.
        beyond_loopback: Whether other machines can reach the dashboard.
        environment: May hold one as HPO_TOKEN.

    Returns:
        None where none is asked for.

    Raises:
        UsageError: The token is no good one, or given and refused at once.
    """
    given = environment.get(VARIABLE) or None
    if asked is False:
        if given or file:
            raise UsageError(
                "--no-token is said, and a token is given.", f"Leave out --token-file and unset {VARIABLE}."
            )
        return None
    if file is not None:
        return Token(_checked(_read(file), f"The file {file}"), is_new=False)
    if given is not None:
        return Token(_checked(given, VARIABLE), is_new=False)
    return Token(secrets.token_urlsafe(32), is_new=True) if asked or beyond_loopback else None


def _read(file: Path) -> str:
    try:
        return read_regular(file, _FILE_BYTES).decode("ascii", errors="replace").strip()
    except OSError as error:
        raise UsageError(f"The token file {file} cannot be read: {error.strerror}.", "Mend its rights.") from error


def _checked(text: str, where: str) -> str:
    if not _FORM.fullmatch(text):
        raise UsageError(
            f"{where} holds no token: {len(text)} characters; it takes 16 to 200 letters, digits or any of . _ ~ -.",
            "Make one with: python -c 'import secrets; print(secrets.token_urlsafe(32))'",
        )
    return text
