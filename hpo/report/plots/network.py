"""The network's picture, drawn from its layers: one box each, with output shape and parameter count."""

from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch

from hpo.report.evidence import Evidence, Layer
from hpo.report.plots.style import BLUE, FAINT, MUTED, Plot, drawing

_BOX, _STEP = 0.62, 1.0


def draw(evidence: Evidence, made: list[Plot]) -> None:
    """Draws the picture."""
    layers = evidence.chosen.layers
    total = sum(layer.parameters for layer in layers)
    alt = f"The network, {total:,} parameters: " + ", then ".join(layer.name for layer in layers) + "."
    reading = (
        "Read from top to bottom. In the middle, the numbers that a layer hands on (T for each letter, codon or amino "
        "acid of the sequence); on the right, how many of its numbers are learnt."
    )
    with drawing("network", "The network", alt, reading, made, 0.4 + 0.48 * len(layers)) as axes:
        axes.set_axis_off()
        axes.set(xlim=(0, 10), ylim=(len(layers) * _STEP - 0.15, -0.25))
        for place, layer in enumerate(layers):
            _box(axes, place * _STEP, layer)
            if place:
                axes.annotate(
                    "",
                    (5, place * _STEP),
                    (5, place * _STEP - (_STEP - _BOX)),
                    arrowprops={"arrowstyle": "-|>", "color": MUTED, "shrinkA": 0, "shrinkB": 0},
                )


def _box(axes: Axes, top: float, layer: Layer) -> None:
    trained = layer.parameters > 0
    patch = FancyBboxPatch((0.2, top), 9.6, _BOX, boxstyle="round,pad=0,rounding_size=0.12")
    patch.set(facecolor=BLUE if trained else FAINT, edgecolor="none", alpha=0.16 if trained else 0.5)
    axes.add_patch(patch)
    middle = top + _BOX / 2
    name = f"{layer.name}, {layer.note}" if layer.note else layer.name
    axes.text(0.5, middle, name, va="center")
    axes.text(7.2, middle, layer.output, va="center", ha="right", color=MUTED)
    axes.text(9.5, middle, f"{layer.parameters:,}" if trained else "", va="center", ha="right", color=MUTED)
