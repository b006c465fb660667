"""What the commands print: timed steps, progress of a dbt run, small tables."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.box import SIMPLE_HEAD
from rich.console import Console, JustifyMethod
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn
from rich.table import Table

from orchestration.publishing.summary import Section
from orchestration.warehouse.dbt_run import GOOD, NodeResult

SECONDS_BETWEEN_LINES = 5.0
"""How often progress is written where the output is not a terminal."""


WIDTH = 110
"""Columns of the tables where the output is not a terminal."""


class Terminal:
    """Prints for a person. `total` is the number of steps; pass `console` to print elsewhere."""

    def __init__(self, total: int, console: Console | None = None) -> None:
        self.console = console or _console()
        self.total = total
        self.number = 0
        self.started = time.monotonic()

    @contextmanager
    def step(self, title: str) -> Iterator[list[str]]:
        """A timed step; what is appended to the list is printed with its time at the end."""
        self.number += 1
        label = f"[{self.number}/{self.total}]"
        self.say(f"{label} {title}")
        started = time.monotonic()
        notes: list[str] = []
        yield notes
        for note in notes:
            self.say(f"      {note}")
        self.say(f"      done in {time.monotonic() - started:.1f} s")

    def say(self, text: str) -> None:
        """One line of plain text."""
        self.console.print(text, markup=False, soft_wrap=True)

    def total_time(self) -> float:
        """Seconds since this terminal was made."""
        return time.monotonic() - self.started

    def sections(self, sections: tuple[Section, ...]) -> None:
        """Print tables; every column but the first is aligned to the right if it holds numbers."""
        for section in sections:
            table = Table(
                title=section.title,
                title_justify="left",
                title_style="bold",
                box=SIMPLE_HEAD,
            )
            for index, column in enumerate(section.columns):
                texts = [row[index] for row in section.rows]
                numeric = bool(texts) and all(
                    text.replace(",", "").replace(".", "").lstrip("-").isdigit() or not text
                    for text in texts
                )
                justify: JustifyMethod = "right" if numeric else "left"
                table.add_column(column, justify=justify, no_wrap=True)
            for row in section.rows:
                table.add_row(*row)
            self.console.print(table, markup=False)

    @contextmanager
    def people_progress(self) -> Iterator[Callable[[int, int], None]]:
        """Follow how many people of how many are written: a bar on a terminal, else nothing."""
        if not self.console.is_terminal:
            yield lambda _done, _total: None
            return
        with Progress(
            SpinnerColumn(),
            TextColumn("people"),
            BarColumn(),
            MofNCompleteColumn(),
            console=self.console,
            transient=True,
        ) as progress:
            task = progress.add_task("people", total=None)
            yield lambda done, total: progress.update(task, completed=done, total=total)

    @contextmanager
    def dbt_progress(self) -> Iterator[DbtProgress]:
        """Follow a dbt run: a bar on a terminal, a line now and then elsewhere."""
        if not self.console.is_terminal:
            yield DbtProgress(self, None)
            return
        with Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            console=self.console,
            transient=True,
        ) as progress:
            yield DbtProgress(self, progress)


def _console() -> Console:
    """Standard output; at least wide enough for the tables where it is not a terminal."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=WIDTH)


class DbtProgress:
    """Counts the finished nodes of a dbt run."""

    def __init__(self, terminal: Terminal, progress: Progress | None) -> None:
        self.terminal = terminal
        self.progress = progress
        self.task = progress.add_task("reading the project", total=None) if progress else None
        self.finished = 0
        self.last_line = time.monotonic()

    def __call__(self, result: NodeResult) -> None:
        """Note one finished node; what dbt does before them is told only where it fails."""
        if result.kind == "operation" and result.status in {*GOOD, "ok", "started"}:
            return
        self.finished += 1
        if result.status not in GOOD and result.status not in {"ok", "skip", "skipped"}:
            self.terminal.say(f"      {result.status}: {result.kind} {result.name}")
        if self.progress is not None and self.task is not None:
            self.progress.update(
                self.task, description=result.name, completed=self.finished, total=result.total
            )
        elif time.monotonic() - self.last_line >= SECONDS_BETWEEN_LINES:
            self.last_line = time.monotonic()
            self.terminal.say(f"      {self.finished} of {result.total}: {result.name}")
