"""All single changes of a gene, written out by hand."""

import numpy as np
import pytest

from model.encoder import Encoder
from model.encoding import Encoded
from model.genes import Genes
from model.mutations.changes import changed_mutations, common_mutations

ANCESTOR = "MKTAY"
ENCODER = Encoder(ancestors={"mutation": ANCESTOR})
#: Mutations that are tried: of Thr3 to Ser, of Ala4 to an early end and to Val.
TRIED = {2: ("S",), 3: ("stop", "V")}


def encoded(*proteins: str) -> Encoded:
    return ENCODER.encode(Genes([""] * len(proteins), list(proteins), None, "protein"), "mutation")


def letters() -> np.ndarray:
    table = np.zeros((len(ANCESTOR) + 1, 4), dtype=np.uint8)
    names = ENCODER.vocabulary("mutation")
    for place, tried in TRIED.items():
        table[place, 1 : 1 + len(tried)] = [names.index(name) for name in tried]
    return table


def words(genes: Encoded) -> list[list[str]]:
    size = genes.vocabulary_size
    rows = zip(genes.tokens.padded(), genes.lengths, strict=True)
    return [[ENCODER.spelled(*divmod(int(token), size), "mutation") for token in row[:length]] for row, length in rows]


def changes(protein: str) -> list[tuple[str, str, list[str]]]:
    """Of each change: what was there, what was put there, and the mutations of the changed gene."""
    found = changed_mutations(encoded(protein), 0, letters())
    return [
        (
            ENCODER.spelled(int(place), int(before), "mutation"),
            ENCODER.spelled(int(place), int(letter), "mutation"),
            row,
        )
        for place, before, letter, row in zip(
            found.places, found.before, found.letters, words(found.genes), strict=True
        )
    ]


def test_the_ancestor_gets_each_mutation_in_turn() -> None:
    assert changes("MKTAY") == [
        ("Thr3", "p.Thr3Ser", ["p.Thr3Ser", "p.Ter6="]),
        ("Ala4", "p.Ala4Ter", ["p.Ala4Ter"]),
        ("Ala4", "p.Ala4Val", ["p.Ala4Val", "p.Ter6="]),
    ]


def test_a_mutation_is_taken_away_or_exchanged() -> None:
    assert changes("MKTVY") == [
        ("Thr3", "p.Thr3Ser", ["p.Thr3Ser", "p.Ala4Val", "p.Ter6="]),
        ("p.Ala4Val", "Ala4", ["p.Ter6="]),
        ("p.Ala4Val", "p.Ala4Ter", ["p.Ala4Ter"]),
    ]


def test_a_mutation_that_others_do_not_have_can_only_be_taken_away() -> None:
    assert changes("MRTAY")[0] == ("p.Lys2Arg", "Lys2", ["p.Ter6="])
    assert changes("MRTAY")[1:] == [
        ("Thr3", "p.Thr3Ser", ["p.Lys2Arg", "p.Thr3Ser", "p.Ter6="]),
        ("Ala4", "p.Ala4Ter", ["p.Lys2Arg", "p.Ala4Ter"]),
        ("Ala4", "p.Ala4Val", ["p.Lys2Arg", "p.Ala4Val", "p.Ter6="]),
    ]


def test_an_early_end_is_taken_away_and_nothing_is_put_behind_it() -> None:
    assert changes("MK") == [
        ("p.Thr3Ter", "Thr3", ["p.Ter6="]),
        ("p.Thr3Ter", "p.Thr3Ser", ["p.Thr3Ser", "p.Ter6="]),
    ]


def test_an_early_end_that_is_put_in_takes_what_follows_away() -> None:
    names = [row for _, put, row in changes("MKSAF") if put == "p.Ala4Ter"]
    assert names == [["p.Thr3Ser", "p.Ala4Ter"]]


def test_the_commonest_mutations_come_first_and_ends_of_whole_genes_are_beyond_all_positions() -> None:
    genes = encoded("MKSAY", "MKSAF", "MKVAY", "MK", "MKTAF")
    table = common_mutations(genes.tokens, genes.vocabulary_size, len(ANCESTOR) + 1, 2)
    names = ENCODER.vocabulary("mutation")
    assert [[names[letter] for letter in row] for row in table] == [
        ["<pad>", "<pad>", "<pad>"],
        ["<pad>", "<pad>", "<pad>"],
        ["<pad>", "S", "V"],
        ["<pad>", "<pad>", "<pad>"],
        ["<pad>", "F", "<pad>"],
        ["<pad>", "end", "<pad>"],
    ]


@pytest.mark.parametrize("protein", ["MKTAY", "MKTVY", "MK", "MRSAF"])
def test_a_change_that_is_undone_gives_the_gene_back(protein: str) -> None:
    gene = encoded(protein)
    there = {(place, letter) for place, letter in (divmod(int(t), gene.vocabulary_size) for t in gene.tokens.row(0))}
    found = changed_mutations(gene, 0, letters())
    for row in range(len(found.genes)):
        if found.before[row] == 0 and found.letters[row] != ENCODER.vocabulary("mutation").index("stop"):
            added = (int(found.places[row]), int(found.letters[row]))
            tokens = found.genes.tokens.row(row)
            after = {divmod(int(token), gene.vocabulary_size) for token in tokens}
            assert after - {added} == there - {(0, 0)}
            assert added in after


def test_a_lost_frame_goes_with_the_early_end_that_it_brought() -> None:
    encoder = Encoder(ancestors={"mutation": "MKTAYIAKQRDEFGHL"})
    gene = encoder.encode(Genes([""], ["MKTAYIAWWPCWNW"], None, "protein"), "mutation")
    size, place = gene.vocabulary_size, 7
    assert [divmod(int(token), size) for token in gene.tokens.row(0)[:2]] == [
        (place, encoder.vocabulary("mutation").index("fs")),
        (14, encoder.vocabulary("mutation").index("stop")),
    ]
    found = changed_mutations(gene, 0, np.zeros((17, 4), dtype=np.uint8))
    assert found.places.tolist() == [place]
    assert words_of(found.genes, encoder) == [["p.Ter17="]]


def words_of(genes: Encoded, encoder: Encoder) -> list[list[str]]:
    size = genes.vocabulary_size
    rows = zip(genes.tokens.padded(), genes.lengths, strict=True)
    return [[encoder.spelled(*divmod(int(token), size), "mutation") for token in row[:length]] for row, length in rows]
