"""Trying before a search begins how long its folds take: a few epochs of a few configurations, on the rows at hand.

By the training's own code, for about two seconds. Of many rows some are taken, and what they take is scaled.
"""

import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import numpy as np
import optuna
from numpy.typing import NDArray

from hpo.search.seeds import derive
from hpo.study.contract import Contract
from hpo.study.first_estimate import Search, Tried, search_seconds
from hpo.trial.development_rows import DevelopmentRows
from model.batching import Examples, pace
from model.configuration import LearnerConfig
from model.cores import usable_cores
from model.epochs import Curves
from model.errors import ModelError
from model.fitting import Fitting

#: Configurations of the space that are tried, beside the one where it begins.
_DRAWN = 4
#: Seconds of the processor: for all of them, and for each.
_SECONDS, _EACH_S = 2.0, 0.3
#: Rows that are encoded, tokens to begin with, and times as many with each step.
_MOST_ROWS, _FIRST_TOKENS, _MORE = 2000, 20_000, 3
#: Rows to begin with, at least, and the tokens that these may have: more would take longer than a try may.
_LEAST_ROWS, _MOST_FIRST_TOKENS = 8, 200_000
#: Times the usual length above which a row is counted, but not trained: one genome among genes would take minutes.
_USUAL_LENGTHS = 4


class _TooLongError(Exception):
    """The rows are so long that nothing can be tried in the time that there is."""


def estimate_search(
    contract: Contract, development: DevelopmentRows, trials: int, workers: int, load: float
) -> tuple[float, float] | None:
    """Estimates how long a search on CPUs usually takes, at least and at most.

    Args:
        contract: The study's.
        development: Its rows.
        trials: The budget.
        workers: Processes that will work here.
        load: Of this machine by others: processes that compute, as `os.getloadavg` counts them.

    Returns:
        Seconds; None where nothing could be tried.
    """
    original_folds = {"all": contract.splitting.folds, "one-fold": 1, "skip": 0}[contract.original]
    search = Search(
        trials=trials,
        folds=contract.splitting.folds,
        max_epochs=contract.settings.max_epochs,
        patience=contract.settings.patience,
        prunes=contract.search.pruner != "none",
        original_folds=original_folds,
    )
    tried, original = _try_all(contract, development)
    if not tried or (original_folds and original is None):
        return None
    slowdown = max(1.0, (load + workers) / usable_cores())
    return search_seconds(search, tried, original, workers, slowdown)


def _try_all(contract: Contract, development: DevelopmentRows) -> tuple[list[Tried], Tried | None]:
    some = _some_of(development, contract.seed)
    scale = len(development.folds) / len(some.folds)
    space, original = contract.search.space, None
    ends = time.process_time() + _SECONDS
    try:
        # The first training of a process loads what all need, and may build it.
        _try(space.start, contract, some, 0.0)
        tried = [_try(space.start, contract, some, _EACH_S, scale)]
        if contract.is_original(0):
            original = _try(contract.baseline_configuration, contract, some, _EACH_S, scale)
        for config in _drawn(contract):
            if time.process_time() > ends:
                break
            tried.append(_try(config, contract, some, _EACH_S, scale))
    except (ModelError, _TooLongError):
        # A configuration may not fit: the trial that has it will say so.
        return [], None
    return tried, original


def _some_of(development: DevelopmentRows, seed: int) -> DevelopmentRows:
    count = len(development.folds)
    if count <= _MOST_ROWS:
        return development
    rows = np.sort(np.random.default_rng(derive(seed, "probe")).permutation(count)[:_MOST_ROWS])
    return DevelopmentRows(development.genes.subset(rows), development.folds[rows], development.encoder)


def _drawn(contract: Contract) -> Iterator[LearnerConfig]:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=derive(contract.seed, "probe")))
    for _ in range(_DRAWN):
        yield contract.search.space.suggest(study.ask())


def _try(
    config: LearnerConfig, contract: Contract, development: DevelopmentRows, seconds: float, scale: float = 1.0
) -> Tried:
    """Trains more and more rows until the time is over, or all are trained."""
    train, validation = development.training(config.encoding, 0), development.validation(config.encoding, 0)
    every = _work(config, train)
    usual = float(np.median(train.lengths))
    if _LEAST_ROWS * usual > _MOST_FIRST_TOKENS:
        raise _TooLongError
    rows = max(_LEAST_ROWS, round(_FIRST_TOKENS / max(1.0, usual)))
    train, validation = _usual(train, usual), _usual(validation, usual)
    ends = time.process_time() + seconds
    while True:
        part = _first(train, rows)
        held = _first(validation, max(1, round(len(validation.labels) * len(part.labels) / len(train.labels))))
        began = time.process_time()
        took = _train(config, contract, development, part, held)
        now = time.process_time()
        if len(part.labels) == len(train.labels) or now + _MORE * (now - began) > ends:
            times = scale * every / _work(config, part)
            return Tried(begin_s=took.begin_s * times, epoch_s=took.epoch_s * times)
        rows *= _MORE


def _train(
    config: LearnerConfig, contract: Contract, development: DevelopmentRows, part: Examples, held: Examples
) -> Tried:
    """Trains two epochs, of which the second counts, as it is without what only the first has to do."""
    encoded = development.encoded(config.encoding)
    settings = replace(contract.settings, max_epochs=max(2, contract.settings.max_epochs))
    marks: NDArray[np.float64] = np.zeros(4)
    marks[0] = time.process_time()
    with closing(
        Fitting(config, settings, part, encoded.vocabulary_size, 0, "cpu", held, positions=encoded.positions)
    ) as fitting:
        curves = Curves()
        marks[1] = time.process_time()
        for epoch in (1, 2):
            fitting.one_epoch(epoch, curves, lambda: None)
            marks[1 + epoch] = time.process_time()
    begin, _, second = np.diff(marks).tolist()
    return Tried(begin_s=begin, epoch_s=second)


def _usual(rows: Examples, length: float) -> Examples:
    """The rows that are not far longer than most; all, where none is shorter."""
    few = rows.lengths <= _USUAL_LENGTHS * length
    return rows.subset(few) if few.any() else rows


def _first(rows: Examples, count: int) -> Examples:
    """So many rows, spread over all."""
    there = len(rows.labels)
    return rows if count >= there else rows.subset(np.linspace(0, there - 1, count).astype(np.int64))


def _work(config: LearnerConfig, rows: Examples) -> float:
    """Tokens that an epoch trains."""
    first, _ = rows.tokens.distinct()
    passes = pace(len(rows.labels), len(first), config.batch_size).passes
    return float(max(1, passes * rows.lengths[first].sum()))
