"""How far the load is: a bar on a terminal, silence elsewhere."""

from __future__ import annotations

import sys
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar


class Progress:
    """Shows bytes read of all bytes found. `wanted` None: only where stderr is a terminal."""

    def __init__(self, wanted: bool | None, total: int) -> None:
        is_shown = sys.stderr.isatty() if wanted is None else wanted
        self._bar = (
            Bar(
                TextColumn("Loading {task.description}"),
                BarColumn(),
                DownloadColumn(),
                TimeRemainingColumn(),
                console=Console(stderr=True),
                transient=True,
            )
            if is_shown and total
            else None
        )
        self._task = self._bar.add_task("", total=total) if self._bar else TaskID(0)

    def __enter__(self) -> Progress:
        if self._bar:
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar:
            self._bar.stop()

    def describe(self, what: str) -> None:
        """Say what is being read."""
        if self._bar:
            self._bar.update(self._task, description=what)

    def advance(self, size: int) -> None:
        """Count bytes as done."""
        if self._bar:
            self._bar.advance(self._task, size)
