"""`hpo pause`, `resume` and `extend`."""

from typing import Annotated

import typer

from hpo.cli.command import LOOK_AFTER, command, option
from hpo.cli.options import StorageOptions, Study


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    command(app, "pause", LOOK_AFTER)(pause)
    command(app, "resume", LOOK_AFTER)(resume)
    command(app, "extend", LOOK_AFTER)(extend)


def pause(where: StorageOptions, study: Study = None) -> None:
    """Stop handing out work: folds at work are finished, or whole trials with another pruner than chance."""
    from hpo.study.steering import set_paused
    from hpo.terminal import show

    show(set_paused(where.address(study), paused=True))


def resume(where: StorageOptions, study: Study = None) -> None:
    """Hand out trials again."""
    from hpo.study.steering import set_paused
    from hpo.terminal import show

    show(set_paused(where.address(study), paused=False))


def extend(
    trials: Annotated[int, option("--trials", help="The new budget, all trials so far counted in.", min=1)],
    where: StorageOptions,
    study: Study = None,
) -> None:
    """Raise the budget, or lower it to what is finished or at work. Workers that still run notice; start others."""
    from hpo.study.steering import set_budget
    from hpo.terminal import show

    show(set_budget(where.address(study), trials))
