"""One line of JSON per study, added to a file as the study ends: stored predictions, and what they are judged by."""

import base64
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


def read(files: Sequence[Path]) -> list[dict[str, Any]]:
    """The studies that are done, by kind and seed."""
    lines = [line for file in files if file.exists() for line in file.read_text().splitlines()]
    return sorted(map(json.loads, lines), key=lambda record: (record["kind"], record["seed"]))


def add(file: Path, record: dict[str, Any]) -> None:
    """Writes one study down."""
    with file.open("a") as lines:
        lines.write(json.dumps(record) + "\n")


def packed(bits: NDArray[np.bool_]) -> str:
    """Bits as text."""
    return base64.b64encode(np.packbits(bits)).decode()


def unpacked(text: str, *shape: int) -> NDArray[np.bool_]:
    """What `packed` wrote."""
    bits = np.unpackbits(np.frombuffer(base64.b64decode(text), dtype=np.uint8))
    return bits[: int(np.prod(shape))].reshape(shape).astype(np.bool_)


def as_record(
    correct: NDArray[np.bool_],
    winner: int,
    naive: float,
    groups: NDArray[np.int64],
    test_correct: NDArray[np.bool_],
    test_groups: NDArray[np.int64],
) -> dict[str, Any]:
    """What a study stores, as JSON.

    Args:
        correct: [N, C], whether the out-of-fold prediction of configuration c was right for row n.
        winner: The configuration that the study chose.
        naive: Its mean accuracy over the folds.
        groups: [N], identical sequences share a number.
        test_correct: [M], of the final model.
        test_groups: [M].
    """
    return {
        "naive": naive,
        "winner": winner,
        "configurations": correct.shape[1],
        "correct": packed(correct),
        "groups": groups.tolist(),
        "test_correct": packed(test_correct),
        "test_groups": test_groups.tolist(),
    }
