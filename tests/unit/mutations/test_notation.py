import pytest

from model.mutations.alignment import differences
from model.mutations.kinds import Level, kinds
from model.mutations.notation import named, named_all, position_name

PROTEIN = "MKTAYIAKQRQISFVKSHFSRQLEERLGLIEVQ"
GENE = "ATGGCATTCGACCGTTACGATTGCAACGTGGCTCTAAGC"


def names(gene: str, ancestor: str, level: Level) -> list[str]:
    return named_all(differences([gene], ancestor, level).row(0), ancestor, level)


@pytest.mark.parametrize(
    ("gene", "expected"),
    [
        (PROTEIN, ["p.="]),
        ("MKTAYIATQRQISFVKSHFSRQLEERLGLIEVQ", ["p.Lys8Thr"]),
        ("MKTAYIAXQRQISFVKSHFSRQLEERLGLIEVQ", ["p.Lys8Xaa"]),
        ("MKTAYIAKQRQISFVKSFSRQLEERLGLIEVQ", ["p.His18del"]),
        ("MKTAYIAKQRQISFVSRQLEERLGLIEVQ", ["p.Lys16_Phe19del"]),
        ("MKTAYIAKQRQISFVKSHFSWWRQLEERLGLIEVQ", ["p.Ser20_Arg21insTrpTrp"]),
        ("MKTAYIAKQRQISFVKSHFSBRQLEERLGLIEVQ", ["p.Ser20_Arg21insXaa"]),
        ("WWMKTAYIAKQRQISFVKSHFSRQLEERLGLIEVQ", ["p.Met1ext-2"]),
        ("MKTAYIAKQRQIS", ["p.Phe14Ter"]),
        ("", ["p.Met1Ter"]),
        ("AYIAKQRQISFVKSHFSRQLEERLGLIEVQ", ["p.Met1?"]),
        (PROTEIN + "WW", ["p.Ter34ext"]),
        ("MKTAYIAKQRQI" + "PWHCPWG", ["p.Ser13fs"]),
        ("MKTAYIATQRQISFVKSHFSRQ", ["p.Lys8Thr", "p.Leu23Ter"]),
    ],
)
def test_names_of_proteins(gene: str, expected: list[str]) -> None:
    assert names(gene, PROTEIN, "amino_acid") == expected


@pytest.mark.parametrize(
    ("gene", "expected"),
    [
        (GENE, ["c.="]),
        (GENE[:10] + "T" + GENE[11:], ["c.11A>T"]),
        (GENE[:10] + "R" + GENE[11:], ["c.11A>N"]),
        (GENE[:19] + GENE[20:], ["c.20del"]),
        (GENE[:17] + GENE[20:], ["c.18_20del"]),
        (GENE[:20] + "GG" + GENE[20:], ["c.20_21insGG"]),
        ("GG" + GENE, ["c.-1_1insGG"]),
        (GENE[9:], ["c.1_9del"]),
        (GENE[1:], ["c.1del"]),
        (GENE[:30], ["c.31_39del"]),
        (GENE[:38], ["c.39del"]),
        (GENE + "T", ["c.39_*1ins"]),
    ],
)
def test_names_of_dna(gene: str, expected: list[str]) -> None:
    assert names(gene, GENE, "nucleotide") == expected


def test_one_difference_alone() -> None:
    tokens = kinds("amino_acid").tokens
    assert named(tokens["-"], 7, PROTEIN, "amino_acid") == "p.Lys8del"
    assert named(tokens["+V"], 7, PROTEIN, "amino_acid") == "p.Ala7_Lys8insVal"
    assert named(tokens["end"], 7, PROTEIN, "amino_acid") == "p.Lys8Ter"
    assert named(tokens["end"], 33, PROTEIN, "amino_acid") == "p.Ter34="
    assert named(kinds("nucleotide").tokens["end"], 39, GENE, "nucleotide") == "c.39="


def test_deletions_that_do_not_touch_are_two() -> None:
    deletion, end = kinds("amino_acid").tokens["-"], kinds("amino_acid").tokens["end"]
    row = [(deletion, 3), (deletion, 4), (deletion, 6), (end, 33)]
    assert named_all(row, PROTEIN, "amino_acid") == ["p.Ala4_Tyr5del", "p.Ala7del"]


def test_positions() -> None:
    assert position_name(19, PROTEIN, "amino_acid") == "Ser20"
    assert position_name(33, PROTEIN, "amino_acid") == "Ter34"
    assert position_name(10, GENE, "nucleotide") == "11A"
    assert position_name(39, GENE, "nucleotide") == "*1"
