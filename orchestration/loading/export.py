"""The load log and the brand's settings as parts of the lake, so that dbt can read them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import duckdb

from orchestration.loading.brand import Brand
from orchestration.loading.contract import Contract
from orchestration.loading.held_rows import hold_rows
from orchestration.loading.lake import (
    BRAND_COLUMNS,
    ERASED_RECORD_COLUMNS,
    ERASURE_COLUMNS,
    LOAD_LOG_COLUMNS,
    OPS_SYSTEM,
    Lake,
    sql_path,
    write_parquet,
)
from orchestration.loading.ledger import Ledger
from orchestration.loading.register import read_register

_LOG_PART = f"{OPS_SYSTEM}/load_log/load_log.parquet"
_BRAND_PART = f"{OPS_SYSTEM}/brand/brand.parquet"
ERASED_RECORDS_PART = f"{OPS_SYSTEM}/erased_records/erased_records.parquet"
_ERASURES_PART = f"{OPS_SYSTEM}/erasures/erasures.parquet"
EXPORTED_PARTS = frozenset({_LOG_PART, _BRAND_PART, ERASED_RECORDS_PART, _ERASURES_PART})


def unfinished_parts(lake: Lake, ledger: Ledger) -> set[str]:
    """The names of parts that no finished reading stands for: what a killed load left behind."""
    named = {part for parts in ledger.parts().values() for part in parts}
    return lake.parts() - named - ledger.quarantine_parts() - EXPORTED_PARTS


def export(
    connection: duckdb.DuckDBPyConnection,
    lake: Lake,
    ledger: Ledger,
    brand: Brand,
    contract: Contract,
) -> None:
    """Write both parts where they are missing or no longer true; else leave them untouched."""
    settings = (brand.business_zone, brand.currency, brand.fingerprint(contract))
    _write(connection, lake, _BRAND_PART, BRAND_COLUMNS, [settings])
    export_log(connection, lake, ledger)
    export_register(connection, lake)


def export_log(connection: duckdb.DuckDBPyConnection, lake: Lake, ledger: Ledger) -> None:
    """Write the load log where models can read it."""
    rows = [(*values, datetime.fromisoformat(str(at))) for *values, at in ledger.log_rows()]
    _write(connection, lake, _LOG_PART, LOAD_LOG_COLUMNS, rows)


def export_register(connection: duckdb.DuckDBPyConnection, lake: Lake) -> None:
    """Write what the register of erasures says where models can read it."""
    erasures, records = read_register(lake.register_file)
    done = [
        (
            one.request_id,
            one.requested_at,
            one.completed_at,
            one.stores_checked,
            one.rows_removed,
        )
        for one in erasures
        if one.is_carried_out
    ]
    _write(connection, lake, _ERASURES_PART, ERASURE_COLUMNS, done)
    _write(connection, lake, ERASED_RECORDS_PART, ERASED_RECORD_COLUMNS, records)


def _write(
    connection: duckdb.DuckDBPyConnection,
    lake: Lake,
    part: str,
    columns: tuple[tuple[str, str], ...],
    rows: Sequence[tuple[object, ...]],
) -> None:
    target = lake.path(part)
    if _is_written(connection, lake, part, rows):
        return
    hold_rows(connection, "exported", columns, rows)
    write_parquet(connection, "FROM exported", target)


def _is_written(
    connection: duckdb.DuckDBPyConnection, lake: Lake, part: str, rows: Sequence[tuple[object, ...]]
) -> bool:
    target = lake.path(part)
    if not target.exists():
        return False
    try:
        found = connection.execute(f"SELECT * FROM read_parquet({sql_path(target)})").fetchall()
    except duckdb.Error:
        return False
    return found == list(rows)
