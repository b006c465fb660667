"""What the rods share: sides run in turn, processes of their own, medians and the table of results.

A rod runs its sides in turn, prints what it measured with the ratio last, and adds one row to the
table of results. Times are seconds of wall clock, memory is bytes.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import platform
import re
import shlex
import statistics
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TypeVar

import duckdb
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

Measured = TypeVar("Measured")

RESULTS = Path(__file__).resolve().parents[1] / "docs" / "benchmarks.md"
TABLE_HEAD = (
    "| date | rod | size | figures | ratio | machine | command |\n"
    "| --- | --- | --- | --- | ---: | --- | --- |\n"
)
TABLE_END = "<!-- results: end -->"
GIB = 2**30
SECONDS_BETWEEN_SAMPLES = 0.05
MEMORY_LIMIT = os.environ.get("REKINDLE_MEMORY_LIMIT", "8GB")
"""What DuckDB may use before it spills; the same for a build and for its floor."""


@dataclass(frozen=True)
class Options:
    """What every rod may be told. `results` is the document that gets a row, None for none."""

    runs: int
    results: Path | None


@dataclass(frozen=True)
class Machine:
    """Where a rod ran. `memory` in bytes."""

    cpu: str
    cores: int
    memory: int

    def __str__(self) -> str:
        return f"{self.cpu}, {self.cores} cores, {self.memory / GIB:.0f} GiB"


@dataclass(frozen=True)
class Row:
    """One run of a rod. `figures` are medians with units, `ratio` is what the bar is about."""

    rod: str
    size: str
    figures: str
    ratio: str


@dataclass(frozen=True)
class Apart:
    """What a function measured in a process of its own, and that process's peak memory in bytes."""

    seconds: float
    peak: int


def rod_parser(description: str | None, runs: int | None = 5) -> argparse.ArgumentParser:
    """The command line that all rods share; a rod adds its own arguments.

    A rod that runs once, whatever it is told, has no `runs`.
    """
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    if runs is None:
        parser.set_defaults(runs=1)
    else:
        parser.add_argument("--runs", type=int, default=runs, help=f"of each side (default {runs})")
    parser.add_argument(
        "--results", type=Path, default=RESULTS, help="document whose table gets a row"
    )
    parser.add_argument("--no-row", action="store_true", help="add no row")
    return parser


def options_of(values: argparse.Namespace) -> Options:
    """The shared part of a parsed command line."""
    return Options(max(1, values.runs), None if values.no_row else values.results)


def in_turn(
    sides: Mapping[str, Callable[[], Measured]], runs: int
) -> dict[str, tuple[Measured, ...]]:
    """Run the sides one after the other, `runs` times; what each returned, by its name."""
    measured: dict[str, list[Measured]] = {name: [] for name in sides}
    with steps(runs * len(sides)) as step:
        for number in range(1, runs + 1):
            for name, side in sides.items():
                step(f"{name} ({number} of {runs})")
                measured[name].append(side())
    return {name: tuple(values) for name, values in measured.items()}


@contextmanager
def steps(total: int) -> Iterator[Callable[[str], None]]:
    """A bar on stderr where that is a terminal: call what is yielded when a step begins."""
    console = Console(stderr=True)
    with Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ) as progress:
        task = progress.add_task("", total=total, completed=-1)

        def begin(title: str) -> None:
            progress.update(task, advance=1, description=title)

        yield begin


def median(seconds: Sequence[float]) -> float:
    """The median."""
    return statistics.median(seconds)


def apart(function: Callable[..., float], *arguments: object) -> Apart:
    """Run a function that returns its seconds in a new process, whose memory starts from nothing.

    Function and arguments must be picklable.
    """
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        seconds, peak = pool.submit(_with_peak, function, *arguments).result()
    return Apart(seconds, peak)


def _with_peak(function: Callable[..., float], *arguments: object) -> tuple[float, int]:
    seconds = function(*arguments)
    return seconds, _memory_of(os.getpid()).peak


