"""Where columns come from: in small queries, and for figures of the marts that people know."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from orchestration.errors import RekindleError
from orchestration.publishing.column_lineage import Column, Lineage, column_lineage
from orchestration.publishing.documentation import (
    columns_of,
    filled,
    mart_columns,
    origin_lines,
    with_origins,
    write_columns,
)
from orchestration.warehouse.build import dbt_files
from orchestration.warehouse.dbt_run import dbt_environment, failure_message
from orchestration.warehouse.lake import DEFAULT_ZONE
from tests.conftest import BuildWarehouse
from tests.dbt_forks import run_dbt

ORDERS, RATES, STAGED, MART = (
    "source.p.shop.orders",
    "seed.p.rates",
    "model.p.staged",
    "model.p.mart",
)
STAGED_SQL = """
    with versions as (
        select order_id, net, refund, channel from 'lake/orders/*.parquet' where is_valid
        union all
        select order_id, net, 0, 'pos' from 'lake/orders/*.parquet'
    )
    select order_id, net - refund as revenue, channel from versions
"""
MART_SQL = """
    select
        staged.channel,
        sum(staged.revenue * rates.rate) as revenue,
        count(*) as orders,
        'CNY' as currency,
        row_number() over (partition by staged.channel order by staged.order_id) as place
    from "w"."staging"."staged" as staged
    left join "w"."policy"."rates" as rates on staged.order_id = rates.valid_from
    group by staged.channel
