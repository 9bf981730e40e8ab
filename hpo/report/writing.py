"""Files of the report: each appears whole or not at all, and `result.json` last."""

import json
from pathlib import Path

from hpo.report.files import PAGE, RESULT, TEXT
from hpo.report.rendering import html_page, markdown_page
from hpo.report.report import Report
from hpo.report.result import Json, build_result
from storage.files import write_whole


def write_report(report: Report, folder: Path) -> dict[str, Json]:
    """Writes `report.html`, `report.md`, `plots/*.png` and `result.json`.

    Args:
        report: Of a finished study.
        folder: Is made where it is missing; an earlier report in it is replaced.

    Returns:
        What stands in `result.json`.

    Raises:
        OSError: If the folder cannot be written.
    """
    plots = folder / "plots"
    plots.mkdir(parents=True, exist_ok=True)
    for plot in report.plots.values():
        write_whole(plots / f"{plot.name}.png", plot.png)
    for stale in set(plots.glob("*.png")) - {plots / f"{name}.png" for name in report.plots}:
        stale.unlink()
    result = build_result(report.evidence, report.statistics)
    write_whole(folder / TEXT, markdown_page(report).encode())
    write_whole(folder / PAGE, html_page(report).encode())
    text = json.dumps(result, indent=2, ensure_ascii=False, allow_nan=False)
    write_whole(folder / RESULT, f"{text}\n".encode())
    return result
