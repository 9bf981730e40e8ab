"""`hpo dashboard` and `hpo proxy`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from hpo.cli.command import LOOK_AFTER, command, option
from hpo.cli.options import StorageOptions


@dataclass(frozen=True, kw_only=True)
class VisitorOptions:
    """Who may use the dashboard."""

    # Without an environment twin of its own: HPO_TOKEN holds the token itself, which may not be an argument.
    token: Annotated[
        bool | None,
        typer.Option(
            "--token/--no-token",
            help="Ask visitors for a token: HPO_TOKEN, or --token-file, or one that is made and shown once in the "
            "link. By default asked for where other machines can reach the dashboard.",
        ),
    ] = None
    token_file: Annotated[Path | None, option("--token-file", help="File that holds the token.", metavar="FILE")] = None
    allow_host: Annotated[
        list[str] | None,
        option(
            "--allow-host",
            help="A further name by which the dashboard is reached, such as that of a proxy in front; may be repeated.",
            metavar="NAME",
        ),
    ] = None
    read_only: Annotated[bool, option("--read-only", help="Refuse every request that changes something.")] = False
    base_path: Annotated[
        str, option("--base-path", help="Path under which a proxy shows the dashboard, such as /hpo.", metavar="PATH")
    ] = ""


@dataclass(frozen=True, kw_only=True)
class CallerOptions:
    """Who may call the proxy."""

    token_file: Annotated[
        Path | None,
        option(
            "--token-file",
            help="File that holds the token that callers must show; or set HPO_PROXY_TOKEN, as for the workers.",
            metavar="FILE",
        ),
    ] = None
    tls_cert: Annotated[
        Path | None,
        option(
            "--tls-cert",
            help="Certificate (PEM) to speak TLS with; workers then need HPO_PROXY_CA, the file of its authority.",
            metavar="FILE",
        ),
    ] = None
    tls_key: Annotated[Path | None, option("--tls-key", help="The certificate's key (PEM).", metavar="FILE")] = None


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    command(app, "dashboard", LOOK_AFTER)(dashboard)
    command(app, "proxy", LOOK_AFTER)(proxy)


def dashboard(
    where: StorageOptions,
    visitors: VisitorOptions,
    host: Annotated[
        str, option("--host", help="Address to listen on: 127.0.0.1 or ::1 for this machine alone.")
    ] = "127.0.0.1",
    port: Annotated[int, option("--port", help="0 takes any free one.", min=0, max=65535)] = 8080,
) -> None:
    """optuna-dashboard on this storage, with fold accuracies, the report's plots and its summary."""
    from hpo.servers.dashboard import Visitors, serve

    asked = Visitors(
        allowed_hosts=tuple(visitors.allow_host or ()),
        token=visitors.token,
        token_file=visitors.token_file,
        read_only=visitors.read_only,
        base_path=visitors.base_path,
    )
    serve(where.address(), host, port, asked)


def proxy(
    where: StorageOptions,
    callers: CallerOptions,
    host: Annotated[
        str, option("--host", help="Address to listen on; beyond 127.0.0.1 give a token, and TLS.")
    ] = "127.0.0.1",
    port: Annotated[int, option("--port", help="0 takes any free one.", min=0, max=65535)] = 13000,
) -> None:
    """Optuna's gRPC proxy in front of Postgres, for large fleets: workers then use --storage grpc://HOST:PORT."""
    from hpo.servers.proxy import Callers, serve

    asked = Callers(tls_cert=callers.tls_cert, tls_key=callers.tls_key, token_file=callers.token_file)
    serve(where.storage, host, port, asked)
