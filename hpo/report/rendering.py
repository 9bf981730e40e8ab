"""A report through a template: the page, its Markdown, and the dashboard's note.

Study names, hyperparameters, reasons and file names come out of a database: in HTML all of them are escaped, and
only the figures, which this package draws itself, are put in as they are.
"""

import re
from collections.abc import Mapping
from functools import partial

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from hpo.objectives import NAMES, SHARES
from hpo.report.report import Report
from hpo.report.statistics import count_states
from hpo.report.words import names
from hpo.report.words.verdict import chosen_params, chosen_trial
from hpo.terminal import moment

#: The main plots, as they stand in the dashboard's note.
_IN_NOTE = ("cv_against_test", "confusion_matrix", "optimization_history", "positions")


def html_page(report: Report) -> str:
    """Renders the one self-contained page."""
    environment = _environment()
    environment.filters["figure"] = lambda plot: Markup(plot.svg)  # noqa: S704 (drawn here, texts escaped by matplotlib)
    return environment.get_template("report.html.j2").render(_context(report))


def markdown_page(report: Report) -> str:
    """Renders the page for a repository; figures are links to `plots/`."""
    environment = _environment()
    return environment.get_template("report.md.j2").render(_context(report))


def summary_note(report: Report, pictures: Mapping[str, str]) -> str:
    """Renders the short Markdown note that stands on the study in optuna-dashboard.

    Args:
        report: Of a finished study.
        pictures: Where the dashboard serves each plot, by the plot's name.
    """
    environment = _environment()
    shown = {name: pictures[name] for name in _IN_NOTE if name in pictures and name in report.plots}
    return environment.get_template("note.md.j2").render(_context(report), pictures=shown)


def markdown_text(text: object) -> str:
    """Makes untrusted text harmless in Markdown: one line, nothing that begins markup or ends a table cell.

    A "<" that cannot begin a tag and an "&" that cannot begin an entity stay as they are, for readers of the source.
    """
    line = " ".join(str(text).split())
    line = re.sub(r"&(?=#?\w+;)", "&amp;", line)
    line = re.sub(r"<(?![\s=]|$)", "&lt;", line)
    return "".join(f"\\{letter}" if letter in "\\`*_[]|!#" else letter for letter in line)


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("hpo.report"),
        autoescape=select_autoescape(enabled_extensions=("html.j2",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    filters = {
        "percent": names.percent,
        "span": names.span,
        "signed_span": names.signed_span,
        "plural": names.plural,
        "duration": names.duration,
        "value": names.value,
        "points": names.points,
        "moment": moment,
        "spoken": names.spoken,
        "p_value": names.p_value,
        "p_figure": names.p_figure,
        "encoding_name": names.encoding_name,
        "md": markdown_text,
    }
    environment.filters.update(filters)
    return environment


def _context(report: Report) -> dict[str, object]:
    return _of_the_objective(report) | {
        "evidence": report.evidence,
        "statistics": report.statistics,
        "words": report.words,
        "plots": report.plots,
        "baseline_names": names.BASELINES,
        "short_name": names.short_name,
        "length_unit": names.encoding_name(str(report.evidence.chosen.params.get("encoding", "tokens"))),
        "position_name": names.POSITION.get(str(report.evidence.chosen.params.get("encoding")), "position"),
        "chosen_trial": chosen_trial(report.evidence),
        "chosen_params": chosen_params(report.evidence),
        "counts": count_states(report.evidence.trials),
        "measured": report.statistics.test.measured if report.statistics.test else report.statistics.cv.measured,
    }


def _of_the_objective(report: Report) -> dict[str, object]:
    """How scores are written, and what they are called beside figures that are accuracies."""
    objective, spoken = report.evidence.objective, NAMES[report.evidence.objective]
    is_share = objective in SHARES
    return {
        "by_objective": report.statistics.by_objective,
        "objective_name": spoken,
        "by_name": "" if objective == "accuracy" else f", {spoken}",
        "folds_of": "accuracies" if objective == "accuracy" else f"folds' {spoken}",
        "scored": partial(names.scored, objective=objective),
        "scored_span": partial(names.scored_span, objective=objective),
        "scored_difference": partial(names.scored_difference, objective=objective),
        "fold_scored": lambda score: f"{100 * score:.1f}" if is_share else names.scored(score, objective),
    }
