"""A small dbt project and a small raw lake, for tests of building and publishing alone."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb

from orchestration.workspace import PROJECT, Workspace

_PROJECT_YML = """
name: small
version: "1.0"
config-version: 2
profile: small
model-paths: [models]
seed-paths: [seeds]
snapshot-paths: [snapshots]
macro-paths: [macros]
vars: {as_of_date: null}
models:
  small:
    +materialized: table
seeds:
  small:
    +schema: policy
"""

_PROFILES_YML = """
small:
  target: duckdb
  outputs:
    duckdb:
      type: duckdb
      path: "{{ env_var('REKINDLE_BUILD') }}"
      threads: 2
      settings: {TimeZone: UTC}
"""

_SCHEMA_MACRO = """
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ custom_schema_name | trim if custom_schema_name else target.schema }}
{%- endmacro %}
"""

_ORDERS = """
{{ config(schema='core', materialized='incremental', unique_key='order_id') }}
select
    order_id,
    net_amount,
    cast(ordered_at as date) as order_date,
    '{{ var("as_of_date") or "newest" }}' as as_of_variable
from read_parquet('{{ env_var("REKINDLE_LAKE") }}/raw/commerce/orders/*.parquet')
{% if is_incremental() %}
where ordered_at > (select coalesce(max(order_date), date '1900-01-01') from {{ this }})
{% endif %}
"""

_QUARANTINE = """
{{ config(schema='ops') }}
select 1 as line_number, 'secret' as raw_record
"""

_PRIVATE = "{{ config(schema='intermediate') }} select 1 as hidden_thing"

_MODELS_YML = """
version: 2
models:
  - name: fct_orders
    access: public
    description: One row per order.
    constraints: [{type: primary_key, columns: [order_id]}]
    columns:
      - name: order_id
        description: Order.
        config: {meta: {label_zh: 订单}}
        data_tests: [unique, not_null]
      - name: net_amount
        description: Amount after discounts.
  - name: quarantine
    access: public
    description: Rejected rows.
  - name: int_private
    description: Not for readers.
"""

_SNAPSHOT = """
{% snapshot order_beliefs %}
{{ config(schema='snapshots', unique_key='order_id', strategy='check', check_cols=['net_amount']) }}
select order_id, net_amount from {{ ref('fct_orders') }}
{% endsnapshot %}
"""


def write_project(folder: Path) -> Path:
    """A dbt project with two public models, a private one, a snapshot and the real policies."""
    texts = {
        "dbt_project.yml": _PROJECT_YML,
        "profiles.yml": _PROFILES_YML,
        "macros/generate_schema_name.sql": _SCHEMA_MACRO,
        "models/fct_orders.sql": _ORDERS,
        "models/quarantine.sql": _QUARANTINE,
        "models/int_private.sql": _PRIVATE,
        "models/models.yml": _MODELS_YML,
        "snapshots/order_beliefs.sql": _SNAPSHOT,
    }
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    policies = folder / "seeds" / "policy"
    policies.mkdir(parents=True)
    for path in (PROJECT / "seeds" / "policy").glob("*.csv"):
        shutil.copy(path, policies)
    return folder


def workspace_in(folder: Path, brand: str = "small") -> Workspace:
    """A workspace whose folders all lie in `folder`."""
    return Workspace(
        brand=brand,
        landing=folder / "landing",
        lake=folder / "var" / brand / "lake",
        build=folder / "var" / brand / "build",
        serving=folder / "serving",
        has_adapter=False,
    )


def write_lake(
    lake: Path,
    orders: dict[str, str],
    *,
    part: str = "a",
    zone: str = "Asia/Shanghai",
    first_load: str = "load-1",
) -> None:
    """A raw lake with orders (id -> UTC time) and what the loader writes beside them."""
    connection = duckdb.connect(":memory:")
    rows = ", ".join(f"('{number}', timestamp '{at}')" for number, at in orders.items())
    rows = rows or "(null, null)"
    tables = {
        "commerce/orders": "select order_id::varchar as order_id, "
        f"12.50::decimal(18,2) as net_amount, ordered_at::timestamp as ordered_at "
        f"from (values {rows}) as rows(order_id, ordered_at) where order_id is not null",
        "rekindle/brand": f"select '{zone}' as business_zone, 'CNY' as currency, "
        "'m' as fingerprint",
        "rekindle/load_log": f"select '{first_load}' as load_id, 1 as load_sequence, "
        "timestamp '2025-01-01' as loaded_at",
    }
    for table, query in tables.items():
        folder = lake / "raw" / table
        folder.mkdir(parents=True, exist_ok=True)
        name = part if table.startswith("commerce") else "part"
        connection.execute(f"copy ({query}) to '{folder / f'{name}.parquet'}' (format parquet)")
    connection.close()
