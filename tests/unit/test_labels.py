import re
from dataclasses import asdict
from pathlib import Path

import pytest

from model.choices import LabelMeaning
from model.errors import DataError
from model.genes import LabelWord
from model.reading import Labelling, read_genes
from model.reading.labels import find_unlabelled, label_kind, parse_labels
from model.reading.measured import compare


def read(values: list[object], **says: object) -> list[bool]:
    found = parse_labels(values, Labelling(**says))  # type: ignore[arg-type]
    return [bool(label) for label in found.resistant[found.kept]]


@pytest.mark.parametrize(
    ("resistant", "susceptible"),
    [
        (True, False),
        (1, 0),
        (1.0, 0.0),
        ("1.00", "0.00"),
        ("R", "s"),
        (b"R", b"S"),
        ("RES", "SUS"),
        ("resistant", "Susceptible"),
        (" Resistant ", "Sensitive"),
        ("resistant", "non-resistant"),
        ("resistant", "Not resistant"),
        ("Nonsusceptible", "susceptible"),
        ("non_susceptible", "susceptible"),
        ("pos", "neg"),
        ("Positive", "Negative"),
        ("yes", "no"),
        ("Y", "N"),
        ("+", "-"),
    ],
)
def test_plain_words(resistant: object, susceptible: object) -> None:
    assert read([resistant, susceptible]) == [True, False]


@pytest.mark.parametrize("word", ["NS", "SDD", "susceptible-dose dependent", "NWT", "WT", "HR", "U", "ECOFF"])
def test_other_words_mean_what_the_user_says(word: str) -> None:
    with pytest.raises(DataError, match=f"Labels that are not known: '{word}' in row 2.*--label-words .{word}=MEANING"):
        read(["R", word, "S"])
    assert read(["R", word, "S"], words={word.lower(): "resistant"}) == [True, True, False]
    assert read(["R", f" {word.lower()}", "S"], words={word: "susceptible"}) == [True, False, False]
    assert read(["R", word, "S"], words={word: "drop"}) == [True, False]


def test_the_users_words_come_before_all_others() -> None:
    assert read(["R", "I", "2"], words={"R": "susceptible", "i": "resistant", "2": "drop"}) == [False, True]


def test_unknown_words_are_told_all_at_once_the_most_frequent_first() -> None:
    with pytest.raises(DataError) as refused:
        read(["R", "SDD", "NS", "NS", "I", "", "nan", "NS"])
    said = str(refused.value)
    assert "'NS' in 3 rows (first in row 3), 'SDD' in row 2." in said
    assert '--label-words "NS=MEANING,SDD=MEANING"' in said
    assert "Intermediate results: 'I' in row 5." in said
    assert "Row 6: the label is missing, and in 1 more." in said


def test_rows_are_told_by_their_numbers_in_the_file() -> None:
    with pytest.raises(DataError, match=r"'NS' in 2 rows \(first in row 7\)"):
        parse_labels(["R", "NS", "NS"], rows=[2, 7, 9])


def test_rows_without_a_label_are_found_and_plus_and_minus_have_one() -> None:
    assert find_unlabelled(["R", None, "", "nan", "-", "S", float("nan")]) == [1, 2, 3, 4, 6]
    assert find_unlabelled(["+", "-", "", "NA"], Labelling(words={"NA": "drop"})) == [2]


def test_many_unknown_words_are_counted_and_long_ones_cut() -> None:
    with pytest.raises(
        DataError, match=re.escape("'w29...' in row 30, and 5 other labels in 5 rows".replace("...", ""))
    ):
        read([f"w{number}" for number in range(35)])
    with pytest.raises(DataError, match=r"'x{60}\.\.\.' in row 1"):
        read(["x" * 1000])


@pytest.mark.parametrize(
    ("word", "known", "told"),
    [
        ("-", "R", "Row 2: the label is missing"),
        ("-", "1", "Row 2: the label is missing"),
        ("N", "R", "not known: 'N' in row 2"),
        ("n", "yes", "not known: 'n' in row 2"),
    ],
)
def test_a_word_that_may_mean_not_known_is_read_only_beside_its_opposite(word: str, known: str, told: str) -> None:
    with pytest.raises(DataError, match=told):
        read([known, word])


def test_intermediate_results_by_choice() -> None:
    values: list[object] = ["r", "I", "intermediate", "S"]
    assert read(values, intermediate="resistant") == [True, True, True, False]
    assert read(values, intermediate="susceptible") == [True, False, False, False]
    assert read(values, intermediate="drop") == [True, False]


