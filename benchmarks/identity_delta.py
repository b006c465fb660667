"""How long identity takes where little has changed, against all of it.

    python -m benchmarks.identity_delta LANDING [--lake LAKE] [--runs 5]

LANDING is a brand's landing folder. It is loaded (or its LAKE is taken, loaded before), and the
models of identity and what they read are built once. Then come, in turn and each time from that
state: a delta of 0.1 % of the records of the six systems that know persons, and one of 1 %, each
loaded and built incrementally; and a full refresh of the lake that holds the delta of 1 %. Of the
records of a delta half are new versions, with the phone of another one, and half are new records
with a phone that is known. Times are from the begin of dbt's first model to the end of its last,
without the load. Stops when a mart of identity has other rows after the delta than after the full
refresh. Prints the ratio last: delta of 1 % / full refresh.
"""

from __future__ import annotations

import resource
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.building import Built, build_in, load_into, workspace_in
from benchmarks.dbt_times import slowest
from benchmarks.measuring import (
    Row,
    connect,
    finish,
    in_turn,
    median,
    options_of,
    rod_parser,
    work_folder,
)
from benchmarks.next_day import copy_folder
from benchmarks.spine import size_of
from orchestration.loading.brand import BRAND_FILE
from orchestration.workspace import Workspace
from tests.scenarios.same_rows import compare_marts

SHARES = {"0.1 %": 0.001, "1 %": 0.01}
FULL = "full refresh"
SELECTION = ("+path:models/marts/identity",)
RECORDS = {
    "crm/members": ("member_no", "registered_at"),
    "mini_program/users": ("openid", "created_at"),
    "app/users": ("app_user_id", "created_at"),
    "website/users": ("web_user_id", "created_at"),
    "marketplace/buyers": ("buyer_id", "created_at"),
    "wecom/contacts": ("external_userid", "added_at"),
}
"""Tables of records, each with its key and when a record was born."""
MADE_BY_LOADING = ("_token", "_status", "_raw", "_normalised", "_latin")
DELTA = """
WITH newest AS (
    SELECT *, row_number() OVER (PARTITION BY {keys} ORDER BY updated_at DESC, _content_hash) AS age
    FROM '{table}/*.parquet'
),
chosen AS (
    SELECT *, md5('{name}' || {key}) AS place FROM newest
    WHERE age = 1 AND phone IS NOT NULL
        AND ('0x' || left(md5('{name}' || {key}), 8))::BIGINT < {share} * 4294967296
),
paired AS (
    SELECT *, lead(phone, 1, phone) OVER (ORDER BY place) AS other_phone,
        right(place, 1) < '8' AS is_new
    FROM chosen
)
SELECT {columns} REPLACE (
    CASE WHEN is_new THEN {key} || '-delta' ELSE {key} END AS {key},
    CASE WHEN is_new THEN phone ELSE other_phone END AS phone,
    CASE WHEN is_new THEN TIMESTAMP '{now}' ELSE {born_at} END AS {born_at},
    TIMESTAMP '{now}' AS updated_at
)
FROM paired
"""


@dataclass(frozen=True)
class Brand:
    """A brand: its folder as it was before the deltas, as it is now, and the deltas by name."""

    kept: Path
    now: Workspace
    whole: Workspace
    deltas: dict[str, Path]
    records: dict[str, int]


def prepare(landing: Path, lake: Path | None, folder: Path) -> Brand:
    """Load the brand, build its identity, keep what that left, and write the deltas."""
    for given in (landing, *([lake] if lake else [])):
        if not given.is_dir():
            raise SystemExit(f"There is no folder {given}.")
    now = workspace_in(folder / "now", folder / "now" / "landing")
    if lake is None:
        copy_folder(landing, now.landing)
        load_into(now)
    else:
        now.landing.mkdir(parents=True)
        if (landing / BRAND_FILE).is_file():
            shutil.copy2(landing / BRAND_FILE, now.landing)
        copy_folder(lake, now.lake)
    build_in(now, full_refresh=True, with_tests=False, selection=SELECTION)
    copy_folder(folder / "now", folder / "kept")
    deltas = {name: folder / "deltas" / name for name in SHARES}
    records = {name: write_delta(now.lake, deltas[name], SHARES[name]) for name in SHARES}
    whole = workspace_in(folder / "whole", folder / "whole" / "landing")
    return Brand(folder / "kept", now, whole, deltas, records)


