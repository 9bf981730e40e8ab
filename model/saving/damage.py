"""How a model's folder is refused."""

from pathlib import Path

from model.errors import SavedModelError

_LONGEST_REASON = 500


def damaged(folder: Path, why: str) -> SavedModelError:
    """Returns the error that says why a model's folder cannot be used."""
    # What it quotes stands in the file, and may be as long as the file.
    shown = why if len(why) <= _LONGEST_REASON else f"{why[:_LONGEST_REASON]} ..."
    return SavedModelError(f"The model in {folder} cannot be used: {shown}.", "Take a fresh copy of the folder.")
