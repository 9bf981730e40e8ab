"""Whether new genes are such as the model has seen: a file of others is refused, single ones are told."""

import numpy as np

from hpo.errors import HpoError
from model.genes import Genes
from model.seen import FAR, Judged

_NAMED = 3
_LONGEST_NAME = 40


def check_fits(judged: Judged, genes: Genes) -> None:
    """Refuses genes most of which are no relatives of the training genes: answers would mean nothing.

    Raises:
        HpoError: Names the first of them.
    """
    strange = np.flatnonzero(judged.strange)
    if 2 * len(strange) <= len(genes):
        return
    first = "; ".join(f"{genes.ids[row][:_LONGEST_NAME]!r} ({judged.told(row, FAR)})" for row in strange[:_NAMED])
    more = f", and {len(strange) - _NAMED:,} more" if len(strange) > _NAMED else ""
    raise HpoError(
        f"These are not genes such as the model was trained on: {len(strange):,} of {len(genes):,} are of another "
        f"kind: {first}{more}.",
        "Give it variants of the gene that it knows (the same strand; DNA or protein, as in the training), or use a "
        "model of these genes.",
    )


def outside_in_words(judged: Judged | None, genes: int) -> list[str]:
    """Says how many genes are outside of what the model has seen, and why; nothing where none is."""
    if judged is None:
        return [
            "This model was made by an earlier version: it does not know which genes it has seen, so none is marked as "
            "outside of its training, nor how their labels were written."
        ]
    if not judged.outside:
        return []
    why = ", ".join(f"{kind} {count:,}" for kind, count in judged.counts().most_common())
    return [
        f"{judged.outside:,} of {genes:,} genes are outside of what the model was trained on ({why}): how good its "
        "answers are there was never measured. The column outside_training says which and why."
    ]
