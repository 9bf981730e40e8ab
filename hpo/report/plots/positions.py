"""Where in the gene the prediction is made."""

import numpy as np

from hpo.report.evidence import PositionEffects
from hpo.report.plots.style import BLUE, ORANGE, Plot, drawing


def draw(positions: PositionEffects, made: list[Plot]) -> None:
    """Draw the effect of each position, with the known ones marked."""
    alt = "How much each position moves the predicted probability of resistance."
    with drawing("positions", "Where in the gene", alt, made) as axes:
        places = np.arange(1, len(positions.effect) + 1)
        axes.vlines(places, 0, positions.effect, color=BLUE, lw=1.2)
        if positions.known:
            known = np.array(positions.known)
            axes.plot(known + 1, positions.effect[known], "v", color=ORANGE, ms=5, label="known to matter")
            axes.legend(loc="upper right")
        axes.set_ylim(bottom=0)
        axes.set(xlabel="position", ylabel="mean change of P(resistant)")
