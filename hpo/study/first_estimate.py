"""How long a search may take, before its first fold: a range, from what a few configurations took when they were tried.

What no try can know: how soon folds stop to improve, how many trials are given up early, and where the sampler goes. So
the ends of the range are those of what is usual, and the truth may lie outside.
"""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

#: Seconds of the processor until a worker's first step, and beside the training of each trial.
_START_S = (4.0, 8.0)
_TRIAL_S = (0.1, 0.3)
#: The share of their folds that trials train, where some are given up early.
_FOLDS_WITH_PRUNER = 0.6
#: Epochs behind the last improvement, at least: the first may be the best.
_FIRST_EPOCHS = 2
#: What people call such spans: seconds.
_STEPS_S = (
    *(5, 10, 20, 30, 45, 60, 90, 120, 180, 300, 600, 900, 1200, 1800, 2700),
    *(3600 * hours for hours in (1, 1.5, 2, 3, 5, 8, 12, 18, 24, 36, 48, 72, 120, 168, 240, 336, 720)),
)


@dataclass(frozen=True)
class Tried:
    """What one configuration took when it was tried, for a fold of all its rows.

    Attributes:
        begin_s: Seconds of the processor until its first step.
        epoch_s: Of an epoch.
    """

    begin_s: float
    epoch_s: float

    def fold_s(self, epochs: float) -> float:
        """Seconds of the processor for a fold of so many epochs."""
        return self.begin_s + epochs * self.epoch_s


@dataclass(frozen=True, kw_only=True)
class Search:
    """What is to be searched, as far as it decides how long that takes."""

    trials: int
    folds: int
    max_epochs: int
    patience: int
    prunes: bool
    #: Folds of the original's configuration; 0 where it is not tried.
    original_folds: int


def search_seconds(
    search: Search, tried: Sequence[Tried], original: Tried | None, workers: int, slowdown: float
) -> tuple[float, float]:
    """Estimates the shortest and the longest that a search usually takes, in seconds of the clock.

    Args:
        search: What is searched.
        tried: Configurations of its space, at least one.
        original: The original's, where it is tried.
        workers: Processes that work.
        slowdown: Times that the clock runs as long as the processor, with the workers at work.
    """
    usual = search.trials - (search.original_folds > 0)
    least, most = min(search.max_epochs, search.patience + _FIRST_EPOCHS), search.max_epochs
    share = _FOLDS_WITH_PRUNER if search.prunes else 1.0
    ends = []
    for epochs, folds, start_s, trial_s in zip((least, most), (share, 1.0), _START_S, _TRIAL_S, strict=True):
        a_fold = statistics.fmean(one.fold_s(epochs) for one in tried)
        whole = [search.folds * folds * a_fold + trial_s] * (usual > 0)
        if original is not None:
            whole.append(search.original_folds * original.fold_s(epochs) + trial_s)
        work = usual * whole[0] + sum(whole[1:]) if usual > 0 else whole[0]
        # Nobody else can help with a trial.
        ends.append(slowdown * (start_s + max(work / workers, *whole)))
    return ends[0], ends[1]


def in_words(low: float, high: float) -> str:
    """Says a range of seconds as people do: "about 5 to 15 min"."""
    begin = max((step for step in _STEPS_S if step <= low), default=0)
    end = next((step for step in _STEPS_S if step >= high), None)
    if end is None:
        return f"more than {_spoken(begin)}"
    if begin == 0:
        return f"less than {_spoken(end)}"
    first, second = _spoken(begin), _spoken(end)
    same = first.split()[1] == second.split()[1]
    return f"about {first.split()[0] if same else first} to {second}"


def _spoken(seconds: float) -> str:
    for unit, size, least in (("days", 86_400, 172_800), ("h", 3600, 3600), ("min", 60, 120)):
        if seconds >= least:
            return f"{seconds / size:g} {unit}"
    return f"{seconds:g} s"
