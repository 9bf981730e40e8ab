"""What must hold of a study after its workers were killed: counts, folds, numbers, artifacts."""

import re
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState

from hpo.errors import StopRequested
from hpo.study.attributes import FOLD_ACCURACIES, finished_folds
from hpo.study.opened import OpenedStudy
from hpo.trial.checkpoints import MARK
from hpo.trial.development_rows import DevelopmentRows, load_development_rows
from hpo.trial.fold_results import read_fold
from hpo.trial.runner import TrialRunner
from hpo.trial.watchdog import Watchdog
from storage.trials.lease import DEATHS
from storage.trials.ledger import TrialChange

_TRAINED = re.compile(r"trial (\d+) fold (\d+): \d+ epochs in")
_WENT_ON = re.compile(r"trial \d+ fold \d+: goes on after epoch \d+")


def check(opened: OpenedStudy, log: Path) -> dict[str, Any]:
    """Everything that a study tells of itself. Keys that begin with "wrong:" must be empty or 0."""
    budget, folds = opened.budget, opened.contract.splitting.folds
    every = opened.storage.get_all_trials(opened.handle.study_id, deepcopy=False)
    trials = [trial for trial in every if trial.number < budget]
    finished = [trial for trial in every if trial.state.is_finished()]
    records = {trial.number: finished_folds(trial.user_attrs, folds) for trial in trials}
    told = log.read_text(errors="replace")
    trained = Counter((int(n), int(k)) for n, k in _TRAINED.findall(told))
    recorded = {(number, record.fold) for number, found in records.items() for record in found}
    found: dict[str, Any] = {
        "finished trials": len(finished),
        "complete": _count(trials, TrialState.COMPLETE),
        "pruned": _count(trials, TrialState.PRUNED),
        "failed": _count(trials, TrialState.FAIL),
        "folds recorded": len(recorded),
        "times that a fold went on at a checkpoint": len(_WENT_ON.findall(told)),
        "deaths counted in trials": sum(len(trial.user_attrs.get(DEATHS, [])) for trial in trials),
        "wrong: finished trials too many or too few": len(finished) - budget,
        "wrong: numbers lost or doubled": sorted(set(range(budget)) ^ {trial.number for trial in finished}),
        "wrong: folds trained twice": sorted(fold for fold, times in trained.items() if times > 1),
        "wrong: folds trained and not recorded": sorted(set(trained) - recorded),
        "wrong: complete trials with a fold missing": [
            t.number for t in trials if t.state == TrialState.COMPLETE and len(records[t.number]) != folds
        ],
    }
    return found | _artifacts(opened, [record.artifact for found_ in records.values() for record in found_])


def _count(trials: list[FrozenTrial], state: TrialState) -> int:
    return sum(trial.state == state for trial in trials)


def _artifacts(opened: OpenedStudy, named: list[str]) -> dict[str, Any]:
    """Records without bytes, and bytes without a record."""
    folder = Path(opened.artifacts.location)
    data = opened.contract.data
    files = [path for path in folder.rglob("*") if path.is_file()]
    there = {path.name for path in files}
    halves = {name for name in there if name.endswith(".part")}
    checkpoints = {path.name for path in files if path.read_bytes().startswith(MARK)} - halves
    return {
        "half-written files left": len(halves),
        "wrong: checkpoints left of finished trials": sorted(checkpoints),
        "wrong: records without artifact": sorted(set(named) - there),
        "wrong: artifacts without record": sorted(
            there - halves - checkpoints - set(named) - {data.development.artifact, data.test.artifact}
        ),
    }


def compare_with_undisturbed(opened: OpenedStudy, say: Callable[[str], None]) -> dict[str, Any]:
    """Runs every trial's configuration again, alone and in this process, and compares the fold accuracies."""
    development = load_development_rows(opened.contract, opened.artifacts)
    alone = optuna.create_study(direction="maximize", pruner=optuna.pruners.NopPruner())
    differing, compared = [], 0
    for trial in sorted(opened.storage.get_all_trials(opened.handle.study_id), key=lambda trial: trial.number):
        if trial.number >= opened.budget:
            continue
        alone.enqueue_trial(trial.params)
        there = trial.user_attrs.get(FOLD_ACCURACIES, [])
        here = _run_alone(opened, development, alone, folds=len(there))
        compared += len(there)
        if here != there or not _read_alike(opened, trial, len(there)):
            differing.append(trial.number)
        say(f"compared {trial.number + 1} of {opened.budget} trials")
    return {"fold accuracies compared": compared, "wrong: trials with other numbers": differing}


def _run_alone(opened: OpenedStudy, development: DevelopmentRows, alone: optuna.Study, folds: int) -> list[float]:
    accuracies: list[float] = []

    def record(change: TrialChange) -> None:
        accuracies[:] = change.attributes.get(FOLD_ACCURACIES, accuracies)

    def on_batch(fold: int) -> None:
        # Where the trial was pruned, it ends here too.
        if fold >= folds:
            raise StopRequested

    runner = TrialRunner(
        contract=opened.contract,
        development=development,
        artifacts=opened.artifacts,
        device="cpu",
        on_batch=on_batch,
        record=record,
        watchdog=Watchdog(600.0),
    )
    trial = alone.ask()
    with suppress(StopRequested):
        runner.run(alone, trial._trial_id)
    alone.tell(trial, state=TrialState.FAIL)
    return accuracies


def _read_alike(opened: OpenedStudy, trial: FrozenTrial, folds: int) -> bool:
    """Whether every artifact of the trial is whole and holds as many epochs as its record says."""
    records = finished_folds(trial.user_attrs, opened.contract.splitting.folds)[:folds]
    return all(len(read_fold(opened.artifacts, r).curves.validation_loss) == r.epochs for r in records)
