"""A worker that finds no trial to claim trains a fold ahead of one that another holds.

It looks at the study, asks `choose_help`, announces the fold, and looks once more: who holds the trial records a fold
before it looks who is at the next one. So where the trial still stands as it was seen, its worker will find the
announcement before it comes to the fold; else it may have begun it, and the announcement is taken back.

How long the lease of a trial still lasts is not asked: if its worker is dead, the next one goes on with what was
trained ahead.
"""

from collections.abc import Callable
from contextlib import suppress

from optuna.trial import FrozenTrial, TrialState

from hpo.errors import StopRequested
from hpo.search.helping import AtWork, choose_help
from hpo.signals import StopFlag
from hpo.study.attributes import finished_folds, fold_record, learner_config
from hpo.study.audits import is_audited
from hpo.study.hints import hint_of, stands_for
from hpo.study.opened import OpenedStudy
from hpo.trial.ahead import FoldAhead, NotWantedError, TrialAhead
from hpo.trial.hint_watch import HintWatch
from hpo.trial.scheduler import Scheduler
from storage.trials.lease import WorkerIdentity, lease_of

#: Another may be quicker to announce what was chosen, again and again; then the worker looks a little later.
_MOST_ROUNDS = 20
#: Trains a fold that is announced; says whether it could be trained.
TrainAhead = Callable[[FoldAhead], bool]


class Helper:
    """Helps with the trials of others.

    Args:
        opened: The study.
        who: Who helps.
        stop: Set when the worker is to stop.
        train: Trains a fold ahead.
        scheduler: Of the worker, in studies that are pruned by P.
    """

    def __init__(
        self,
        opened: OpenedStudy,
        who: WorkerIdentity,
        stop: StopFlag,
        train: TrainAhead,
        scheduler: Scheduler | None,
    ) -> None:
        self._opened, self._who, self._stop = opened, who, stop
        self._train, self._scheduler = train, scheduler
        self._folds = opened.contract.splitting.folds
        self._watch = HintWatch(opened.contract.leases.timeout_s)
        #: Trials that cannot be trained here: by number.
        self._left_alone: set[int] = set()

    def help(self, budget: int) -> bool:
        """Trains a fold ahead.

        Args:
            budget: The study's number of trials, as just read.

        Returns:
            Whether the study is to be looked at again at once; not where there is nothing to help with now.

        Raises:
            DeviceLostError: The device computes nothing any more.
            StorageError, OSError: The study cannot be read, or a result not be stored.
        """
        for _ in range(_MOST_ROUNDS):
            found = self._look(budget)
            if found is None:
                return False
            if (ahead := self._announced(*found)) is not None:
                self._train_it(ahead)
                return True
        return False

    def _look(self, budget: int) -> tuple[FrozenTrial, int] | None:
        """The trial and the fold that it would be best to train ahead; None where there is none."""
        opened = self._opened
        every = opened.storage.get_all_trials(opened.handle.study_id, deepcopy=False)
        trials = opened.own.of(every, whole=True)[:budget]
        running = {one.number: one for one in trials if one.state == TrialState.RUNNING and self._may_be_helped(one)}
        at_work = [self._at_work(one) for one in running.values()]
        if not any(one.free for one in at_work):
            return None
        progress = None if self._scheduler is None else self._scheduler.progress_of(trials, budget)
        task = choose_help(at_work, progress)
        return None if task is None else (running[task.trial], task.fold)

    def _announced(self, seen: FrozenTrial, fold: int) -> FoldAhead | None:
        """The fold, announced; None where somebody was faster."""
        config = learner_config(seen.user_attrs)
        trial = TrialAhead(
            opened=self._opened,
            trial_id=seen._trial_id,
            number=seen.number,
            who=self._who,
            stop=self._stop,
            check=self._check,
        )
        ahead = (
            None
            if config is None
            else trial.announce(
                fold, stands_for(seen.user_attrs, fold), config, finished_folds(seen.user_attrs, self._folds)
            )
        )
        if ahead is not None and not self._is_free(fold, trial):
            ahead.withdraw()
            return None
        return ahead

    def _train_it(self, ahead: FoldAhead) -> None:
        with suppress(NotWantedError, StopRequested):
            if not self._train(ahead):
                self._left_alone.add(ahead.trial.number)

    def _may_be_helped(self, trial: FrozenTrial) -> bool:
        if trial.number in self._left_alone or lease_of(trial) is None or learner_config(trial.user_attrs) is None:
            return False
        return not self._is_original(trial) or self._opened.contract.original == "all"

    def _is_free(self, fold: int, ahead: TrialAhead) -> bool:
        """Whether the fold, but for its announcement, is one that nobody is at, who holds the trial neither."""
        try:
            trial = ahead.look()
        except KeyError:  # somebody has deleted the study
            return False
        return trial.state == TrialState.RUNNING and fold in self._at_work(trial, but=ahead.token).free

    def _at_work(self, trial: FrozenTrial, but: str | None = None) -> AtWork:
        """The trial as others see it; without announcements of a token."""
        attributes, lease = trial.user_attrs, lease_of(trial)
        hints = {fold: one for fold in range(self._folds) if (one := hint_of(attributes, fold)) and one.token != but}
        at = {
            fold: one.token
            for fold, one in hints.items()
            if not one.is_done and self._watch.is_fresh(trial.number, fold, one)
        }
        ahead = {
            fold
            for fold in range(self._folds)
            if (fold in hints and hints[fold].is_done) or fold_record(attributes, fold) is not None
        }
        return AtWork(
            number=trial.number,
            finished=len(finished_folds(attributes, self._folds)),
            folds=self._folds,
            taken=ahead | at.keys(),
            is_ahead=lease is not None and lease.token in at.values(),
            is_sure=self._is_original(trial) or is_audited(attributes),
        )

    def _is_original(self, trial: FrozenTrial) -> bool:
        return self._opened.contract.is_original(trial.number)

    def _check(self) -> None:
        if self._stop:
            raise StopRequested
