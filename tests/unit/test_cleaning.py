"""Sequences are cleaned by the user's rules; what no rule is for is refused in one report."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.alphabet import AMBIGUOUS, CLEAR, Alphabet
from model.cleaning import Changes, Rules, clean, is_missing
from model.errors import DataError
from model.reading import Labelling, read_genes

DATA = Path(__file__).parents[3] / "shared" / "data"
PROTEIN = "PQITLWQRPLVTIKIGGQLKEALLDTGADDTVLEE"
GENE = "ATGGCTAAACCCGGGTTTATGGCTAAACCCTAA"


@pytest.mark.parametrize(
    ("raw", "alphabet", "cleaned"),
    [
        ("ac gu\tt\n", "dna", "ACGTT"),
        ("ACGN", "auto", "ACGN"),
        ("mkv*", "protein", "MKV"),
        ("MUX", "protein", "MUX"),
        ("ac\u00a0gt", "dna", "ACGT"),
        (PROTEIN, "auto", PROTEIN),
    ],
)
def test_what_needs_no_rule(raw: str, alphabet: Any, cleaned: str) -> None:
    found = clean([raw], alphabet)
    assert (found.sequences, found.kept.tolist(), found.changes) == ([cleaned], [True], Changes())


@pytest.mark.parametrize(
    ("raw", "alphabet", "told"),
    [
        (
            "ACGE",
            "dna",
            r"odd letters 'E' once, in row 2 \(at position 4\) \(allowed: ACGT, U and.*--odd-letters unknown",
        ),
        ("AC-G.T", "dna", r"alignment gaps '-' once, '\.' once, in row 2 \(at position 3\).*--gaps remove"),
        ("MK*V", "protein", r"inner stops '\*' once, in row 2 \(at position 3\).*--inner-stops cut or drop"),
        ("MKé", "protein", r"odd letters 'é' once, in row 2 \(at position 3\)"),
        ("MK\ud800", "protein", r"odd letters '\\ud800' once"),
        ("AC*GT", "dna", r"odd letters '\*'"),
        (" ", "dna", "the sequence is missing in row 2.*--missing drop"),
        ("*", "protein", "the sequence is missing in row 2"),
        (None, "protein", "the sequence is missing in row 2"),
    ],
)
def test_what_no_rule_is_for_is_named(raw: str | None, alphabet: Any, told: str) -> None:
    with pytest.raises(DataError, match=told):
        clean(["ACG", raw], alphabet)


def test_one_report_names_everything_at_once() -> None:
    texts = ["MK-V~", "MKV", "M*KV", None, *["-MK~#"] * 30]
    with pytest.raises(DataError) as refused:
        clean(texts, "protein", unlabelled=[2])
    assert refused.value.message == (
        "Not all rows can be read as protein: "
        "alignment gaps '-' 31 times, in row 1 (at position 3), then rows 5, 6, 7, 8, 9, 10, 11, 12, 13, 14 "
        "and 20 more; "
        "inner stops '*' once, in row 3 (at position 2); "
        "odd letters '~' 31 times, '#' 30 times, in row 1 (at position 5), then rows 5, 6, 7, 8, 9, 10, 11, 12, 13, 14 "
        "and 20 more (allowed: ACDEFGHIKLMNPQRSTVWY and the ambiguity letters BJOUXZ); "
        "the sequence is missing in row 4; the label is missing in row 2."
    )
    assert (
        "--gaps remove, or keep to read them as a letter; --inner-stops cut or drop; --odd-letters"
        in refused.value.next_step
    )


@pytest.mark.parametrize(
    ("rules", "raw", "cleaned", "changes"),
    [
        ({"gaps": "remove"}, "M-K.V", "MKV", {"gaps_removed": {"-": 1, ".": 1}}),
        ({"gaps": "remove"}, "MKV*--", "MKV", {"gaps_removed": {"-": 2}}),
        ({"odd_letters": "unknown"}, "M~K#é", "MXKXX", {"read_as_unknown": {"~": 1, "#": 1, "é": 1}}),
        ({"odd_letters": "unknown"}, "M\ud800K", "MXK", {"read_as_unknown": {"\\ud800": 1}}),
        ({"odd_letters": "drop"}, "M~K", None, {"dropped": {"odd letters": 1}}),
        ({"inner_stops": "cut"}, "MK*VL*", "MK", {"cut": 1}),
        ({"inner_stops": "cut"}, "MK*V~", "MK", {"cut": 1}),
        ({"inner_stops": "drop"}, "MK*V", None, {"dropped": {"inner stops": 1}}),
        ({"missing": "drop"}, " ", None, {"dropped": {"sequence missing": 1}}),
        (
            {"gaps": "remove", "missing": "drop"},
            "---",
            None,
            {"gaps_removed": {"-": 3}, "dropped": {"sequence missing": 1}},
        ),
        ({"gaps": "remove", "odd_letters": "drop"}, "M-K~", None, {"dropped": {"odd letters": 1}}),
    ],
)
def test_rules_for_proteins(rules: Any, raw: str, cleaned: str | None, changes: dict[str, Any]) -> None:
    found = clean([PROTEIN, raw], "protein", Rules(**rules))
    assert found.sequences == [PROTEIN, *([cleaned] if cleaned is not None else [])]
    assert found.kept.tolist() == [True, cleaned is not None]
    assert found.changes == Changes(**changes)


@pytest.mark.parametrize(
    ("rule", "raw", "cleaned"),
    [
        (None, "ATGTAAGCT", "ATGTAAGCT"),
        ("cut", "ATGTAAGCT", "ATGTAA"),
        ("cut", "ATGTARGCT", "ATGTAR"),  # TAA or TAG: a stop either way
        ("cut", "TAAGCT", "TAA"),
        ("cut", "ATGTAA", "ATGTAA"),
        ("cut", "ATGTAAG", "ATGTAAG"),  # no codon behind it
        ("cut", "ATGATAAGC", "ATGATAAGC"),  # not in frame
        ("drop", "ATGTAAGCT", None),
        ("drop", "ATGGCTTAA", "ATGGCTTAA"),
    ],
)
def test_inner_stops_of_dna_are_in_frame(rule: Any, raw: str, cleaned: str | None) -> None:
    found = clean([GENE, raw], "dna", Rules(inner_stops=rule))
    assert found.sequences == [GENE, *([cleaned] if cleaned else [])]


def test_inner_stops_follow_the_genetic_code() -> None:
    with pytest.raises(DataError, match=r"inner stops 'TGA' once, in row 1 \(at position 4\)"):
        clean(["ATGTGAGCT"], "dna", Rules(inner_stops="error"))
    assert clean(["ATGTGAGCT"], "dna", Rules(inner_stops="error"), genetic_code=4).sequences == ["ATGTGAGCT"]


@pytest.mark.parametrize("name", ["gaps", "odd_letters", "inner_stops", "missing"])
def test_an_unknown_policy_is_refused(name: str) -> None:
    with pytest.raises(DataError, match=f"'maybe' is unknown.*--{name.replace('_', '-')}"):
        Rules(**{name: "maybe"})  # type: ignore[arg-type]


def test_nothing_left_is_an_error() -> None:
    with pytest.raises(DataError, match="All 2 rows were dropped"):
        clean(["", None], "dna", Rules(missing="drop"))


def test_rows_of_the_other_kind_are_named() -> None:
    genes, proteins = [GENE] * 3, [PROTEIN] * 57
    with pytest.raises(DataError, match=r"3 of 60 rows look like DNA, not protein: rows 1, 2, 3\..*--alphabet protein"):
        clean([*genes, *proteins])
    assert len(clean([*genes, *proteins], "protein").sequences) == 60
    with pytest.raises(DataError, match="1 of 21 rows look like protein, not DNA: row 1"):
        clean([PROTEIN, *[GENE] * 20])
    with pytest.raises(
        DataError, match=r"3 of 6 rows look like DNA \(row 1 first\), 3 of 6 .* protein \(row 4 first\)"
    ):
        clean([*genes, *proteins[:3]])


def test_what_a_model_reads_is_expected_of_new_genes() -> None:
    with pytest.raises(DataError, match="2 of 2 rows look like DNA, not protein"):
        clean([GENE, GENE], expected="protein")
    assert clean(["ACG"], expected="protein").alphabet == "protein"


def test_one_wrong_letter_does_not_make_genes_into_proteins() -> None:
    with pytest.raises(DataError, match=r"as DNA \(detected\): odd letters 'E' once, in row 1 \(at position 50\)"):
        clean(["ACGT" * 12 + "AE", "ACGT" * 12])


def test_gaps_do_not_count_as_letters_of_proteins() -> None:
    assert clean(["ACGT" * 5 + "-" * 40], rules=Rules(gaps="remove")).alphabet == "dna"


def test_a_mixture_of_letters_asks_which_alphabet_it_is() -> None:
    with pytest.raises(DataError, match="--alphabet dna or --alphabet protein"):
        clean(["ACGTACG", "MKVL"])


@pytest.mark.parametrize(
    "value", [None, float("nan"), "", " NA ", "nan", "None", "NULL", "UNKNOWN", "Missing", b"n/a", "-"]
)
def test_words_for_missing_values(value: object) -> None:
    assert is_missing(value)


@pytest.mark.parametrize("value", ["N", "NNN", "MISSINGV", "acgt", 0, 0.0, False, b"NAC"])
def test_values_that_are_there(value: object) -> None:
    assert not is_missing(value)


@given(
    texts=st.lists(st.text(st.sampled_from("ACGTMKacgu-.*~#? é"), max_size=12), min_size=1),
    alphabet=st.sampled_from(["dna", "protein"]),
)
def test_whatever_is_kept_has_letters_of_its_alphabet_alone(texts: list[str], alphabet: Alphabet) -> None:
    rules = Rules(gaps="remove", odd_letters="unknown", inner_stops="cut", missing="drop")
    try:
        found = clean(texts, alphabet, rules)
    except DataError as error:
        assert "All" in error.message
        return
    assert all(found.sequences)
    assert set("".join(found.sequences)) <= set(CLEAR[alphabet] + AMBIGUOUS[alphabet])
    assert found.kept.sum() + sum(found.changes.dropped.values()) == len(texts)


def test_what_was_changed_in_words() -> None:
    assert Changes().in_words() == ""
    changes = Changes(gaps_removed={"-": 1200, ".": 1}, read_as_unknown={"~": 1}, cut=2, dropped={"odd letters": 1})
    assert changes.in_words() == (
        "As read from the file: 1,201 gaps (- 1,200, . 1) removed; 1 odd letter (~ 1) read as unknown; 2 sequences cut "
        "at an inner stop; 1 row dropped (odd letters 1)."
    )
    assert changes.also_dropped("label intermediate", 3).dropped == {"odd letters": 1, "label intermediate": 3}
    assert changes.also_dropped("label intermediate", 0) == changes


def test_rows_without_sequence_or_label_are_dropped_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "genes.csv"
    path.write_text(f"id,sequence,resistant\na,{GENE},1\nb,NA,0\nc,{GENE},\nd,{GENE},I\ne,{GENE},S\nf,{GENE},so\n")
    with pytest.raises(DataError, match="the sequence is missing in row 3; the label is missing in row 4"):
        read_genes(path)
    with pytest.raises(DataError, match="Labels that are not known: 'so' in row 7"):
        read_genes(path, rules=Rules(missing="drop"), labelling=Labelling(intermediate="drop"))
    path.write_text(path.read_text().replace("so\n", "R\n"))
    genes = read_genes(path, rules=Rules(missing="drop"), labelling=Labelling(intermediate="drop"))
    assert genes.ids == ["a", "e", "f"]
    assert genes.provenance.changes.dropped == {"sequence missing": 1, "label missing": 1, "label 'I'": 1}


def test_another_header_among_the_rows_is_named(tmp_path: Path) -> None:
    path = tmp_path / "genes.csv"
    path.write_text(f"id,sequence,resistant\na,{PROTEIN},1\nid,seq,label\nb,{PROTEIN},0\n")
    with pytest.raises(DataError, match="Row 3 repeats a header: its sequence is 'seq'"):
        read_genes(path)


@pytest.mark.skipif(not DATA.exists(), reason="the shared data are not here")
@pytest.mark.parametrize(("name", "rows", "odd"), [("hiv_nevirapine", 1478, 39), ("hiv_lamivudine", 1270, 18)])
def test_letters_of_hivdb(name: str, rows: int, odd: int) -> None:
    path = DATA / f"{name}.csv"
    with pytest.raises(DataError, match=r"alignment gaps '\.' 5 times.*odd letters"):
        read_genes(path)
    genes = read_genes(path, rules=Rules(gaps="remove", odd_letters="unknown"))
    assert len(genes) == rows
    assert sum(genes.provenance.changes.read_as_unknown.values()) == odd


def test_several_stop_signs_at_the_end_are_one_end() -> None:
    assert clean(["MKV**", "MKV*"], "protein").sequences == ["MKV", "MKV"]
