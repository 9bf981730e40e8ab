"""The worker: claim a trial, run it under a lease, finish it or put it back, until the budget is spent."""

import logging
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from optuna.trial import TrialState

from hpo.errors import DeviceLostError, HpoError, Parked, StopRequested
from hpo.logs import about
from hpo.objectives import in_figures
from hpo.signals import StopFlag, StopNow
from hpo.study.end_search import orders_before_a_claim
from hpo.study.opened import OpenedStudy
from hpo.trial.ahead import FoldAhead
from hpo.trial.held_trial import HeldTrial
from hpo.trial.helper import Helper, TrainAhead
from hpo.trial.runner import Outcome, TrialRunner
from hpo.trial.scheduler import Scheduler
from storage.errors import LeaseLostError, StorageError, StorageUnavailableError
from storage.trials.lease import WorkerIdentity

#: Seconds between looks at a queue that has nothing to hand out right now.
POLL_S = 1.0

log = logging.getLogger(__name__)


@dataclass
class WorkerReport:
    """What one worker did."""

    complete: int = 0
    pruned: int = 0
    failed: int = 0
    parked: int = 0
    #: Folds of trials that others hold.
    trained_ahead: int = 0
    put_back: int = 0
    lost: int = 0

    def count(self, state: TrialState) -> None:
        """Counts a finished trial."""
        match state:
            case TrialState.COMPLETE:
                self.complete += 1
            case TrialState.PRUNED:
                self.pruned += 1
            case _:
                self.failed += 1


class PauseNews:
    """Says that a study is paused, or open again: once, however many workers of a process find it so."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._paused = False

    def tell(self, paused: bool) -> None:
        """Says it if it is new."""
        with self._lock:
            is_new, self._paused = paused != self._paused, paused
        if is_new:
            log.info("the study is paused: waiting for hpo resume" if paused else "the study is open again")


@dataclass(kw_only=True)
class Worker:
    """Works on one study, on one device, in the thread that calls `work`.

    Args:
        opened: The opened study.
        identity: Who we are, as the lease will say.
        device: As PyTorch names it.
        stop: Set when the worker is to stop.
        timeout_s: Claim no further trial, or fold where folds are taken, after this time; None for no limit.
        step_timeout_s: A training step that takes longer hangs, and the process ends.
        run_trial: Runs a trial that we hold to its end; by default a `TrialRunner` of this worker's own, with the rows
            that it reads now, which then trains ahead too.
        train_ahead: Trains a fold of a trial that another holds; None helps nobody.
        news: Told of every look at whether the study is paused.
        report: Counts what was done.
    """

    opened: OpenedStudy
    identity: WorkerIdentity
    device: str
    stop: StopFlag
    timeout_s: float | None = None
    step_timeout_s: float = 600.0
    run_trial: Callable[[HeldTrial], Outcome] | None = None
    train_ahead: TrainAhead | None = None
    news: PauseNews = field(default_factory=PauseNews)
    report: WorkerReport = field(default_factory=WorkerReport)

    def __post_init__(self) -> None:
        self.opened.contract.check_versions()
        self.opened.contract.check_device(self.device)
        self._started = time.monotonic()
        self._held: HeldTrial | None = None
        by_chance = self.opened.contract.search.pruner == "chance"
        self._scheduler = Scheduler(self.opened, self._may_go_on) if by_chance else None
        run_trial, train_ahead = self.run_trial, self.train_ahead
        if run_trial is None:
            runner = TrialRunner.of(self.opened, self.device, self.step_timeout_s)
            run_trial, train_ahead = runner.run, runner.train_ahead
        self._run_trial = run_trial
        self._helper = None if train_ahead is None else self._helping(train_ahead)

    def work(self) -> WorkerReport:
        """Runs trials until the budget is spent, the time is over, or the flag is set."""
        while not self.stop and not self._time_is_over():
            # Read anew each time: `hpo extend` may have raised the budget, `hpo pause` may have paused the study.
            budget, paused = orders_before_a_claim(self.opened)
            self.news.tell(paused)
            if not paused:
                trial = self._claim(budget)
                if trial is not None:
                    self._work_on(trial)
                    continue
            if self.opened.queue.counts(budget).is_spent:
                break
            if not paused and self._helper is not None and self._helper.help(budget):
                continue
            # Trials are left, all of them held by others: one of these may die, and a parent takes its trial back.
            self.stop.wait(POLL_S * random.uniform(0.5, 1.5))
        return self.report

    def let_go(self) -> None:
        """Puts back what is held now, from another thread than that of `work`; the process is to end."""
        if (trial := self._held) is not None:
            self._put_back(trial)

    def _helping(self, train_ahead: TrainAhead) -> Helper:
        def counted(fold: FoldAhead) -> bool:
            trained = train_ahead(fold)
            self.report.trained_ahead += trained
            return trained

        return Helper(self.opened, self.identity, self.stop, counted, self._scheduler)

    def _claim(self, budget: int) -> HeldTrial | None:
        if self._scheduler is None:
            claim = self.opened.queue.claim(self.identity, budget)
            return None if claim is None else HeldTrial(self.opened, claim, self.stop)
        taken = self._scheduler.claim(self.identity, budget)
        return None if taken is None else HeldTrial(self.opened, taken[0], self.stop, taken[1])

    def _may_go_on(self) -> bool:
        return not self._time_is_over()

    def _time_is_over(self) -> bool:
        return self.timeout_s is not None and time.monotonic() - self._started >= self.timeout_s

    def _work_on(self, trial: HeldTrial) -> None:
        self._held = trial
        try:
            with about(trial=trial.number):
                self._finish_or_put_back(trial)
        except StopNow:
            # A second signal, in the middle of anything: of putting back too.
            self._put_back(trial)
            raise
        finally:
            self._held = None

    def _finish_or_put_back(self, trial: HeldTrial) -> None:
        try:
            with trial:
                outcome = self._run_trial(trial)
            trial.finish(outcome.state, outcome.value, outcome.reason)
        except LeaseLostError as error:
            self.report.lost += 1
            log.warning("trial %d: late result dropped: %s", trial.number, error)
            return
        except Parked:
            self._park(trial)
            return
        except StopRequested:
            self._put_back(trial)
            return
        except DeviceLostError:
            # Neither finished nor put back: the parent counts this death, unless the process held other trials too.
            raise
        except (StorageError, HpoError, OSError):
            # Not the configuration's fault (a full disk, an artifact that is gone): others may have more luck.
            self._put_back(trial)
            raise
        self.report.count(outcome.state)
        objective = self.opened.contract.search.objective
        shown = "" if outcome.value is None else f" at {in_figures(objective, outcome.value)}"
        log.info("trial %d: %s%s", trial.number, outcome.state.name, shown)

    def _park(self, trial: HeldTrial) -> None:
        if self._gives_back(trial, trial.park):
            self.report.parked += 1
            log.info("trial %d: parked, others are worth more", trial.number)

    def _put_back(self, trial: HeldTrial) -> None:
        # Whoever asked us to stop waits: where the storage is away, our lease runs out instead.
        if self._gives_back(trial, trial.put_back):
            self.report.put_back += 1
            log.info("trial %d: put back, its finished folds are kept", trial.number)

    def _gives_back(self, trial: HeldTrial, give: Callable[[], None]) -> bool:
        try:
            give()
        except (LeaseLostError, StorageUnavailableError) as error:
            self.report.lost += 1
            log.warning("trial %d: not put back: %s", trial.number, error)
            return False
        return True
