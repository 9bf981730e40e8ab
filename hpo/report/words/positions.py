"""Where in the gene: what was changed, and where it mattered."""

from dataclasses import dataclass

from hpo.report.evidence import PositionEffects
from hpo.report.statistics import top_positions
from hpo.report.words.names import plural
from model.encoding import is_mutation

_TOLD = 10
_NAMED = 5


@dataclass(frozen=True)
class Leader:
    """A position with a large effect."""

    position: int  #: from 1
    commonest: str  #: the letter, codon or amino acid that most development genes have there
    effect: float  #: mean absolute change of the probability


def leaders(found: PositionEffects | None) -> tuple[Leader, ...]:
    """Lists the positions with the largest effects, the largest first."""
    if found is None:
        return ()
    return tuple(
        Leader(place, found.commonest[place - 1], float(found.effect[place - 1]))
        for place in top_positions(found, _TOLD)
    )


def positions(found: PositionEffects | None) -> str:
    """Says how the effects were measured, and which positions lead; or why they were not measured."""
    if found is None:
        return (
            "Which positions move the prediction was not measured: these sequences are too few, or too long to be "
            "changed at every position."
        )
    whose = "test" if found.of_test else "development"
    of_mutations = is_mutation(found.encoding)
    put_in = "losing the mutation that they had there or getting those" if of_mutations else "to the letters"
    text = (
        f"{plural(found.genes, f'different {whose} sequence')} were changed at one position at a time, {put_in} "
        f"that are commonest there among the development genes ({found.mutants:,} changed sequences; labels play no "
        "part). A high bar is a position where such a change moves the predicted probability of resistance. "
    )
    untried = int((~found.tried).sum())
    if untried:
        text += f"{plural(untried, 'position')} could not be tried: all development genes agree there. "
    # The ancestor's letter is named with its position: Ser315.
    first = ", ".join(
        leader.commonest if of_mutations else f"{leader.position} {leader.commonest}"
        for leader in leaders(found)[:_NAMED]
    )
    if found.noise:
        text += (
            "A network that learnt from shuffled labels is moved by "
            f"{found.noise:.2f} at most: positions are named where the effect is larger. "
        )
        text += "" if first else "None is. "
    text += f"The largest effects are at {first}. " if first else ""
    return (
        text + "This shows what the network looks at. That a position causes resistance is for the laboratory to show."
    )
