"""Two years in four deliveries, each of everything known by then, with late records, and the last
one twice: the rows are those of one full refresh."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import duckdb
import polars as pl
import pytest

from tests.conftest import BuildWarehouse, hand_over, make_workspace
from tests.oracles import fixtures
from tests.oracles.book import SHANGHAI
from tests.scenarios.same_rows import compare_marts

LATE_SHARE = 20
"""One order, line or refund in so many is handed over late."""

DAYS_BEFORE_THE_END = (40, 1, 0, 0)


def hold_back_late_rows(delivery: Path) -> int:
    """Take some orders with their lines and refunds out of a delivery; returns how many rows."""
    held = 0
    for table in ("orders", "order_lines", "refunds"):
        for file in (delivery / "commerce" / table).glob("*.parquet"):
            rows = pl.read_parquet(file)
            kept = rows.filter(pl.col("order_id").hash(seed=1) % LATE_SHARE != 0)
            held += rows.height - kept.height
            kept.write_parquet(file)
    return held


def deliver(delivery: Path, landing: Path, name: str) -> None:
    """Put the files of a delivery into the landing folder, under names of their own."""
    landing.mkdir(exist_ok=True)
    shutil.copy(delivery / "brand.yml", landing / "brand.yml")
    for file in delivery.glob("*/*/*"):
        place = landing / file.relative_to(delivery).parent / f"dt={name}"
        place.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, place / file.name)


@pytest.mark.slow
def test_what_is_delivered_again_changes_nothing(
    made_once: Callable[[str, Callable[[Path], None]], Path], build_warehouse: BuildWarehouse
) -> None:
    def write_whole(folder: Path) -> None:
        fixtures.two_years().book.write(folder, SHANGHAI)

    whole = made_once("two_years_shanghai", write_whole)
    full_refresh = build_warehouse(whole)
    with duckdb.connect(str(full_refresh), read_only=True) as connection:
        row = connection.execute("select as_of_date from staging.stg_rekindle__as_of").fetchone()
    assert row is not None
    last_day = row[0]

    def write(folder: Path) -> None:
        workspace = make_workspace(folder, folder / "landing")
        folder.mkdir()
        for number, days_before in enumerate(DAYS_BEFORE_THE_END):
            delivery = whole
            if days_before:
                delivery = folder / f"delivery-{number}"
                fixtures.truncate(whole, delivery, last_day - timedelta(days=days_before))
                assert hold_back_late_rows(delivery) > 0
            deliver(delivery, workspace.landing, str(number))
            hand_over(workspace)

    deliveries = make_workspace(made_once("two_years_in_deliveries", write), Path()).build_file()
    comparison = compare_marts(full_refresh, deliveries)
    assert len(comparison.marts) > 15
    assert not comparison.differing
