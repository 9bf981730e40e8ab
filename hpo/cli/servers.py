"""`hpo dashboard` and `hpo proxy`."""

from typing import Annotated

import typer

from hpo.cli.command import LOOK_AFTER, command, option
from hpo.cli.options import StorageOptions

Host = Annotated[str, option("--host", help="Address to listen on. It has no log-in: think before you leave loopback.")]


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    command(app, "dashboard", LOOK_AFTER)(dashboard)
    command(app, "proxy", LOOK_AFTER)(proxy)


def dashboard(
    where: StorageOptions,
    host: Host = "127.0.0.1",
    port: Annotated[int, option("--port", help="0 takes any free one.", min=0, max=65535)] = 8080,
) -> None:
    """optuna-dashboard on this storage, with fold accuracies, the report's plots and its summary."""
    from hpo.servers.dashboard import serve

    serve(where.address(), host, port)


def proxy(
    where: StorageOptions,
    host: Host = "127.0.0.1",
    port: Annotated[int, option("--port", help="0 takes any free one.", min=0, max=65535)] = 13000,
) -> None:
    """Optuna's gRPC proxy in front of Postgres, for large fleets: workers then use --storage grpc://HOST:PORT."""
    from hpo.servers.proxy import serve

    serve(where.storage, host, port)
