"""What a report says of its evidence."""

from hpo.report.evidence import Evidence
from hpo.report.sentences import say
from hpo.report.statistics import derive


def said(evidence: Evidence) -> dict[str, str]:
    return {finding.title: finding.text for finding in say(evidence, derive(evidence)).key_points}


def met(evidence: Evidence) -> dict[str, str]:
    return {challenge.title: challenge.text for challenge in say(evidence, derive(evidence)).challenges}
