"""The board as people see it: a real server, a real browser, both languages."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import duckdb
import pandas as pd
import pytest
from playwright.sync_api import ConsoleMessage, Page

from dashboard.board import PAGES
from dashboard.language import LANGUAGES, Language, catalogue
from tests.dashboard.browser import HEIGHT, WIDTH, browsing, path, served, settle
from tests.dashboard.test_pages import CHARTS

LEAST_CONTRAST = 4.5
"""WCAG 2.1, level AA, of text."""

OVERLAPS = """
() => [...document.querySelectorAll('.js-plotly-plot')].flatMap(plot => {
    const shown = plot.querySelector('.main-svg').getBoundingClientRect();
    const boxes = [...plot.querySelectorAll(
        '.xtick text, .ytick text, .legendtext, .node-label, .bartext, .gtitle, .xtitle, .ytitle'
    )].map(text => [text.textContent, text.getBoundingClientRect()])
      .filter(([said, box]) => said && box.width > 0);
    const found = [];
    boxes.forEach(([said, box], at) => {
        if (box.left < shown.left - 2 || box.right > shown.right + 2
            || box.top < shown.top - 2 || box.bottom > shown.bottom + 2)
            found.push(`${said} is cut off`);
        boxes.slice(at + 1).forEach(([other, its]) => {
            const wide = Math.min(box.right, its.right) - Math.max(box.left, its.left);
            const high = Math.min(box.bottom, its.bottom) - Math.max(box.top, its.top);
            if (wide > 1 && high > 3) found.push(`${said} overlaps ${other}`);
        });
    });
    return found;
})
"""

FAINT = """
least => {
    const parts = text => (text.match(/[\\d.]+/g) || []).map(Number);
    const over = ([r, g, b, a = 1], [x, y, z]) => [r * a + x * (1 - a), g * a + y * (1 - a),
                                                    b * a + z * (1 - a)];
    const light = rgb => {
        const [r, g, b] = rgb.map(
            v => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const background = node => {
        const behind = [];
        for (; node; node = node.parentElement) {
            const colour = parts(getComputedStyle(node).backgroundColor);
            if (colour.length === 3 || colour[3] > 0) behind.push(colour);
        }
        return behind.reverse().reduce((below, colour) => over(colour, below), [255, 255, 255]);
    };
    const found = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const node = walker.currentNode.parentElement;
        const said = walker.currentNode.textContent.trim();
        const box = node.getBoundingClientRect();
        if (!said || !box.width || !node.checkVisibility({visibilityProperty: true})
            || node.closest('svg, script, style, [data-testid=stIconMaterial]')) continue;
        let alpha = 1;
        for (let one = node; one; one = one.parentElement) alpha *= getComputedStyle(one).opacity;
        const [r, g, b, a = 1] = parts(getComputedStyle(node).color);
        const back = background(node);
        const pair = [light(over([r, g, b, a * alpha], back)), light(back)].sort((x, y) => y - x);
        const contrast = (pair[0] + 0.05) / (pair[1] + 0.05);
        if (contrast < least) found.push(`${said.slice(0, 40)}: ${contrast.toFixed(2)}`);
    }
    return found;
}
"""

GLYPHS = """
texts => {
    const canvas = document.createElement('canvas');
    canvas.width = canvas.height = 40;
    const pen = canvas.getContext('2d', {willReadFrequently: true});
    const family = getComputedStyle(document.querySelector('h1')).fontFamily;
    const draw = text => {
        pen.clearRect(0, 0, 40, 40);
        pen.font = `24px ${family}`;
        pen.fillText(text, 4, 30);
        return pen.getImageData(0, 0, 40, 40).data.join();
    };
    const missing = draw('\\u{10FFFE}');
    const drawn = texts.map(draw);
    return {different: new Set(drawn).size, missing: drawn.filter(one => one === missing).length};
}
"""


@dataclass
class Visit:
    """A browser on a board: its page, its address, and what went wrong so far."""

    page: Page
    address: str
    process: subprocess.Popen[bytes]
    said: Path
    errors: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)

    def open(self, name: str, language: Language, **more: str) -> None:
        """Open a page as from a link."""
        query = "&".join(f"{key}={value}" for key, value in {"lang": language, **more}.items())
        self.page.goto(f"{self.address}/{path(name)}?{query}")
        title = catalogue(language)[f"pages.{name}"]
        self.page.get_by_role("heading", name=title, exact=True, level=1).wait_for()
        settle(self.page, CHARTS[name])


def error_of(message: ConsoleMessage) -> list[str]:
    """What a browser's console has to complain about, if it does.

    Opened at the address of a page, Streamlit looks for its server below that address first.
    """
    looks_below = re.search(r"/\w+/_stcore/(health|host-config)$", message.location["url"])
    return [message.text] if message.type == "error" and not looks_below else []


@pytest.fixture(scope="module")
def visit(
    demo_file: Path, chromium: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Visit]:
    said = tmp_path_factory.mktemp("board") / "said.txt"
    with ExitStack() as stack:
        address, process = stack.enter_context(served(demo_file, said))
        context = stack.enter_context(browsing(chromium))
        page = context.pages[0]
        found = Visit(page, address, process, said)
        page.on("console", lambda message: found.errors.extend(error_of(message)))
        page.on("pageerror", lambda error: found.errors.append(str(error)))
        page.on("request", lambda request: found.hosts.add(urlsplit(request.url).hostname or ""))
        yield found


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", PAGES)
def test_page_can_be_read(visit: Visit, name: str, language: Language) -> None:
    visit.errors.clear()
    visit.open(name, language)
    assert visit.page.locator("[data-testid=stException], [data-testid=stError]").count() == 0
    assert visit.errors == []
    assert visit.page.evaluate(OVERLAPS) == []
    assert visit.page.evaluate(FAINT, LEAST_CONTRAST) == []
    if language == "zh":
        texts = list("留存率预警沉睡激活流失会员渠道")
        assert visit.page.evaluate(GLYPHS, texts) == {"different": len(set(texts)), "missing": 0}


def test_charts_of_a_narrow_screen_scroll(visit: Visit) -> None:
    visit.page.set_viewport_size({"width": 390, "height": 900})
    try:
        visit.open("cohorts", "zh")
        visit.page.wait_for_function(
            "() => [...document.querySelectorAll('.js-plotly-plot .main-svg')]"
            ".every(one => one.getBoundingClientRect().width >= 600)"
        )
        assert visit.page.evaluate(OVERLAPS) == []
        wide = "() => document.querySelector('[data-testid=stMain]').scrollWidth"
        assert visit.page.evaluate(wide) <= 390, "the page itself stays as wide as the screen"
    finally:
        visit.page.set_viewport_size({"width": WIDTH, "height": HEIGHT})


def test_a_member_can_be_read(visit: Visit, demo_file: Path) -> None:
    with duckdb.connect(str(demo_file), read_only=True) as connection:
        row = connection.execute("select min(one_id) from insight.member_rfm").fetchone()
    assert row is not None
    visit.errors.clear()
    visit.open("member", "zh", person=row[0])
    settle(visit.page, charts=2)
    assert visit.errors == []
    assert visit.page.evaluate(OVERLAPS) == []
    assert visit.page.get_by_text(row[0]).count() > 0


def test_language_is_kept_from_page_to_page(visit: Visit) -> None:
    visit.open("overview", "en")
    visit.page.get_by_text("中文", exact=True).click()
    visit.page.get_by_role("heading", name="总览", exact=True).wait_for()
    visit.page.get_by_role("link", name=catalogue("zh")["pages.rfm"]).click()
    visit.page.get_by_role("heading", name=catalogue("zh")["pages.rfm"], exact=True).wait_for()
    settle(visit.page, CHARTS["rfm"])
    assert "lang=zh" in visit.page.url


def test_what_cannot_be_read_is_found(visit: Visit) -> None:
    """The checks of the pages see planted faults."""
    visit.open("rfm", "zh")
    visit.page.evaluate(
        """() => {
            const caption = document.querySelector('[data-testid=stCaptionContainer] p');
            caption.style.setProperty('color', '#B0B0B0', 'important');
            const [one, other] = document.querySelectorAll('.ytick text');
            other.setAttribute('transform', one.getAttribute('transform') || '');
            other.setAttribute('y', one.getAttribute('y'));
        }"""
    )
    assert len(visit.page.evaluate(FAINT, LEAST_CONTRAST)) == 1
    assert any("overlaps" in found for found in visit.page.evaluate(OVERLAPS))
    unassigned = ["\U0010fffd", "\U000ffffd", "留"]
    assert visit.page.evaluate(GLYPHS, unassigned) == {"different": 2, "missing": 2}


def test_export_is_the_data_of_the_chart(visit: Visit, demo_file: Path, tmp_path: Path) -> None:
    visit.open("rfm", "zh")
    button = visit.page.get_by_role("button", name=catalogue("zh")["parts.export"]).first
    with visit.page.expect_download() as download:
        button.click()
    target = tmp_path / "export.csv"
    download.value.save_as(target)
    assert download.value.suggested_filename == "rekindle-rfm-map-2025-06-30.csv"
    assert target.read_bytes().startswith(b"\xef\xbb\xbf")
    got = pd.read_csv(target).groupby(["r_score", "f_score"])["members"].sum().to_dict()
    with duckdb.connect(str(demo_file), read_only=True) as connection:
        rows = connection.execute(
            "select r_score, f_score, count(*) from insight.member_rfm group by all"
        ).fetchall()
    assert got == {(r, f): members for r, f, members in rows}


def test_definition_names_the_column_and_what_it_means(visit: Visit) -> None:
    visit.open("rfm", "en")
    visit.page.get_by_role("button", name=catalogue("en")["parts.definition"]).first.click()
    open_text: Any = visit.page.locator("[data-testid=stPopoverBody]").first
    open_text.wait_for()
    assert "insight.member_rfm.monetary" in open_text.inner_text()
    assert "Net revenue in the window, brand currency." in open_text.inner_text()


def test_nothing_leaves_the_machine_and_ctrl_c_ends_it_quietly(visit: Visit) -> None:
    assert visit.hosts == {"127.0.0.1"}
    os.kill(visit.process.pid, signal.SIGINT)
    assert visit.process.wait(30) == 0
    said = visit.said.read_text("utf-8")
    assert visit.address in said
    for word in ("Traceback", "Warning", "telemetry", "statistics"):
        assert word not in said
