import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.errors import DataError
from model.mutations.alignment import LONGEST, Differences, differences
from model.mutations.kinds import Level, kinds

PROTEIN = "MKTAYIAKQRQISFVKSHFSRQLEERLGLIEVQ"
GENE = "ATGGCATTCGACCGTTACGATTGCAACGTGGCTCTAAGC"


def listed(gene: str, ancestor: str, level: Level = "nucleotide") -> list[tuple[str, int]]:
    row = differences([gene], ancestor, level).row(0)
    return [(kinds(level).names[kind], place) for kind, place in row]


def applied(row: list[tuple[int, int]], ancestor: str) -> str:
    """Makes the gene again from its differences; nothing in them may be a summary."""
    names = [(kinds("nucleotide").names[kind], place) for kind, place in row]
    begin = names[0][1] if names[0][0] == "begin" else 0
    changed = {place: name for name, place in names if not name.startswith("+")}
    gene = ""
    for place in range(begin, names[-1][1] + 1):
        gene += "".join(name[1:] for name, at in names if at == place and name.startswith("+"))
        if place < names[-1][1]:
            here = changed.get(place, "begin")
            gene += ancestor[place] if here == "begin" else here.replace("-", "")
    return gene


@st.composite
def relatives(draw: st.DrawFn) -> tuple[str, str]:
    letters = draw(st.sampled_from(["AC", "ACGT"]))
    ancestor = gene = draw(st.text(letters, min_size=1, max_size=80))
    for _ in range(draw(st.integers(0, 5))):
        at = draw(st.integers(0, len(gene)))
        gene = gene[:at] + draw(st.text(letters, max_size=3)) + gene[at + draw(st.integers(0, 3)) :]
    return gene, ancestor


@settings(max_examples=200, deadline=None)
@given(relatives())
def test_the_gene_follows_from_its_differences(pair: tuple[str, str]) -> None:
    gene, ancestor = pair
    row = differences([gene], ancestor, "nucleotide").row(0)
    places = [place for _, place in row]
    names = [kinds("nucleotide").names[kind] for kind, _ in row]
    assert places == sorted(places)
    assert names.count("end") == 1
    assert names[-1] == "end"
    if "ext" in names:
        assert names[-2:] == ["ext", "end"]
        assert gene.startswith(applied(row, ancestor))
    else:
        assert applied(row, ancestor) == gene


@settings(max_examples=50, deadline=None)
@given(st.lists(relatives(), min_size=1, max_size=6))
def test_a_row_does_not_depend_on_the_others(pairs: list[tuple[str, str]]) -> None:
    ancestor = pairs[0][1]
    genes = [gene for gene, _ in pairs] * 2
    together = differences(genes, ancestor, "nucleotide")
    assert [together.row(number) for number in range(len(genes))] == [
        differences([gene], ancestor, "nucleotide").row(0) for gene in genes
    ]


def test_shapes_and_types() -> None:
    found = differences([GENE, "C" + GENE[1:], GENE], GENE, "nucleotide")
    assert found.tokens.flat.dtype == np.uint8
    assert found.places.dtype == np.uint16
    assert found.lengths.tolist() == [1, 2, 1]
    assert found.ends.tolist() == [len(GENE)] * 3
    assert found.tokens.width == 2
    assert len(found) == 3
    assert len(differences([], GENE, "nucleotide")) == 0


@pytest.mark.parametrize(
    ("gene", "expected"),
    [
        (GENE, [("end", 39)]),
        (GENE[:10] + "T" + GENE[11:], [("T", 10), ("end", 39)]),
        (GENE[:10] + "N" + GENE[11:], [("<unknown>", 10), ("end", 39)]),
        (GENE[:20], [("end", 20)]),
        (GENE[9:], [("begin", 9), ("end", 39)]),
        ("", [("end", 0)]),
        (GENE[:20] + GENE[22:], [("-", 20), ("-", 21), ("end", 39)]),
        (GENE[:20] + "GG" + GENE[20:], [("+G", 20), ("+G", 20), ("end", 39)]),
        (GENE[:20] + "R" + GENE[20:], [("+", 20), ("end", 39)]),
        (GENE + "TT", [("ext", 39), ("end", 39)]),
        ("GG" + GENE, [("+G", 0), ("+G", 0), ("end", 39)]),
    ],
)
def test_each_kind_of_difference(gene: str, expected: list[tuple[str, int]]) -> None:
    assert listed(gene, GENE) == expected


@pytest.mark.parametrize(
    ("ancestor", "gene", "expected"),
    [
        # One A fewer of three: the last of them, as HGVS has it.
        ("CGTGCAAATGCGTC", "CGTGCAATGCGTC", [("-", 7), ("end", 14)]),
        # One more: before the letter behind them.
        ("CGTGCAAATGCGTC", "CGTGCAAAATGCGTC", [("+A", 8), ("end", 14)]),
        # A unit of two letters, and one that starts anew within the next.
        ("CGTGCACACATGCGTC", "CGTGCACATGCGTC", [("-", 8), ("-", 9), ("end", 16)]),
        ("GCTACGATGATCCTAGC", "GCTACGATCCTAGC", [("-", 8), ("-", 9), ("-", 10), ("end", 17)]),
        # At the end of the ancestor nothing is deleted: the gene ends earlier.
        ("CGTGCTGCGTCAAA", "CGTGCTGCGTCAA", [("end", 13)]),
        ("CGTGCTGCGTCAAA", "CGTGCTGCGTCAAAA", [("ext", 14), ("end", 14)]),
    ],
)
def test_gaps_stand_to_the_right(ancestor: str, gene: str, expected: list[tuple[str, int]]) -> None:
    assert listed(gene, ancestor) == expected


