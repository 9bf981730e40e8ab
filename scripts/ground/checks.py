"""What must hold of a study after its workers were killed: counts, folds, artifacts."""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

from optuna.trial import FrozenTrial, TrialState

from ground.spoiling import Spoiler
from hpo.study.attributes import FoldRecord, finished_folds, fold_record
from hpo.study.hints import hint_of
from hpo.study.opened import OpenedStudy
from hpo.trial.checkpoints import FOLDER, checkpoint_name
from storage.artifacts.notes import FOLDER as NOTES
from storage.trials.lease import DEATHS, read_deaths

#: Under this key: names of artifacts that no record names.
NAMELESS = "wrong: artifacts without record"
_TRAINED = re.compile(r"trial (\d+) fold (\d+): \d+ epochs in")
_AHEAD = re.compile(r"trial (\d+) fold (\d+): trained ahead, ")
_BY_ANOTHER = re.compile(r"trial (\d+) fold (\d+): \d+ epochs in .*, trained ahead by ")
_WENT_ON = re.compile(r"trial \d+ fold \d+: goes on after epoch \d+")


def check(opened: OpenedStudy, log: Path, spoiler: Spoiler) -> dict[str, Any]:
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
        **_ahead(told),
        "times that a fold went on at a checkpoint": len(_WENT_ON.findall(told)),
        "deaths counted in trials": sum(len(read_deaths(json.dumps(trial.user_attrs.get(DEATHS)))) for trial in trials),
        "wrong: finished trials too many or too few": len(finished) - budget,
        "wrong: numbers lost or doubled": sorted(set(range(budget)) ^ {trial.number for trial in finished}),
        "folds trained again, for their result was spoilt": sum(trained[fold] > 1 for fold in spoiler.lost),
        "wrong: folds trained twice": sorted(
            fold for fold, times in trained.items() if times > 1 and fold not in spoiler.lost
        ),
        "wrong: folds trained and not recorded": sorted(
            fold for fold in set(trained) - recorded if fold[0] not in spoiler.overwritten
        ),
        "wrong: complete trials with a fold missing": [
            t.number
            for t in trials
            if t.state == TrialState.COMPLETE
            and len(records[t.number]) != folds
            and t.number not in spoiler.overwritten
        ],
    }
    ahead = {
        hint.artifact for t in trials for k in range(folds) if (hint := hint_of(t.user_attrs, k)) and hint.artifact
    }
    # The parent that ends a trial because all its workers died opens no artifacts.
    given_up = {checkpoint_name(opened.contract, t.number) for t in trials if t.state == TrialState.FAIL}
    # Those behind a record that is garbage too.
    readable = (fold_record(trial.user_attrs, fold) for trial in trials for fold in range(folds))
    return found | _artifacts(opened, records, {one.artifact for one in readable if one} | ahead, given_up, spoiler)


def _ahead(told: str) -> dict[str, Any]:
    """What came of folds that were trained ahead: each is recorded once all the same."""
    ahead, recorded = (Counter(each.findall(told)) for each in (_AHEAD, _BY_ANOTHER))
    here = Counter(_TRAINED.findall(told)) - recorded
    return {
        "folds trained ahead": ahead.total(),
        "of these recorded": recorded.total(),
        "of these trained by who held the trial as well": sum(ahead[fold] > 0 for fold in here),
    }


def _count(trials: list[FrozenTrial], state: TrialState) -> int:
    return sum(trial.state == state for trial in trials)


def _artifacts(
    opened: OpenedStudy, records: dict[int, list[FoldRecord]], every: set[str], given_up: set[str], spoiler: Spoiler
) -> dict[str, Any]:
    """Records without bytes, and bytes without a record."""
    kept = {
        one.artifact for number, found in records.items() for one in found if (number, one.fold) not in spoiler.lost
    }
    named = kept | spoiler.artifacts | every
    folder = Path(opened.artifacts.location)
    data = opened.contract.data
    there = {path.name: str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    files = {name: path for name, path in there.items() if not path.startswith(NOTES)}
    halves = {name for name in files if name.endswith(".part")}
    checkpoints = {name for name, path in files.items() if path.startswith(FOLDER)} - halves
    return {
        "half-written files left": len(halves),
        "checkpoints left of trials that failed": sum(files[name] in given_up for name in checkpoints),
        "wrong: checkpoints left of other finished trials": sorted(
            name for name in checkpoints if files[name] not in given_up
        ),
        "wrong: records without artifact": sorted(kept - files.keys()),
        NAMELESS: sorted(files.keys() - halves - checkpoints - named - {data.development.artifact, data.test.artifact}),
    }