def write_delta(lake: Path, landing: Path, share: float) -> int:
    """Write new versions and new records, a share of those known; how many."""
    written = 0
    with connect() as connection:
        (now,) = connection.execute(
            f"SELECT max(ordered_at) FROM '{lake}/raw/commerce/orders/*.parquet'"
        ).fetchall()[0]
        for name, (key, born_at) in RECORDS.items():
            table = lake / "raw" / name
            if not table.is_dir():
                continue
            described = connection.execute(f"DESCRIBE FROM '{table}/*.parquet'").fetchall()
            columns = [column for column, *_ in described]
            made = {column + end for column in columns for end in MADE_BY_LOADING}
            sql = DELTA.format(
                name=name,
                table=table,
                key=key,
                keys=f"platform, {key}" if "platform" in columns else key,
                share=share,
                columns=f"* EXCLUDE ({', '.join(_extra(columns, made))})",
                born_at=born_at,
                now=now,
            )
            target = landing / name / "dt=delta"
            target.mkdir(parents=True)
            rows = connection.execute(f"COPY ({sql}) TO '{target}/delta.parquet'").fetchall()
            written += int(rows[0][0])
    return written


def _extra(columns: list[str], made: set[str]) -> list[str]:
    """Columns of a raw table that no landing file has."""
    helpers = ["age", "place", "other_phone", "is_new"]
    return [*(name for name in columns if name in made or name.startswith("_")), *helpers]


@dataclass(frozen=True)
class Side:
    """A build, and the seconds of processor that dbt took for it."""

    built: Built
    processor: float


def timed(workspace: Workspace, *, full_refresh: bool) -> Side:
    """Build identity with the log of ids that is there."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    built = build_in(
        workspace,
        full_refresh=full_refresh,
        with_tests=False,
        selection=SELECTION,
        keeps_log=True,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Side(built, after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)


def after_delta(brand: Brand, name: str) -> Side:
    """Go back to the state before the deltas, load one and build."""
    root = brand.now.lake.parent
    shutil.rmtree(root)
    copy_folder(brand.kept, root)
    shutil.copytree(brand.deltas[name], brand.now.landing, dirs_exist_ok=True)
    load_into(brand.now)
    return timed(brand.now, full_refresh=False)


def full_refresh(brand: Brand) -> Side:
    """Build everything from the lake that holds the last delta, with the log of ids kept."""
    root = brand.whole.lake.parent
    shutil.rmtree(root, ignore_errors=True)
    copy_folder(brand.now.lake.parent, root)
    return timed(brand.whole, full_refresh=True)


@dataclass(frozen=True)
class Figures:
    """Medians of the runs of a side: wall time, that of the models of identity, processor time."""

    span: float
    models: float
    processor: float

    @classmethod
    def of(cls, sides: Sequence[Side]) -> Figures:
        """Of all runs of a side."""
        return cls(
            median([side.built.span for side in sides]),
            median([identity_seconds(side.built) for side in sides]),
            median([side.processor for side in sides]),
        )


def identity_seconds(built: Built) -> float:
    """Seconds of the models of identity, one after the other, without what they read."""
    names = {node: node.name for node in built.nodes if node.kind == "model"}
    return sum(node.seconds for node, name in names.items() if not name.startswith("stg_"))


def main() -> None:
    """Measure, compare and print."""
    parser = rod_parser(__doc__)
    parser.add_argument("landing", type=Path)
    parser.add_argument("--lake", type=Path, help="LANDING's raw lake, to save its load")
    parser.add_argument("--slowest", type=int, default=15, help="how many models to list")
    values = parser.parse_args()
    options = options_of(values)
    with work_folder() as folder:
        brand = prepare(values.landing.resolve(), values.lake and values.lake.resolve(), folder)
        sides = {name: partial(after_delta, brand, name) for name in SHARES}
        measured = in_turn({**sides, FULL: partial(full_refresh, brand)}, options.runs)
        size = f"{size_of(brand.now.lake).rows:,} rows"
        comparison = compare_marts(
            brand.whole.build_file(), brand.now.build_file(), with_history=True
        )
    if comparison.differing or not comparison.marts:
        found = ", ".join(f"{mart} ({rows:,} rows)" for mart, rows in comparison.differing.items())
        raise SystemExit(f"A delta and a full refresh differ: {found or 'no marts'}.")
    for name, sides_measured in measured.items():
        for node in slowest(sides_measured[-1].built.nodes, values.slowest):
            print(f"{node.seconds:8.2f} s  {node.kind} {node.name}, {name}")
    print(f"{len(comparison.marts)} marts, equal row for row")
    whole = Figures.of(measured[FULL])
    figures = [f"{FULL} {whole.span:.2f} s, {whole.models:.2f} s, {whole.processor:.2f} s"]
    for name in SHARES:
        delta = Figures.of(measured[name])
        figures.append(
            f"{name} ({brand.records[name]:,} records) {delta.span:.2f} s, {delta.models:.2f} s, "
            f"{delta.processor:.2f} s ({delta.span / whole.span:.2f}, "
            f"{delta.models / whole.models:.2f}, {delta.processor / whole.processor:.2f})"
        )
        ratio = f"{delta.span / whole.span:.2f}"
    told = "wall, models of identity, processor: " + "; ".join(figures)
    print(told)
    finish(Row("identity delta", size, told, ratio), options)


if __name__ == "__main__":
    main()
