"""The documentation's site as a reader sees it: at a desk and on a phone, and without a word to other hosts."""

import functools
import importlib.util
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

ROOT = Path(__file__).parents[2]
PICTURES = os.environ.get("HPO_TEST_PICTURES")

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("mkdocs") is None and not os.environ.get("CI"), reason="no mkdocs: the extra `docs`"
)


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """A line for each file would bury what a failing test has to say."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site."""
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run([sys.executable, ROOT / "scripts" / "site", folder], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=site)) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def told(browser_page: Page) -> Iterator[list[str]]:
    """What the page complains of, and what it asks of other hosts."""
    found: list[str] = []
    here = ("http://127.0.0.1:", "file:", "data:", "blob:")
    listeners = {
        "console": lambda message: found.append(message.text) if message.type == "error" else None,
        "pageerror": lambda error: found.append(str(error)),
        "request": lambda request: None if request.url.startswith(here) else found.append(request.url),
        "response": lambda response: found.append(response.url) if response.status >= 400 else None,
    }
    for event, listener in listeners.items():
        browser_page.on(event, listener)
    yield found
    for event, listener in listeners.items():
        browser_page.remove_listener(event, listener)


def picture(page: Page, name: str) -> None:
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / name)


def test_a_reader_finds_a_guide_and_a_message(browser_page: Page, address: str, told: list[str]) -> None:
    browser_page.goto(f"{address}/index.html")
    expect(browser_page).to_have_title("hpo")
    expect(browser_page.locator("img[src*='report.png']")).to_be_visible()
    picture(browser_page, "site-home.png")
    browser_page.get_by_role("navigation").get_by_role("link", name="Your own data").first.click()
    expect(browser_page.get_by_role("heading", name="Look first")).to_be_visible()
    picture(browser_page, "site-guide.png")
    search = browser_page.get_by_role("textbox", name="Search")
    search.click()
    search.press_sequentially("alignment gaps")
    found = browser_page.locator(".md-search-result__link")
    expect(found.filter(has_text="Your own data").first).to_be_visible()
    picture(browser_page, "site-search.png")
    search.fill("")
    search.press_sequentially("workbook of a spreadsheet")
    found.filter(has_text="message").first.click()
    expect(browser_page.get_by_text("is a workbook of a spreadsheet.").first).to_be_visible()
    picture(browser_page, "site-messages.png")
    assert told == []


def test_on_a_phone_nothing_reaches_beyond_the_page(browser: Browser, address: str, site: Path) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 844})
    wide = ["index.html", *(f"docs/{name}.html" for name in ("messages", "reference", "results"))]
    for path in [*wide, *(f"docs/guides/{guide.name}" for guide in sorted((site / "docs/guides").glob("*.html")))]:
        page.goto(f"{address}/{path}")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
    page.goto(f"{address}/docs/guides/data.html")
    picture(page, "site-phone.png")
    page.locator("label.md-header__button[for=__drawer]").click()
    expect(page.get_by_role("link", name="To look up").or_(page.get_by_text("To look up")).first).to_be_visible()
    picture(page, "site-phone-navigation.png")
    page.close()


def test_pages_can_be_read_without_a_server(browser_page: Page, site: Path, told: list[str]) -> None:
    browser_page.goto((site / "index.html").as_uri())
    browser_page.get_by_role("navigation").get_by_role("link", name="Reading the report").first.click()
    expect(browser_page.get_by_role("heading", name="The first screen")).to_be_visible()
    # The search alone needs one, and says so in the console.
    assert [one for one in told if one.startswith("http")] == []


def test_a_link_that_leads_nowhere_ends_the_build(site: Path, tmp_path: Path) -> None:
    for folder in ("docs", "scripts", "storage", "hpo/search/spaces"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("README.md", "CHANGELOG.md", "mkdocs.yml"):
        shutil.copy(ROOT / name, tmp_path)
    with (tmp_path / "docs" / "results.md").open("a") as page:
        page.write("\n[gone](gone.md) [moved](honesty.md#moved)\n")
    command = [sys.executable, tmp_path / "scripts" / "site", tmp_path / "built"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1
    assert "'gone.md'" in done.stderr
    assert "'#moved'" in done.stderr
    assert "in strict mode" in done.stdout + done.stderr
