"""The answer in optuna-dashboard: the summary as the study's note, the plots as its artifacts."""

from pathlib import Path

import optuna_dashboard

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
    for plot in sorted((output / "plots").glob("*.png")):
        attach(
            session.storage,
            session.handle.study_id,
            session.artifacts,
            name=plot.name,
            mimetype="image/png",
            data=plot.read_bytes(),
        )
    optuna_dashboard.save_note(session.study(0), summary_note(facts))
