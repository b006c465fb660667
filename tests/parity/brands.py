"""Two brands in two deliveries each: the second brings a new day, late records and corrections."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import duckdb

from orchestration.adapters import complete_journey
from orchestration.demo_brand.generate import Slice, write_brand
from orchestration.demo_brand.settings import LAST_DATE, BrandSpec
from orchestration.warehouse.build import BuildOptions
from orchestration.workspace import PROJECT
from tests.conftest import TOKEN_KEY
from tests.households import TABLES, view_households, write_rows
from tests.parity.planted import (
    plant_corrections,
    plant_erasure,
    plant_records,
    planted_project,
)

MEMBERS = 400
"""Members of the demo brand, of which every kind of record and ugliness has some."""

HOUSEHOLDS_OF = 20
"""Every so many-th household of The Complete Journey."""

MIDNIGHT = "timestamp '2017-12-31 05:00:00'"
"""The last business day of The Complete Journey begins (New York)."""

CORRECTED_AT = "timestamp '2017-12-31 15:00:00'"


@dataclass(frozen=True)
class Brand:
    """Writes the deliveries of two consecutive days, each into the same landing folder.

    `options` are those of its builds: the brands differ in them, so that every branch of a model is
    built. `project` writes the project that builds it into a folder, where that is not this one.
    """

    name: str
    deliveries: tuple[Callable[[Path], None], Callable[[Path], None]]
    options: BuildOptions = field(default_factory=BuildOptions)
    project: Callable[[Path], Path] = lambda _: PROJECT


def demo_brand(members: int = MEMBERS) -> Brand:
    """The demo brand up to its last day but one, and its last day as it was handed over.

    With what `tests.parity.planted` adds to either.
    """
    spec = BrandSpec(members=members)

    def before(landing: Path) -> None:
        write_brand(landing.parent, spec, Slice(LAST_DATE - timedelta(days=1)))
        plant_records(landing)
        plant_erasure(landing.with_name("lake"), TOKEN_KEY)

    def last_day(landing: Path) -> None:
        write_brand(landing.parent, spec, Slice(first=LAST_DATE, last=LAST_DATE))
        plant_corrections(landing)

    return Brand("demo brand", (before, last_day), project=planted_project)


def the_complete_journey() -> Brand:
    """Some households of The Complete Journey up to 2017-12-30, and then the last day.

    With the last day come orders of the weeks before that were held back, orders that were
    cancelled, lines that were corrected and a product that was renamed.
    """

    def before(landing: Path) -> None:
        whole = landing.with_name("whole")
        complete_journey.write_landing(whole)
        _slice(whole, landing, "2017-12-30", _BEFORE)
        (landing / "brand.yml").write_bytes((whole / "brand.yml").read_bytes())

    def last_day(landing: Path) -> None:
        _slice(landing.with_name("whole"), landing, "2017-12-31", _LAST_DAY)

    options = BuildOptions(rfm_mode="fixed", lifecycle_mode="adaptive")
    return Brand("The Complete Journey", (before, last_day), options)


_IS_LATE = "cast(order_id as bigint) % 41 = 0 and ordered_at > timestamp '2017-10-15 00:00:00'"

_LATE_ORDERS = f"order_id in (select order_id from orders where {_IS_LATE})"

_BEFORE = {
    name: f"from {name.split('.')[1]} where not {_LATE_ORDERS} and updated_at < {MIDNIGHT}"
    if name.startswith("commerce.")
    else f"from {name.split('.')[1]}"
    for name in TABLES
}

_LAST_DAY = {
    "commerce.orders": f"""
        from orders where {_LATE_ORDERS} or updated_at >= {MIDNIGHT}
        union all by name
        select * replace ('cancelled' as status, {CORRECTED_AT} as updated_at)
        from orders where cast(order_id as bigint) % 53 = 1 and updated_at < {MIDNIGHT}
    """,
    "commerce.order_lines": f"""
        from order_lines where {_LATE_ORDERS} or updated_at >= {MIDNIGHT}
        union all by name
        select * replace (
            quantity + 1 as quantity, net_amount + unit_price as net_amount,
            {CORRECTED_AT} as updated_at
        )
        from order_lines where cast(order_id as bigint) % 47 = 2 and updated_at < {MIDNIGHT}
    """,
    "catalog.products": f"""
        select * replace (product_name || ' (new)' as product_name, {CORRECTED_AT} as updated_at)
        from products where cast(product_id as bigint) % 7 = 0
    """,
}


def _slice(whole: Path, landing: Path, day: str, tables: dict[str, str]) -> None:
    with duckdb.connect() as connection:
        view_households(connection, whole, HOUSEHOLDS_OF)
        for name, query in tables.items():
            write_rows(connection, query, landing, name, day)
