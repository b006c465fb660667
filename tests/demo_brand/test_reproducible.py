"""The same brand twice, with any number of processes, in one hand-over or day by day."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest

from orchestration.demo_brand.generate import Slice, write_brand
from orchestration.demo_brand.settings import BrandSpec
from orchestration.workspace import PROJECT

MadeOnce = Callable[[str, Callable[[Path], None]], Path]
SPEC = BrandSpec(members=1_000, seed=11)
SLICED = BrandSpec(members=2_500, seed=11)
BASE = date(2025, 6, 10)
"""The last day of the first hand-over; fourteen daily slices follow."""
SLICES = tuple(BASE + timedelta(days=day) for day in range(1, 15))
# Shards have 100,000 people, too many for a test: small ones are set before anything is imported,
# in the process and, because they import its main module, in those that it starts.
SMALL_SHARDS = """
import sys
from pathlib import Path

from orchestration.demo_brand import settings

settings.CHUNK_PEOPLE, settings.SHARD_CHUNKS = 200, 2

from orchestration.demo_brand.generate import write_brand

if __name__ == "__main__":
    spec = settings.BrandSpec(members=1_000, seed=11)
    assert spec.shards == 3
    write_brand(Path(sys.argv[1]), spec, processes=int(sys.argv[2]))
"""


def contents(folder: Path) -> dict[str, str]:
    """Every file and a hash of its bytes."""
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


def bag(connection: duckdb.DuckDBPyConnection, folders: list[Path], name: str) -> str:
    """SQL of all rows of a table in landing folders."""
    files = [
        str(file)
        for folder in folders
        for file in sorted((folder / "landing").joinpath(*name.split(".")).rglob("*.*"))
    ]
    assert files, name
    reader = {".parquet": "parquet", ".csv": "csv", ".jsonl": "json"}[Path(files[0]).suffix]
    options = {
        "parquet": "",
        "csv": ", all_varchar = true",
        # Keys that are null are left out: all of them at once, so that the columns are the same.
        "json": ", columns = " + str(json_columns(connection, folders, name)),
    }[reader]
    return f"read_{reader}({files}, hive_partitioning = false{options})"


def json_columns(
    connection: duckdb.DuckDBPyConnection, folders: list[Path], name: str
) -> dict[str, str]:
    """The columns of a JSON table, all as text."""
    if not any((folders[0] / "landing").joinpath(*name.split(".")).rglob("*.jsonl")):
        return {}
    pattern = str(folders[0] / "landing" / name.replace(".", "/") / "*.jsonl")
    found = connection.execute(
        f"describe from read_json('{pattern}', hive_partitioning = false)"
    ).fetchall()
    return {column: "VARCHAR" for column, *_ in found}


@pytest.fixture(scope="module")
def sliced(made_once: MadeOnce) -> Path:
    """A hand-over up to a day and fourteen daily slices, beside the hand-over of all of it."""

    def write(folder: Path) -> None:
        write_brand(folder / "whole", SLICED, Slice(SLICES[-1]))
        write_brand(folder / "base", SLICED, Slice(BASE))
        write_brand(folder / "slices", SLICED, Slice(first=SLICES[0], last=SLICES[-1]))

    return made_once("demo_brand_sliced", write)


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_brand(tmp_path / name, SPEC)
    first = contents(tmp_path / "one")
    assert len(first) > 50
    assert first == contents(tmp_path / "two")


def test_another_seed_gives_other_people(tmp_path: Path) -> None:
    small = replace(SPEC, members=200)
    write_brand(tmp_path / "one", small)
    write_brand(tmp_path / "two", replace(small, seed=12))
    with duckdb.connect() as connection:
        for table in ("crm/members/*.csv", "app/users/*.parquet", "commerce/orders/*.parquet"):
            one, two = (f"'{tmp_path / name}/landing/{table}'" for name in ("one", "two"))
            shared = connection.execute(
                f"select count(*) from (from {one} intersect from {two})"
            ).fetchone()
            assert shared == (0,), table


def test_the_number_of_processes_does_not_matter(tmp_path: Path) -> None:
    script = tmp_path / "small_shards.py"
    script.write_text(SMALL_SHARDS, encoding="utf-8")
    for processes in (1, 2):
        subprocess.run(
            [sys.executable, str(script), str(tmp_path / str(processes)), str(processes)],
            check=True,
            cwd=PROJECT,
            env={"PYTHONPATH": str(PROJECT)},
        )
    alone = contents(tmp_path / "1")
    assert len([name for name in alone if name.startswith("landing/commerce/orders/")]) == 3
    assert alone == contents(tmp_path / "2")


def test_slices_hold_what_one_hand_over_holds(sliced: Path) -> None:
    tables = [
        f"{system.name}.{table.name}"
        for system in sorted((sliced / "whole/landing").iterdir())
        if system.is_dir()
        for table in sorted(system.iterdir())
    ]
    assert len(tables) > 40
    with duckdb.connect() as connection:
        for name in tables:
            whole = bag(connection, [sliced / "whole"], name)
            days = (sliced / "slices/landing").joinpath(*name.split("."))
            folders = [sliced / "base", *([sliced / "slices"] if days.exists() else [])]
            parts = bag(connection, folders, name)
            differing = connection.execute(
                f"select count(*) from ((from {whole} except all from {parts}) union all"
                f" (from {parts} except all from {whole}))"
            ).fetchone()
            assert differing == (0,), name


def test_every_day_has_its_files(sliced: Path) -> None:
    orders = sliced / "slices/landing/commerce/orders"
    assert sorted(folder.name for folder in orders.iterdir()) == [f"dt={day}" for day in SLICES]


def test_slices_hold_late_repeated_and_corrected_records(sliced: Path) -> None:
    late = repeated = corrected = 0
    with duckdb.connect() as connection:
        for table, key, column in (
            ("commerce/orders", "order_id", "net_amount"),
            ("coupons/coupons", "coupon_code", "expires_at"),
        ):
            found = connection.execute(
                f"""
                with slices as (
                    select *, cast(timezone('Asia/Shanghai', updated_at) as date) as changed_on
                    from read_parquet(
                        '{sliced}/slices/landing/{table}/*/*.parquet',
                        hive_partitioning = true,
                        hive_types = {{dt: date}}
                    )
                ),

                versions as (
                    select {key}, updated_at, {column} from slices
                    union all
                    select {key}, updated_at, {column}
                    from '{sliced}/base/landing/{table}/*.parquet'
                ),

                several as (
                    select
                        {key},
                        count(*) > count(distinct updated_at) as is_repeated,
                        count(distinct {column}) > 1 as is_corrected
                    from versions
                    where {key} in (select {key} from slices)
                    group by {key}
                )

                select
                    (select count(*) from slices where dt > changed_on),
                    count(*) filter (is_repeated),
                    count(*) filter (is_corrected)
                from several
                """
            ).fetchall()[0]
            late, repeated, corrected = (
                one + int(other)
                for one, other in zip((late, repeated, corrected), found, strict=True)
            )
    assert late >= 1
    assert repeated >= 1
    assert corrected >= 1
