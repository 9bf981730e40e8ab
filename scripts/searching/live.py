"""Searches of real training side by side: `hpo worker`, Optuna's own loop as its pages teach it, and random search.

All three train with the same code, on the same folds, from the same space, for the same time by the clock. What each
holds to be best is then judged alike: trained again by a study of its own, one network, beside the sealed test set; and
on a second split, with other seeds, which no search has seen.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import optuna
from optuna.trial import Trial, TrialState

from hpo.study.address import StudyAddress
from hpo.study.opened import open_study
from hpo.trial.common_epoch import Finished, scored, value_of
from hpo.trial.development_rows import labels_of
from hpo.trial.fold_training import FoldTraining
from model.errors import TrainingError
from model.runtime import prepare
from storage.trials.ledger import FOLD_PREFIX

#: More than any search gets to.
TRIALS = 100_000
#: Names of studies.
OURS, SPLITS = "ours", "splits"
#: What the seed of the second split is ahead by.
ELSEWHERE = 1

#: How Optuna's own loop searches.
LOOPS: dict[str, Callable[[], tuple[optuna.samplers.BaseSampler, optuna.pruners.BasePruner]]] = {
    "optuna": lambda: (optuna.samplers.TPESampler(), optuna.pruners.MedianPruner()),
    "random": lambda: (optuna.samplers.RandomSampler(), optuna.pruners.NopPruner()),
}
WAYS = (OURS, *LOOPS)


@dataclass(frozen=True)
class Answer:
    """What a search came to; accuracies in percent.

    Attributes:
        seconds: By the clock, from its first process to its last.
        cv: Of the best trial, on the folds that were searched.
        test: Of one network of that configuration.
        elsewhere: Its CV on the second split.
    """

    way: str
    seconds: float
    complete: int
    pruned: int
    folds: int
    cv: float
    test: float
    elsewhere: float
    params: dict[str, Any]


@dataclass(frozen=True)
class Live:
    """One comparison.

    Attributes:
        data: Genes with labels.
        folder: Where studies, artifacts and answers go.
        seconds: Of each search.
        workers: Processes of each search.
        seed: Of the split.
    """

    data: Path
    folder: Path
    seconds: int
    workers: int
    seed: int

    def answer(self, way: str) -> Answer:
        """Searches, and judges what came of it."""
        searched = self._hpo if way == OURS else self._optuna
        began = time.monotonic()
        searched(way)
        seconds = time.monotonic() - began
        trials = optuna.load_study(study_name=way, storage=self._storage(way)).get_trials(deepcopy=False)
        complete = [trial for trial in trials if trial.state == TrialState.COMPLETE]
        best = max(complete, key=lambda trial: trial.value or 0.0)
        chosen = self.folder / f"{way}.json"
        chosen.write_text(json.dumps([best.params]))
        test = self._judge(way, "test", self.seed)
        again = self._judge(way, "elsewhere", self.seed + ELSEWHERE)
        return Answer(
            way=way,
            seconds=round(seconds, 1),
            complete=len(complete),
            pruned=sum(not trial.state.is_finished() or trial.state == TrialState.PRUNED for trial in trials),
            folds=sum(self._folds_of(trial) for trial in trials),
            cv=100 * (best.value or 0.0),
            test=100 * test["test"]["accuracy"],
            elsewhere=100 * again["cv"]["mean"],
            params=best.params,
        )

    def as_json(self) -> str:
        """What is compared, for another process or a later run."""
        return json.dumps({**asdict(self), "data": str(self._source), "folder": str(self.folder)})

    @classmethod
    def of_json(cls, text: str) -> "Live":
        """The other way round."""
        told = json.loads(text)
        return cls(**{**told, "data": Path(told["data"]), "folder": Path(told["folder"])})

    def make_splits(self) -> None:
        """Makes the study whose folds the loops of Optuna train."""
        if not (self.folder / f"{SPLITS}.db").exists():
            self._command("create-study", self._source, *self._at(SPLITS), "--trials", "1", *self._split(self.seed))

    def loop(self, way: str, seconds: float) -> None:
        """One process of Optuna's own loop."""
        prepare(1)
        training = FoldTraining.of(
            open_study(StudyAddress(storage=self._storage(SPLITS), study=SPLITS, artifacts=str(self._artifacts))), "cpu"
        )
        labels, folds = labels_of(training.development.genes), training.development.folds
        contract = training.contract

        def objective(trial: Trial) -> float:
            config = contract.search.space.suggest(trial)
            finished: Finished = {}
            value = 0.0
            for fold in range(contract.splitting.folds):
                result = training.train(config, fold, contract.settings.max_epochs)
                finished[fold] = scored(result, labels[folds == fold], contract.search.objective)
                value = value_of(finished) or 0.0
                trial.report(value, fold)
                if fold + 1 < contract.splitting.folds and trial.should_prune():
                    raise optuna.TrialPruned
            return value

        sampler, pruner = LOOPS[way]()
        study = optuna.load_study(study_name=way, storage=self._storage(way), sampler=sampler, pruner=pruner)
        study.optimize(objective, timeout=seconds, catch=(TrainingError,))

    def _hpo(self, way: str) -> None:
        self._command("create-study", self._source, *self._at(way), "--trials", TRIALS, *self._split(self.seed))
        self._command("worker", *self._at(way), "--workers", self.workers, "--time", self.seconds)

    def _optuna(self, way: str) -> None:
        optuna.create_study(study_name=way, storage=self._storage(way), direction="maximize")
        script = Path(__file__).parents[1] / "bench_live"
        loops = [
            subprocess.Popen([sys.executable, script, "--child", way, self.as_json()]) for _ in range(self.workers)
        ]
        for loop in loops:
            if loop.wait():
                raise RuntimeError(f"A process of {way} ended with {loop.returncode}.")

    def _judge(self, way: str, name: str, seed: int) -> dict[str, Any]:
        """What a study of the answer alone says of it."""
        at = self._at(f"{way}-{name}")
        asked = ("--trials", "1", "--enqueue", self.folder / f"{way}.json", "--start", "random")
        self._command("create-study", self._source, *at, *asked, *self._split(seed))
        self._command("worker", *at, "--workers", "1")
        self._command("finalize", *at, "--ensemble", "1", "--output", self.folder / f"{way}-{name}")
        document: dict[str, Any] = json.loads((self.folder / f"{way}-{name}" / "result.json").read_text())
        return document

    @staticmethod
    def _folds_of(trial: optuna.trial.FrozenTrial) -> int:
        # Ours has a record for each fold, Optuna's own a value.
        records = [name for name in trial.user_attrs if name.startswith(FOLD_PREFIX)]
        return len(records) or len(trial.intermediate_values)

    @staticmethod
    def _split(seed: int) -> tuple[str, ...]:
        return ("--seed", str(seed), "--original", "skip")

    @property
    def _source(self) -> Path:
        return self.data.resolve()

    @property
    def _artifacts(self) -> Path:
        return self.folder / "artifacts"

    def _storage(self, study: str) -> str:
        return f"sqlite:///{self.folder.resolve()}/{study}.db"

    def _at(self, study: str) -> tuple[str, ...]:
        return ("--study", study, "--storage", self._storage(study), "--artifacts", str(self._artifacts))

    def _command(self, *words: object) -> None:
        with (self.folder / "log").open("a") as log:
            command = [sys.executable, "-m", "hpo", *map(str, words)]
            subprocess.run(command, stdout=log, stderr=log, check=True)


def told(answers: list[Answer]) -> list[str]:
    """The table of all answers; regret is what lies below the best of them."""
    best, elsewhere = max(one.cv for one in answers), max(one.elsewhere for one in answers)
    lines = ["| way | s | complete | given up | folds | CV | regret | test | on the second split | regret there |"]
    lines.append("|---" * 10 + "|")
    lines += [
        f"| {one.way} | {one.seconds:.0f} | {one.complete} | {one.pruned} | {one.folds} | {one.cv:.2f} | "
        f"{best - one.cv:.2f} | {one.test:.2f} | {one.elsewhere:.2f} | {elsewhere - one.elsewhere:.2f} |"
        for one in answers
    ]
    return lines
