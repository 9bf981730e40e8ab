"""`hpo create-study`, and the study that its options ask for: `hpo run` takes the same."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from hpo.cli.command import STEP_BY_STEP, command
from hpo.cli.data_options import DataOptions
from hpo.cli.label_options import LabelOptions
from hpo.cli.options import DataFile, Json, NewStudy, SearchOptions, SplitOptions, StorageOptions, Trials
from hpo.cli.output import print_json, print_table

if TYPE_CHECKING:
    from hpo.study.create import Plan


def register(app: typer.Typer) -> None:
    """Adds the command of this file."""
    command(app, "create-study", STEP_BY_STEP)(create_study)


def create_study(
    data: DataFile,
    trials: Trials,
    study: NewStudy,
    search: SearchOptions,
    where: StorageOptions,
    reading: DataOptions,
    labelling: LabelOptions,
    splitting: SplitOptions,
    json: Json = False,
) -> None:
    """Read the data, seal the test set, and freeze the study for workers to come."""
    from hpo.cli.reading import read_labelled
    from hpo.study.create import create
    from hpo.terminal import show

    plan = plan_of(data, study, trials, search, splitting, reading)
    address = where.address(study)
    contract = create(address, read_labelled(data, reading, labelling), plan)
    facts = {
        "study": contract.study,
        "budget": plan.trials,
        "fingerprint": contract.data.fingerprint,
        "alphabet": contract.data.alphabet,
        "development": contract.data.development.rows,
        "test": contract.data.test.rows,
        "folds": contract.splitting.folds,
        "encodings": list(contract.search.space.encodings),
        "objective": contract.search.objective,
        "original": contract.original,
        "storage": address.shown,
        "artifacts": address.artifacts_shown,
    }
    if json:
        read = contract.data
        columns = None if read.columns is None else read.columns.model_dump()
        print_json(facts | {"columns": columns, "cleaning": read.cleaning.model_dump()})
        return
    print_table(f"Study {contract.study!r} is made", facts)
    # Of a database nobody else can tell from its URL where the artifacts lie.
    told = where.artifacts is not None or address.shown.startswith("sqlite:")
    place = "" if told else f" --artifacts {shlex.quote(address.artifacts_shown)}"
    show(f"Next: hpo worker --study {shlex.quote(contract.study)}{place}")


def plan_of(
    data: Path, study: str, trials: int | None, search: SearchOptions, splitting: SplitOptions, reading: DataOptions
) -> "Plan":
    """Returns the study that the options ask for; without a number of trials its search ends by itself."""
    from hpo.study.create import Plan
    from hpo.study.defaults import TRIALS
    from hpo.study.ending import Rules
    from model.configuration import TrainingSettings

    return Plan(
        study=study,
        trials=TRIALS if trials is None else trials,
        source=data,
        seed=splitting.seed,
        folds=splitting.folds,
        test_size=splitting.test_size,
        duplicates=splitting.duplicates,
        space_file=search.space,
        original=search.original,
        enqueue=search.enqueue,
        warm_start=search.warm_start,
        objective=search.objective,
        start=search.start,
        sampler=search.sampler,
        ends=Rules(patience_trials=search.patience_trials, by_gain=trials is None),
        startup_trials=search.startup_trials,
        pruner=search.pruner,
        training=TrainingSettings(
            max_epochs=search.max_epochs,
            patience=search.patience,
            genetic_code=reading.genetic_code,
            engine=search.engine,
            precision=search.precision,
        ),
        lease_timeout_s=search.lease_timeout,
        retries=search.retries,
    )
