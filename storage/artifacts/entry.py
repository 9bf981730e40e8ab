"""What a place of artifacts tells of one blob, without reading it."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A blob in a listing."""

    name: str
    #: In bytes.
    size: int
    #: When it was written last: seconds since 1970, by the clock of the place.
    modified: float