"""


def described(kind: str, schema: str, name: str, *columns: str) -> dict[str, Any]:
    return {
        "resource_type": kind,
        "database": "w",
        "schema": schema,
        "alias": name,
        "identifier": name,
        "relation_name": "'lake/orders/*.parquet'" if kind == "source" else None,
        "access": "public" if schema == "marts" else "protected",
        "columns": {column: {"description": f"The {column}."} for column in columns},
    }


def small_project() -> tuple[dict[str, Any], dict[str, list[str]]]:
    columns = {
        ORDERS: ["order_id", "net", "refund", "channel", "is_valid"],
        RATES: ["valid_from", "rate"],
        STAGED: ["order_id", "revenue", "channel", "added_by_materialization"],
        MART: ["channel", "revenue", "orders", "currency", "place"],
    }
    manifest = {
        "nodes": {
            RATES: described("seed", "policy", "rates"),
            STAGED: described("model", "staging", "staged"),
            MART: described("model", "marts", "mart", "revenue", "orders"),
        },
        "sources": {ORDERS: described("source", "shop", "orders")},
    }
    return manifest, columns


def small_lineage(staged: str = STAGED_SQL, mart: str = MART_SQL) -> Lineage:
    manifest, columns = small_project()
    return column_lineage(manifest, {STAGED: staged, MART: mart}, columns)


def origins(lineage: Lineage, node: str, name: str) -> set[str]:
    return {origin.label for origin in lineage.origins(Column(node, name))}


def test_values_come_through_unions_joins_and_windows() -> None:
    lineage = small_lineage()
    assert origins(lineage, MART, "revenue") == {
        "shop.orders.net",
        "shop.orders.refund",
        "rates.rate",
    }
    assert origins(lineage, MART, "channel") == {"shop.orders.channel"}
    assert origins(lineage, MART, "place") == {"shop.orders.channel", "shop.orders.order_id"}
    assert {one.label for one in lineage.parents[Column(MART, "revenue")]} == {
        "staged.revenue",
        "rates.rate",
    }
    assert origins(lineage, STAGED, "added_by_materialization") == {
        "shop.orders.channel",
        "shop.orders.net",
        "shop.orders.order_id",
        "shop.orders.refund",
    }


def test_what_has_no_origin_says_why() -> None:
    lineage = small_lineage(mart=MART_SQL.replace("staged.channel,\n", "rates.rate as channel,\n"))
    beginnings = {
        name: lineage.begins_in(Column(MART, name))
        for name in ("revenue", "channel", "orders", "currency")
    }
    assert beginnings == {
        "revenue": "landing",
        "channel": "policy",
        "orders": "rows",
        "currency": "constant",
    }


def test_sql_that_cannot_be_followed_is_a_sentence() -> None:
    with pytest.raises(RekindleError, match=r"^sqlglot cannot follow the columns of mart: "):
        small_lineage(mart="select channel from (")


def test_descriptions_and_table_tell_where_a_column_begins(tmp_path: Path) -> None:
    manifest, columns = small_project()
    lineage = small_lineage()
    with_origins(manifest, lineage)
    told = manifest["nodes"][MART]["columns"]
    orders = f"[shop.orders](#!/source/{ORDERS}): `net`, `refund`"
    assert told["revenue"]["description"] == (
        "The revenue.\n\n"
        f"**Made from** [staged](#!/model/{STAGED}): `revenue`; "
        f"[rates](#!/seed/{RATES}): `rate`\n\n"
        f"**Begins in** [rates](#!/seed/{RATES}): `rate`; {orders}"
    )
    assert told["orders"]["description"].endswith("It counts rows and takes no column's values.")
    # What a staging model takes from its source itself is said once.
    assert [*origin_lines(lineage, Column(STAGED, "revenue"))] == [f"**Begins in** {orders}"]
    write_columns(tmp_path / "columns.csv", lineage, mart_columns(manifest, columns))
    lines = (tmp_path / "columns.csv").read_text("utf-8").splitlines()
    assert "mart,revenue,landing,shop.orders,refund" in lines
    assert "mart,currency,constant,," in lines


def test_the_page_takes_its_data_along() -> None:
    page = 'n="MANIFEST.JSON INLINE DATA",c="CATALOG.JSON INLINE DATA"'
    made = filled(page, {"manifest": {"text": "</script>"}, "catalog": {}})
    assert made == r'n={"text": "<\/script>"},c={}'
    with pytest.raises(RekindleError, match="no place for the catalog"):
        filled(page.partition(",")[0], {"manifest": {}, "catalog": {}})


@pytest.fixture(scope="module")
def compiled(
    tmp_path_factory: pytest.TempPathFactory,
    cdnow_sample_landing: Path,
    loaded: Callable[[Path], Path],
    build_warehouse: BuildWarehouse,
) -> tuple[Mapping[str, Any], Mapping[str, str], Mapping[str, list[str]]]:
    """Manifest, compiled SQL and columns of member_rfm and what it is made from."""
    build_file = build_warehouse(cdnow_sample_landing, date(1998, 2, 14))
    folder = tmp_path_factory.mktemp("compiled")
    files = dbt_files(folder / "rekindle.duckdb")
    lake = loaded(cdnow_sample_landing) / "lake"
    environment = dbt_environment(lake, folder / "rekindle.duckdb", DEFAULT_ZONE)
    result = run_dbt(files, ["compile", "--select", "+member_rfm"], environment)
    assert result.is_successful, failure_message(result, files)
    manifest = json.loads((files.target / "manifest.json").read_text("utf-8"))
    for source in manifest["sources"].values():
        source["relation_name"] = source["relation_name"].replace("'lake/", f"'{lake}/")
    columns = columns_of(build_file, manifest)
    root = files.target / "compiled" / "rekindle"
    sql = {
        key: (root / node["original_file_path"]).read_text("utf-8").replace("'lake/", f"'{lake}/")
        for key, node in manifest["nodes"].items()
        if node["resource_type"] == "model" and (root / node["original_file_path"]).is_file()
    }
    return manifest, sql, columns


RFM = "model.rekindle.member_rfm"


def test_figures_of_member_rfm_come_from_the_columns_that_define_them(
    compiled: tuple[Mapping[str, Any], Mapping[str, str], Mapping[str, list[str]]],
) -> None:
    manifest, sql, columns = compiled
    lineage = column_lineage(manifest, sql, columns)
    money = {"commerce.orders.net_amount", "commerce.refunds.refund_amount"}
    assert origins(lineage, RFM, "monetary") == money
    assert lineage.begins_in(Column(RFM, "frequency")) == "rows"
    assert lineage.begins_in(Column(RFM, "rfm_group")) == "policy"
    assert "commerce.orders.ordered_at" in origins(lineage, RFM, "recency_days")

    staged = "model.rekindle.stg_commerce__orders"
    changed = {**sql, staged: sql[staged].replace("net_amount", "gross_amount")}
    assert changed[staged] != sql[staged]
    mutant = column_lineage(manifest, changed, columns)
    assert origins(mutant, RFM, "monetary") != money
