"""A finished study and a real Chromium."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from made_once import made_once
from preloaded import Preloaded, clean_environment

BROWSER = os.environ.get("HPO_TEST_BROWSER", "")

#: Chromium as root in a container, and silent towards the network; a foreign name leads to this machine.
ARGUMENTS = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
ARGUMENTS += ["--host-resolver-rules=MAP rebound.example 127.0.0.1"]
SPACE = 'encoding = "amino_acid"\nembedding_size = [8, 16]\nhidden_size = [8, 16]\nlayers = 1\nbatch_size = [64, 96]\n'


# Other tests are at work meanwhile: five seconds may be too few to draw a page.
expect.set_options(timeout=30_000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip everything here where there is no browser."""
    if BROWSER or os.environ.get("CI"):
        return
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.skip(reason="no browser: see scripts/test"))


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory, preloaded: Preloaded) -> Path:
    """A folder with a finished study and its report."""
    run = ("run", "genes.csv", "--study", "resistance", "--trials", "8", "--workers", "2", "--space", "space.toml")

    def make(folder: Path) -> None:
        (folder / "space.toml").write_text(SPACE)
        for command in (
            ("simulate", "genes.csv", "--genes", "240", "--codons", "12"),
            (*run, "--max-epochs", "5", "--original", "all", "--output", "report"),
        ):
            done = preloaded.run(command, folder, clean_environment(), timeout=280)
            assert done.returncode == 0, done.stderr

    return made_once(tmp_path_factory, "finished", make)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER or None, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def browser_page(browser: Browser) -> Iterator[Page]:
    """An empty page of a laptop's size."""
    page = browser.new_page(viewport={"width": 1280, "height": 1100})
    page.set_default_timeout(30_000)
    yield page
    page.close()
