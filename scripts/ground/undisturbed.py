"""Every trial of a study once more, alone and in this process, to compare its numbers."""

import io
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from optuna.trial import FrozenTrial, TrialState, create_trial

from ground.checks import NAMELESS
from ground.spoiling import Spoiler
from hpo.errors import StopRequested
from hpo.finalizing.usable_trials import UnusableTrialError, usable_folds
from hpo.signals import StopFlag
from hpo.study.attributes import FOLD_ACCURACIES, finished_folds, fold_accuracies, learner_config
from hpo.study.opened import OpenedStudy
from hpo.trial.fold_results import FoldLostError, read_fold
from hpo.trial.held_trial import HeldTrial
from hpo.trial.runner import TrialRunner
from storage.connection import open_storage
from storage.studies import create_study
from storage.trials.lease import DEATHS, Claim, WorkerIdentity
from storage.trials.queue import TrialQueue

NOBODY = WorkerIdentity(worker="undisturbed", host="here", pid=0, device="cpu")


def compare_with_undisturbed(
    opened: OpenedStudy, spoiler: Spoiler, nameless: list[str], say: Callable[[str], None]
) -> dict[str, Any]:
    """Runs every trial's configuration again, alone and in this process, and compares the fold accuracies.

    A trial whose results were spoilt after they had been read is compared in nothing; no answer may rest on it.

    An artifact may be left without a record: its worker trained the fold and stored it, was cut off from the storage
    before it could record it, and died; and the trial was then pruned before that fold. Such a fold is trained here
    once more, and is known by its bytes. So is a fold that was trained ahead whose helper was killed before it said so,
    or whose trial ended in that moment.
    """
    trials = [t for t in opened.storage.get_all_trials(opened.handle.study_id) if t.number < opened.budget]
    runner = TrialRunner.of(opened, "cpu")
    differing, left_out, rested_on, compared = [], 0, [], 0
    cut_off: set[str] = set()
    folds = opened.contract.splitting.folds
    with tempfile.TemporaryDirectory(prefix="hpo-alone-") as folder:
        alone = _without_trials(opened, Path(folder))
        with closing(alone.storage):
            for trial in trials:
                there = list(fold_accuracies(trial.user_attrs))
                spoilt = trial.number in spoiler.overwritten | {number for number, _ in spoiler.lost}
                with _claimed(alone, trial) as claim:  # every one: the next trial has the next number
                    if spoilt and not _is_usable(opened, runner, trial):
                        left_out += 1
                        continue
                    here = _run_alone(runner, alone, claim, folds=len(there)).get(FOLD_ACCURACIES, [])
                    if nameless and DEATHS in trial.user_attrs and trial.state == TrialState.PRUNED:
                        whole = finished_folds(_run_alone(runner, alone, claim, folds), folds)
                        cut_off |= {record.artifact for record in whole[len(there) :]} & set(nameless)
                compared += len(there)
                if here != there or not _read_alike(opened, runner, trial, len(there)):
                    (rested_on if spoilt else differing).append(trial.number)
                say(f"compared {trial.number + 1} of {opened.budget} trials")
    left = set(nameless) - cut_off
    ahead = {name for name in left if _is_trained_ahead(opened, runner, trials, name)}
    return {
        "fold accuracies compared": compared,
        "trials with spoilt results, which no answer rests on": left_out,
        "wrong: trials with spoilt results that an answer may rest on": rested_on,
        "wrong: trials with other numbers": differing,
        "artifacts of folds whose worker was cut off before it recorded them": len(cut_off),
        "artifacts of folds that were trained ahead and not told": len(ahead),
        NAMELESS: sorted(left - ahead),
    }


def _is_trained_ahead(opened: OpenedStudy, runner: TrialRunner, trials: list[FrozenTrial], name: str) -> bool:
    """Whether an artifact holds the first epochs of some fold of some trial."""
    with np.load(io.BytesIO(opened.artifacts.get(name)), allow_pickle=False) as archive:
        there = archive["probabilities"]
    for trial in trials:
        if (config := learner_config(trial.user_attrs)) is None:
            continue
        for fold in range(opened.contract.splitting.folds):
            if there.shape[1] == runner.development.validated(fold):
                whole = runner.train(config, fold, opened.contract.settings.max_epochs).probabilities
                if np.array_equal(whole[: len(there)], there):
                    return True
    return False


def _without_trials(opened: OpenedStudy, folder: Path) -> OpenedStudy:
    """The same contract and artifacts in a storage of its own, that prunes nothing."""
    storage = open_storage(f"sqlite:///{folder}/alone.db", create=True)
    handle = create_study(storage, opened.handle.name)
    queue, pruner = TrialQueue(storage, handle.study_id), optuna.pruners.NopPruner()
    return replace(opened, storage=storage, handle=handle, queue=queue, pruner=pruner)


@contextmanager
def _claimed(alone: OpenedStudy, trial: FrozenTrial) -> Iterator[Claim]:
    """A trial of the same number and parameters, until the end of `with`."""
    template = create_trial(state=TrialState.WAITING, system_attrs={"fixed_params": trial.params})
    alone.storage.create_new_trial(alone.handle.study_id, template)
    claim = alone.queue.claim(NOBODY, trial.number + 1)
    if claim is None or claim.number != trial.number:
        raise SystemExit(f"Trial {trial.number} could not be run again.")
    yield claim
    HeldTrial(alone, claim, StopFlag()).finish(TrialState.FAIL, None, "run again")


def _run_alone(runner: TrialRunner, alone: OpenedStudy, claim: Claim, folds: int) -> dict[str, Any]:
    """Runs its first folds, as far as they are not there yet; returns its attributes."""
    stop = StopFlag()
    held = HeldTrial(alone, claim, stop)
    # Where the trial was pruned, it ends here too.
    stop.watch(lambda: len(held.attributes.get(FOLD_ACCURACIES, [])) >= folds)
    with held, suppress(StopRequested):
        runner.run(held)
    return held.attributes


def _is_usable(opened: OpenedStudy, runner: TrialRunner, trial: FrozenTrial) -> bool:
    """Whether `finalize` would take the trial for an answer."""
    if trial.state not in (TrialState.COMPLETE, TrialState.PRUNED):
        return True
    try:
        usable_folds(opened, trial, runner.development)
    except UnusableTrialError:
        return False
    return True


def _read_alike(opened: OpenedStudy, runner: TrialRunner, trial: FrozenTrial, folds: int) -> bool:
    """Whether every artifact of the trial is whole and is what its record says."""
    records = finished_folds(trial.user_attrs, opened.contract.splitting.folds)[:folds]
    try:
        for record in records:
            read_fold(opened.artifacts, record, runner.development.validated(record.fold))
    except FoldLostError:
        return False
    return len(records) == folds
