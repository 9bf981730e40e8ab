"""The answer in optuna-dashboard: the summary as the study's note; plots, report and model as its artifacts.

So the answer lies where the study's data and folds lie, under its hashes, whatever becomes of the report's folder.
"""

import hashlib
from pathlib import Path

import optuna_dashboard
from optuna_dashboard.artifact import get_artifact_path

from hpo.report.files import CARD, PAGE, RESULT, TEXT
from hpo.report.rendering import summary_note
from hpo.report.report import Report
from hpo.study.opened import OpenedStudy
from model.saving.names import BASELINE, CONFIGURATION, weights_name
from storage.artifacts.dashboard import attach

_TYPES = {
    ".png": "image/png",
    ".html": "text/html",
    ".md": "text/markdown",
    ".json": "application/json",
    ".safetensors": "application/octet-stream",
}


def publish(opened: OpenedStudy, output: Path, report: Report) -> dict[str, str]:
    """Puts note, plots, report and model where optuna-dashboard shows them.

    Args:
        opened: The opened study.
        output: The report's folder, with `plots/*.png` and `model/`.
        report: As it was written to that folder.

    Returns:
        The SHA-256 of each file that lies among the artifacts now, by its name in that folder.
    """
    plots = sorted((output / "plots").glob("*.png"))
    files = [*plots, *_report_and_model(output, report.evidence.final.networks)]
    ids = {path: _attach(opened, path) for path in files}
    study = opened.study(0)
    pictures = {plot.stem: get_artifact_path(study, ids[plot]) for plot in plots}
    optuna_dashboard.save_note(study, summary_note(report, pictures))
    return {path.relative_to(output).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def _report_and_model(output: Path, networks: int) -> list[Path]:
    """Lists the files by name: the folder may hold weights of an earlier, larger ensemble."""
    report = [output / name for name in (PAGE, TEXT, RESULT)]
    model = [output / "model" / name for name in (CARD, CONFIGURATION, *map(weights_name, range(networks)))]
    baseline = output / "model" / BASELINE
    return [*report, *model, *([baseline] if baseline.exists() else [])]


def _attach(opened: OpenedStudy, path: Path) -> str:
    return attach(
        opened.storage,
        opened.handle.study_id,
        opened.artifacts,
        name=path.name,
        mimetype=_TYPES[path.suffix],
        data=path.read_bytes(),
    )
