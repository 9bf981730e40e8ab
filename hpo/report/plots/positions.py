"""Where in the gene the prediction is made."""

import numpy as np

from hpo.report.evidence import PositionEffects
from hpo.report.plots.style import BLUE, INK, Plot, drawing
from hpo.report.statistics import top_positions
from hpo.report.words.names import POSITION

_NAMED = 6  # positions that get their number written above
_NEAR = 0.05  # share of the gene's length under which two numbers would lie on each other


def draw(positions: PositionEffects, made: list[Plot]) -> None:
    """Draws the effect of each position, the largest with their numbers."""
    alt = "How much a change at each position moves the predicted probability of resistance."
    reading = "The higher the bar, the more a changed letter there moves the predicted probability of resistance."
    if positions.noise:
        reading += " Below the dotted line it is no more than shuffled labels give."
    with drawing("positions", "What a change at each position does", alt, reading, made) as axes:
        effect = positions.effect
        axes.vlines(np.arange(1, len(effect) + 1), 0, effect, color=BLUE, lw=1.4)
        if positions.noise:
            axes.axhline(positions.noise, color=INK, lw=0.8, ls=":")
        for place in _apart(top_positions(positions, _NAMED), len(effect) * _NEAR):
            axes.annotate(
                str(place),
                (place, effect[place - 1]),
                xytext=(0, 2),
                textcoords="offset points",
                ha="center",
                va="bottom",
                color=INK,
                fontsize=8,
            )
        axes.set_ylim(0, max(0.01, 1.12 * float(effect.max()), 1.12 * positions.noise))
        axes.grid(visible=False, axis="x")
        axes.set(xlabel=f"{POSITION[positions.encoding]}, counted from 1", ylabel="mean change of the probability")


def _apart(places: list[int], distance: float) -> list[int]:
    """Leaves out a position that lies too near to one with a larger effect; the table has it."""
    kept: list[int] = []
    for place in places:
        if all(abs(place - other) >= distance for other in kept):
            kept.append(place)
    return kept
