"""Durations on the command line: as people write them, within bounds, and else refused with an example."""

import pytest
import typer

from hpo.cli.durations import parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        *(("90", 90), ("90s", 90), ("0.5", 0.5), ("5m", 300), ("5min", 300), ("2h", 7200), ("1.5h", 5400)),
        *(("1h30m", 5400), ("1h 30m 5s", 5405), (" 2H ", 7200), ("2d", 172_800), (600.0, 600)),
    ],
)
def test_durations_are_read_as_people_write_them(text: str | float, seconds: float) -> None:
    assert parse_duration(0)(text) == seconds


@pytest.mark.parametrize("text", ["", " ", "soon", "5x", "-5m", "1h30", "30 1h", "nan", "inf", "1e3", "5m!", "٣m"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="is not a duration such as 90, 90s, 5m, 2h or 1h30m"):
        parse_duration(0)(text)


@pytest.mark.parametrize("text", ["0.5", "367d", "9" * 15 + "d", 0.0])
def test_a_duration_out_of_bounds_is_refused(text: str | float) -> None:
    with pytest.raises(typer.BadParameter, match="is not between 1 s and 366 days"):
        parse_duration(1)(text)
