"""How long the full build takes, against DuckDB reading and grouping the same raw files once.

    python -m benchmarks.spine DATA [LARGER] [--whole] [--runs 5]

DATA is a landing folder (loaded first, which is not timed) or a raw lake (a folder that holds
raw/). The build is that of the spine (staging, identity, core, RFM, lifecycle, cohorts, KPIs and
all that they read), with `--whole` of everything, data tests included, from nothing; dbt's start-up
is left out. The floor reads every table of the lake, groups it by its key and writes it to a DuckDB
file. Prints the slowest nodes, the peak memory of dbt's processes, with LARGER how cost grows
between the two, and the ratio last: build / floor (of LARGER where it is given).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import duckdb

from benchmarks.building import Built, build_in, load_into, workspace_in
from benchmarks.dbt_times import seconds_by_kind, slowest
from benchmarks.measuring import (
    GIB,
    Apart,
    Row,
    apart,
    connect,
    finish,
    in_turn,
    median,
    options_of,
    rod_parser,
    work_folder,
)
from orchestration.loading.contract import load_contract
from orchestration.loading.lake import Lake, sql_name, sql_path

SPINE = (
    "path:models/staging",
    "+path:models/marts/identity",
    "+path:models/marts/core",
    "+path:models/marts/measurement",
    "+path:models/marts/kpi",
    "+member_rfm",
    "+rfm_history",
    "+member_lifecycle",
    "+lifecycle_intervals",
    "+lifecycle_transitions",
)


@dataclass(frozen=True)
class Size:
    """A raw lake's rows and the bytes of its Parquet files."""

    rows: int
    size: int

    def __str__(self) -> str:
        return f"{self.rows:,} rows, {self.size / 2**20:,.0f} MiB of Parquet"


@dataclass(frozen=True)
class Outcome:
    """What one lake cost: its size, its builds and its floors, a run each."""

    size: Size
    builds: tuple[Built, ...]
    floors: tuple[Apart, ...]

    @property
    def seconds(self) -> float:
        """Median of the builds, dbt's start-up left out."""
        return median([build.span for build in self.builds])

    @property
    def start_up(self) -> float:
        """Median of what the builds took beside dbt's nodes."""
        return median([build.seconds - build.span for build in self.builds])

    @property
    def floor(self) -> float:
        """Median of the floors in seconds."""
        return median([floor.seconds for floor in self.floors])

    @property
    def peak(self) -> float:
        """The most memory that any of the builds held, in GiB."""
        return max(build.peak for build in self.builds) / GIB

    def figures(self) -> str:
        """The figures of a row."""
        return (
            f"build {self.seconds:.2f} s, floor {self.floor:.2f} s, "
            f"start-up left out {self.start_up:.2f} s, peak memory {self.peak:.2f} GiB"
        )


def lake_of(data: Path, folder: Path) -> Path:
    """DATA's raw lake; a landing folder is loaded into `folder` first."""
    if (data / "raw").is_dir():
        return data.resolve()
    if not data.is_dir():
        raise SystemExit(f"There is no folder {data}: give a landing folder or a raw lake.")
    workspace = workspace_in(folder, data.resolve())
    load_into(workspace)
    return workspace.lake


def parts_of(lake: Path) -> dict[str, tuple[tuple[str, ...], list[Path]]]:
    """Key and Parquet files of every table of the contract that a lake has."""
    found = {}
    for table in load_contract():
        parts = sorted((Lake(lake).raw / table.system / table.name).glob("[!.]*.parquet"))
        if parts:
            found[table.full_name] = table.key, parts
    return found


def size_of(lake: Path) -> Size:
    """Rows and bytes of a lake."""
    files = [part for _, parts in parts_of(lake).values() for part in parts]
    with duckdb.connect() as connection:
        names = ", ".join(sql_path(file) for file in files)
        row = connection.execute(
            f"SELECT sum(num_rows) FROM parquet_file_metadata([{names}])"
        ).fetchone()
    assert row is not None
    return Size(int(row[0]), sum(file.stat().st_size for file in files))


