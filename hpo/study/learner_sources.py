"""The fingerprint of the sources that make a trial's numbers.

Two checkouts may carry the same version and train differently, and their trials could not be compared. So a study
keeps the fingerprint of the learner it was made with, beside the versions of libraries.
"""

import hashlib
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

#: Where the rooms lie beside each other: the checkout, or what was installed.
ROOT = Path(__file__).resolve().parents[2]
#: What a finished fold depends on, beside the learner: who proposes, which epoch counts, what is read back.
_BESIDE = ("hpo/search", "hpo/trial")
#: Parts of `model/` that no fold's numbers pass through. GPUs have a number of their own: `gpu_arithmetic`.
APART = (
    *("gpu", "reading", "saving", "simulation"),
    *("coding.py", "cost.py", "inspection.py", "mutagenesis.py", "splitting.py", "writing.py"),
)
_KINDS = {".py": "#", ".cpp": "//", ".h": "//", ".toml": "#"}


@lru_cache(maxsize=1)
def learner() -> str:
    """Returns the fingerprint of the sources that this process runs: 12 hexadecimal digits."""
    return fingerprint(ROOT)


def fingerprint(root: Path) -> str:
    """Returns the fingerprint of the sources in a folder; comments and empty lines do not count.

    Args:
        root: That holds `model` and `hpo`.
    """
    digest = hashlib.sha256()
    for path in sorted(_sources(root)):
        digest.update(f"{path.relative_to(root).as_posix()}\n".encode())
        mark = _KINDS[path.suffix]
        lines = (line.rstrip() for line in path.read_text(encoding="utf-8").splitlines())
        digest.update("\n".join(line for line in lines if line and not line.lstrip().startswith(mark)).encode())
    return digest.hexdigest()[:12]


def _sources(root: Path) -> Iterator[Path]:
    learner = root / "model"
    apart = [learner / name for name in APART]
    for folder in (learner, *(root / name for name in _BESIDE)):
        for path in folder.rglob("*"):
            if path.suffix in _KINDS and not any(path.is_relative_to(one) for one in apart):
                yield path
