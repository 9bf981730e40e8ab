"""`hpo doctor`."""

import sys

import typer

from hpo.cli.command import LOOK_AFTER, command
from hpo.cli.options import Device, Json, StorageOptions
from hpo.cli.output import print_json


def register(app: typer.Typer) -> None:
    """Adds the command of this file."""
    command(app, "doctor", LOOK_AFTER)(doctor)


def doctor(where: StorageOptions, device: Device = "auto", json: Json = False) -> None:
    """What this machine can do, and whether storage, artifacts and devices answer."""
    from hpo.doctor import as_text, examine
    from hpo.terminal import show

    findings = examine(where.address(), device)
    if json:
        print_json({"checks": [vars(finding) for finding in findings]})
    else:
        show(as_text(findings))
    sys.exit(0 if all(finding.ok for finding in findings) else 1)
