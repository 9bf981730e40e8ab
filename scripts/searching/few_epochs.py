"""All configurations for a few epochs of one fold, then the best few on all folds (Egele et al. 2023: one epoch)."""

from collections.abc import Sequence

from searching.clock import Decided, Job
from searching.world import World


class FewEpochs:
    """Such a search.

    Args:
        world: The table.
        rows: The configurations that are begun, in order.
        epochs: That each runs on the first fold.
        top: How many go on; from where they stopped.
    """

    def __init__(self, world: World, rows: Sequence[int], epochs: int, top: int) -> None:
        self._world, self._rows, self._epochs, self._top = world, rows, epochs, top
        self._begun = self._looked_at = 0
        self._jobs: list[Job] = []
        self.decided: list[Decided] = []
        self._chosen = False
        self._finished = [0] * len(rows)

    def next_job(self, worker: int) -> Job | None:
        """A short look at the next configuration, or a fold of one of the best."""
        if self._begun < len(self._rows):
            trial = self._begun
            self._begun += 1
            row = self._rows[trial]
            return Job(trial, 0, self._world.seconds(row, 0, 0, self._last(row)), finishes=False)
        if self._looked_at < len(self._rows):
            return None
        if not self._chosen:
            self._choose()
        return self._jobs.pop(0) if self._jobs else None

    def ended(self, worker: int, job: Job) -> None:
        """Counts."""
        self._looked_at += not job.finishes
        self._finished[job.trial] += job.finishes

    def answer(self) -> int | None:
        """The best row with all folds."""
        whole = [row for row, count in zip(self._rows, self._finished, strict=True) if count == self._world.folds]
        return max(whole, key=lambda row: (self._world.means[row], -row), default=None)

    def _choose(self) -> None:
        accuracy = self._world.table.accuracy
        order = sorted(
            range(len(self._rows)), key=lambda one: -accuracy[self._rows[one], 0, self._last(self._rows[one]) - 1]
        )
        for trial in order[: self._top]:
            row = self._rows[trial]
            for fold in range(self._world.folds):
                last = self._world.epochs_to_run(row, fold, range(fold))
                first = 0 if fold else self._last(row)
                self._jobs.append(Job(trial, fold, self._world.seconds(row, fold, first, last)))
        self._chosen = True

    def _last(self, row: int) -> int:
        return min(self._epochs, int(self._world.epochs[row, 0]))
