"""How long one more day takes, against a full refresh of the same data.

    python -m benchmarks.next_day LANDING NEXT_DAY [--lake LAKE] [--runs 5]

LANDING is a brand's landing folder, NEXT_DAY a folder laid out like it with the files that come one
day later (its own brand.yml, if any, is not read). LANDING is loaded (or its LAKE is taken, loaded
before) and built once; then, in turn and each time from that state: the load of NEXT_DAY and an
incremental build; a full refresh from the lake that holds both. All wall time counts, dbt's
start-up included. Stops when a mart's rows differ between the two. Prints the ratio last: (load +
incremental build) / full refresh.
"""

from __future__ import annotations

import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.building import build_in, load_into, workspace_in
from benchmarks.dbt_times import Node, slowest
from benchmarks.measuring import (
    Row,
    finish,
    in_turn,
    median,
    options_of,
    rod_parser,
    work_folder,
)
from benchmarks.spine import size_of
from orchestration.loading.brand import BRAND_FILE
from orchestration.workspace import Workspace
from tests.scenarios.same_rows import compare_marts

DATA_FILES = {".parquet", ".csv", ".jsonl", ".gz"}


@dataclass(frozen=True)
class Timed:
    """A side: seconds of its load (0 for the full refresh) and of its build, and dbt's nodes."""

    rows_loaded: int
    load: float
    build: float
    nodes: tuple[Node, ...]

    @property
    def seconds(self) -> float:
        """All of it."""
        return self.load + self.build


@dataclass(frozen=True)
class Days:
    """A brand: its folder as it was after the first day, as it is now, and what comes next."""

    kept: Path
    now: Workspace
    whole: Workspace
    next_day: Path
    first_rows: int
    with_tests: bool


def prepare(
    landing: Path, next_day: Path, lake: Path | None, folder: Path, *, with_tests: bool
) -> Days:
    """Load and build the first day, and keep what it left."""
    for given in (landing, next_day, *([lake] if lake else [])):
        if not given.is_dir():
            raise SystemExit(f"There is no folder {given}.")
    now = workspace_in(folder / "now", folder / "now" / "landing")
    add_files(landing, now.landing)
    if lake is not None:
        copy_folder(lake, now.lake)
    load_into(now)
    rows = size_of(now.lake).rows
    build_in(now, full_refresh=True, with_tests=with_tests)
    kept = folder / "kept"
    copy_folder(folder / "now", kept)
    whole = workspace_in(folder / "whole", now.landing, now.lake)
    return Days(kept, now, whole, next_day, rows, with_tests)


def go_back(days: Days) -> None:
    """Put the brand back to the first day, with the files of the next one in its landing folder."""
    root = days.now.landing.parent
    shutil.rmtree(root)
    copy_folder(days.kept, root)
    add_files(days.next_day, days.now.landing)


def copy_folder(source: Path, target: Path) -> None:
    """Copy a folder; data files are linked where the disk allows it, since they never change."""
    shutil.copytree(source, target, copy_function=_copy)


def _copy(source: str, target: str) -> None:
    if Path(source).suffix in DATA_FILES:
        _link(source, target)
    else:
        shutil.copy2(source, target)


def _link(source: Path | str, target: Path | str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def add_files(delivery: Path, landing: Path) -> None:
    """Put the files of a delivery into a landing folder.

    Where a file of that name is there already, the new one goes into a folder of its own beside it.
    """
    for file in sorted(path for path in delivery.rglob("*") if path.is_file()):
        place = landing / file.relative_to(delivery)
        if place.exists():
            if place.name == BRAND_FILE:
                continue
            place = place.parent / "delivery=next" / place.name
        place.parent.mkdir(parents=True, exist_ok=True)
        _link(file, place)


def one_more_day(days: Days) -> Timed:
    """Load what came on the next day and build incrementally."""
    go_back(days)
    start = time.perf_counter()
    rows = load_into(days.now)
    loaded = time.perf_counter() - start
    built = build_in(days.now, full_refresh=False, with_tests=days.with_tests)
    return Timed(rows, loaded, built.seconds, built.nodes)


def full_refresh(days: Days) -> Timed:
    """Build everything from the lake that holds both days."""
    built = build_in(days.whole, full_refresh=True, with_tests=days.with_tests)
    return Timed(0, 0.0, built.seconds, built.nodes)


def check_same_rows(days: Days) -> int:
    """Stop unless both builds hold the same rows; the number of marts."""
    comparison = compare_marts(days.whole.build_file(), days.now.build_file())
    if comparison.differing or not comparison.marts:
        found = ", ".join(f"{mart} ({n:,} rows)" for mart, n in comparison.differing.items())
        raise SystemExit(f"An incremental build and a full refresh differ: {found or 'no marts'}.")
    return len(comparison.marts)


def main() -> None:
    """Measure, compare and print."""
    parser = rod_parser(__doc__)
    parser.add_argument("landing", type=Path)
    parser.add_argument("next_day", type=Path)
    parser.add_argument("--lake", type=Path, help="LANDING's raw lake, to save its load")
    parser.add_argument("--without-tests", action="store_true", help="leave dbt's data tests out")
    parser.add_argument("--slowest", type=int, default=10, help="how many nodes to list")
    values = parser.parse_args()
    options = options_of(values)
    with work_folder() as folder:
        days = prepare(
            values.landing.resolve(),
            values.next_day.resolve(),
            values.lake and values.lake.resolve(),
            folder,
            with_tests=not values.without_tests,
        )
        measured = in_turn(
            {
                "one more day": lambda: one_more_day(days),
                "full refresh": lambda: full_refresh(days),
            },
            options.runs,
        )
        marts = check_same_rows(days)
    more, whole = measured["one more day"], measured["full refresh"]
    for node in slowest(more[-1].nodes, values.slowest):
        print(f"{node.seconds:8.2f} s  {node.kind} {node.name}, incremental")
    first, added = days.first_rows, more[0].rows_loaded
    size = f"{first:,} rows and {added:,} more ({added / max(first, 1):.2%})"
    figures = (
        f"load {median([run.load for run in more]):.2f} s, "
        f"incremental build {median([run.build for run in more]):.2f} s, "
        f"full refresh {median([run.build for run in whole]):.2f} s"
    )
    print(f"{size}: {figures}")
    print(f"{marts} marts, equal row for row")
    ratio = median([run.seconds for run in more]) / median([run.seconds for run in whole])
    finish(
        Row(
            "next day, no data tests" if values.without_tests else "next day",
            size,
            figures,
            f"{ratio:.2f}",
        ),
        options,
    )


if __name__ == "__main__":
    main()
