"""Genes by a rule: how many copies, which class each variant has, silent mutations, noise."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.choices import SimulationRule
from model.errors import DataError
from model.genes import Genes
from model.simulation.additive import Additive
from model.simulation.codons import silent_mutants
from model.simulation.epistatic import Epistatic
from model.simulation.frame import Frame
from model.simulation.rule import Rule
from model.writing import write_genes

_RULES: dict[SimulationRule, type[Additive] | type[Epistatic] | type[Frame]] = {
    "additive": Additive,
    "epistatic": Epistatic,
    "frame": Frame,
}

# Shape of the original's data, see the first lines of this package.
_DISTINCT_SHARE = 0.25
_LARGEST_SHARE = 0.04


@dataclass(frozen=True, eq=False)
class Simulated:
    """Simulated genes and the truth about them.

    Attributes:
        genes: N genes with noisy labels.
        truth: [N], the labels before the noise.
        ceiling: Accuracy to expect of the true rule on any number of such genes: 1 - noise.
        realised_accuracy: Accuracy of the true rule on just these genes.
        rule: The rule, and the ancestor that all genes are mutants of.
    """

    genes: Genes
    truth: NDArray[np.bool_]
    ceiling: float
    realised_accuracy: float
    rule: Rule

    @property
    def ancestor(self) -> str:
        """DNA of the gene that all others are mutants of; susceptible."""
        return self.rule.ancestor

    @property
    def resistance_positions(self) -> tuple[int, ...]:
        """Residues that the rule looks at, counted from 1."""
        return self.rule.positions


def simulate(genes: int, codons: int, noise: float, seed: int, rule: SimulationRule = "additive") -> Simulated:
    """Simulate labelled genes; the same arguments give the same genes.

    Args:
        genes: N, at least 40.
        codons: Length of the ancestor in codons, the start and the last stop included; at least 12, or 40 for `frame`.
        noise: Probability that a label is flipped, at least 0 and below 0.5.
        seed: Decides everything random.
        rule: Which kind of rule; each is told in its file.

    Raises:
        DataError: An argument is out of its range.
    """
    _check(genes, noise)
    _check_rule(rule, codons)
    random = np.random.default_rng(seed)
    return _descend(_RULES[rule].drawn(codons, random), genes, noise, _DISTINCT_SHARE, random)


def simulate_relatives(
    relative: Simulated, genes: int, noise: float, seed: int, distinct_share: float = _DISTINCT_SHARE
) -> Simulated:
    """Simulate more genes of the same ancestor and rule, for example to know a model's true accuracy.

    Args:
        relative: Where ancestor and rule come from.
        genes: N, at least 40.
        noise: Probability that a label is flipped, at least 0 and below 0.5.
        seed: Decides everything random.
        distinct_share: Variants per gene, above 0 and at most 1; at 1 every gene is mutated on its own.

    Raises:
        DataError: An argument is out of its range.
    """
    _check(genes, noise)
    return _descend(relative.rule, genes, noise, distinct_share, np.random.default_rng(seed))


def _descend(rule: Rule, genes: int, noise: float, distinct_share: float, random: np.random.Generator) -> Simulated:
    """Makes mutants of the rule's ancestor with noisy labels."""
    copies = _copies(genes, distinct_share, random)
    resistant = _balanced(copies)
    variants = rule.mutants(resistant, random)
    order = random.permutation(np.repeat(np.arange(len(copies)), copies))
    sequences = silent_mutants([variants[variant] for variant in order.tolist()], random)
    truth = resistant[order]
    labels = truth ^ (random.random(genes) < noise)
    return Simulated(
        genes=Genes([f"gene{row}" for row in range(1, genes + 1)], sequences, labels, "dna"),
        truth=truth,
        ceiling=1 - noise,
        realised_accuracy=float((labels == truth).mean()),
        rule=rule,
    )


def write_simulated(simulated: Simulated, path: str | Path) -> None:
    """Writes simulated genes with their noisy labels; see `write_genes`."""
    write_genes(simulated.genes, path)


def _check(genes: int, noise: float) -> None:
    if genes < 40:
        raise DataError(f"{genes} genes are too few to simulate.", "Give --genes 40 or more.")
    if not 0 <= noise < 0.5:
        raise DataError(f"Noise {noise} is not a usable probability.", "Give --noise from 0 to below 0.5.")


def _check_rule(rule: SimulationRule, codons: int) -> None:
    if rule not in _RULES:
        raise DataError(f"The rule {rule!r} is unknown.", f"Allowed (--rule): {', '.join(_RULES)}.")
    smallest = _RULES[rule].smallest
    if codons < smallest:
        raise DataError(f"{codons} codons are too short a gene (rule {rule}).", f"Give --codons {smallest} or more.")


def _copies(genes: int, distinct_share: float, random: np.random.Generator) -> NDArray[np.int64]:
    """Draws how many rows each variant has: [D], largest first, each at least one."""
    distinct = round(genes * distinct_share)
    weights = 1 / np.arange(1, distinct + 1)
    weights = np.minimum(weights / weights.sum(), _LARGEST_SHARE)
    extra = random.multinomial(genes - distinct, weights / weights.sum())
    return np.sort(1 + extra)[::-1]


def _balanced(copies: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Gives each variant, largest first, to the class with fewer rows; the ancestor, first, is susceptible."""
    resistant = np.zeros(len(copies), dtype=np.bool_)
    lead = 0
    for variant, rows in enumerate(copies.tolist()):
        resistant[variant] = lead > 0
        lead += -rows if resistant[variant] else rows
    return resistant
