"""How the predictions err: confusion matrix, ROC, precision and recall, calibration."""

from matplotlib.axes import Axes

from hpo.evaluation.metrics import Curve, Measured
from hpo.report.plots.style import BLUE, FAINT, INK, MUTED, Plot, drawing, percent_axis
from hpo.report.words.names import percent


def draw(measured: Measured, rows: str, made: list[Plot]) -> None:
    """Draws the figures that the rows allow.

    Args:
        measured: Of the test rows, or out of fold while these are sealed.
        rows: What the rows are: "test genes".
        made: Takes the plots.
    """
    _confusion(measured, rows, made)
    if measured.roc is not None:
        alt = f"True against false positive rate on the {rows}; area {measured.roc.area:.3f}."
        reading = (
            "What is gained and lost by calling more genes resistant. The nearer to the upper left corner, the better: "
            "area 1 is perfect, 0.5 (dotted) is guessing."
        )
        with drawing("roc_curve", "ROC curve", alt, reading, made) as axes:
            axes.plot([0, 1], [0, 1], color=MUTED, lw=0.8, ls=":")
            _curve(axes, measured.roc, "susceptible genes called resistant", "resistant genes found")
    if measured.precision_recall is not None:
        alt = f"Precision by recall on the {rows}; area {measured.precision_recall.area:.3f}."
        reading = (
            "The more resistant genes are found (recall), the more calls may be wrong (precision falls). The nearer to "
            "the upper right corner, the better."
        )
        with drawing("precision_recall_curve", "Precision and recall", alt, reading, made) as axes:
            _curve(
                axes, measured.precision_recall, "resistant genes found (recall)", "calls that are right (precision)"
            )
    _calibration(measured, rows, made)


def _curve(axes: Axes, curve: Curve, x: str, y: str) -> None:
    axes.plot(curve.x, curve.y, color=BLUE, lw=2)
    axes.text(0.97, 0.06, f"area {curve.area:.3f}", transform=axes.transAxes, ha="right", color=INK)
    axes.set(xlabel=x, ylabel=y, xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    percent_axis(axes)
    percent_axis(axes, "x")


def _confusion(measured: Measured, rows: str, made: list[Plot]) -> None:
    classes = ("susceptible", "resistant")
    alt = f"Confusion matrix of {measured.n} {rows}: rows are the truth, columns the prediction."
    reading = "Rows are what the genes are, columns what the model calls them. Blue is right."
    with drawing("confusion_matrix", "Confusion matrix", alt, reading, made) as axes:
        for truth, counts in enumerate(measured.rates.confusion):
            for called, count in enumerate(counts):
                share = count / max(1, sum(counts))
                face = BLUE if truth == called else FAINT
                axes.barh(truth, 0.96, left=called - 0.48, height=0.94, color=face, alpha=0.12 + 0.4 * share)
                axes.text(called, truth - 0.08, f"{count:,}", ha="center", va="center", size=15)
                axes.text(called, truth + 0.24, f"{percent(share)} of row", ha="center", va="center")
        axes.set_xticks((0, 1), [f"called {name}" for name in classes])
        axes.set_yticks((0, 1), [f"is {name}" for name in classes])
        axes.set(xlim=(-0.5, 1.5), ylim=(1.5, -0.5))
        axes.xaxis.tick_top()
        axes.grid(visible=False)
        for spine in axes.spines.values():
            spine.set_visible(False)


def _calibration(measured: Measured, rows: str, made: list[Plot]) -> None:
    alt = f"Observed share of resistant genes by predicted probability, {rows}, in bins of equal size."
    reading = (
        "Can the probabilities be taken at their word? On the dotted line they can: of genes given 80 %, 80 % are "
        "resistant. The Brier score is their mean squared error: 0 is perfect, 0.25 is saying 50 % always."
    )
    with drawing("calibration", "Calibration", alt, reading, made) as axes:
        axes.plot([0, 1], [0, 1], color=MUTED, lw=0.8, ls=":")
        axes.plot(measured.calibration.x, measured.calibration.y, "o-", color=BLUE, lw=1.5, ms=5)
        axes.text(0.97, 0.06, f"Brier {measured.brier:.3f}", transform=axes.transAxes, ha="right")
        axes.set(
            xlabel="predicted probability of resistance",
            ylabel="share that is resistant",
            xlim=(-0.03, 1.03),
            ylim=(-0.03, 1.03),
        )
        percent_axis(axes)
        percent_axis(axes, "x")
