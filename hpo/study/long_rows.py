"""A sequence so long that trials may have too little memory for it: named before any of them begins."""

import dataclasses

import numpy as np

from hpo.search.space import Space
from hpo.terminal import say
from model.batching import pace
from model.configuration import LearnerConfig
from model.encoder import Encoder
from model.encoding import Encoding, is_mutation
from model.genes import Genes
from model.room import in_gib, machine_memory, step_bytes, step_rows


def tell_long_row(rows: Genes, encoder: Encoder, space: Space) -> None:
    """Says so where a usual trial needs more memory than this machine has; a worker's may have more.

    Args:
        rows: The development rows.
        encoder: Of the study.
        space: The search space; a usual trial is where its search begins, with each of its encodings.
    """
    longest = max(map(len, rows.sequences))
    # No encoding has more tokens than letters, and no batch more rows than there are.
    if step_bytes(space.start, longest, min(space.start.batch_size, len(rows))) <= machine_memory():
        return
    for encoding in space.encodings:
        if not is_mutation(encoding):
            _tell(rows, encoder, dataclasses.replace(space.start, linear="none", encoding=encoding), encoding)


def _tell(rows: Genes, encoder: Encoder, config: LearnerConfig, encoding: Encoding) -> None:
    encoded = encoder.encode(rows, encoding)
    longest, distinct = int(encoded.lengths.argmax()), len(np.unique(encoded.identities()))
    together = step_rows(distinct, pace(len(rows), distinct, config.batch_size))
    needed, there = step_bytes(config, int(encoded.lengths[longest]), together), machine_memory()
    if needed > there:
        say(
            f"Sequence {rows.ids[longest]!r} has {encoded.lengths[longest]:,} tokens as {encoding}, half of all have "
            f"{np.median(encoded.lengths):,.0f} or fewer: a usual trial takes more than {in_gib(needed)} for a step on "
            f"{together} rows with it, and this machine has {in_gib(there)}. Trials without room for it fail. Leave "
            "it out (a lower --longest), or let smaller networks, batches or another encoding be searched (--space)."
        )
