"""Dagster wiring of databases: what is new in them is delivered before the lake is loaded."""

import dagster as dg

from orchestration.brand_resource import BrandResource
from orchestration.databases.settings import has_databases


@dg.asset(
    name="database_files",
    group_name="landing",
    description="What is new in the tables that databases.yml names, as landing files.",
    kinds={"postgres", "mysql", "parquet"},
)
def database_files(
    context: dg.AssetExecutionContext, brand: BrandResource
) -> dg.MaterializeResult[None]:
    """Deliver what is new; a brand without databases.yml has nothing to read."""
    workspace = brand.workspace()
    if not has_databases(workspace.landing):
        return dg.MaterializeResult(metadata={"tables": 0})
    from orchestration.databases.pull import pull  # late: it brings large libraries

    summary = pull(workspace.landing, workspace.databases)
    for line in summary.lines():
        context.log.info("%s", line)
    summary.check()
    return dg.MaterializeResult(
        metadata={
            "tables": len(summary.pulled),
            "rows": sum(one.rows for one in summary.pulled),
            "files": sum(one.files for one in summary.pulled),
            "bytes": sum(one.bytes for one in summary.pulled),
        }
    )
