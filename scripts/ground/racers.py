"""Workers with nothing to do, ours and Optuna's, as threads of a few processes that begin together."""

import json
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import optuna
from optuna.study import MaxTrialsCallback
from optuna.trial import TrialState

from hpo.signals import StopFlag
from hpo.study.address import StudyAddress
from hpo.study.opened import open_study
from hpo.trial.held_trial import HeldTrial
from hpo.trial.runner import Outcome
from hpo.workers.assignment import new_name
from hpo.workers.child import identity_of
from hpo.workers.worker import Worker
from storage.connection import open_storage
from storage.trials.lease import Claim, WorkerIdentity
from storage.trials.queue import TrialQueue
from storage.url import parse_url

PROCESSES = 4
#: How each kind goes about it, for the table's reader.
KINDS = {
    "ours": "the worker of `hpo worker`",
    "limit": "`study.optimize` with `MaxTrialsCallback`, on Optuna's own storage",
    "share": "`study.optimize` with an equal share of `n_trials` for each worker, on Optuna's own storage",
    "same": "`study.optimize` with `MaxTrialsCallback`, on our storage object",
    "tpe": "`study.optimize` with `MaxTrialsCallback`, on Optuna's own storage, with Optuna's default sampler",
}


@dataclass(frozen=True)
class Race:
    """What one process of workers is told."""

    kind: str
    threads: int
    url: str
    artifacts: str
    study: str
    #: Finished trials at which the study is complete.
    goal: int
    #: Trials for each worker, where the workers share them out.
    share: int


class CountingQueue(TrialQueue):
    """A queue that counts the claims that got nothing while trials were left, and notes when the last trial ended."""

    failed = 0
    finished_at = 0.0

    def claim(self, worker: WorkerIdentity, budget: int) -> Claim | None:
        """Claims, and counts what came of it."""
        claim = super().claim(worker, budget)
        self.failed += claim is None and not self.counts(budget).is_spent
        return claim

    def finish(self, *arguments: Any) -> None:
        """Finishes, and notes when."""
        super().finish(*arguments)
        self.finished_at = time.monotonic()


def end_at_once(trial: HeldTrial) -> Outcome:
    """The objective is handed its trial, and suggests nothing."""
    trial.trial  # noqa: B018 - it is read at its first use
    return Outcome(state=TrialState.COMPLETE, value=0.5)


def _ours(race: Race) -> Callable[[], dict[str, Any]]:
    opened = open_study(StudyAddress(storage=race.url, study=race.study, artifacts=race.artifacts))
    queue = CountingQueue(opened.storage, opened.handle.study_id)
    counted = replace(opened, queue=queue)
    identity = identity_of(new_name(), "cpu")
    worker = Worker(opened=counted, identity=identity, device="cpu", stop=StopFlag(), run_trial=end_at_once)

    def work() -> dict[str, Any]:
        report = worker.work()
        return {"trials": report.complete, "failed": queue.failed, "ended": queue.finished_at}

    return work


def _optuna_s(race: Race) -> Callable[[], dict[str, Any]]:
    sampler = None if race.kind == "tpe" else optuna.samplers.RandomSampler()
    storage = open_storage(race.url) if race.kind == "same" else own_storage(race.url)
    study = optuna.load_study(study_name=race.study, storage=storage, sampler=sampler)
    done: list[float] = []

    def objective(trial: optuna.Trial) -> float:
        done.append(time.monotonic())
        return 0.5

    def work() -> dict[str, Any]:
        if race.kind == "share":
            study.optimize(objective, n_trials=race.share)
        else:
            study.optimize(objective, callbacks=[MaxTrialsCallback(race.goal, states=(TrialState.COMPLETE,))])
        return {"trials": len(done), "failed": 0, "ended": time.monotonic()}

    return work


def own_storage(url: str) -> optuna.storages.BaseStorage:
    """Optuna's storage class, as its documentation opens it."""
    target = parse_url(url)
    if target.kind != "grpc":
        return optuna.storages.RDBStorage(target.engine_url)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return optuna.storages.GrpcStorageProxy(host=target.host, port=target.port)


def run_child(text: str) -> None:
    """One process: makes its workers, waits for a line on stdin, lets them run, prints what they did."""
    race = Race(**json.loads(text))
    make = _ours if race.kind == "ours" else _optuna_s
    works = [make(race) for _ in range(race.threads)]
    print("ready", flush=True)
    sys.stdin.readline()
    results: list[dict[str, Any]] = []
    running = [threading.Thread(target=lambda work=work: results.append(work())) for work in works]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    print(json.dumps(results), flush=True)


@dataclass(frozen=True)
class Result:
    """What all workers did together."""

    trials: int
    per_s: float
    failed: int


def run(
    command: Sequence[str], kind: str, workers: int, url: str, artifacts: str, study: str, before: int, trials: int
) -> Result:
    """Lets so many workers finish so many trials of a study.

    Args:
        command: Runs `run_child` with one more argument.
        kind: One of `KINDS`.
        workers: How many.
        url: The storage.
        artifacts: Where the data of a study of ours lie.
        study: Its name.
        before: Trials that are finished already.
        trials: How many to finish.
    """
    count = min(PROCESSES, workers)
    race = Race(kind, workers // count, url, artifacts, study, before + trials, trials // workers)
    children = [
        subprocess.Popen([*command, json.dumps(vars(race))], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(count)
    ]
    for process in children:
        if process.stdout is None or process.stdout.readline().strip() != "ready":
            raise SystemExit("A process of workers did not start.")
    started = time.monotonic()
    for process in children:
        if process.stdin is not None:
            process.stdin.write("go\n")
            process.stdin.flush()
    results = [result for process in children for result in json.loads(process.communicate()[0])]
    if len(results) != workers:
        raise SystemExit(f"{workers - len(results)} of {workers} workers ({kind}) ended with an error.")
    done = sum(result["trials"] for result in results)
    took = max(result["ended"] for result in results) - started
    return Result(done, done / took, sum(result["failed"] for result in results))
