"""The table of a data set: what its recording left, packed into one file of less than a megabyte.

Shapes: C configurations, K folds, E epochs at most, N development rows of the first split. It holds neither genes nor
labels, but what was predicted of each row: that of real genes stays where the genes stay.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo.search.space import Space
from searching.records import SPACE, Record, common_epoch, mean_accuracy, read_record

FOLDS = 5


@dataclass(frozen=True, eq=False)
class Table:
    """What searches are replayed on; configurations that could not be trained on all folds are left out."""

    #: [C] what each was trained with; the first is where the space begins.
    configs: Sequence[dict[str, Any]]
    #: What they were drawn from.
    space: Space
    #: [C, K, E] after each epoch of each fold, no number after its last.
    accuracy: NDArray[np.float64]
    loss: NDArray[np.float64]
    #: [C, K, E] seconds of a processor that each epoch took.
    seconds: NDArray[np.float64]
    #: [C, N] whether the out-of-fold prediction was right, at the epoch that is best for all folds.
    right: NDArray[np.bool_]
    #: [C, N] P(resistant) of the same in 256ths, rounded down.
    probabilities: NDArray[np.uint8]
    #: [N] the fold in which a row is validated.
    fold_of: NDArray[np.int64]
    #: [C] mean accuracy on the second split, no number where it was not trained there.
    elsewhere: NDArray[np.float64]


def pack(folder: Path, file: Path) -> Table:
    """Makes the table of a recording and writes it.

    Args:
        folder: Of the recording.
        file: To write.
    """
    first = [read_record(one) for one in sorted((folder / "seed0").glob("*.npz"))]
    # Without the original: it is a baseline, and no configuration of the space.
    whole = [one for one in first if len(one.folds) == FOLDS and one.number > 0]
    second = {one.number: one for one in map(read_record, (folder / "seed1").glob("*.npz"))}
    predicted = [_predicted(one) for one in whole]
    labels = whole[0].labels
    table = Table(
        configs=[dict(one.config) for one in whole],
        space=Space.model_validate_json((folder / "seed0" / SPACE).read_text()),
        accuracy=_by_epoch(whole, "accuracy"),
        loss=_by_epoch(whole, "loss"),
        seconds=_by_epoch(whole, "seconds"),
        right=np.array([(one >= 128) == labels for one in predicted]),
        probabilities=np.array(predicted),
        fold_of=whole[0].fold_of,
        elsewhere=np.array([mean_accuracy(second[one.number]) if one.number in second else np.nan for one in whole]),
    )
    _write(table, file)
    return read_table(file)


def read_table(file: Path) -> Table:
    """Reads what `pack` wrote."""
    with np.load(file, allow_pickle=False) as archive:
        fold_of = archive["fold_of"].astype(np.int64)
        rows = np.bincount(fold_of)[None, :, None]
        probabilities = archive["probabilities"]
        right = np.unpackbits(archive["right"], axis=1)[:, : len(fold_of)].astype(np.bool_)
        counts = archive["counts"].astype(np.float64)
        return Table(
            configs=json.loads(str(archive["configs"])),
            space=Space.model_validate_json(str(archive["space"])),
            accuracy=np.where(counts < 65535, counts, np.nan) / rows,
            loss=archive["loss"].astype(np.float64),
            seconds=archive["seconds"].astype(np.float64),
            right=right,
            probabilities=probabilities,
            fold_of=fold_of,
            elsewhere=archive["elsewhere"],
        )


def _write(table: Table, file: Path) -> None:
    """Accuracies as numbers of rows, losses and seconds in single precision."""
    rows = np.bincount(table.fold_of)[None, :, None]
    with np.errstate(invalid="ignore"):
        counts = np.where(np.isnan(table.accuracy), 65535, np.round(table.accuracy * rows)).astype(np.uint16)
    with file.open("wb") as stream:
        np.savez_compressed(
            stream,
            allow_pickle=False,
            configs=np.array(json.dumps(table.configs)),
            space=np.array(table.space.model_dump_json()),
            counts=counts,
            loss=table.loss.astype(np.float32),
            seconds=table.seconds.astype(np.float16),
            right=np.packbits(table.right, axis=1),
            probabilities=table.probabilities,
            fold_of=table.fold_of.astype(np.uint8),
            elsewhere=table.elsewhere,
        )


def _by_epoch(records: Sequence[Record], name: str) -> NDArray[np.float64]:
    """[C, K, E] of one of a fold's curves."""
    epochs = max(len(fold.loss) for one in records for fold in one.folds)
    made = np.full((len(records), FOLDS, epochs), np.nan)
    for row, one in enumerate(records):
        for number, fold in enumerate(one.folds):
            curve = getattr(fold, name)
            made[row, number, : len(curve)] = curve
    return made


def _predicted(record: Record) -> NDArray[np.uint8]:
    """[N] out-of-fold probabilities at the epoch that is best for all folds."""
    epoch, made = common_epoch(record.folds), np.zeros(len(record.labels), dtype=np.uint8)
    for number, fold in enumerate(record.folds):
        made[record.fold_of == number] = fold.probabilities[epoch - 1]
    return made
