"""Workers on studies that are pruned by P, and what their folds may reach."""

from collections.abc import Callable

from optuna.trial import FrozenTrial

from hpo.signals import StopFlag
from hpo.study.audits import is_audited
from hpo.study.opened import OpenedStudy
from hpo.workers.worker import Worker, WorkerReport
from model.configuration import LearnerConfig
from storage.trials.lease import WorkerIdentity

#: Of a study, unless a test says otherwise; of one that audits itself.
TRIALS, AUDITED_TRIALS = 10, 16


def worker_on(opened: OpenedStudy, name: str = "w1", stop: StopFlag | None = None, **more) -> Worker:
    identity = WorkerIdentity(worker=name, host="laptop", pid=1, device="cpu")
    return Worker(opened=opened, identity=identity, device="cpu", stop=StopFlag() if stop is None else stop, **more)


def work(opened: OpenedStudy, **more) -> WorkerReport:
    return worker_on(opened, **more).work()


def work_with_stops(open_again: Callable[[], OpenedStudy], budget: int) -> None:
    """Works until the budget is spent, by workers that are stopped after a few looks, one after another."""
    for _ in range(100):
        opened, stop, asked = open_again(), StopFlag(), iter(range(12))
        stop.watch(lambda asked=asked: next(asked, None) is None)
        if opened.queue.counts(budget).is_spent:
            return
        work(opened, stop=stop)
    raise AssertionError("the budget was not spent by a hundred workers")


def trials(opened: OpenedStudy) -> list[FrozenTrial]:
    return opened.storage.get_all_trials(opened.handle.study_id)


def audits(opened: OpenedStudy) -> list[FrozenTrial]:
    return [trial for trial in trials(opened) if is_audited(trial.user_attrs)]


def by_size(config: LearnerConfig, fold: int) -> float:
    """Some are good, some hopeless, all a little different by fold."""
    return 0.95 - 0.3 * (config.hidden_size % 7 > 1) - config.hidden_size % 11 / 500 - 0.002 * (fold % 3)


def misleading(above: int) -> Callable[[LearnerConfig, int], float]:
    """Those above a size lead by their first folds and end below all others."""

    def reaches(config: LearnerConfig, fold: int) -> float:
        if config.hidden_size > above:
            return 0.99 if fold < 2 else 0.5
        return 0.86 - config.hidden_size / 10**6 + 0.001 * fold

    return reaches