def floor_seconds(lake: Path, target: Path) -> float:
    """Read every table once, group it by its key and write it to a DuckDB file."""
    target.unlink(missing_ok=True)
    tables = parts_of(lake)
    start = time.perf_counter()
    with connect(target) as connection:
        for name, (key, parts) in tables.items():
            files = f"read_parquet([{', '.join(map(sql_path, parts))}], union_by_name = true)"
            keys = ", ".join(map(sql_name, key))
            connection.execute(
                f"CREATE TABLE {sql_name(name)} AS SELECT {keys},"
                f" any_value(COLUMNS(* EXCLUDE ({keys}))) FROM {files} GROUP BY {keys}"
            )
    return time.perf_counter() - start


def measure(
    lakes: Sequence[Path], folder: Path, runs: int, *, with_tests: bool, selection: Sequence[str]
) -> list[Outcome]:
    """Build and floor of every lake, all in turn."""
    builds: dict[int, list[Built]] = {number: [] for number in range(len(lakes))}

    def build(number: int) -> Apart:
        workspace = workspace_in(folder / f"build-{number}", lakes[number], lakes[number])
        built = build_in(workspace, full_refresh=True, with_tests=with_tests, selection=selection)
        builds[number].append(built)
        return Apart(built.span, built.peak)

    sides: dict[str, Callable[[], Apart]] = {}
    for number, lake in enumerate(lakes):
        target = folder / f"floor-{number}.duckdb"
        sides[f"floor {number + 1}"] = partial(apart, floor_seconds, lake, target)
        sides[f"build {number + 1}"] = partial(build, number)
    measured = in_turn(sides, runs)
    return [
        Outcome(size_of(lake), tuple(builds[number]), measured[f"floor {number + 1}"])
        for number, lake in enumerate(lakes)
    ]


def main() -> None:
    """Measure and print."""
    parser = rod_parser(__doc__)
    parser.add_argument("data", type=Path, help="a landing folder or a raw lake")
    parser.add_argument("larger", type=Path, nargs="?", help="another one, to see the growth")
    parser.add_argument("--whole", action="store_true", help="all models, insight included")
    parser.add_argument("--without-tests", action="store_true", help="leave dbt's data tests out")
    parser.add_argument("--slowest", type=int, default=10, help="how many nodes to list")
    values = parser.parse_args()
    options = options_of(values)
    with work_folder() as folder:
        given = [data for data in (values.data, values.larger) if data is not None]
        lakes = [lake_of(data, folder / f"loaded-{n}") for n, data in enumerate(given)]
        outcomes = measure(
            lakes,
            folder,
            options.runs,
            with_tests=not values.without_tests,
            selection=() if values.whole else SPINE,
        )
    for outcome in outcomes:
        print(f"{outcome.size}: {outcome.figures()}")
    largest = outcomes[-1]
    for kind, seconds in seconds_by_kind(largest.builds[-1].nodes).items():
        print(f"{seconds:8.2f} s  all of kind {kind}, on two connections")
    for node in slowest(largest.builds[-1].nodes, values.slowest):
        print(f"{node.seconds:8.2f} s  {node.kind} {node.name}")
    figures = largest.figures()
    if len(outcomes) > 1:
        growth = largest.seconds / outcomes[0].seconds
        rows = largest.size.rows / outcomes[0].size.rows
        print(f"growth: {growth:.2f} x the time for {rows:.2f} x the rows")
        figures += f", growth {growth:.2f} x from {outcomes[0].size} ({rows:.2f} x the rows)"
    ratio = f"{largest.seconds / largest.floor:.2f}"
    finish(
        Row(
            ("whole build" if values.whole else "spine")
            + (", no data tests" if values.without_tests else ""),
            str(largest.size),
            figures,
            ratio,
        ),
        options,
    )


if __name__ == "__main__":
    main()
