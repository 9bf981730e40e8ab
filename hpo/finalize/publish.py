"""The answer in optuna-dashboard: the summary with the main plots as the study's note, all plots as its artifacts."""

from pathlib import Path

import optuna_dashboard
from optuna_dashboard.artifact import get_artifact_path

from hpo.report import evidence, summary_note
from hpo.session import Session
from storage.artifacts.dashboard import attach


def publish(session: Session, output: Path, facts: evidence.Evidence) -> None:
    """Put note and plots where optuna-dashboard shows them.

    Args:
        session: The opened study.
        output: The report's folder, with `plots/*.png`.
        facts: What the report was made from.
    """
    study, pictures = session.study(0), {}
    for plot in sorted((output / "plots").glob("*.png")):
        artifact = attach(
            session.storage,
            session.handle.study_id,
            session.artifacts,
            name=plot.name,
            mimetype="image/png",
            data=plot.read_bytes(),
        )
        pictures[plot.stem] = get_artifact_path(study, artifact)
    optuna_dashboard.save_note(study, summary_note(facts, pictures))
