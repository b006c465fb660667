"""Dagster wiring of privacy: erasure requests carried out, and the marts made anew after them."""

import time
from datetime import UTC, datetime

import dagster as dg

from orchestration.brand_resource import BrandResource
from orchestration.privacy.builds import is_published
from orchestration.privacy.erase import erase, note_published
from orchestration.publishing.assets import serving
from orchestration.publishing.publish import publish
from orchestration.retries import TRANSIENT, failing_at_once
from orchestration.warehouse.assets import POOL
from orchestration.warehouse.build import build
from orchestration.workspace import DECISIONS


@dg.asset(
    name="erasures",
    deps=[spec.key for spec in serving.specs],
    group_name="privacy",
    pool=POOL,
    kinds={"parquet", "duckdb"},
    retry_policy=TRANSIENT,
)
def erasures(context: dg.AssetExecutionContext, brand: BrandResource) -> dg.MaterializeResult[None]:
    """Erase who asked for it from every store, by the persons of the last build."""
    with failing_at_once():
        return _erase(context, brand)


def _erase(context: dg.AssetExecutionContext, brand: BrandResource) -> dg.MaterializeResult[None]:
    started = time.monotonic()
    workspace = brand.workspace()
    was_published = is_published(workspace)
    erased = erase(workspace, datetime.now(UTC), context.log.info)
    for one in (*erased.left_to_do(), *erased.about_decisions(DECISIONS)):
        context.log.warning(one)
    if erased.needs_build:
        build(workspace)
        if was_published:
            publish(workspace, now=datetime.now(UTC))
        note_published(workspace)
    return dg.MaterializeResult(
        metadata={
            "requests": erased.requests,
            "seconds": time.monotonic() - started,
            "rows_removed": erased.rows,
            "files_searched": erased.files,
            "files_not_searched": len(erased.unsearched),
            "requests_left_open": erased.open_requests,
            "earlier_dates_removed": ", ".join(erased.earlier_dates),
        }
    )
