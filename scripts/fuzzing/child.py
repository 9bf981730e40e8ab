"""The process that reads: one input after the other, each bounded in time and memory."""

import json
import logging
import mmap
import re
import resource
import signal
import sys
import tempfile
import traceback
import warnings
from pathlib import Path
from types import FrameType
from typing import Any, TextIO

from fuzzing.progress import Progress
from fuzzing.readers import Reader, readers

#: Seconds of the processor that an input may take, in C code too as long as that returns.
SECONDS = 5.0
#: Bytes that the process may grow by while it reads one input; and by all of them together, in addresses.
GROWTH, ADDRESSES = 192 * 2**20, 2 * 2**30

_PEAK = re.compile(r"VmHWM:\s*(\d+) kB")


class TooSlowError(BaseException):
    """An input took longer than allowed. No Exception: readers turn these into errors of their own."""


def read_all(name: str, first: int, last: int, progress: mmap.mmap, findings: TextIO) -> None:
    """Reads inputs `first` to `last - 1` of a reader.

    Args:
        name: The reader's.
        first: Number of the first input.
        last: Number behind the last.
        progress: Where the number at work is told: it outlives a crash.
        findings: A JSON line is written for each.
    """
    reader = readers()[name]
    told = Progress(progress)
    warnings.simplefilter("ignore")
    logging.disable()  # what cannot be read is told there
    signal.signal(signal.SIGPROF, _too_slow)
    _bound_addresses()
    with tempfile.TemporaryDirectory(dir=memory_folder()) as folder:
        for number in range(first, last):
            told.begin(number)
            found = read_one(reader, reader.input(name, number), Path(folder))
            told.end(read=found is None)
            if found is not None and found != "refused":
                findings.write(json.dumps({"input": number, "what": found}) + "\n")
                findings.flush()
    told.begin(last)


def read_one(reader: Reader, data: bytes, folder: Path) -> str | None:
    """Reads one input.

    Returns:
        None where it was read, "refused" where it was refused by an error of the project's, else what was found.
    """
    from hpo.errors import HpoError
    from model.errors import ModelError
    from storage.errors import StorageError

    before = _peak()
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        reader.read(data, folder)
        outcome = None
    except (HpoError, ModelError, StorageError) as error:
        # The message is made when it is printed.
        outcome = "refused" if len(str(error)) <= 20_000 else f"a message of {len(str(error)):,} characters"
    except TooSlowError:
        outcome = f"more than {SECONDS:.0f} s {_where(sys.exc_info()[2])}"
    except BaseException as error:
        outcome = f"{type(error).__name__} {_where(error.__traceback__)}: {str(error)[:200]!r}"
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    grown = _peak() - before
    return f"{grown // 2**20} MiB of memory" if grown > GROWTH else outcome


def _too_slow(_: int, __: FrameType | None) -> None:
    raise TooSlowError


def _where(trace: Any) -> str:
    """Names the last place in the project's own files."""
    frames = traceback.extract_tb(trace)
    own = [frame for frame in frames if re.search(r"/(model|storage|hpo)/", frame.filename)] or frames
    path = Path(own[-1].filename)
    return f"in {'/'.join(path.parts[-3:])}:{own[-1].lineno}"


def _peak() -> int:
    """Reads the most memory that this program had; what `getrusage` tells begins with that of who started it."""
    told = _PEAK.search(Path("/proc/self/status").read_text())
    return int(told[1]) * 1024 if told else 0


def _bound_addresses() -> None:
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + ADDRESSES, used + ADDRESSES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def memory_folder() -> str | None:
    """Files that live for a millisecond need no disk."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108
