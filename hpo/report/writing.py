"""Files of the report: each appears whole or not at all, and `result.json` last."""

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from hpo.report.evidence import Evidence
from hpo.report.plots import draw_plots
from hpo.report.rendering import Report, html_page, markdown_note, markdown_page
from hpo.report.result import Json, build_result
from hpo.report.statistics import derive
from hpo.report.words import say


def write_report(evidence: Evidence, folder: Path) -> dict[str, Json]:
    """Write `report.html`, `report.md`, `plots/*.png` and `result.json`.

    Args:
        evidence: Of a finished study.
        folder: Is made where it is missing; an earlier report in it is replaced.

    Returns:
        What stands in `result.json`.

    Raises:
        OSError: If the folder cannot be written.
    """
    answer = derive(evidence)
    report = Report(evidence, answer, say(evidence, answer), draw_plots(evidence, answer))
    plots = folder / "plots"
    plots.mkdir(parents=True, exist_ok=True)
    for plot in report.plots.values():
        _write(plots / f"{plot.name}.png", plot.png)
    for stale in set(plots.glob("*.png")) - {plots / f"{name}.png" for name in report.plots}:
        stale.unlink()
    result = build_result(evidence, answer)
    _write(folder / "report.md", markdown_page(report).encode())
    _write(folder / "report.html", html_page(report).encode())
    text = json.dumps(result, indent=2, ensure_ascii=False, allow_nan=False)
    _write(folder / "result.json", f"{text}\n".encode())
    return result


def summary_note(evidence: Evidence, pictures: Mapping[str, str]) -> str:
    """Write the short Markdown note that stands on the study in optuna-dashboard.

    Args:
        evidence: Of a finished study.
        pictures: Where the dashboard serves each plot, by the plot's name.
    """
    answer = derive(evidence)
    report = Report(evidence, answer, say(evidence, answer), draw_plots(evidence, answer))
    return markdown_note(report, pictures)


def _write(path: Path, content: bytes) -> None:
    """Write beside the target, flush to disk, then rename over it."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}-", delete=False) as file:
        try:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            Path(file.name).chmod(0o644)
            Path(file.name).replace(path)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise
