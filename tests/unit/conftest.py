"""What several unit tests need: a real study, small enough for a unit test; and a count of waits for a GPU."""

import shutil
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import pytest
import torch

import hpo.trial.fold_training
from hpo.search.audit import draw, seed_of_audits
from hpo.study.address import StudyAddress
from hpo.study.create import open_for_creation, prepare
from hpo.study.first_trials import enqueued
from hpo.study.opened import OpenedStudy, open_study
from hpo.study.register import register
from hpo.study.warm_start import read_warm_start
from made_up_training import SPACE, MadeUpTraining
from model.configuration import LearnerConfig
from model.simulation import simulate
from parking import AUDITED_TRIALS, TRIALS
from small_plan import small_plan
from storage.connection import open_storage

#: Genes of a study that audits itself.
GENES_THAT_AUDIT = 71


class MakeStudy(Protocol):
    """Makes a study on short genes, none of its trials begun; returns what opens it, each time anew."""

    def __call__(self, genes: int = 60, space: str | None = None, **changes: Any) -> Callable[[], OpenedStudy]: ...


@pytest.fixture(scope="session")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database without studies, to be copied: making its tables takes longer than many a test."""
    path = tmp_path_factory.mktemp("tables") / "hpo.db"
    open_storage(f"sqlite:///{path}", create=True).close()
    return path


@pytest.fixture
def storage_url(tables: Path, tmp_path: Path) -> str:
    """Where studies are made: a database without any."""
    shutil.copy(tables, tmp_path)
    return f"sqlite:///{tmp_path}/hpo.db"


@pytest.fixture
def make_study(storage_url: str, tmp_path: Path) -> Iterator[MakeStudy]:
    """Of three trials of five folds by default; `changes` are those of a `Plan`, `space` the text of its file."""
    address = StudyAddress(storage=storage_url, artifacts=str(tmp_path / "artifacts"))
    plan = small_plan(tmp_path / "genes.csv")
    with ExitStack() as sessions:

        def make(genes: int = 60, space: str | None = None, **changes: Any) -> Callable[[], OpenedStudy]:
            asked = replace(plan, **changes)
            if space is not None:
                asked = replace(asked, space_file=tmp_path / "space.toml")
                (tmp_path / "space.toml").write_text(space)
            contract = prepare(simulate(genes, 12, 0.05, 3).genes, asked, open_for_creation(address))
            own = enqueued(asked.enqueue, contract.search.space)
            warm = read_warm_start(asked.warm_start, address, contract.search.space)
            register(address, contract, asked.trials, asked.ends, own, warm).storage.close()

            def open_again() -> OpenedStudy:
                opened = open_study(replace(address, study=asked.study))
                sessions.callback(opened.storage.close)
                return opened

            return open_again

        yield make


@pytest.fixture
def made(make_study: MakeStudy) -> Callable[..., Callable[[], OpenedStudy]]:
    """Makes a study that is pruned by P."""

    def make(**changes) -> Callable[[], OpenedStudy]:
        asked = {"trials": TRIALS, "space": SPACE, "pruner": "chance", "original": "skip", **changes}
        return make_study(**asked)

    return make


@pytest.fixture
def audited(made: Callable[..., Callable[[], OpenedStudy]]) -> Callable[..., Callable[[], OpenedStudy]]:
    """Makes a study of which several trials are audited, whatever their chance, if they would be given up."""

    def make(study: str = "s", **changes) -> Callable[[], OpenedStudy]:
        # The first is one that does; where the draws change, others are looked through.
        for genes in (GENES_THAT_AUDIT, *range(60, 200)):
            open_again = made(study=f"{study}{genes}", genes=genes, trials=AUDITED_TRIALS, **changes)
            contract = open_again().contract
            seed = seed_of_audits(contract.seed, contract.data.fingerprint)
            if sum(draw(seed, number, 0.0).audited for number in range(1, AUDITED_TRIALS)) >= 3:
                return open_again
        raise AssertionError("No study of these draws three trials.")

    return make


@pytest.fixture
def train(monkeypatch: pytest.MonkeyPatch) -> Callable[..., MadeUpTraining]:
    """Lets folds reach what they are told to, in no time."""

    def replace(reaches: Callable[[LearnerConfig, int], float]) -> MadeUpTraining:
        training = MadeUpTraining(0, reaches)
        monkeypatch.setattr(hpo.trial.fold_training, "train_fold", training)
        return training

    return replace


@pytest.fixture
def opened(make_study: MakeStudy) -> Callable[[], OpenedStudy]:
    """Opens a study of three trials, none begun, each time anew, as another process does."""
    return make_study()


@pytest.fixture
def waits() -> Iterator[Callable[[], int]]:
    """Counts how often the host has waited for the GPU, as torch itself reports it."""
    before, always = torch.cuda.get_sync_debug_mode(), torch.is_warn_always_enabled()
    torch.set_warn_always(True)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        torch.cuda.set_sync_debug_mode("warn")
        try:
            yield lambda: sum("synchronizing CUDA operation" in str(warning.message) for warning in caught)
        finally:
            torch.cuda.set_sync_debug_mode(before)
            torch.set_warn_always(always)