@pytest.mark.parametrize(
    ("word", "verdict"),
    [
        ("3.5", "resistant"),
        ("3.49", "susceptible"),
        (" 16 ", "resistant"),
        (">=16", "resistant"),
        ("> 3.5", "resistant"),
        (">=3.5", "resistant"),
        ("≥4", "resistant"),
        ("=4", "resistant"),
        ("==0.25", "susceptible"),
        ("<0.5", "susceptible"),
        ("<=.5", "susceptible"),
        ("<3.5", "susceptible"),
        ("1e1", "resistant"),
        ("-1", "susceptible"),
        (">2", "undecided"),
        (">=2", "undecided"),
        ("<=3.5", "undecided"),
        ("<16", "undecided"),
        ("R", None),
        ("16/4", None),
        ("", None),
        ("nan", None),
    ],
)
def test_a_measured_value_beside_the_cutoff(word: str, verdict: str | None) -> None:
    assert compare(word, 3.5) == verdict


def test_measured_values_need_a_cutoff_and_then_one_and_nought_are_values_too() -> None:
    values: list[object] = [">=16", "0.25", 1, "S"]
    with pytest.raises(DataError, match=r"numbers: '>=16' in row 1, '0.25' in row 2.*--resistant-from NUMBER"):
        read(values)
    assert read(values, resistant_from=4) == [True, False, False, False]
    assert read(values, resistant_from=1) == [True, False, True, False]


def test_bounds_that_do_not_decide_are_dropped_and_counted(tmp_path: Path) -> None:
    values: list[object] = ["8", ">2", "<=16", ">2", "1"]
    assert read(values, resistant_from=3.5) == [True, False]
    assert read(values, resistant_from=3.5, words={">2": "susceptible"}) == [True, False, False, False]
    path = tmp_path / "a.csv"
    path.write_text("sequence,mic\n" + "".join(f"ACGT,{value}\n" for value in values))
    genes = read_genes(path, label_column="mic", labelling=Labelling(resistant_from=3.5), alphabet="dna")
    assert genes.provenance.changes.dropped == {"label '>2'": 2, "label '<=16'": 1}


def test_how_words_were_read_stands_in_the_genes(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("sequence,resistant\nAC,8\nGT,R\nGG,16\nCC,1\nAA,U\n")
    genes = read_genes(path, labelling=Labelling(resistant_from=4, words={"U": "drop"}), alphabet="dna")
    assert genes.sequences == ["AC", "GT", "GG", "CC"]
    assert genes.label_words == (
        LabelWord("at or above 4", "resistant", 2),
        LabelWord("R", "resistant", 1),
        LabelWord("below 4", "susceptible", 1),
        LabelWord("U", "drop", 1),
    )
    assert asdict(genes.label_words[3]) == {"word": "U", "meaning": "drop", "rows": 1}


def test_when_every_row_is_dropped_it_is_said(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("sequence,resistant\nAC,I\nGT,I\n")
    with pytest.raises(DataError, match=r"All 2 rows have labels that were to be dropped.*--intermediate"):
        read_genes(path, labelling=Labelling(intermediate="drop"), alphabet="dna")


@pytest.mark.parametrize(
    ("says", "told"),
    [
        ({"intermediate": "maybe"}, "'maybe' for intermediate results.*resistant, susceptible, drop"),
        ({"words": {"NS": "bad"}}, "'bad' of the label 'NS'.*resistant, susceptible, drop"),
        ({"resistant_from": float("nan")}, "at or above nan.*--resistant-from"),
    ],
)
def test_what_the_user_says_is_checked(says: dict[str, object], told: str) -> None:
    with pytest.raises(DataError, match=told):
        Labelling(**says)  # type: ignore[arg-type]


def test_meanings_are_those_of_the_options() -> None:
    meanings: tuple[LabelMeaning, ...] = ("resistant", "susceptible", "drop")
    assert [read(["R", "x"], words={"x": meaning}) for meaning in meanings] == [[True, True], [True, False], [True]]


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["R", "S", "", "R"], "phenotype"),
        (["Susceptible", "non-susceptible", "Intermediate"], "phenotype"),
        ([1, 0, 1], "possible"),
        (["yes", "no"], "possible"),
        (["R", "1"], "possible"),
        (["R", "SDD"], "other"),
        (["rpoB", "katG"], "other"),
        (["", None], "other"),
    ],
)
def test_a_column_of_labels_is_known_by_its_words(values: list[object], kind: str) -> None:
    assert label_kind(values) == kind
