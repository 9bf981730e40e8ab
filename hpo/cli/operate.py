"""`hpo status`, `pause`, `resume`, `extend`, `dashboard`, `proxy`, `doctor`."""

import sys
from typing import Annotated

import typer

from hpo.cli.options import Device, Json, StorageOptions, Study, command, option
from hpo.cli.output import print_json

PANEL = "Look after a study"
Host = Annotated[str, option("--host", help="Address to listen on. It has no log-in: think before you leave loopback.")]
MANY = "Step by step, on any number of machines"


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    command(app, "status", PANEL)(status)
    command(app, "dashboard", PANEL)(dashboard)
    command(app, "pause", PANEL)(pause)
    command(app, "resume", PANEL)(resume)
    command(app, "extend", PANEL)(extend)
    command(app, "proxy", PANEL)(proxy)
    command(app, "doctor", PANEL)(doctor)


def status(
    place: StorageOptions,
    study: Study = None,
    watch: Annotated[bool, typer.Option("--watch", help="Go on until the budget is spent.")] = False,
    json: Json = False,
) -> None:
    """Trials by state, workers alive, best CV accuracy, fold work saved by pruning, time left."""
    from hpo.cli.status_text import status_text, watch_status
    from hpo.study.opened import open_study
    from hpo.study.status import read_status

    opened = open_study(place.storage, study, place.artifacts)
    if watch:
        watch_status(lambda: read_status(opened))
    current = read_status(opened)
    if json:
        print_json(current.as_dict())
    else:
        print(status_text(current))


def pause(place: StorageOptions, study: Study = None) -> None:
    """Stop handing out trials; those at work are finished."""
    from hpo.study.steering import set_paused

    print(set_paused(place.storage, study, place.artifacts, paused=True))


def resume(place: StorageOptions, study: Study = None) -> None:
    """Hand out trials again."""
    from hpo.study.steering import set_paused

    print(set_paused(place.storage, study, place.artifacts, paused=False))


def extend(
    trials: Annotated[int, option("--trials", help="The new budget, all trials so far counted in.", min=1)],
    place: StorageOptions,
    study: Study = None,
) -> None:
    """Raise the budget. Workers that still run notice; start others where none does."""
    from hpo.study.steering import extend_budget

    print(extend_budget(place.storage, study, place.artifacts, trials))


def dashboard(
    place: StorageOptions,
    host: Host = "127.0.0.1",
    port: Annotated[int, option("--port", help="0 takes any free one.", min=0, max=65535)] = 8080,
) -> None:
    """optuna-dashboard on this storage, with fold accuracies, the report's plots and its summary."""
    from hpo.servers.dashboard import serve

    sys.exit(serve(place.storage, place.artifacts, host, port))


def proxy(
    place: StorageOptions,
    host: Host = "127.0.0.1",
    port: Annotated[int, option("--port", help="0 takes any free one.", min=0, max=65535)] = 13000,
) -> None:
    """Optuna's gRPC proxy in front of Postgres, for large fleets: workers then use --storage grpc://HOST:PORT."""
    from hpo.servers.proxy import serve

    serve(place.storage, host, port)


def doctor(place: StorageOptions, device: Device = "auto", json: Json = False) -> None:
    """What this machine can do, and whether storage, artifacts and devices answer."""
    from hpo.doctor import as_text, examine

    findings = examine(place.storage, place.artifacts, device)
    if json:
        print_json({"checks": [vars(finding) for finding in findings]})
    else:
        print(as_text(findings))
    sys.exit(0 if all(finding.ok for finding in findings) else 1)
