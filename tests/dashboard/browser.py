"""A served board and a real browser on it.

python -m tests.dashboard.browser FILE FOLDER draws every page of a published file as pictures.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, Page, sync_playwright

from dashboard.board import PAGES
from dashboard.language import LANGUAGES
from tests.ports import free_port

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
PATIENCE = 60.0
WIDTH, HEIGHT = 1360, 900
IDLE = "[data-testid=stApp][data-test-script-state=notRunning]"


@contextmanager
def served(file: Path, said: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """The address and the process of a board; what it prints goes to a file. Ends by its pid."""
    port = free_port()
    command = [sys.executable, "-m", "orchestration.cli", "board", str(file), "--port", str(port)]
    with said.open("wb") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL
        )
    try:
        address = f"http://127.0.0.1:{port}"
        _wait_for(f"{address}/_stcore/health", process, said)
        yield address, process
    finally:
        if process.poll() is None:
            os.kill(process.pid, signal.SIGINT)
            process.wait(PATIENCE)


def _wait_for(address: str, process: subprocess.Popen[bytes], said: Path) -> None:
    ends = time.monotonic() + PATIENCE
    while time.monotonic() < ends:
        assert process.poll() is None, said.read_text("utf-8")
        try:
            with urllib.request.urlopen(address, timeout=1):
                return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError(f"{address} does not answer: {said.read_text('utf-8')}")


@contextmanager
def browsing(executable: str) -> Iterator[BrowserContext]:
    """A browser with a profile of its own that is thrown away."""
    with tempfile.TemporaryDirectory() as profile, sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            profile,
            executable_path=executable,
            headless=True,
            args=list(FLAGS),
            viewport={"width": WIDTH, "height": HEIGHT},
            accept_downloads=True,
            locale="en-GB",
        )
        try:
            yield context
        finally:
            context.close()


def path(name: str) -> str:
    """The address of a page below that of the board; the first one has none of its own."""
    return "" if name == next(iter(PAGES)) else name


def settle(page: Page, charts: int = 0) -> None:
    """Wait until a page is drawn, with at least so many charts."""
    page.wait_for_selector(IDLE, timeout=PATIENCE * 1000)
    page.wait_for_function(
        "charts => document.querySelectorAll('.js-plotly-plot .main-svg').length >= charts",
        arg=charts,
        timeout=PATIENCE * 1000,
    )
    page.wait_for_selector(IDLE, timeout=PATIENCE * 1000)
    page.evaluate("() => document.fonts.ready.then(() => true)")


def picture(page: Page, target: Path) -> None:
    """The whole page as a picture, however long it is."""
    height: Any = page.evaluate(
        "() => document.querySelector('[data-testid=stMainBlockContainer]').scrollHeight"
    )
    page.set_viewport_size({"width": WIDTH, "height": max(HEIGHT, int(height) + 40)})
    page.wait_for_timeout(500)
    page.screenshot(path=str(target))
    page.set_viewport_size({"width": WIDTH, "height": HEIGHT})


def main(file: Path, folder: Path, person: str = "") -> None:
    """Draw every page in both languages."""
    folder.mkdir(parents=True, exist_ok=True)
    with (
        served(file, folder / "said.txt") as (address, _),
        browsing(shutil.which("chromium") or "/usr/bin/chromium") as context,
    ):
        page = context.pages[0]
        for name in PAGES:
            for language in LANGUAGES:
                suffix = f"&person={person}" if name == "member" and person else ""
                started = time.monotonic()
                page.goto(f"{address}/{path(name)}?lang={language}{suffix}")
                settle(page)
                print(f"{name} {language} {time.monotonic() - started:.2f} s")
                page.wait_for_timeout(700)
                picture(page, folder / f"{name}-{language}.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:4])
