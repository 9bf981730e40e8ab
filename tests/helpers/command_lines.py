"""Command lines of `hpo`, parsed as it would parse them, and not run."""

from collections.abc import Sequence

import typer

from hpo.cli.app import app


def check_takes(arguments: Sequence[str]) -> None:
    """Parses a command.

    Args:
        arguments: The command's name, and what stands behind it.

    Raises:
        click.UsageError: There is no such command or option, or a value is not allowed.
    """
    name, *options = arguments
    root = typer.main.get_command(app)
    with root.make_context("hpo", [name]) as context:
        command = root.get_command(context, name)
        assert command is not None, f"there is no hpo {name}"
        command.make_context(name, options)
