"""How long a search will still take, told from the work that its last folds took, and not from the clock.

Pauses, nights between two calls and processes that start take no part: a fold's seconds are those of its training.
"""

import statistics
from collections.abc import Sequence

from hpo.study.attributes import stored_fold
from storage.trials.ledger import Overview

#: Fewer folds tell nothing: the first of each process is slow.
_LEAST_FOLDS = 3
#: Times the median that a fold counts for at most: the first of a process takes seconds, where others take a fraction.
_MOST = 3.0
#: Seconds of `finalize` beside its networks: figures and pages, and for each row of development, above all the plain
#: regressions (measured at 80,000 rows of 302 amino acids on one core; shorter genes take less).
_PAGES_S, _ROW_S = 6.0, 0.0035


def work_left(overview: Overview, folds: int) -> float | None:
    """Estimates the seconds of training that are still to be done, by one worker.

    Args:
        overview: How the study stands.
        folds: K.

    Returns:
        None where too few folds are finished.
    """
    pace = _pace(overview.last_folds)
    return None if pace is None else round(pace * _folds_left(overview, folds), 1)


def seconds_left(overview: Overview, folds: int, helpers: int = 0) -> float | None:
    """Estimates the seconds that the search still takes with as many workers at work as now.

    Args:
        overview: As `work_left` takes it.
        folds: K.
        helpers: Workers that train folds of trials that others hold.

    Returns:
        None where nobody works, or where too few folds are finished.
    """
    work, at_work = work_left(overview, folds), len(overview.running) + helpers
    return None if work is None or not at_work else round(work / at_work, 1)


def finalize_seconds(seconds_of_best: Sequence[float], rows: int) -> float | None:
    """Estimates the seconds that `finalize` takes: its networks are trained about as long as all folds of the best.

    Args:
        seconds_of_best: Of the best trial's folds; empty where there is none yet.
        rows: Of development.
    """
    if not seconds_of_best:
        return None
    return round(len(seconds_of_best) * statistics.median(seconds_of_best) + _PAGES_S + _ROW_S * rows, 1)


def _pace(texts: Sequence[str]) -> float | None:
    """The mean seconds of a fold; one that took far longer than most counts for less."""
    taken = [record.seconds for text in texts if (record := stored_fold(text)) is not None]
    if len(taken) < _LEAST_FOLDS:
        return None
    most = _MOST * statistics.median(taken)
    return statistics.fmean(min(seconds, most) for seconds in taken)


def _folds_left(overview: Overview, folds: int) -> float:
    """Counts the folds to come, as many for each trial as those that are finished had."""
    counts = overview.counts
    of_finished = counts.complete * folds + overview.folds_of_pruned
    # Most of those that are parked are told PRUNED with the folds that they have.
    of_ended = of_finished + overview.folds_of_parked
    ended = counts.complete + counts.pruned + overview.parked
    usual = of_ended / ended if ended else folds
    begun = max(0, overview.folds - of_ended)
    return max(0.0, usual * (counts.budget - counts.finished - overview.parked) - begun)
