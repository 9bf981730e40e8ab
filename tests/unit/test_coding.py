"""Genes that do not code: found by how far translation gets, and searched as nucleotides."""

import numpy as np
import pytest

from hpo.search.space import possible_encodings, read_space
from model.coding import find_coding
from model.genes import Genes
from model.inspection import inspect
from model.simulation import simulate

CODING = "ATG" + "GCTAAACTGACC" * 20 + "TAA"


def dna(*sequences: str) -> Genes:
    return Genes([str(row) for row in range(len(sequences))], list(sequences), None, "dna")


def random_bases(length: int, rows: int = 50) -> Genes:
    generator = np.random.default_rng(0)
    return dna(*("".join(generator.choice(list("ACGT"), length)) for _ in range(rows)))


@pytest.mark.parametrize(
    ("genes", "codes", "frame"),
    [
        (dna(CODING, CODING, CODING[:60] + "TAA"), True, None),
        (dna(CODING[:150], CODING[:120]), True, None),
        (dna("TAATA" + CODING), False, 3),
        (dna("TAAA" + CODING), False, 2),
        (random_bases(1500), False, None),
        (dna("A"), False, None),
        (dna("NNN" + CODING), True, None),
    ],
)
def test_what_translation_makes_of_genes(genes: Genes, codes: bool, frame: int | None) -> None:
    coding = find_coding(genes)
    assert coding is not None
    assert (coding.codes, coding.frame) == (codes, frame)
    assert bool(coding.in_words()) is not codes
    assert (f"From base {frame} on" in coding.in_words()) is (frame is not None)


def test_proteins_are_not_asked() -> None:
    assert find_coding(Genes(["a"], ["MK"], None, "protein")) is None


@pytest.mark.parametrize("rule", ["additive", "epistatic", "frame"])
def test_genes_that_mutants_of_them_lose_still_code(rule) -> None:
    coding = find_coding(simulate(500, 100, 0.05, 0, rule).genes)
    assert coding is not None and coding.codes


def test_nucleotides_are_the_default_of_what_does_not_code() -> None:
    assert read_space(None, "dna", codes=False).encodings == ("nucleotide",)
    assert read_space(None, "dna", related=("mutation_nucleotide",), codes=False).encodings == ("mutation_nucleotide",)
    assert possible_encodings(None, "dna", codes=False) == ("nucleotide", "mutation_nucleotide")


def test_relatives_that_do_not_code_have_mutations_of_nucleotides_alone() -> None:
    ancestor = random_bases(600, rows=1).sequences[0]
    mutants = [ancestor[:place] + "A" + ancestor[place + 1 :] for place in range(0, 600, 10)]
    found = inspect(Genes(mutants, mutants, np.arange(60) % 2 == 0, "dna")).mutations
    assert found is not None and found.encoding == "mutation_nucleotide"
