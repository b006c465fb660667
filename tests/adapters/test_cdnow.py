"""The CDNOW adapter against the package's own text files, read line by line."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path

import polars as pl
import pytest

from orchestration.adapters import cdnow


@pytest.fixture(scope="module", params=[False, True], ids=["master", "sample"])
def sample(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture(scope="module")
def landing(tmp_path_factory: pytest.TempPathFactory, sample: bool) -> Path:
    target = tmp_path_factory.mktemp("cdnow")
    cdnow.write_landing(target, sample=sample)
    return target


@pytest.fixture(scope="module")
def purchases(sample: bool) -> list[tuple[str, str, int, Decimal]]:
    """(customer id, yyyymmdd, CDs, dollars) of every line of the file, in its order."""
    spec = find_spec("lifetimes")
    assert spec is not None
    assert spec.origin is not None
    name = "CDNOW_sample.txt" if sample else "CDNOW_master.txt"
    text = (Path(spec.origin).parent / "datasets" / name).read_text()
    rows = [line.split() for line in text.splitlines()]
    return [
        (row[0], row[-3], int(row[-2]), Decimal(row[-1]))
        for row in rows
        if row and row[0].isdigit()
    ]


def landed(landing: Path, system: str, table: str) -> pl.DataFrame:
    return pl.read_parquet(landing / system / table / f"{table}.parquet")


def test_published_counts(landing: Path, sample: bool) -> None:
    customers, orders = (2_357, 6_919) if sample else (23_570, 69_659)
    assert landed(landing, "crm", "members").height == customers
    assert landed(landing, "commerce", "orders").height == orders
    assert landed(landing, "commerce", "order_lines").height == orders


def test_total_dollars(
    landing: Path, sample: bool, purchases: list[tuple[str, str, int, Decimal]]
) -> None:
    total = sum((amount for *_, amount in purchases), Decimal(0))
    assert total == (Decimal("244091.94") if sample else Decimal("2500315.63"))
    for table in ("orders", "order_lines"):
        assert landed(landing, "commerce", table)["net_amount"].sum() == total


def test_one_order_per_line_at_noon(
    landing: Path, purchases: list[tuple[str, str, int, Decimal]]
) -> None:
    orders = landed(landing, "commerce", "orders").with_columns(
        pl.col("ordered_at").dt.convert_time_zone("America/New_York").dt.strftime("%Y%m%d %H:%M:%S")
    )
    assert orders.select("order_id", "buyer_key", "ordered_at", "net_amount").rows() == [
        (str(number), customer, f"{day} 12:00:00", amount)
        for number, (customer, day, _, amount) in enumerate(purchases, start=1)
    ]
    lines = landed(landing, "commerce", "order_lines")
    assert lines.select("order_id", "quantity", "net_amount").rows() == [
        (str(number), quantity, amount)
        for number, (_, _, quantity, amount) in enumerate(purchases, start=1)
    ]
    assert lines.select("line_no", "product_id").unique().rows() == [(1, "cd")]


def test_members_are_known_from_their_first_order(
    landing: Path, purchases: list[tuple[str, str, int, Decimal]]
) -> None:
    days: dict[str, list[str]] = defaultdict(list)
    for customer, day, _, _ in purchases:
        days[customer].append(day)
    members = landed(landing, "crm", "members").with_columns(
        pl.col("updated_at").dt.convert_time_zone("America/New_York").dt.strftime("%Y%m%d")
    )
    assert dict(members.rows()) == {customer: min(seen) for customer, seen in days.items()}


def test_same_day_purchases_stay_apart(
    sample: bool, landing: Path, purchases: list[tuple[str, str, int, Decimal]]
) -> None:
    pairs = {(customer, day) for customer, day, _, _ in purchases}
    orders = landed(landing, "commerce", "orders")
    again = orders.height - orders.select("buyer_key", "ordered_at").n_unique()
    assert again == len(purchases) - len(pairs)
    if not sample:
        assert again == 2_068


def test_catalogue(landing: Path) -> None:
    products = landed(landing, "catalog", "products")
    assert products.select("product_id", "category_id").rows() == [("cd", "cd")]
    assert landed(landing, "catalog", "categories")["category_id"].to_list() == ["cd"]
