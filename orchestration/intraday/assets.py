"""Dagster wiring of the five-minute path: one asset, in a pool of its own."""

import time
from datetime import UTC, datetime

import dagster as dg

from orchestration.brand_resource import BrandResource
from orchestration.intraday.run import run_intraday
from orchestration.intraday.store import shelf_of
from orchestration.retries import failing_at_once

INTRADAY_POOL = "rekindle_intraday"
"""One run at a time, whatever the daily build does."""


@dg.asset(
    name="intraday_activity",
    group_name="intraday",
    pool=INTRADAY_POOL,
    kinds={"duckdb", "parquet"},
)
def intraday_activity(
    context: dg.AssetExecutionContext, brand: BrandResource
) -> dg.MaterializeResult[None]:
    """What people did in the last hours, from new landing files and the published persons.

    A run that breaks is not tried again: the next one is due in five minutes.
    """
    started = time.monotonic()
    with failing_at_once():
        workspace = brand.workspace()
        run = run_intraday(workspace, datetime.now(UTC))
    if run.loaded is None:
        context.log.info("Another load holds the lake; this run took what was loaded.")
    else:
        for line in run.loaded.lines():
            context.log.info("%s", line)
    status, file = run.status, shelf_of(workspace).file
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": status.acts,
            "bytes": file.stat().st_size,
            "seconds": time.monotonic() - started,
            "is_new": run.is_new,
            "people": status.people,
            "new_people": status.new_people,
            "files": status.files,
            "latency_p50_seconds": status.latency_p50_seconds,
            "latency_p95_seconds": status.latency_p95_seconds,
            "window_end_at": status.window_end_at.isoformat(),
            "file": dg.MetadataValue.path(str(file)),
        }
    )
