"""Sizes of memory as people write them: 8GiB, 500MB, 1.5G."""

import re

import typer

_UNITS = {"": 1, "k": 1000, "m": 1000**2, "g": 1000**3, "t": 1000**4}
_BINARY = {"": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}
_FORM = re.compile(r"(\d{1,15}(?:\.\d{1,6})?)\s*([kmgt]?)(i?)b?", re.IGNORECASE | re.ASCII)
#: Bytes; less reads nothing, and more is nobody's memory.
_LEAST, _MOST = 2**20, 2**50


def parse_size(text: str) -> int:
    """Returns the bytes that a text such as 8GiB or 500MB means.

    Raises:
        typer.BadParameter: It is no size, or none that reading could keep to.
    """
    match = _FORM.fullmatch(text.strip())
    if match is None:
        raise typer.BadParameter(f"{text[:40]!r} is not a size such as 8GiB or 500MB.")
    number, unit, binary = match.groups()
    size = float(number) * (_BINARY if binary else _UNITS)[unit.lower()]
    if not _LEAST <= size <= _MOST:
        raise typer.BadParameter(f"{text[:40]!r} is not between 1MiB and 1PiB.")
    return int(size)
