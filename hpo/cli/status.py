"""`hpo status`."""

from typing import Annotated

import typer

from hpo.cli.command import LOOK_AFTER, command
from hpo.cli.options import Json, StorageOptions, Study
from hpo.cli.output import print_json


def register(app: typer.Typer) -> None:
    """Adds the command of this file."""
    command(app, "status", LOOK_AFTER)(status)


def status(
    where: StorageOptions,
    study: Study = None,
    watch: Annotated[bool, typer.Option("--watch", help="Go on until the budget is spent.")] = False,
    json: Json = False,
) -> None:
    """Trials by state, workers alive, best of cross-validation, fold work saved by pruning, time left."""
    from hpo.cli.status_text import status_text
    from hpo.cli.watch import watch_status
    from hpo.study.opened import open_study
    from hpo.study.status import read_status
    from hpo.terminal import show

    opened = open_study(where.address(study))
    if watch:
        watch_status(lambda: read_status(opened))
    current = read_status(opened, prospects=True)
    if json:
        print_json(current.as_dict())
    else:
        show(status_text(current))
