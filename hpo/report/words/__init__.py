"""The report's sentences. Each is made from the evidence: other numbers, other words."""

from dataclasses import dataclass

from hpo.report.evidence import Evidence
from hpo.report.statistics import Answer
from hpo.report.words import architecture, data, positions, rivals, training, verdict
from hpo.report.words.architecture import Compared
from hpo.report.words.finding import Finding
from hpo.report.words.positions import Leader
from hpo.report.words.verdict import Headline

__all__ = ["Words", "say"]


@dataclass(frozen=True)
class Words:
    """Every sentence of the report."""

    headline: Headline
    findings: tuple[Finding, ...]
    architecture: str
    compared: tuple[Compared, ...]
    ranges: tuple[str, ...]
    challenges: tuple[Finding, ...]
    epochs: str
    positions: str
    leaders: tuple[Leader, ...]  #: positions with the largest effects
    baselines: str
    effort: str
    importance: str  #: empty where a figure shows it


def say(evidence: Evidence, answer: Answer) -> Words:
    """Put the evidence into words."""
    return Words(
        headline=verdict.headline(evidence, answer),
        findings=tuple(verdict.findings(evidence, answer)),
        architecture=architecture.introduction(evidence, answer),
        compared=tuple(architecture.compare_choices(evidence, answer)),
        ranges=tuple(architecture.ranges(evidence)),
        challenges=tuple(data.challenges(evidence)),
        epochs=training.epochs(evidence),
        positions=positions.positions(evidence.positions),
        leaders=positions.leaders(evidence.positions),
        baselines=rivals.rules(evidence, answer),
        effort=training.effort(evidence),
        importance=training.importance(evidence),
    )
