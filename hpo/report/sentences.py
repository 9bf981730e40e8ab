"""The report's sentences, all of them. Each is made from the evidence: other numbers, other words."""

from collections.abc import Mapping
from dataclasses import dataclass

from hpo.report.evidence import Evidence
from hpo.report.statistics import Statistics
from hpo.report.words import architecture, baselines, blend, data, positions, search_space, training, verdict
from hpo.report.words.architecture import Compared
from hpo.report.words.key_point import KeyPoint
from hpo.report.words.positions import Leader
from hpo.report.words.verdict import Headline


@dataclass(frozen=True)
class Words:
    """Every sentence of the report."""

    headline: Headline
    key_points: tuple[KeyPoint, ...]
    architecture: str
    compared: tuple[Compared, ...]
    ranges: tuple[str, ...]
    challenges: tuple[KeyPoint, ...]
    epochs: str
    retrained: str
    correction: str
    positions: str
    leaders: tuple[Leader, ...]  #: positions with the largest effects
    baselines: str
    effort: str
    importance: str  #: empty where a figure shows it
    search_space: Mapping[str, str]  #: hyperparameter -> its range or choices


def say(evidence: Evidence, statistics: Statistics) -> Words:
    """Puts the evidence into words."""
    return Words(
        headline=verdict.headline(evidence, statistics),
        key_points=tuple(verdict.key_points(evidence, statistics)),
        architecture=architecture.introduction(evidence, statistics),
        compared=tuple(architecture.compare_choices(evidence, statistics)),
        ranges=tuple(architecture.ranges(evidence)),
        challenges=tuple(data.challenges(evidence)),
        epochs=training.epochs(evidence),
        retrained=blend.retrained(evidence),
        correction=blend.correction(evidence, statistics),
        positions=positions.positions(evidence.positions),
        leaders=positions.leaders(evidence.positions),
        baselines=baselines.rules(evidence, statistics),
        effort=training.effort(evidence),
        importance=training.importance(evidence),
        search_space=search_space.entries(evidence.contract.search.space),
    )
