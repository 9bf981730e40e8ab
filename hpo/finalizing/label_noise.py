"""What positions move a network that learnt from shuffled labels: the effect that a position must pass to be named.

One network of the chosen configuration is trained as the final one is, on the same sequences with labels that were
dealt out anew, copies of a sequence together. Whatever it looks at is noise, so the largest effect of any position on
it is what chance gives. It is one network, where the final model may average several, which errs to the safe side.
"""

import dataclasses
import logging

import numpy as np

from hpo.finalizing.final_model import Retrained, on_all_cores
from hpo.search.seeds import derive
from hpo.study.contract import Contract
from hpo.trial.development_rows import DevelopmentRows
from model.batching import Examples
from model.encoding import Encoded
from model.errors import TrainingError
from model.mutagenesis import common_letters, mutate_positions
from model.training import train_final

log = logging.getLogger(__name__)

#: Different sequences that are changed: fewer make the largest effect larger, at the safe side, and take less time.
_GENES = 8


def largest_effect_of_noise(
    contract: Contract, development: DevelopmentRows, final: Retrained, genes: Encoded, device: str
) -> float:
    """Returns the largest mean change of the probability that a position causes in a network of shuffled labels.

    Args:
        contract: For seed and settings.
        development: The rows.
        final: The final model, whose configuration and epochs are taken.
        genes: Whose letters are changed, encoded for it.
        device: For training, as PyTorch names it, or "auto".

    Returns:
        0 where nothing could be measured.
    """
    encoded = development.encoded(final.config.encoding)
    seed = derive(contract.seed, "shuffled labels")
    rows = shuffled(development.everything(final.config.encoding), encoded, seed)
    if rows.labels.all() or not rows.labels.any():
        return 0.0
    try:
        network, _ = train_final(
            final.config,
            on_all_cores(contract.settings, device),
            rows,
            vocabulary_size=encoded.vocabulary_size,
            positions=encoded.positions,
            epochs=final.epochs,
            seed=seed,
            device=device,
        )
    except TrainingError as error:  # the answer does not hang on it
        log.warning("positions are not compared with shuffled labels: %s", error.message)
        return 0.0
    _, first = np.unique(genes.identities(), return_index=True)
    few = genes.subset(np.random.default_rng(seed).permutation(first)[:_GENES])
    found = mutate_positions(network, few, common_letters(encoded), seed=contract.seed)
    return 0.0 if found is None else float(found.effect.max(initial=0.0))


def shuffled(rows: Examples, encoded: Encoded, seed: int) -> Examples:
    """Deals labels out anew: each sequence gets the commoner label of another one, its copies with it.

    Args:
        rows: N rows.
        encoded: The same rows.
        seed: Of the dealing.
    """
    sequence = encoded.identities()
    share = np.bincount(sequence, weights=rows.labels) / np.bincount(sequence)
    labels = np.random.default_rng(seed).permutation(share > 0.5)
    return dataclasses.replace(rows, labels=labels[sequence])
