"""Builds the library with the machine's compiler and keeps it in the user's cache folder.

A library's file name holds the SHA-256 of its bytes, so a damaged one is seen before it is loaded. It is
built under another name and then renamed, so a killed build leaves nothing that anybody would load. Loading
code from a folder where others may write would be a hole, so such a folder is refused.
"""

import contextlib
import fcntl
import hashlib
import os
import platform
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

_FOLDER = Path(__file__).parent
SOURCES = (_FOLDER / "bilstm.cpp", *sorted(_FOLDER.glob("*.h")))
COMPILERS = ("c++", "g++", "clang++")
FLAGS = ("-std=c++17", "-O3", "-ffp-contract=fast", "-fno-math-errno", "-fPIC", "-shared", "-pthread", "-w")
_BUILD_LIMIT_S = 300


class BuildError(Exception):
    """There is no library for this machine; the message says why in one line."""


def library(environment: Mapping[str, str], architecture: str = "native") -> Path:
    """Returns the shared library for this CPU, built now unless it is in the cache.

    Args:
        environment: Where `XDG_CACHE_HOME`, `HOME`, `PATH` and `CXX` are looked up.
        architecture: What the compiler is told in `-march`.

    Raises:
        BuildError: The cache folder cannot be used, there is no compiler, or it failed.
    """
    flags = (*FLAGS, f"-march={architecture}")
    try:
        folder = _private_folder(_cache_root(environment), _key(flags))
        with _locked(folder):
            return _intact(folder) or _build(folder, flags, environment)
    except OSError as error:
        raise BuildError(f"the cache folder cannot be used: {error}") from error


def _cache_root(environment: Mapping[str, str]) -> Path:
    named = environment.get("XDG_CACHE_HOME")
    root = Path(named) if named else Path(environment.get("HOME", ""), ".cache")
    if not root.is_absolute():
        raise BuildError("neither XDG_CACHE_HOME nor HOME names an absolute path")
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    return root.resolve()


def _private_folder(root: Path, key: str) -> Path:
    folder = root
    for name in ("hpo", "native", key):
        folder = folder / name
        folder.mkdir(mode=0o700, exist_ok=True)
        _refuse_unless_private(folder)
    return folder


def _refuse_unless_private(path: Path) -> None:
    status = path.lstat()
    if stat.S_ISLNK(status.st_mode) or status.st_uid != os.getuid() or status.st_mode & 0o022:
        raise BuildError(f"{path} is a link, another user's, or writable by others; it must be yours alone")


def _key(flags: tuple[str, ...]) -> str:
    parts = [source.read_bytes() for source in SOURCES] + [" ".join(flags).encode(), _cpu().encode()]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:24]


def _cpu() -> str:
    # A home folder may be shared by machines with different CPUs.
    with contextlib.suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        wanted = ("model name", "cpu family", "model", "flags")
        return "\n".join(dict.fromkeys(line for line in lines if line.split("\t")[0].strip() in wanted))
    return platform.processor()


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Lets one process build while others wait; the system frees the lock of a process that dies."""
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _intact(folder: Path) -> Path | None:
    for path in sorted(folder.glob("bilstm-*.so")):
        _refuse_unless_private(path)
        if path.name == _name(path):
            return path
        path.unlink()
    return None


def _name(path: Path) -> str:
    return f"bilstm-{hashlib.sha256(path.read_bytes()).hexdigest()}.so"


def _build(folder: Path, flags: tuple[str, ...], environment: Mapping[str, str]) -> Path:
    compiler = _compiler(environment)
    for leftover in folder.glob("building-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix="building-", dir=folder, ignore_cleanup_errors=True) as temporary:
        built = Path(temporary) / "bilstm.so"
        _compile([compiler, *flags, "-o", str(built), str(SOURCES[0])], temporary, environment)
        built.chmod(0o700)
        path = folder / _name(built)
        built.replace(path)
    return path


def _compiler(environment: Mapping[str, str]) -> str:
    for name in filter(None, (environment.get("CXX"), *COMPILERS)):
        found = shutil.which(name, path=environment.get("PATH", ""))
        if found:
            return found
    raise BuildError("no C++ compiler was found (g++ or clang++)")


def _compile(command: list[str], temporary: str, environment: Mapping[str, str]) -> None:
    try:
        subprocess.run(
            command,
            check=True,
            capture_output=True,
            text=True,
            timeout=_BUILD_LIMIT_S,
            cwd=temporary,
            env={**environment, "TMPDIR": temporary},
        )
    except subprocess.CalledProcessError as error:
        first = next((line for line in error.stderr.splitlines() if "error" in line), "no message")
        raise BuildError(f"{command[0]} failed: {first}") from error
    except (subprocess.TimeoutExpired, OSError) as error:
        raise BuildError(f"{command[0]} did not finish: {error}") from error
