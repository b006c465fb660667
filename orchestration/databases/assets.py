"""Dagster wiring of databases: what is new in them is delivered before the lake is loaded."""

import time

import dagster as dg

from orchestration.brand_resource import BrandResource
from orchestration.databases.errors import PullError
from orchestration.databases.settings import has_databases
from orchestration.retries import TRANSIENT, failing_at_once


@dg.asset(
    name="database_files",
    group_name="landing",
    description="What is new in the tables that databases.yml names, as landing files.",
    kinds={"postgres", "mysql", "parquet"},
    retry_policy=TRANSIENT,
)
def database_files(
    context: dg.AssetExecutionContext, brand: BrandResource
) -> dg.MaterializeResult[None]:
    """Deliver what is new; a brand without databases.yml has nothing to read.

    A database that could not be read is tried again: its server may be back in a minute.
    """
    started = time.monotonic()
    with failing_at_once():
        workspace = brand.workspace()
        if not has_databases(workspace.landing):
            return dg.MaterializeResult(metadata={"tables": 0})
        from orchestration.databases.pull import pull  # late: it brings large libraries

        try:
            summary = pull(workspace.landing, workspace.databases)
            for line in summary.lines():
                context.log.info("%s", line)
            summary.check()
        except PullError as error:
            raise dg.Failure(str(error)) from error
    return dg.MaterializeResult(
        metadata={
            "tables": len(summary.pulled),
            "dagster/row_count": sum(one.rows for one in summary.pulled),
            "files": sum(one.files for one in summary.pulled),
            "bytes": sum(one.bytes for one in summary.pulled),
            "seconds": time.monotonic() - started,
        }
    )
