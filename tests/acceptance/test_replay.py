"""A search can be replayed: what a start-up trial tries follows from the study's seed and the trial's number alone."""

import os

import optuna

from hpo.search.sampler import sampler_for
from hpo.study.address import StudyAddress
from hpo.study.opened import OpenedStudy, open_study
from storage.trials.lease import lease_of

TRIALS = 20


def test_start_up_points_of_two_workers_differ_and_can_be_replayed(hpo, background) -> None:
    hpo.create("s", TRIALS, "--startup-trials", str(TRIALS), "--seed", "5", "--max-epochs", "1")
    workers = [background(hpo.start("worker", "--study", "s", "--workers", "1")) for _ in range(2)]
    for worker in workers:
        _, talk = worker.communicate(timeout=300)
        assert worker.returncode == 0, talk
    here = os.path.relpath(hpo.folder / "hpo.db")
    opened = open_study(StudyAddress(storage=f"sqlite:///{here}", study="s"))
    trials = opened.storage.get_all_trials(opened.handle.study_id)
    opened.storage.close()
    assert len({lease_of(trial).worker for trial in trials}) == 2
    # Trial 0 is the baseline and trial 1 the start of the space: no sampler's.
    points = {trial.number: trial.params for trial in trials if trial.number > 1}
    assert len({tuple(sorted(params.items())) for params in points.values()}) == TRIALS - 2
    assert points == {number: replayed(opened, number) for number in points}


def replayed(opened: OpenedStudy, number: int) -> dict[str, object]:
    """What a sampler proposes that knows no trial, no worker and no storage of the search."""
    search, seed = opened.contract.search, opened.contract.seed
    sampler = sampler_for(
        search.sampler, search.space.distributions, startup_trials=search.startup_trials, seed=seed, number=number
    )
    trial = optuna.create_study(sampler=sampler).ask()
    search.space.suggest(trial)
    return trial.params
