"""How a function becomes a command: its parameters are its options, and dataclasses among them are groups of options.

Options that several commands share are fields of a frozen dataclass (`options`). A command takes such dataclasses, and
`--help` shows their fields under the dataclass's docstring as heading.
"""

import copy
import inspect
from collections.abc import Callable
from dataclasses import MISSING, fields, is_dataclass
from functools import wraps
from typing import Annotated, Any, get_args, get_type_hints

import typer

from hpo.choices import MOST

#: The headings under which `hpo --help` lists commands.
WHOLE_JOB = "The whole job"
STEP_BY_STEP = "Step by step, on any number of machines"
LOOK_AFTER = "Look after a study"
DATA = "Data"


def option(*names: str, help: str, **settings: Any) -> Any:  # noqa: A002 - typer's own word
    """Returns a typer option whose environment twins follow from its names; a number has a greatest value."""
    if "min" in settings:
        settings = {"max": MOST} | settings
    twins = ["HPO_" + name.split("/")[0].lstrip("-").replace("-", "_").upper() for name in names]
    return typer.Option(*names, help=help, envvar=twins if len(twins) > 1 else twins[0], **settings)


def command(app: typer.Typer, name: str, panel: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Registers a command; its parameters that are dataclasses become one option per field.

    Args:
        app: The typer application.
        name: The command's name.
        panel: The heading under which `hpo --help` lists it.
    """

    def register(function: Callable[..., None]) -> Callable[..., None]:
        hints = get_type_hints(function, include_extras=True)
        groups: dict[str, Any] = {key: hint for key, hint in hints.items() if is_dataclass(hint)}

        @wraps(function)
        def call(**values: Any) -> None:
            own = {key: value for key, value in values.items() if key in hints}
            for key, group in groups.items():
                own[key] = group(**{field.name: values[field.name] for field in fields(group)})
            function(**own)

        call.__signature__ = _expanded(function, hints, groups)  # type: ignore[attr-defined]  # typer reads it
        call.__annotations__ = {
            parameter.name: parameter.annotation for parameter in inspect.signature(call).parameters.values()
        }
        app.command(name, rich_help_panel=panel)(call)
        return function

    return register


def _expanded(function: Callable[..., None], hints: dict[str, Any], groups: dict[str, Any]) -> inspect.Signature:
    parameters = []
    for parameter in inspect.signature(function).parameters.values():
        if parameter.name not in groups:
            parameters.append(parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY, annotation=hints[parameter.name]))
            continue
        types = get_type_hints(groups[parameter.name], include_extras=True)
        heading = inspect.getdoc(groups[parameter.name]) or ""
        for field in fields(groups[parameter.name]):
            default = inspect.Parameter.empty if field.default is MISSING else field.default
            annotation = _under(types[field.name], heading.rstrip("."))
            parameters.append(
                inspect.Parameter(field.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
            )
    return inspect.Signature(parameters)


def _under(annotation: Any, heading: str) -> Any:
    """Puts an option under a heading of `--help`, unless it names one itself."""
    kind, settings = get_args(annotation)
    panel = settings.rich_help_panel or heading
    copied = copy.copy(settings)
    copied.rich_help_panel = panel
    return Annotated[kind, copied]
