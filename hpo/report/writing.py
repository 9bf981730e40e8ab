"""Files of the report: each appears whole or not at all, and `result.json` last."""

import json
import os
import tempfile
from pathlib import Path

from hpo.report.rendering import html_page, markdown_page
from hpo.report.report import Report
from hpo.report.result import Json, build_result


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
        _write(plots / f"{plot.name}.png", plot.png)
    for stale in set(plots.glob("*.png")) - {plots / f"{name}.png" for name in report.plots}:
        stale.unlink()
    result = build_result(report.evidence, report.statistics)
    _write(folder / "report.md", markdown_page(report).encode())
    _write(folder / "report.html", html_page(report).encode())
    text = json.dumps(result, indent=2, ensure_ascii=False, allow_nan=False)
    _write(folder / "result.json", f"{text}\n".encode())
    return result


def _write(path: Path, content: bytes) -> None:
    """Writes beside the target, flushes to disk, then renames over it."""
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
