"""How far a reading process is, in memory that it shares with its parent and that outlives it."""

import mmap
import struct

_FORM = struct.Struct("<qqq")
SIZE = _FORM.size


class Progress:
    """The number of the input at work, and how many were read and refused before it.

    Args:
        memory: Shared, of `SIZE` bytes.
    """

    def __init__(self, memory: mmap.mmap) -> None:
        self._memory = memory
        _, self.read, self.refused = self.now()

    def now(self) -> tuple[int, int, int]:
        """Returns the number at work, and how many were read and refused."""
        number, read, refused = _FORM.unpack(self._memory[:SIZE])
        return number, read, refused

    def begin(self, number: int) -> None:
        """Tells that an input is at work."""
        self._memory[:SIZE] = _FORM.pack(number, self.read, self.refused)

    def end(self, read: bool) -> None:
        """Counts it."""
        self.read += read
        self.refused += not read
