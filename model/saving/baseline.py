"""A kept regression as JSON, beside the network's weights; what is read is untrusted, so each value is checked."""

import json
import math
from itertools import pairwise
from typing import Any

import numpy as np

from model.alphabet import AMBIGUOUS, CLEAR, Alphabet
from model.baseline import NAMES, KeptBaseline
from model.encoding import encodings_for, is_mutation
from model.mutations import LONGEST_ANCESTOR
from model.saving.names import BASELINE

#: Bytes of the file, at most: 60,000 words and their weights take two million.
MOST_BYTES = 20_000_000
_MOST_NUMBER, _MOST_BASE, _MOST_SIZE = 2**53, 256, 6
_FIELDS = {"name", "encoding", "ancestor", "base", "size", "numbers", "weights", "intercept"}


def baseline_bytes(kept: KeptBaseline) -> bytes:
    """Returns the file's contents."""
    document = {**vars(kept), "numbers": kept.numbers.tolist(), "weights": kept.weights.tolist()}
    return f"{json.dumps(document, allow_nan=False)}\n".encode()


def read_baseline(data: bytes, alphabet: Alphabet) -> KeptBaseline:
    """Reads what `baseline_bytes` has made.

    Args:
        data: The file's contents.
        alphabet: Of the model.

    Raises:
        ValueError: It is something else; says what.
    """
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{BASELINE} is not JSON") from error
    if not isinstance(document, dict) or set(document) != _FIELDS:
        raise ValueError(f"{BASELINE} does not have {sorted(_FIELDS)}")
    name, encoding, ancestor = document["name"], document["encoding"], document["ancestor"]
    if not isinstance(name, str) or name not in NAMES or encoding not in encodings_for(alphabet):
        raise ValueError(f"{BASELINE} has no regression of {alphabet} that is known")
    if is_mutation(encoding) != (NAMES[name] == "mutation") or not _is_ancestor(ancestor, encoding):
        raise ValueError(f"{BASELINE} has an encoding or an ancestor that does not fit {name}")
    if not _is_count(document["base"], _MOST_BASE) or not _is_count(document["size"], _MOST_SIZE):
        raise ValueError(f"{BASELINE} has a base or a size that is out of range")
    return KeptBaseline(
        name=name,
        encoding=encoding,
        ancestor=ancestor,
        base=document["base"],
        size=document["size"],
        **_weights(document["numbers"], document["weights"], document["intercept"]),
    )


def _weights(numbers: object, weights: object, intercept: object) -> dict[str, Any]:
    if not isinstance(numbers, list) or not all(_is_count(number, _MOST_NUMBER) for number in numbers):
        raise ValueError(f"{BASELINE} has numbers that are none")
    if any(later <= earlier for earlier, later in pairwise(numbers)):
        raise ValueError(f"{BASELINE} has numbers that do not ascend")
    if not isinstance(weights, list) or len(weights) != len(numbers) or not all(map(_is_finite, [*weights, intercept])):
        raise ValueError(f"{BASELINE} has weights that are not as many finite numbers")
    return {
        "numbers": np.array(numbers, dtype=np.int64),
        "weights": np.array(weights, dtype=np.float64),
        "intercept": intercept,
    }


def _is_ancestor(ancestor: object, encoding: str) -> bool:
    if not is_mutation(encoding):
        return ancestor is None
    letters: Alphabet = "dna" if encoding == "mutation_nucleotide" else "protein"
    allowed = set(CLEAR[letters] + AMBIGUOUS[letters])
    return isinstance(ancestor, str) and 1 <= len(ancestor) <= LONGEST_ANCESTOR and set(ancestor) <= allowed


def _is_count(value: object, most: int) -> bool:
    return type(value) is int and 0 <= value <= most


def _is_finite(value: object) -> bool:
    return type(value) is float and math.isfinite(value)