def test_a_gap_is_pushed_through_letters_that_need_no_alignment() -> None:
    ancestor = GENE + "A" * 12 + GENE[::-1]
    assert listed(GENE + "A" * 11 + GENE[::-1], ancestor) == [("-", 50), ("end", 90)]


RUNS = "AAAAAGGGGGTTTTT"


@pytest.mark.parametrize(
    ("ancestor", "gene", "expected"),
    [
        # Few mismatches, letter against letter, where the runs hide a gap: within, at the beginning, at the end.
        (GENE + "C" + RUNS + GENE[::-1], GENE + RUNS + "C" + GENE[::-1], [("-", 39), ("+C", 56), ("end", 94)]),
        ("C" + RUNS + GENE, RUNS + "C" + GENE, [("begin", 1), ("+C", 16), ("end", 55)]),
        (GENE + RUNS, GENE + "C" + RUNS[:-1], [("+C", 39), ("end", 53)]),
        (GENE + "GAAAAAACCCCCCTT", GENE + "AAAAAACCCC", [("-", 39), ("end", 50)]),
        ("C" + RUNS + GENE, RUNS + GENE[:9], [("begin", 1), ("end", 25)]),
        ("C" + RUNS[:10] + GENE, RUNS[:10] + "C" + GENE, [("begin", 1), ("+C", 11), ("end", 50)]),
        ("CAAAAA" + GENE, "AAAAAA", [("begin", 1), ("end", 7)]),
        # And where the gap costs more than the mismatches.
        (GENE + "CAAAAAG" + GENE, GENE + "AAAAAGC" + GENE, [("A", 39), ("G", 44), ("C", 45), ("end", 85)]),
        ("CAAAAA" + GENE, "AAAAAC" + GENE, [("A", 0), ("C", 5), ("end", 45)]),
    ],
)
def test_a_gap_is_seen_where_it_scores_more(ancestor: str, gene: str, expected: list[tuple[str, int]]) -> None:
    assert listed(gene, ancestor) == expected


@pytest.mark.parametrize("tail", ["WWCPWHCPWGCW", "WWCPWHCPWGCWWCPWHCPWGCWPPPHHH", "PWHCP"])
def test_a_frameshift_is_one_difference(tail: str) -> None:
    end = min(12 + len(tail), len(PROTEIN))
    assert listed(PROTEIN[:12] + tail, PROTEIN, "amino_acid") == [("fs", 12), ("end", end)]


def test_what_comes_before_a_frameshift_is_kept() -> None:
    gene = "MKTWYIAQRQIS" + "WWCPWHCPWGC"
    expected = [("W", 3), ("-", 7), ("fs", 13), ("end", 24)]
    assert listed(gene, PROTEIN, "amino_acid") == expected


def test_a_short_tail_is_spelled() -> None:
    expected = [("W", 29), ("W", 30), ("W", 31), ("W", 32), ("end", 33)]
    assert listed(PROTEIN[:29] + "WWWW", PROTEIN, "amino_acid") == expected


def test_more_letters_behind_the_last_are_an_extension_and_no_frameshift() -> None:
    assert listed(PROTEIN + "WWCPWHCPW", PROTEIN, "amino_acid") == [("ext", 33), ("end", 33)]


def test_dna_has_no_frameshift() -> None:
    names = [name for name, _ in listed(GENE[:20] + GENE[20:].translate(str.maketrans("ACGT", "CATG")), GENE)]
    assert len(names) > 10


def test_deletions_in_proteins() -> None:
    assert listed(PROTEIN[:9] + PROTEIN[12:], PROTEIN, "amino_acid") == [("-", 9), ("-", 10), ("-", 11), ("end", 33)]
    assert listed("", PROTEIN, "amino_acid") == [("end", 0)]
    assert listed(PROTEIN[:4] + "X" + PROTEIN[5:], PROTEIN, "amino_acid") == [("<unknown>", 4), ("end", 33)]


def test_every_substitution_has_its_own_token() -> None:
    found: Differences = differences([letter + GENE[1:] for letter in "CGT"], GENE, "nucleotide")
    assert len(set(found.tokens.flat[found.tokens.starts].tolist())) == 3


@pytest.mark.parametrize("level", ["amino_acid", "nucleotide"])
def test_the_tables_are_small_and_name_each_kind_once(level: Level) -> None:
    table = kinds(level)
    assert len(set(table.names)) == len(table) < 256
    assert table.names[:2] == ("<pad>", "<unknown>")
    assert ("fs" in table.tokens) == (level == "amino_acid")
    assert table.names[table.insertion("A")] == "+A"
    assert table.names[table.insertion("X")] == "+"


def test_what_cannot_be_compared_is_refused() -> None:
    with pytest.raises(DataError, match="Row 2 has 65,001 letters; allowed are 65,000"):
        differences(["A", "A" * (LONGEST + 1)], "A", "nucleotide")
    with pytest.raises(DataError, match="The ancestor has 65,001"):
        differences(["A"], "A" * (LONGEST + 1), "nucleotide")
    with pytest.raises(DataError, match="no letters"):
        differences(["A"], "", "nucleotide")
    with pytest.raises(DataError, match="Allowed: amino_acid, nucleotide"):
        differences(["A"], "A", "codon")  # type: ignore[arg-type]
