"""The worker: claim a trial, run it under a lease, finish it or put it back, until the budget is spent."""

import logging
import random
import time
from dataclasses import dataclass, field

from optuna.trial import TrialState

from hpo.errors import DeviceLostError, HpoError, StopRequested
from hpo.signals import StopFlag, StopNow
from hpo.study.opened import OpenedStudy
from hpo.trial.development_rows import load_development_rows
from hpo.trial.runner import TrialRunner
from hpo.trial.watchdog import Watchdog
from model.errors import TrainingError
from model.runtime import computes
from storage.errors import LeaseLostError, StorageError, StorageUnavailableError
from storage.trials.heartbeat import Heartbeat
from storage.trials.lease import Claim, WorkerIdentity
from storage.trials.ledger import TrialChange

#: Seconds between looks at a queue that has nothing to hand out right now.
POLL_S = 1.0
#: Seconds that the epoch at work has to end after a stop was asked for; a longer one ends at its next batch.
EPOCH_GRACE_S = 4.0

log = logging.getLogger(__name__)


@dataclass
class WorkerReport:
    """What one worker did."""

    complete: int = 0
    pruned: int = 0
    failed: int = 0
    put_back: int = 0
    lost: int = 0

    def count(self, state: TrialState) -> None:
        """Count a finished trial."""
        match state:
            case TrialState.COMPLETE:
                self.complete += 1
            case TrialState.PRUNED:
                self.pruned += 1
            case _:
                self.failed += 1


@dataclass(kw_only=True)
class Worker:
    """Works on one study, on one device, in this process.

    Args:
        opened: The opened study.
        identity: Who we are, as the lease will say.
        device: As PyTorch names it.
        stop: Set when the worker is to stop.
        timeout_s: Claim no further trial after this time; None for no limit.
        step_timeout_s: A training step that takes longer hangs, and the process ends.
    """

    opened: OpenedStudy
    identity: WorkerIdentity
    device: str
    stop: StopFlag
    timeout_s: float | None = None
    step_timeout_s: float = 600.0
    report: WorkerReport = field(default_factory=WorkerReport)

    def __post_init__(self) -> None:
        contract = self.opened.contract
        contract.check_versions()
        self._started = time.monotonic()
        self._paused = False
        self._development = load_development_rows(contract, self.opened.artifacts)

    def work(self) -> WorkerReport:
        """Run trials until the budget is spent, the time is over, or the flag is set."""
        while not self.stop and not self._time_is_over():
            # Read anew each time: `hpo extend` may have raised the budget, `hpo pause` may have paused the study.
            budget, paused = self.opened.orders
            self._tell_of_a_pause(paused)
            if not paused:
                claim = self.opened.queue.claim(self.identity, budget)
                if claim is not None:
                    self._run(claim)
                    continue
            if self.opened.queue.counts(budget).is_spent:
                break
            # Trials are left, all of them held by others: one of these may die, and a parent takes its trial back.
            self.stop.wait(POLL_S * random.uniform(0.5, 1.5))
        return self.report

    def _tell_of_a_pause(self, paused: bool) -> None:
        if paused != self._paused:
            self._paused = paused
            log.info("the study is paused: waiting for hpo resume" if paused else "the study is open again")

    def _time_is_over(self) -> bool:
        return self.timeout_s is not None and time.monotonic() - self._started >= self.timeout_s

    def _run(self, claim: Claim) -> None:
        try:
            self._finish_or_put_back(claim)
        except StopNow:
            # A second signal, in the middle of anything: of putting back too.
            self._put_back(claim)
            raise

    def _finish_or_put_back(self, claim: Claim) -> None:
        interval_s = self.opened.contract.leases.beat_interval_s
        try:
            with Heartbeat(self.opened.queue, claim, beat_interval_s=interval_s) as heartbeat:
                state, value, reason = self._train(claim, heartbeat)
            self.opened.queue.finish(claim, state, value, reason)
        except LeaseLostError as error:
            self.report.lost += 1
            log.warning("trial %d: late result dropped: %s", claim.number, error)
            return
        except StopRequested:
            self._put_back(claim)
            return
        except DeviceLostError:
            # Neither finished nor put back: the parent counts this death against the trial.
            raise
        except (StorageError, HpoError, OSError):
            # Not the configuration's fault (a full disk, an artifact that is gone): others may have more luck.
            self._put_back(claim)
            raise
        self.report.count(state)
        shown = "" if value is None else f" at {value:.4f}"
        log.info("trial %d: %s%s", claim.number, state.name, shown)

    def _put_back(self, claim: Claim) -> None:
        try:
            # Whoever asked us to stop waits: where the storage is away, our lease runs out instead.
            self.opened.in_a_hurry().queue.put_back(claim)
        except (LeaseLostError, StorageUnavailableError) as error:
            self.report.lost += 1
            log.warning("trial %d: not put back: %s", claim.number, error)
            return
        self.report.put_back += 1
        log.info("trial %d: put back, its finished folds are kept", claim.number)

    def _train(self, claim: Claim, heartbeat: Heartbeat) -> tuple[TrialState, float | None, str | None]:
        def on_batch(fold: int) -> None:
            heartbeat.fold = fold
            heartbeat.check()
            if self.stop and self.stop.asked_s_ago > EPOCH_GRACE_S:
                raise StopRequested

        def record(change: TrialChange) -> None:
            # Whoever asked us to stop waits for the last epoch's checkpoint too.
            opened = self.opened.in_a_hurry() if self.stop else self.opened
            opened.queue.record(claim, change)

        runner = TrialRunner(
            contract=self.opened.contract,
            development=self._development,
            artifacts=self.opened.artifacts,
            device=self.device,
            on_batch=on_batch,
            record=record,
            watchdog=Watchdog(self.step_timeout_s),
            stopping=lambda: bool(self.stop),
        )
        try:
            outcome = runner.run(self.opened.study(claim.number), claim.trial_id)
        except TrainingError as error:
            return TrialState.FAIL, None, str(error)
        except (StopRequested, StorageError, HpoError, OSError):
            raise
        except Exception as error:
            log.exception("trial %d: unexpected error", claim.number)
            if not computes(self.device):
                # After an error inside a GPU's kernel every later call fails: so would every trial in the queue.
                raise DeviceLostError(f"Trial {claim.number}: {self.device} failed: {error}.") from error
            return TrialState.FAIL, None, f"{type(error).__name__}: {error}"
        return outcome.state, outcome.value, None
