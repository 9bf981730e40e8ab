"""optuna-dashboard as a person sees it: a finished study in a real Chromium."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

BROWSER = os.environ.get("HPO_TEST_BROWSER", "")
pytestmark = pytest.mark.skipif(not BROWSER and not os.environ.get("CI"), reason="no browser: see scripts/test")

#: Chromium as root in a container, and silent towards the network.
ARGUMENTS = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
#: Where to leave pictures for people; the one in the README comes from here.
PICTURES = os.environ.get("HPO_TEST_PICTURES")
SPACE = 'encoding = "amino_acid"\nembedding_size = [8, 16]\nhidden_size = [8, 16]\nlayers = 1\nbatch_size = [16, 32]\n'


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a finished study and its report."""
    folder = tmp_path_factory.mktemp("finished")
    (folder / "space.toml").write_text(SPACE)
    hpo = [sys.executable, "-m", "hpo"]
    subprocess.run([*hpo, "simulate", "genes.csv", "--genes", "300", "--codons", "30"], cwd=folder, check=True)
    run = ["run", "genes.csv", "--study", "resistance", "--trials", "8", "--workers", "2", "--space", "space.toml"]
    subprocess.run([*hpo, *run, "--max-epochs", "5", "--output", "report"], cwd=folder, check=True, timeout=280)
    return folder


@pytest.fixture(scope="module")
def address(finished: Path) -> Iterator[str]:
    """Where the dashboard listens."""
    command = [sys.executable, "-m", "hpo", "dashboard", "--port", "0"]
    with subprocess.Popen(command, cwd=finished, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        yield server.stdout.readline().strip()
        server.terminate()


@pytest.fixture(scope="module")
def browser_page() -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER or None, args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 1280, "height": 1100})
        page.set_default_timeout(30_000)
        yield page
        browser.close()


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
    picture(browser_page, "dashboard-history.png")
    browser_page.goto(re.sub(r"/dashboard.*", "/dashboard/studies/1/note", address))
    expect(browser_page.get_by_text(re.compile("accuracy", re.IGNORECASE)).first).to_be_visible()
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


def test_the_report_s_page_loads_nothing_and_fits_a_phone(browser_page: Page, finished: Path) -> None:
    requests: list[str] = []
    browser_page.on("request", lambda request: requests.append(request.url))
    browser_page.set_viewport_size({"width": 390, "height": 844})
    report = (finished / "report/report.html").as_uri()
    browser_page.goto(report)
    assert [url for url in requests if not url.startswith(("file:", "data:"))] == []
    width = browser_page.evaluate("document.documentElement.scrollWidth")
    assert width <= 390
    expect(browser_page.get_by_role("heading").first).to_be_visible()
