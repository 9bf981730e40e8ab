"""The order in which a data set is recorded: all configurations on the first split, then the best on the second."""

from pathlib import Path

import optuna

from model import runtime
from model.choices import Duplicates
from model.reading import read_genes
from searching.recording import Recorder
from searching.records import mean_accuracy, read_record


def record_all(data: Path, folder: Path, *, configurations: int, again: int, duplicates: Duplicates) -> None:
    """Trains what is missing; tells each configuration as it ends.

    Args:
        data: Genes with labels.
        folder: Of the data set's records; a folder `seed0` and a folder `seed1` are made in it.
        configurations: Random ones on the first split, beside the original and the space's beginning.
        again: How many of the best are trained on the second split.
        duplicates: As `--duplicates` has it.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    runtime.prepare(1)
    folder.mkdir(parents=True, exist_ok=True)
    genes = read_genes(data)
    first, second = (Recorder.of(genes, data, seed, duplicates, folder) for seed in (0, 1))
    # The original is the slowest by far, and stands for itself.
    numbers = [*range(1, configurations + 2), 0]
    for number in numbers:
        _record(first, number, first)
    best = sorted(numbers, key=lambda number: -mean_accuracy(read_record(first.file(number))))
    for number in best[:again]:
        _record(second, number, first)


def _record(recorder: Recorder, number: int, drawn_by: Recorder) -> None:
    if not recorder.file(number).exists():
        recorder.record(number, drawn_by.configuration(number))
        record = read_record(recorder.file(number))
        accuracy, seconds = mean_accuracy(record), sum(fold.seconds.sum() for fold in record.folds)
        print(f"{recorder.folder.name} {number}: {accuracy:.4f} in {seconds:.1f} s", flush=True)
