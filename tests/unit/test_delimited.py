"""Tables of text: no line is lost, whoever wrote them."""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from model.errors import DataError
from model.reading.delimited import open_delimited
from model.reading.preamble import without_preamble

_TEXT = st.text(st.one_of(st.sampled_from("\",;\t\n\r 'ACGT-"), st.characters(exclude_categories=["Cs"])), max_size=8)


def rows_of(text: str, name: str = "genes.csv") -> list[list[object]]:
    table = open_delimited(text.encode(), Path(name))
    return [list(row) for row in zip(*table.read(table.names), strict=True)]


def without_blank_end(rows: list[list[str]]) -> list[list[str]]:
    """Without the rows at the end that hold nothing but blanks."""
    filled = [place for place, row in enumerate(rows, start=1) if any(value.strip(" \t\r\n") for value in row)]
    return rows[: max(filled, default=0)]


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[str], list[list[str]]]:
    width = draw(st.integers(1, 4))
    header = [f"column {number}" for number in range(width)]
    return header, draw(st.lists(st.lists(_TEXT, min_size=width, max_size=width), max_size=6))


@given(
    table=tables(),
    delimiter=st.sampled_from(",;\t"),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC, csv.QUOTE_NONE]),
    lineterminator=st.sampled_from(["\r\n", "\n", "\r"]),
)
def test_what_the_csv_module_writes_is_read_as_it_was_or_refused(
    table: tuple[list[str], list[list[str]]], delimiter: str, quoting: int, lineterminator: str
) -> None:
    header, rows = table
    # The writer puts line ends of another kind than its own into no quotes (before Python 3.13).
    assume(not any(end in value for row in rows for value in row for end in set("\r\n") - set(lineterminator)))
    written = io.StringIO()
    writer = csv.writer(written, delimiter=delimiter, quoting=quoting, lineterminator=lineterminator)  # type: ignore[arg-type]
    try:
        writer.writerows([header, *rows])
    except csv.Error:
        assume(False)  # a value that this style cannot write
    try:
        read = rows_of(written.getvalue(), "genes.tsv" if delimiter == "\t" else "genes.csv")
    except DataError as error:
        assert error.next_step
        return
    assert read in (rows, without_blank_end(rows))


@given(rows=st.lists(st.lists(st.text('"ab', max_size=4), min_size=3, max_size=3), max_size=8))
def test_quotation_marks_that_mean_nothing_lose_no_row(rows: list[list[str]]) -> None:
    """As R's write.table(quote=FALSE) writes them."""
    text = "".join("\t".join(row) + "\n" for row in [["x", "y", "z"], *rows])
    try:
        read = rows_of(text, "genes.tsv")
    except DataError:
        return
    assert len(read) in (len(rows), len(without_blank_end(rows)))


def as_r_writes(row: list[str], delimiter: str, doubled: bool) -> str:
    """As `write.csv` writes text (quotation marks doubled), or `write.table` (a backslash before them)."""
    quoted = [value.replace('"', '""' if doubled else '\\"') for value in row]
    return delimiter.join(f'"{value}"' for value in quoted) + "\n"


@given(
    table=tables(),
    delimiter=st.sampled_from(",;\t "),
    doubled=st.booleans(),
    row_names=st.booleans(),
)
def test_what_r_writes_is_read_as_it_was_or_refused(
    table: tuple[list[str], list[list[str]]], delimiter: str, doubled: bool, row_names: bool
) -> None:
    header, rows = table
    assume(all(header) and not any("\r" in value for row in rows for value in row))
    written = [[str(number), *row] for number, row in enumerate(rows, start=1)] if row_names else rows
    text = "".join(as_r_writes(row, delimiter, doubled) for row in [header, *written])
    try:
        read = rows_of(without_preamble(text.encode()).decode(), "genes.tsv" if delimiter == "\t" else "genes.csv")
    except DataError as error:
        assert error.next_step
        return
    assert len(read) == len(rows)
    if delimiter != " ":
        assert [row[len(row) - len(header) :] for row in read] == rows


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('id,sequence,note\na,AC,"3 inch\nb,GT,x\nc,GG,y\n', r"Line 2: a value begins with a quotation .*3 line\(s\)"),
        ('id,sequence,note\na,AC,x\nb,GT,"3 inch\nc,GG,"5 inch\n', "Line 3: a value begins with a quotation mark"),
        ('id,sequence,note\na,AC,"see 3\nb,GT,x\nc,GG,page 5"\n', "Lines 2 to 4: .* may be rows of their own"),
        ('"id,sequence\na,AC\n', "Line 1: a value begins with a quotation mark"),
        ("id,sequence\na,AC\nb,G\rT\n", "Line 3: a carriage return stands inside a value"),
        ("id,sequence\n\na,AC\nid,sequence\nb,GT\n", "Row 4 repeats the header"),
        ('id,sequence\na,"A\nC"\nb,GT,1\n', r"Row 3 \(line 4 of the text\): 3 column\(s\), but the header has 2"),
        ("id,sequence\na,AC\n\nb,GT,1\n", r"Row 4: 3 column\(s\), but the header has 2"),
    ],
)
def test_lines_that_would_be_lost_are_named(text: str, told: str) -> None:
    with pytest.raises(DataError, match=told):
        rows_of(text)


def test_an_unclosed_mark_is_found_in_whichever_column_is_read() -> None:
    table = open_delimited(b'id\tsequence\tnote\na\tAC\t"x\nb\tGT\ty\n', Path("a.tsv"))
    with pytest.raises(DataError, match="Line 2"):
        table.read(["sequence"])


@pytest.mark.parametrize("quote", ["", '"'])
def test_rows_have_the_numbers_that_a_spreadsheet_shows(quote: str) -> None:
    """Blank lines are rows there; line breaks inside values are none, nor is what was cleared at the end."""
    text = f"\n\nid,sequence\n{quote}a{quote},AC\n\nb,GT\nc,\n,\n,,\n\n"
    table = open_delimited(text.encode(), Path("a.csv"))
    assert (table.unit, table.read(["id"])) == ("row", [["a", "b", "c"]])
    assert list(table.numbers(3)) == [4, 6, 7]
    broken = open_delimited(b'id,sequence\na,"A\nC"\nb,GT\n', Path("a.csv"))
    assert list(broken.numbers(len(broken.read(["id"])[0]))) == [2, 3]


@pytest.mark.parametrize("cleared", [0, 1, 2047, 2048, 5000])
def test_however_many_rows_were_cleared_at_the_end(cleared: int) -> None:
    assert rows_of("id,sequence\na,AC\nb,GT" + "\n," * cleared) == [["a", "AC"], ["b", "GT"]]
    assert rows_of("id,sequence\na,AC\nb,GT\n" + ",\n" * cleared) == [["a", "AC"], ["b", "GT"]]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_and_blank_lines(end: str) -> None:
    text = end.join(["", "id,sequence", "", 'a,"AC', 'GT"', " ", "b,GG"])
    assert rows_of(text) == [["a", f"AC{end}GT"], ["b", "GG"]]


def test_a_value_longer_than_the_csv_module_expects() -> None:
    assert rows_of("id,sequence\na," + "A" * 200_000 + "\n") == [["a", "A" * 200_000]]


def test_the_first_rows_show_what_a_column_holds() -> None:
    table = open_delimited(("sequence\n" + "AC\n" * 2000).encode(), Path("a.csv"))
    assert len(table.sample(["sequence"])[0]) == 200
    assert len(table.read(["sequence"])[0]) == 2000
