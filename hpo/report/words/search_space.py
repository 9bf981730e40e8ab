"""The search space, for the method section."""

from hpo.search.parameters import Choices, Fixed, Range
from hpo.search.space import Space


def entries(space: Space) -> dict[str, str]:
    """Tells what could be tried, by hyperparameter."""
    return {name: _entry(parameter) for name, parameter in space.parameters.items()}


def _entry(parameter: Range | Choices | Fixed) -> str:
    if isinstance(parameter, Range):
        return f"{parameter.low:g} to {parameter.high:g}" + (", logarithmic" if parameter.log else "")
    if isinstance(parameter, Choices):
        return ", ".join(str(choice) for choice in parameter.choices)
    return f"{parameter.value} (fixed)"
