"""CDNOW (Fader and Hardie) as a contract landing folder.

The purchases, from January 1997 through June 1998, of the 23,570 customers who first bought at an
online music shop in the first quarter of 1997: 69,659 lines of `CDNOW_master.txt`, or the 6,919
lines of the 2,357 customers of the 1/10 sample, both from the package `lifetimes`.

- *Time.* The files have dates only: an order stands at noon of the business zone. The shop was in
  Pennsylvania: America/New_York.
- *Orders.* One per line of the file, also where a customer bought twice on a day. `order_id` is
  the number of the purchase line, from 1, the header of the master file not counted. Channel
  `website`, status `completed`; no discounts are recorded, so gross is net.
- *Lines.* One per order: product `cd`, the number of CDs, unit price = amount / max(quantity, 1).
- *Members.* `member_no` is the customer id as the file spells it (`00001`); in the sample the one
  of the master file. They have no registration date; `updated_at` is the first order.
- *Catalogue.* One product, `cd`, in one category, `cd`; its list price is the first purchase's
  unit price.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from orchestration.adapters.landing_files import (
    connect,
    package_file,
    sql_text,
    write_brand,
    write_table,
)

BUSINESS_ZONE = "America/New_York"
CURRENCY = "USD"

_PURCHASES = """
create table purchases as
with file_lines as (
    select
        row_number() over () as physical_line_no,
        string_split_regex(trim(line), '\\s+') as fields
    from (select unnest(string_split_regex(content, '\\r?\\n')) as line from read_text({path}))
    where trim(line) <> ''
)

select
    row_number() over (order by physical_line_no) as line_number,
    fields[1] as member_no,
    cast(strptime(fields[-3], '%Y%m%d') as timestamp) as order_day,
    cast(fields[-2] as bigint) as quantity,
    cast(fields[-1] as decimal(18, 2)) as amount
from file_lines
where regexp_full_match(fields[1], '[0-9]+')
"""

_ORDERED = f"""
create table ordered as
select
    *,
    cast(line_number as varchar) as order_id,
    timezone('{BUSINESS_ZONE}', order_day + interval 12 hour) as ordered_at,
    cast(amount / greatest(quantity, 1) as decimal(18, 2)) as unit_price
from purchases
"""

_MEMBERS = """
select
    member_no,
    min(ordered_at) as updated_at
from ordered
group by member_no
order by member_no
"""

_ORDERS = """
select
    order_id,
    'website' as order_channel,
    'member_no' as buyer_key_type,
    member_no as buyer_key,
    'completed' as status,
    ordered_at,
    amount as gross_amount,
    cast(0 as decimal(18, 2)) as discount_amount,
    amount as net_amount,
    ordered_at as updated_at
from ordered
order by line_number
"""

_ORDER_LINES = """
select
    order_id,
    1 as line_no,
    'cd' as product_id,
    quantity,
    unit_price,
    amount as net_amount,
    ordered_at as updated_at
from ordered
order by line_number
"""

_PRODUCTS = """
select
    'cd' as product_id,
    'Compact disc' as product_name,
    'cd' as category_id,
    unit_price as list_price,
    true as is_active,
    ordered_at as updated_at
from ordered
order by ordered_at, line_number
limit 1
"""

_CATEGORIES = "select 'cd' as category_id, 'Compact discs' as category_name"


def write_landing(target: Path, sample: bool = False) -> None:
    """Write CDNOW (or its 1/10 sample) to `target` as Parquet files of the contract.

    The same package version always gives the same bytes, so writing again changes nothing.
    Raises AdapterError when the package is not installed.
    """
    name = "CDNOW_sample.txt" if sample else "CDNOW_master.txt"
    path = package_file("lifetimes", "datasets", name, requirement="lifetimes")
    connection = connect()
    try:
        _prepare(connection, path)
        for system, table, query in (
            ("crm", "members", _MEMBERS),
            ("commerce", "orders", _ORDERS),
            ("commerce", "order_lines", _ORDER_LINES),
            ("catalog", "products", _PRODUCTS),
            ("catalog", "categories", _CATEGORIES),
        ):
            write_table(connection, target, system, table, query)
    finally:
        connection.close()
    write_brand(
        target,
        business_zone=BUSINESS_ZONE,
        currency=CURRENCY,
        comment="CDNOW: an online music shop, 1997 and 1998"
        + (", 1/10 sample." if sample else "."),
    )


def _prepare(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    connection.execute(_PURCHASES.format(path=sql_text(path)))
    connection.execute(_ORDERED)
