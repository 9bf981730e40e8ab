"""The command line, put together. Nothing heavy is imported before a command runs: `--help` answers at once."""

import sys
from collections.abc import Sequence

import typer

from hpo.cli import create_study, data, deleting, doctor, finalize, predict, servers, status, steering, studies, worker
from hpo.cli import run as whole_job
from hpo.errors import EXIT_INTERRUPTED
from hpo.logs import log_to_stderr

app = typer.Typer(
    name="hpo",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Find the hyperparameters of a BiLSTM that predicts drug resistance from genes, "
    "and say honestly what accuracy to expect.\n\n"
    "Begin with [bold]hpo run genes.csv[/bold]",
)


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        print(f"hpo {version('hpo')}")
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Show the version."),
) -> None:
    log_to_stderr("warning")


#: In the order in which `--help` shows them.
for group in (
    whole_job,
    create_study,
    worker,
    finalize,
    predict,
    status,
    studies,
    deleting,
    steering,
    servers,
    doctor,
    data,
):
    group.register(app)


def run(arguments: Sequence[str]) -> int:
    """Runs one command.

    Args:
        arguments: Without the program's name.

    Returns:
        The exit code. Errors of ours propagate; usage errors are printed here.
    """
    try:
        app(args=list(arguments), prog_name="hpo", standalone_mode=True)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    except typer.Abort:
        print("Interrupted.", file=sys.stderr)
        return EXIT_INTERRUPTED
    return 0
