"""A variant's side: prepare once, then do one measured piece of work per line of stdin.

Imports nothing but numpy, because the variant with Keras runs in another environment.
"""

import json
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: What a variant can be told to do: the name of a kind of work, and the work, which returns what else is to be told.
Works = Mapping[str, Callable[[], dict[str, Any]]]


def load(path: str) -> dict[str, NDArray[Any]]:
    """The rows that all variants share: tokens [N, T] uint8, lengths [N], labels [N] bool."""
    with np.load(Path(path)) as arrays:
        return {name: arrays[name] for name in arrays.files}


def serve(works: Works) -> None:
    """Says that it is ready, then answers each line with the seconds that the work of that name took."""
    out, sys.stdout = sys.stdout, sys.stderr  # what libraries print must not mix with the answers
    print(json.dumps({"ready": True}), file=out, flush=True)
    for line in sys.stdin:
        started = time.perf_counter()
        told = works[line.strip()]()
        print(json.dumps({"seconds": time.perf_counter() - started, **told}), file=out, flush=True)
