"""Where in the gene the prediction is made."""

import numpy as np

from hpo.report.answer import top_positions
from hpo.report.evidence import PositionEffects
from hpo.report.plots.style import BLUE, INK, Plot, drawing
from hpo.report.words.names import POSITION

_NAMED = 6  # positions that get their number written above


def draw(positions: PositionEffects, made: list[Plot]) -> None:
    """Draw the effect of each position, the largest with their numbers."""
    alt = "How much a change at each position moves the predicted probability of resistance."
    reading = "The higher the bar, the more a changed letter there moves the predicted probability of resistance."
    with drawing("positions", "What a change at each position does", alt, reading, made) as axes:
        effect = positions.effect
        axes.vlines(np.arange(1, len(effect) + 1), 0, effect, color=BLUE, lw=1.4)
        for place in top_positions(positions, _NAMED):
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
        axes.set_ylim(0, max(0.01, 1.12 * float(effect.max())))
        axes.grid(visible=False, axis="x")
        axes.set(xlabel=f"{POSITION[positions.encoding]}, counted from 1", ylabel="mean change of the probability")
