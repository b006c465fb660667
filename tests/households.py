"""Some households of The Complete Journey, with all that is theirs."""

from __future__ import annotations

from pathlib import Path

import duckdb

from orchestration.adapters.landing_files import sql_text

_HOUSEHOLD = {
    "crm.members": "member_no",
    "commerce.orders": "buyer_key",
    "campaigns.sends": "member_no",
    "coupons.coupons": "member_no",
}
"""Table -> the column that names a household."""

_THEIRS = {
    "commerce.order_lines": "order_id in (select order_id from orders)",
    "catalog.products": "product_id in (select product_id from order_lines)",
}
"""Table -> what belongs to the rows of tables before it."""

TABLES = (
    "crm.members",
    "commerce.orders",
    "commerce.order_lines",
    "catalog.products",
    "catalog.categories",
    "catalog.stores",
    "campaigns.campaigns",
    "campaigns.sends",
    "coupons.coupons",
)
"""What the landing folder holds; orders are chosen before their lines, these before products."""


def view_households(connection: duckdb.DuckDBPyConnection, whole: Path, one_of: int) -> None:
    """Views of the tables of a landing folder, with the rows of every so many-th household."""
    for name in TABLES:
        system, table = name.split(".")
        condition = _THEIRS.get(name, "true")
        if name in _HOUSEHOLD:
            condition = f"cast({_HOUSEHOLD[name]} as bigint) % {one_of} = 0"
        source = sql_text(whole / system / table / f"{table}.parquet")
        connection.execute(f"create view {table} as from read_parquet({source}) where {condition}")


def write_rows(
    connection: duckdb.DuckDBPyConnection, query: str, landing: Path, name: str, file: str
) -> None:
    """Write the rows of a query as a file of a table of a landing folder."""
    folder = landing.joinpath(*name.split("."))
    folder.mkdir(parents=True, exist_ok=True)
    target = sql_text(folder / f"{file}.parquet")
    connection.execute(f"copy ({query}) to {target} (format parquet)")


def write_households(whole: Path, landing: Path, one_of: int) -> None:
    """Write the landing folder of every so many-th household."""
    with duckdb.connect() as connection:
        view_households(connection, whole, one_of)
        for name in TABLES:
            table = name.split(".")[1]
            write_rows(connection, f"from {table}", landing, name, table)
    (landing / "brand.yml").write_bytes((whole / "brand.yml").read_bytes())
