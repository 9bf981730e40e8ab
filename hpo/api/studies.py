"""Studies from Python: make one, open one, work on it, see how it stands."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from hpo.api.options import StudyOptions, as_commands_take_them, check_all_taken, group
from hpo.cli.create_study import plan_of
from hpo.cli.data_options import DataOptions
from hpo.cli.label_options import LabelOptions
from hpo.cli.options import SearchOptions, SplitOptions, StorageOptions
from hpo.cli.reading import read_labelled
from hpo.errors import HpoError
from hpo.study.address import StudyAddress
from hpo.study.attributes import configuration, fold_accuracies
from hpo.study.create import Plan, create
from hpo.study.objective import cv_figures
from hpo.study.opened import OpenedStudy
from hpo.study.opened import open_study as open_at
from hpo.study.status import Status, read_status, trials_in_budget
from hpo.workers.assignment import Limits
from hpo.workers.devices import slots_here
from hpo.workers.parent import run_worker
from storage.url import redact

if TYPE_CHECKING:
    import pandas as pd

SQLITE = "sqlite:///hpo.db"


@dataclass(frozen=True)
class Study:
    """A study in a storage. It holds no connection: it may be kept, and sent to another process of this machine."""

    name: str
    address: StudyAddress = field(repr=False)

    def opened(self) -> OpenedStudy:
        """Opens it, as the commands do."""
        return open_at(self.address)

    def __str__(self) -> str:
        return f"{self.name} in {redact(self.address.storage)}"


def checked(study: Study) -> Study:
    """Returns a study that was handed to us.

    Raises:
        TypeError: It is none, such as its name.
    """
    if not isinstance(study, Study):
        wanted = f"hpo.open_study({study!r})" if isinstance(study, str) else "hpo.open_study(NAME)"
        raise TypeError(f"A study is wanted here, as {wanted} returns it, not {type(study).__name__}.")
    return study


@dataclass(frozen=True)
class Asked:
    """What the options of a call ask for."""

    address: StudyAddress
    plan: Plan
    reading: DataOptions
    labelling: LabelOptions


def asked(
    data: str | Path,
    study: str,
    trials: int | None,
    storage: str,
    artifacts: str | None,
    options: dict[str, Any],
    call: str,
) -> Asked:
    """Reads the options of `create_study` and `run`, which take the same."""
    values = as_commands_take_them(options)
    reading, labelling = group(DataOptions, values), group(LabelOptions, values)
    search = group(SearchOptions, values)
    plan = plan_of(Path(data), study, trials, search, group(SplitOptions, values), reading)
    check_all_taken(values, call)
    return Asked(StorageOptions(storage=storage, artifacts=artifacts).address(study), plan, reading, labelling)


def create_study(
    data: str | Path,
    *,
    study: str,
    trials: int,
    storage: str = SQLITE,
    artifacts: str | None = None,
    **options: Unpack[StudyOptions],
) -> Study:
    """Reads the data, seals the test set, and freezes the study for workers to come; `hpo create-study`.

    Args:
        data: Genes with labels, in any form that the command takes.
        study: Its name.
        trials: The budget: trials to finish.
        storage: A URL; a file beside the caller by default.
        artifacts: Folder or s3:// place; beside the storage by default.
        options: Those of the command, with underscores: `folds=5`, `gaps="remove"`, `where={"drug": "ampicillin"}`.

    Raises:
        ModelError: The file or one of its rows cannot be used; says which and why.
        StorageError: The storage does not answer, or holds such a study already.
        HpoError: An option has a value that no study may have.
    """
    call = asked(data, study, trials, storage, artifacts, dict(options), "create_study")
    create(call.address, read_labelled(Path(data), call.reading, call.labelling), call.plan)
    return Study(study, call.address)


def open_study(study: str | None = None, *, storage: str = SQLITE, artifacts: str | None = None) -> Study:
    """Finds a study that is there.

    Args:
        study: Its name; may be left out where the storage holds one.
        storage: As `create_study` takes it.
        artifacts: Likewise.

    Raises:
        StorageError: The storage does not answer, or holds no such study.
        HpoError: The study is another program's.
    """
    address = StorageOptions(storage=storage, artifacts=artifacts).address(study)
    opened = open_at(address)
    return Study(opened.handle.name, opened.address)


def work(
    study: Study,
    *,
    device: str = "auto",
    workers: int | None = None,
    lanes: int | None = None,
    timeout: float | None = None,
) -> None:
    """Works on a study in processes of its own until the budget is spent; `hpo worker`. Belongs to the main thread.

    Args:
        study: The study.
        device: auto (every GPU, or the CPU), cpu, cuda, cuda:0, ...
        workers: Processes; by default one per GPU, or one per core.
        lanes: Trials that each trains at once; by default as many as help.
        timeout: Seconds after which no further trial is claimed.

    Raises:
        KeyboardInterrupt: Ctrl-C, or SIGTERM; what was finished is kept.
        HpoError: This machine cannot keep the study's contract, or a worker ended with an error.
    """
    code = run_worker(checked(study).address, slots_here(device, workers), Limits(timeout_s=timeout, lanes=lanes))
    if code == 1:
        raise HpoError("A worker ended with an error: its messages stand above.", "Call hpo.work again to go on.")
    if code:
        raise KeyboardInterrupt


def status(study: Study) -> Status:
    """Tells how a study stands; `hpo status`."""
    return read_status(checked(study).opened(), prospects=True)


def trials(study: Study) -> "pd.DataFrame | list[dict[str, Any]]":
    """Lists the trials of a study.

    Returns:
        A row for each: number, state, cv_accuracy, what was measured of another objective (cv_mcc, ...), the folds'
        accuracies (fold_0, ...), and the hyperparameters by name. A DataFrame where pandas is installed, else a list of
        dictionaries.
    """
    opened = checked(study).opened()
    rows = [
        {
            "number": trial.number,
            "state": trial.state.name,
            **cv_figures(trial, opened.contract.search.objective),
            **{f"fold_{fold}": accuracy for fold, accuracy in enumerate(fold_accuracies(trial.user_attrs))},
            **(configuration(trial.user_attrs) or trial.params),
        }
        for trial in trials_in_budget(opened, opened.budget)
    ]
    try:
        import pandas
    except ImportError:
        return rows
    return pandas.DataFrame(rows)
