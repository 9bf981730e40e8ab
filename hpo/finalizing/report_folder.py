"""The report's folder: made aside and put into place whole, so that a kill leaves the old report or the new one.

Only what hpo writes there is ever replaced; a folder that holds anything else is refused before time is spent. A kill
may leave a folder `.NAME.new-...` beside it, which can be removed.
"""

import ctypes
import json
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path

from hpo.errors import HpoError
from hpo.report.files import LOG, RESULT, is_of_a_report

#: Files that hpo has not written: so many are shown, and so many looked for in a folder that may be anything.
_SHOWN, _LOOKED_AT = 5, 1000
_LONGEST_NAME = 80
#: Of renameat2(2): paths are relative to the current folder; two names change places.
_CURRENT, _EXCHANGE = -100, 2


def open_report_folder(folder: Path, kept: Sequence[Path] = ()) -> None:
    """Makes the folder for report and model, before hours are spent on what goes into it.

    Args:
        folder: Where it is to be.
        kept: What must not lie in it: databases and artifacts, which may be made only later.

    Raises:
        HpoError: It cannot be made or replaced, or holds what hpo has not written.
    """
    place = folder.resolve()
    if Path.cwd().is_relative_to(place):
        raise HpoError(
            f"The output folder {folder} is the one that you stand in (or one above it), and is replaced as a whole.",
            f"Give a folder in it: --output {folder / 'report'}",
        )
    for other in kept:
        if other.resolve().is_relative_to(place):
            raise HpoError(
                f"The output folder {folder} is to hold {other} too, and is replaced as a whole.",
                "Choose another --output.",
            )
    if place.is_mount():
        raise HpoError(
            f"The output folder {folder} is a mount point, which cannot be replaced as a whole.",
            f"Give a folder in it: --output {folder / 'report'}",
        )
    try:
        _recover(place)
        place.mkdir(parents=True, exist_ok=True)
        for written in (place, place.parent):
            with tempfile.TemporaryFile(dir=written):
                pass
        others = sorted(islice(_others(place), _LOOKED_AT))
    except OSError as error:
        raise HpoError(
            f"The output folder {folder} cannot be written: {error.strerror}.", "Choose another --output."
        ) from error
    if others:
        shown = ", ".join(map(str, others[:_SHOWN])) + (", ..." if len(others) > _SHOWN else "")
        raise HpoError(
            f"The output folder {folder} holds what hpo has not written: {shown}. Only reports are replaced.",
            "Choose another --output, or move that away.",
        )


def check_not_another_s(folder: Path, study: str, created: str | None, overwrite: bool) -> None:
    """Refuses a folder that holds the report of another study.

    Args:
        folder: Where the report is to be.
        study: Whose.
        created: When that was made; None where it is yet to be made, and can have no report.
        overwrite: Whether the user wants another's report replaced.

    Raises:
        HpoError: Names the study.
    """
    # What lies there may be anything: it is only looked at.
    with suppress(OSError, ValueError, TypeError, KeyError):
        result = json.loads((folder / RESULT).read_text())
        name, made = str(result["study"])[:_LONGEST_NAME], str(result.get("created", created))[:_LONGEST_NAME]
        if (name, made) == (study, created) or overwrite:
            return
        which = f"study {name!r}" if name != study else f"another study {name!r}, made on {made}"
        raise HpoError(
            f"The output folder {folder} holds the report of {which}.",
            "Choose another --output, or say --overwrite to replace it.",
        )


@contextmanager
def replacing(folder: Path) -> Iterator[Path]:
    """Gives a new folder to write into; after the body of `with` it stands in the place of the old one.

    Where the body fails, the old one stays. The log stays, and so does what somebody has put there meanwhile.

    Args:
        folder: As `open_report_folder` has found it usable.
    """
    place = folder.resolve()
    new = place.with_name(f".{place.name}.new-{secrets.token_hex(4)}")
    new.mkdir()
    try:
        shutil.copymode(place, new)
        yield new
        if (log := place / LOG).exists():
            _share(log, new / LOG)
        old = _put_into_place(new, place)
    except BaseException:
        shutil.rmtree(new, ignore_errors=True)
        raise
    _remove_report(old, place)


def _others(folder: Path) -> Iterator[Path]:
    """Finds the files in a folder that no report has, relative to it."""
    for path in folder.rglob("*"):
        name = path.relative_to(folder)
        if (path.is_symlink() or not path.is_dir()) and not is_of_a_report(name):
            yield name


def _share(log: Path, name: Path) -> None:
    """Gives the log a second name: whoever writes to it goes on with the same file."""
    try:
        os.link(log, name)
    except OSError:  # some file systems have no second names
        shutil.copy2(log, name)


def _put_into_place(new: Path, place: Path) -> Path:
    """Renames the new folder to the old one's name. Returns where the old one is now."""
    if _exchange(new, place):
        return new
    old = _old(place)
    place.rename(old)
    new.rename(place)
    return old


def _exchange(one: Path, other: Path) -> bool:
    """Lets two folders change places in one step; says whether the system could."""
    rename = getattr(ctypes.CDLL(None), "renameat2", None)
    paths = (os.fsencode(one), os.fsencode(other))
    return rename is not None and rename(_CURRENT, paths[0], _CURRENT, paths[1], _EXCHANGE) == 0


def _old(place: Path) -> Path:
    return place.with_name(f".{place.name}.old")


def _recover(place: Path) -> None:
    """Ends what a kill left half done on a system that has no exchange: puts the old report back, or removes it."""
    old = _old(place)
    if old.is_dir() and not place.exists():
        old.rename(place)
    elif old.is_dir():
        _remove_report(old, place)


def _remove_report(old: Path, place: Path) -> None:
    """Removes the files of an old report; what is not of it moves to the new one."""
    for name in list(_others(old)):
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (old / name).rename(place / name)
    shutil.rmtree(old)
