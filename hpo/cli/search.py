"""`hpo run`, `hpo create-study`, `hpo worker`."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hpo.cli.options import (
    AnswerOptions,
    DataOptions,
    Device,
    Json,
    Output,
    SearchOptions,
    SplitOptions,
    StorageOptions,
    Study,
    command,
    option,
)
from hpo.cli.output import print_json, print_table, set_up_logging

if TYPE_CHECKING:
    from hpo.study.create import Plan
    from hpo.workers.devices import Slot
    from model.genes import Genes

DataFile = Annotated[
    Path,
    typer.Argument(
        metavar="DATA",
        help="Genes with labels: .npy (the original's form), CSV, TSV, FASTA or Parquet, each also gzipped.",
    ),
]
Workers = Annotated[
    int | None,
    option("--workers", help="Worker processes; by default one per GPU, or one per core.", min=1, metavar="K"),
]


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    command(app, "run", "The whole job")(run)
    command(app, "create-study", "Step by step, on any number of machines")(create_study)
    command(app, "worker", "Step by step, on any number of machines")(worker)


def run(
    data: DataFile,
    search: SearchOptions,
    output: Output,
    place: StorageOptions,
    reading: DataOptions,
    splitting: SplitOptions,
    choice: AnswerOptions,
    device: Device = "auto",
    workers: Workers = None,
    json: Json = False,
) -> None:
    """The whole job on this machine: create the study, search, finalize. Run again after a crash, it goes on."""
    from hpo.cli.answer import print_result
    from hpo.finalize import FinalizeOptions, finalize, open_report_folder
    from hpo.run import check_budget, create_or_go_on
    from hpo.run import search as run_search
    from hpo.signals import on_stop
    from hpo.study.address import StudyAddress
    from hpo.study.opened import open_study
    from hpo.terminal import say

    slots = _slots(device, workers)
    plan = _plan(data, search, splitting, reading)
    where = StudyAddress(storage=place.storage, study=search.study, artifacts=place.artifacts)
    open_report_folder(output)
    goes_on = create_or_go_on(where, _read(data, reading), plan)
    opened = open_study(place.storage, search.study, place.artifacts)
    check_budget(opened, search.trials)
    if goes_on:
        say(f"Study {search.study!r} is there already: going on with it.")
    say(f"Searching: {search.trials} trials; the workers' log is {output / 'workers.log'}")
    with on_stop() as stop:
        run_search(opened, where, slots, output / "workers.log", stop)
    if stop:
        say("Stopped. Finished folds are kept: the same command goes on.")
        sys.exit(stop.exit_code)
    result = finalize(opened, output, FinalizeOptions(device=device, prefer=choice.prefer, ensemble=choice.ensemble))
    print_result(result, output, json)


def create_study(
    data: DataFile,
    search: SearchOptions,
    place: StorageOptions,
    reading: DataOptions,
    splitting: SplitOptions,
    json: Json = False,
) -> None:
    """Read the data, seal the test set, and freeze the study for workers to come."""
    from hpo.study.create import open_for_creation, prepare
    from hpo.study.create import register as register_study

    plan = _plan(data, search, splitting, reading)
    genes = _read(data, reading)
    contract = prepare(genes, plan, open_for_creation(place.storage, place.artifacts))
    register_study(place.storage, contract, plan.trials)
    facts = {
        "study": contract.study,
        "budget": plan.trials,
        "fingerprint": contract.data.fingerprint,
        "alphabet": contract.data.alphabet,
        "development": contract.data.development.rows,
        "test": contract.data.test.rows,
        "folds": contract.splitting.folds,
        "encodings": list(contract.search.space.encodings),
    }
    if json:
        print_json(facts)
        return
    print_table(f"Study {contract.study!r} is made", facts)
    print(f"Next: hpo worker --study {contract.study}")


def worker(
    place: StorageOptions,
    study: Study = None,
    device: Device = "auto",
    workers: Workers = None,
    timeout: Annotated[
        float | None,
        option("--timeout", help="Claim no further trial after so many seconds.", min=0, metavar="S"),
    ] = None,
    step_timeout: Annotated[
        float,
        option("--step-timeout", help="Seconds after which one training step is taken to hang.", min=0.001),
    ] = 600.0,
) -> None:
    """Pull trials until the budget is spent. Start as many as you like, on as many machines as you like.

    SIGTERM or Ctrl-C lets the current epoch end (at most four seconds) and puts the trial back; its finished folds and
    a checkpoint of the one at work are kept, and any worker goes on from there. A second signal acts at once.
    """
    from hpo.signals import on_stop
    from hpo.study.address import StudyAddress
    from hpo.study.opened import open_study
    from hpo.workers.fleet import is_child
    from hpo.workers.parent import Limits, leave, work_here, work_in_children

    set_up_logging("info")
    slots = _slots(device, workers)
    limits = Limits(timeout_s=timeout, step_timeout_s=step_timeout)
    with on_stop() as stop:
        if is_child():
            code = work_here(slots, place.storage, study, place.artifacts, limits, stop)
        else:
            opened = open_study(place.storage, study, place.artifacts)
            where = StudyAddress(storage=place.storage, study=opened.handle.name, artifacts=place.artifacts)
            code = work_in_children(slots, opened, where, limits, stop)
    code = stop.exit_code or code
    if is_child():
        leave(code)
    sys.exit(code)


def _slots(device: str, workers: int | None) -> "Sequence[Slot]":
    from hpo.workers.devices import slots_for
    from model.cores import usable_cores
    from model.runtime import devices_named

    return slots_for(devices_named(device), workers, cores=usable_cores())


def _read(data: Path, reading: DataOptions) -> "Genes":
    from hpo.cli.reading import read_labelled

    return read_labelled(data, reading)


def _plan(data: Path, search: SearchOptions, splitting: SplitOptions, reading: DataOptions) -> "Plan":
    from hpo.study.create import Plan
    from model.configuration import TrainingSettings

    return Plan(
        study=search.study,
        trials=search.trials,
        source=data,
        seed=splitting.seed,
        folds=splitting.folds,
        test_size=splitting.test_size,
        duplicates=splitting.duplicates,
        space_file=search.space,
        sampler=search.sampler,
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
