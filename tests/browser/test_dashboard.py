"""optuna-dashboard as a person sees it: a finished study in a real Chromium."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

#: Where to leave pictures for people to look at.
PICTURES = os.environ.get("HPO_TEST_PICTURES")


@pytest.fixture(scope="module")
def address(finished: Path) -> Iterator[str]:
    """Where the dashboard listens."""
    command = [sys.executable, "-m", "hpo", "dashboard", "--port", "0"]
    with subprocess.Popen(command, cwd=finished, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        yield server.stdout.readline().strip()
        server.terminate()


def picture(page: Page, name: str) -> None:
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / name)


def test_the_list_shows_the_study_and_leads_to_it(browser_page: Page, address: str) -> None:
    browser_page.goto(address)
    browser_page.get_by_text("resistance").first.click()
    expect(browser_page).to_have_url(re.compile("/studies/"))


def test_the_study_shows_history_and_note(browser_page: Page, address: str) -> None:
    browser_page.goto(address)
    browser_page.get_by_text("resistance").first.click()
    expect(browser_page.get_by_role("heading", name="History")).to_be_visible()
    expect(browser_page.get_by_text("CV accuracy").first).to_be_visible()
    expect(browser_page.locator(".js-plotly-plot").first).to_be_visible()
    expect(browser_page.get_by_text("hpo:contract")).to_be_visible()
    # An attribute's longest word, such as the ancestor of all genes, would make the page as wide as itself.
    assert browser_page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    picture(browser_page, "dashboard-history.png")
    browser_page.goto(re.sub(r"/dashboard.*", "/dashboard/studies/1/note", address))
    expect(browser_page.get_by_text(re.compile("accuracy", re.IGNORECASE)).first).to_be_visible()
    plots = browser_page.locator("img[src*='/artifacts/']")
    expect(plots.first).to_be_visible()
    loaded = "images => images.every(image => image.complete && image.naturalWidth > 0)"
    browser_page.wait_for_function(f"({loaded})([...document.querySelectorAll('img[src*=\"/artifacts/\"]')])")
    assert plots.count() >= 3
    picture(browser_page, "dashboard-note.png")


def test_a_trial_shows_its_fold_accuracies(browser_page: Page, address: str) -> None:
    browser_page.goto(re.sub(r"/dashboard.*", "/dashboard/studies/1/trials?numbers=0", address))
    expect(browser_page.get_by_text("fold_accuracies").first).to_be_visible()
    picture(browser_page, "dashboard-trial.png")


def test_the_report_s_plots_are_its_artifacts(browser_page: Page, address: str, finished: Path) -> None:
    plots = sorted(path.name for path in (finished / "report/plots").glob("*.png"))
    assert plots
    browser_page.goto(re.sub(r"/dashboard.*", "/dashboard/studies/1", address))
    for name in plots[:3]:
        expect(browser_page.get_by_text(name).first).to_be_attached()


def test_a_name_that_is_rebound_to_this_machine_shows_nothing(browser_page: Page, address: str) -> None:
    answer = browser_page.goto(address.replace("127.0.0.1", "rebound.example"))
    assert answer is not None
    assert answer.status == 403
    expect(browser_page.get_by_text("This dashboard is not called 'rebound.example")).to_be_visible()
