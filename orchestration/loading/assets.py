"""Dagster wiring of loading: landing folders and the tables of the raw lake."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pyarrow.parquet as pq

from orchestration.adapters.catalogue import write_data_set
from orchestration.brand_resource import BrandResource
from orchestration.databases.assets import database_files
from orchestration.loading.contract import Table, load_contract
from orchestration.loading.load import PATIENCE, load
from orchestration.retries import TRANSIENT, failing_at_once

TABLES = tuple(load_contract().tables)

LOGS = ("load_log", "quarantine", "brand", "erased_records", "erasures")
"""What the loader writes about its own work, as tables of the lake's system `rekindle`."""


def _landing_key(table: Table) -> dg.AssetKey:
    return dg.AssetKey(["landing", table.system, table.name])


def _lake_key(system: str, name: str) -> dg.AssetKey:
    return dg.AssetKey(["lake", system, name])


LANDING = [
    dg.AssetSpec(
        _landing_key(table),
        group_name="landing",
        description=f"Files that the brand hands over in {table.system}/{table.name}/.",
        kinds={"file"},
    )
    for table in TABLES
]
"""Landing folders: somebody else puts files there."""


@dg.multi_asset(
    name="lake",
    specs=[
        *(
            dg.AssetSpec(
                _lake_key(table.system, table.name),
                deps=[_landing_key(table), database_files],
                group_name="lake",
                description=f"All versions of {table.system}.{table.name}, typed.",
                kinds={"parquet"},
            )
            for table in TABLES
        ),
        *(
            dg.AssetSpec(
                _lake_key("rekindle", name),
                deps=[_landing_key(table) for table in TABLES],
                group_name="lake",
                description=f"The loader's {name.replace('_', ' ')}.",
                kinds={"parquet"},
            )
            for name in LOGS
        ),
    ],
    retry_policy=TRANSIENT,
)
def lake(
    context: dg.AssetExecutionContext, brand: BrandResource
) -> Iterator[dg.MaterializeResult[None]]:
    """Load every new landing file exactly once; a data set writes its files first."""
    started = time.monotonic()
    with failing_at_once():
        workspace = brand.workspace()
        if workspace.has_adapter:
            write_data_set(workspace)
        summary = load(
            workspace.landing,
            workspace.lake,
            now=datetime.now(UTC),
            progress=False,
            patience=PATIENCE,
        )
    seconds = time.monotonic() - started
    for line in summary.lines():
        context.log.info("%s", line)
    with failing_at_once():
        summary.check()
    for key in sorted(context.selected_asset_keys):
        rows, size = size_of(workspace.lake / "raw" / key.path[-2] / key.path[-1])
        yield dg.MaterializeResult(
            asset_key=key,
            metadata={"dagster/row_count": rows, "bytes": size, "seconds_of_the_load": seconds},
        )


def size_of(folder: Path) -> tuple[int, int]:
    """Rows and bytes of the Parquet files of a folder."""
    files = list(folder.glob("*.parquet"))
    rows = sum(pq.read_metadata(file).num_rows for file in files)
    return rows, sum(file.stat().st_size for file in files)
