"""The report's page as a person sees it: on a phone, in the dark, on paper."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

#: Contrast of text with what lies behind it, by WCAG 2: AA asks for 4.5, and for 3 where letters are large.
CONTRAST = """() => {
  const parse = text => (text.match(/[\\d.]+/g) || [0, 0, 0, 0]).map(Number);
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map(v => v / 255).map(v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
    return .2126 * x + .7152 * y + .0722 * z;
  };
  const behind = element => {
    for (let e = element; e; e = e.parentElement) {
      const colour = parse(getComputedStyle(e).backgroundColor);
      if (colour.length < 4 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const texts = [...document.querySelectorAll("body *:not(style)")].filter(element =>
    [...element.childNodes].some(node => node.nodeType === 3 && node.textContent.trim()));
  return texts.map(element => {
    const style = getComputedStyle(element);
    const [a, b] = [light(parse(element.closest("svg") ? style.fill : style.color)), light(behind(element))];
    const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    return [element.textContent.trim().slice(0, 40), ratio, parseFloat(style.fontSize)];
  });
}"""
#: Elements that reach beyond the page, unless they lie in a box that scrolls by itself.
TOO_WIDE = """() => [...document.querySelectorAll("body *")]
  .filter(element => !element.closest(".scroll") && !element.closest("svg"))
  .filter(element => element.getBoundingClientRect().right > innerWidth + 1)
  .map(element => element.outerHTML.slice(0, 80))"""


def opened(browser: Browser, finished: Path, width: int, **settings: Any) -> Page:
    page = browser.new_page(viewport={"width": width, "height": 844}, **settings)
    page.goto((finished / "report/report.html").as_uri())
    return page


def test_the_page_loads_nothing(browser: Browser, finished: Path) -> None:
    page = browser.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto((finished / "report/report.html").as_uri())
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    expect(page.get_by_role("heading").first).to_be_visible()


@pytest.mark.parametrize("width", [320, 390, 794, 1366])
def test_nothing_reaches_beyond_the_page(browser: Browser, finished: Path, width: int) -> None:
    page = opened(browser, finished, width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(TOO_WIDE) == []


def test_no_table_is_cut_off_on_a_phone(browser: Browser, finished: Path) -> None:
    page = opened(browser, finished, 390)
    cut = "boxes => boxes.filter(box => box.scrollWidth > box.clientWidth).map(box => box.innerText.slice(0, 60))"
    assert page.locator(".scroll:not(details *)").evaluate_all(cut) == []


@pytest.mark.parametrize("width", [390, 1366])
def test_the_first_screen_holds_the_verdict_and_the_answer(browser: Browser, finished: Path, width: int) -> None:
    page = opened(browser, finished, width)
    for part in (".verdict", ".answer .big", ".answer .detail"):
        place = page.locator(part).first.bounding_box()
        assert place is not None
        assert place["y"] + place["height"] <= 844, part


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_can_be_read(browser: Browser, finished: Path, scheme: str) -> None:
    page = opened(browser, finished, 1366, color_scheme=scheme)
    page.evaluate("document.querySelectorAll('details').forEach(details => details.open = true)")
    found = page.evaluate(CONTRAST)
    assert len(found) > 200
    assert [(text, ratio) for text, ratio, size in found if ratio < (3 if size >= 24 else 4.5)] == []
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (sum(int(part) for part in paper[4:-1].split(",")) < 384) == (scheme == "dark")


def test_paper_hides_nothing(browser: Browser, finished: Path) -> None:
    page = opened(browser, finished, 794, color_scheme="dark")
    page.emulate_media(media="print")
    hidden = """() => [...document.querySelectorAll("main *:not(svg *)")]
      .filter(element => element.textContent.trim() && element.getClientRects().length === 0)
      .map(element => element.outerHTML.slice(0, 80))"""
    assert page.evaluate(hidden) == []
    tables = page.locator("details table")
    assert tables.count() == 2
    for table in tables.all():
        place = table.bounding_box()
        assert place is not None
        assert place["height"] > 50
    assert page.evaluate("document.documentElement.scrollWidth") <= 794
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
