"""Where in the gene: what was changed, and where it mattered."""

from hpo.report.answer import top_positions
from hpo.report.evidence import PositionEffects
from hpo.report.words.names import plural

_TOLD = 10


def positions(found: PositionEffects | None) -> str:
    """Say how the effects were measured, and which positions lead; nothing where they were not measured."""
    if found is None:
        return ""
    whose = "test" if found.of_test else "development"
    text = (
        f"{plural(found.genes, f'different {whose} sequence')} were changed at one position at a time, to the letters "
        f"that are commonest there among the development genes ({found.mutants:,} changed sequences; labels play no "
        "part). A high bar is a position where such a change moves the predicted probability of resistance. "
    )
    untried = int((~found.tried).sum())
    if untried:
        text += f"{plural(untried, 'position')} had no bar to measure: all development genes agree there. "
    leading = ", ".join(f"{place} ({found.effect[place - 1]:.2f})" for place in top_positions(found, _TOLD))
    if leading:
        text += f"The largest effects are at {leading}. "
    return (
        text + "This shows what the network looks at. That a position causes resistance is for the laboratory to show."
    )
