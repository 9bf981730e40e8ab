"""The pages: nothing is loaded, nothing that a database holds is run, and a new report replaces the old one."""

import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from hpo.report.evidence import (
    Evidence,
)
from hpo.report.files import PLOT_NAMES
from hpo.report.rendering import markdown_text, summary_note
from hpo.report.report import make_report
from hpo.report.writing import write_report

HOSTILE = "<script>alert(1)</script><img src=http://evil.example/x>"


def test_an_earlier_report_leaves_nothing_behind(written: Path) -> None:
    assert sorted(path.name for path in written.iterdir()) == [
        "plots",
        "report.html",
        "report.md",
        "result.json",
    ]
    assert (written / "plots" / "positions.png").read_bytes().startswith(b"\x89PNG")
    assert not (written / "plots" / "of_an_earlier_report.png").exists()


class Links(HTMLParser):
    """Collects everything that a browser would load or run."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.targets: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.targets += [value or "" for name, value in attrs if name.split(":")[-1] in ("href", "src")]
        self.ids += [value or "" for name, value in attrs if name == "id"]


def parse(page: str) -> Links:
    links = Links()
    links.feed(page)
    return links


def test_every_figure_has_a_name_that_reports_may_have(written: Path) -> None:
    assert {path.stem for path in (written / "plots").glob("*.png")} <= set(PLOT_NAMES)


def test_the_page_is_self_contained(written: Path) -> None:
    page = (written / "report.html").read_text()
    links = parse(page)
    assert not {"script", "link", "iframe", "img", "object"} & set(links.tags)
    assert links.targets
    assert all(target.startswith("#") for target in links.targets)
    assert len(links.ids) == len(set(links.ids))
    assert set(re.findall(r"url\(#([^)]+)\)", page)) <= set(links.ids)
    assert not re.search(r"@import|url\(['\"]?(?!#)", page)
    assert links.tags.count("svg") == len(list((written / "plots").glob("*.png")))


def test_markdown_pictures_exist(written: Path) -> None:
    pictures = re.findall(r"\]\((plots/[^)]+)\)", (written / "report.md").read_text())
    assert len(pictures) == len(list((written / "plots").glob("*.png")))
    assert all((written / picture).exists() for picture in pictures)


@pytest.mark.slow
def test_hostile_names_are_only_text(
    evidence: Evidence, change_contract: Callable[..., Evidence], tmp_path: Path
) -> None:
    trials = tuple(replace(t, reason=HOSTILE, params={HOSTILE: HOSTILE, **t.params}) for t in evidence.trials)
    layers = (replace(evidence.chosen.layers[0], name=HOSTILE, note="$\\frac{1}$"), *evidence.chosen.layers[1:])
    contract = change_contract(evidence, "data", source=HOSTILE).contract
    hostile = replace(
        evidence,
        study=HOSTILE + "\n# $x$",
        contract=contract,
        trials=trials,
        chosen=replace(evidence.chosen, params={HOSTILE: HOSTILE, **evidence.chosen.params}, layers=layers),
        importances={HOSTILE: 1.0},
    )
    report = make_report(hostile)
    write_report(report, tmp_path)
    links = parse((tmp_path / "report.html").read_text())
    assert not {"script", "img"} & set(links.tags)
    for text in ((tmp_path / "report.md").read_text(), summary_note(report, {"network": "/a"})):
        assert "<script" not in text
        assert "<img" not in text
    assert (tmp_path / "report.md").read_text().startswith("# &lt;script>alert(1)&lt;/script>")


def test_markdown_is_harmless_and_still_read_as_text() -> None:
    assert markdown_text("p < 0.001, A&B, 1<=2") == "p < 0.001, A&B, 1<=2"
    for hostile in ("<b", "</b", "<!--", "<?x", "&lt;", "&#60;"):
        assert markdown_text(hostile) != hostile


@pytest.mark.slow
def test_the_note_says_the_headline(evidence: Evidence, result: dict[str, Any]) -> None:
    note = summary_note(make_report(evidence), {"positions": "/artifacts/1/ab", "calibration": "/artifacts/1/cd"})
    assert f"{100 * result['test']['accuracy']:.1f}" in note.splitlines()[0]
    assert "](/artifacts/1/ab)" in note
    assert "/artifacts/1/cd" not in note