def connect(database: Path | str = ":memory:") -> duckdb.DuckDBPyConnection:
    """DuckDB with the settings of the build's profile, so that a floor has what a build has."""
    connection = duckdb.connect(str(database))
    connection.execute("SET enable_progress_bar = false")
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute(f"SET memory_limit = '{MEMORY_LIMIT}'")
    connection.execute("SET preserve_insertion_order = false")
    return connection


@contextmanager
def work_folder() -> Iterator[Path]:
    """A temporary folder for everything that a rod writes but its row."""
    with tempfile.TemporaryDirectory(prefix="rekindle-rod-") as name:
        yield Path(name)


class ChildrenMemory:
    """Samples the memory of all processes below this one while the block runs (Linux).

    `peak` is the greatest sum of their resident bytes, or the high-water mark of one of them
    where that is more: a peak between two samples is not lost.
    """

    def __init__(self) -> None:
        self.peak = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)

    def __enter__(self) -> ChildrenMemory:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _sample(self) -> None:
        while not self._stop.wait(SECONDS_BETWEEN_SAMPLES):
            memories = [_memory_of(process) for process in _descendants(os.getpid())]
            together = sum(memory.resident for memory in memories)
            self.peak = max(self.peak, together, *(memory.peak for memory in memories), 0)


@dataclass(frozen=True)
class _Memory:
    resident: int
    peak: int


def _memory_of(process: int) -> _Memory:
    """Resident bytes of a process, now and at most; nothing where it is gone."""
    try:
        text = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    except OSError:
        return _Memory(0, 0)
    kibibytes = {name: int(size) for name, size in re.findall(r"(VmRSS|VmHWM):\s+(\d+) kB", text)}
    return _Memory(kibibytes.get("VmRSS", 0) * 1024, kibibytes.get("VmHWM", 0) * 1024)


def _descendants(process: int) -> list[int]:
    """All processes below one; of one that ends meanwhile, those that were found so far."""
    found: list[int] = []
    with suppress(OSError):
        for children in Path(f"/proc/{process}/task").glob("*/children"):
            for number in map(int, children.read_text(encoding="utf-8").split()):
                found += [number, *_descendants(number)]
    return found


def this_machine() -> Machine:
    """The processor's name, the cores this process may use, and the memory in bytes."""
    name = platform.processor() or platform.machine()
    information = Path("/proc/cpuinfo")
    if information.is_file():
        model = re.search(r"model name\s*:\s*(.+)", information.read_text(encoding="utf-8"))
        name = model[1].strip() if model else name
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return Machine(name, len(os.sched_getaffinity(0)), memory)


def this_command() -> str:
    """The command line that runs now; of a path the name is enough."""
    module = Path(sys.argv[0]).stem
    arguments = [
        Path(argument).name if os.sep in argument else argument for argument in sys.argv[1:]
    ]
    return shlex.join(["python", "-m", f"benchmarks.{module}", *arguments])


def finish(rod: Row, options: Options) -> None:
    """Add the row to the table of results, then print the ratio as the last line."""
    if options.results is not None:
        add_row(options.results, rod, this_machine(), datetime.now(UTC), this_command())
    print(rod.ratio)


def add_row(document: Path, row: Row, machine: Machine, now: datetime, command: str) -> None:
    """Add a row at the end of the table of results; a document that is not there is made."""
    cells = (
        f"{now:%Y-%m-%d}", row.rod, row.size, row.figures, row.ratio, str(machine), f"`{command}`"
    )  # fmt: skip
    line = f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |\n"
    text = document.read_text(encoding="utf-8") if document.exists() else TABLE_HEAD + TABLE_END
    before, end, after = text.rpartition(TABLE_END)
    if not end:
        raise SystemExit(f"{document} has no line {TABLE_END} below a table: put it back.")
    document.write_text(f"{before}{line}{end}{after}", encoding="utf-8")
