"""How long the board's pages take on a published file, in a real browser.

    python -m benchmarks.board PUBLISHED [--runs 5]

PUBLISHED is a published file or the folder that holds it. Each run starts a board of its own, which
has asked nothing of the file yet, opens it in Chromium and goes through all pages by their links,
twice: first when the board has to ask the file, then when it knows the answers. The page of members
asks who is meant; then the one that it names as an example is asked for. A page's time runs from
the click, or from Enter, to all its charts drawn. Prints the ratio last: the slowest page of the
first round / 2 seconds.
"""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import duckdb
from playwright.sync_api import Page

from benchmarks.measuring import (
    Row,
    finish,
    in_turn,
    median,
    options_of,
    rod_parser,
    work_folder,
)
from dashboard.board import PAGES
from dashboard.language import catalogue
from orchestration.workspace import BUILD_FILE_NAME
from tests.dashboard.browser import browsing, served, settle
from tests.dashboard.test_pages import CHARTS

BAR = 2.0
"""Seconds that a page may take."""

CHARTS_AT_LEAST = {**CHARTS, "alerts": 0}
"""A brand may have no alert."""
CHARTS_OF_A_MEMBER = 2
FOUND = "one member"

STEPS = (*PAGES, FOUND)
"""Whom to show is asked on the last page."""

ROUNDS = ("first", "again")
WORDS = catalogue("en")

Times = dict[tuple[str, str], float]
"""Seconds by page and round; the page `start` is the first one of all, opened by its address."""


def size_of(file: Path) -> str:
    """Persons and bytes of a published file."""
    with duckdb.connect(str(file), read_only=True) as connection:
        row = connection.execute("SELECT count(*) FROM identity.dim_member").fetchone()
    assert row is not None
    return f"{row[0]:,} persons, {file.stat().st_size / 2**20:,.0f} MiB"


def go_through(file: Path, executable: str, folder: Path) -> Times:
    """Go through every page of a board that was started for it, twice."""
    found: Times = {}
    with served(file, folder / "board.txt") as (address, _), browsing(executable) as context:
        page = context.pages[0]
        start = time.perf_counter()
        page.goto(f"{address}/alerts?lang=en")
        settle(page)
        found["start", ROUNDS[0]] = time.perf_counter() - start
        for number in ROUNDS:
            for name in PAGES:
                found[name, number] = _open(page, name)
            found[FOUND, number] = _find(page)
    return found


def _open(page: Page, name: str) -> float:
    """Open a page by its link; returns seconds."""
    start = time.perf_counter()
    page.get_by_role("link", name=WORDS[f"pages.{name}"], exact=True).click()
    page.get_by_role("heading", name=WORDS[f"pages.{name}"], exact=True, level=1).wait_for()
    settle(page, CHARTS_AT_LEAST[name])
    return time.perf_counter() - start


def _find(page: Page) -> float:
    """Ask for the member that the open page names as an example; returns seconds."""
    asked = page.get_by_role("textbox", name=WORDS["member.person"], exact=True)
    if asked.input_value():
        asked.fill("")
        asked.press("Enter")
    person = page.locator("[data-testid=stCode]").first.inner_text().strip()
    settle(page)
    start = time.perf_counter()
    asked.fill(person)
    asked.press("Enter")
    page.locator("[data-testid=stMetric]").first.wait_for()
    settle(page, CHARTS_OF_A_MEMBER)
    return time.perf_counter() - start


def main() -> None:
    """Measure and print."""
    parser = rod_parser(__doc__)
    parser.add_argument("published", type=Path, help="a published file or its folder")
    values = parser.parse_args()
    options = options_of(values)
    file = values.published
    file = file / BUILD_FILE_NAME if file.is_dir() else file
    executable = shutil.which("chromium")
    if executable is None:
        raise SystemExit("Chromium is missing: install it (apt install chromium).")
    if not file.is_file():
        raise SystemExit(f"There is no published file {file}: publish a brand first.")
    with work_folder() as folder:
        runs = in_turn({"board": lambda: go_through(file, executable, folder)}, options.runs)
    times = {key: median([run[key] for run in runs["board"]]) for key in runs["board"][0]}
    print(f"start: {times['start', 'first']:.2f} s")
    for name in STEPS:
        first, again = (times[name, number] for number in ROUNDS)
        print(f"{name}: {first:.2f} s, again {again:.2f} s")
    slowest = max(STEPS, key=lambda name: times[name, "first"])
    worst = times[slowest, "first"]
    again = max(times[name, "again"] for name in STEPS)
    figures = (
        f"slowest page {slowest} {worst:.2f} s, of pages seen before {again:.2f} s, "
        f"start of the board's first session {times['start', 'first']:.2f} s"
    )
    finish(Row("board", size_of(file), figures, f"{worst / BAR:.2f}"), options)


if __name__ == "__main__":
    main()
