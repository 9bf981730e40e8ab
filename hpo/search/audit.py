"""Which trials are audited: they would be given up, and are trained to their end all the same.

Nobody sees what a trial that was given up would have come to, so what pruning costs can only be measured on some that
are not. A trial is drawn once, when nothing else is worth doing and it would be told PRUNED, with the probability

    q(P) = FLOOR + (MOST - FLOOR) sqrt(P / PARK)

of its chance P at that moment; a study of many draws is weighted by 1/q. Whether a trial beats the best one has the
expectation P, so the variance of a weighted count is the sum of P (1 - q) / q, which for a given number of audits is
least where q goes as the square root of P. The floor keeps any weight at 1 / FLOOR at most: were P wrong by orders of
magnitude, the few trials that are hardly ever drawn would decide the answer. Both were chosen so that audits cost
about a twentieth of a search's folds (docs/search.md).

The draw is a hash of the study's seed and the trial's number: neither who asks nor when decides, and a search that was
stopped draws as the one that was not.

Source: Horvitz and Thompson 1952 (weights); Neyman 1934 (allocation by the standard deviation).
"""

from dataclasses import dataclass
from math import sqrt
from typing import Annotated

from pydantic import Field

from hpo.search.seeds import derive
from hpo.search.standing import PARK

#: Of trials that have no chance at all, and of those that are all but worth going on with.
FLOOR, MOST = 0.03, 0.09

Share = Annotated[float, Field(ge=0, le=1)]


@dataclass(frozen=True, kw_only=True)
class Draw:
    """What was drawn for a trial.

    Attributes:
        chance: P at that moment.
        probability: q, by which it was to be drawn.
        audited: Whether it was.
    """

    chance: Share
    #: What a database holds may be anything: no smaller one is ever drawn by, and a weight of infinity tells nothing.
    probability: Annotated[float, Field(ge=FLOOR / 10, le=1)]
    audited: bool


def seed_of_audits(seed: int, fingerprint: str) -> int:
    """The seed of a study's audits: most studies have the same seed, by default, and those of other data draw anew.

    Args:
        seed: The study's.
        fingerprint: Of its data.
    """
    return derive(seed, "audits", fingerprint)


def audit_probability(chance: float) -> float:
    """q(P).

    Args:
        chance: P, 0 to 1.

    Returns:
        FLOOR to MOST.
    """
    return FLOOR + (MOST - FLOOR) * sqrt(min(1.0, chance / PARK))


def draw(seed: int, number: int, chance: float) -> Draw:
    """Draws for a trial.

    Args:
        seed: Of the study's audits.
        number: The trial's.
        chance: P.
    """
    # As it is written down, so that the record alone says with which weight the trial counts.
    chance = round(chance, 4)
    probability = round(audit_probability(chance), 4)
    return Draw(chance=chance, probability=probability, audited=derive(seed, "audit", number) < probability * 2**32)
