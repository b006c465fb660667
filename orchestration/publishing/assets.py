"""Dagster wiring of publishing: one asset for each published table, and earlier dates."""

import time
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta

import dagster as dg

from orchestration.brand_resource import BrandResource
from orchestration.errors import UsageError
from orchestration.identity.restated import EVENTS, Restated
from orchestration.loading.assets import lake
from orchestration.publishing.marts import Mart, published_marts
from orchestration.publishing.publish import publish
from orchestration.retries import TRANSIENT, failing_at_once
from orchestration.warehouse.assets import MANIFEST, POOL
from orchestration.warehouse.build import BuildOptions, aside_date, build
from orchestration.warehouse.lake import read_lake

MARTS = published_marts(MANIFEST)

DAILY = dg.FreshnessPolicy.time_window(
    warn_window=timedelta(hours=26), fail_window=timedelta(hours=36)
)
"""A published mart is late when a day's build is missing, and stale before the next one's time."""

AS_OF_DAYS = dg.DailyPartitionsDefinition(start_date="1990-01-01", end_offset=1)
"""Business dates a build can be made for; the zone of a date is the brand's."""


def _serving_key(mart: Mart) -> dg.AssetKey:
    return dg.AssetKey(["serving", mart.schema, mart.name])


@dg.multi_asset(
    name="serving",
    specs=[
        dg.AssetSpec(
            _serving_key(mart),
            deps=[dg.AssetKey([mart.schema, mart.name])],
            group_name="serving",
            description=mart.description,
            kinds={"duckdb", "parquet"},
            freshness_policy=DAILY,
        )
        for mart in MARTS
    ],
    pool=POOL,
    retry_policy=TRANSIENT,
)
def serving(brand: BrandResource) -> Iterator[dg.MaterializeResult[None]]:
    """Swap in the marts of the last build, whole, if it passed all its checks."""
    started = time.monotonic()
    with failing_at_once():
        published = publish(brand.workspace(), now=datetime.now(UTC))
    seconds = time.monotonic() - started
    parquet = published.files[0].parent / "parquet"
    changes = restated_metadata(published.restated)
    for mart in MARTS:
        yield dg.MaterializeResult(
            asset_key=_serving_key(mart),
            metadata={
                "dagster/row_count": published.rows[f"{mart.schema}.{mart.name}"],
                "bytes": (parquet / mart.schema / f"{mart.name}.parquet").stat().st_size,
                "seconds_of_the_publication": seconds,
                "build_id": published.publication.build_id,
                "as_of_date": str(published.publication.as_of_date),
                **(changes if f"{mart.schema}.{mart.name}" == EVENTS else {}),
            },
        )


def restated_metadata(found: Restated | None) -> Mapping[str, int | dg.MetadataValue]:
    """What a publication tells of merges and splits, beside the table that lists them."""
    if found is None:
        return {"merges": 0, "splits": 0}
    return {
        "merges": found.merges,
        "splits": found.splits,
        "persons_restated": found.persons,
        "restated": dg.MetadataValue.path(str(found.file)),
        "persons_restated_by_measure": dg.MetadataValue.json(found.changed),
    }


@dg.asset(
    name="serving_as_of",
    deps=[spec.key for spec in lake.specs],
    partitions_def=AS_OF_DAYS,
    group_name="serving",
    pool=POOL,
    kinds={"duckdb", "parquet"},
    retry_policy=TRANSIENT,
)
def serving_as_of(
    context: dg.AssetExecutionContext, brand: BrandResource
) -> dg.MaterializeResult[None]:
    """What was known on an earlier business date, built and published beside today's."""
    started = time.monotonic()
    as_of = date.fromisoformat(context.partition_key)
    with failing_at_once():
        workspace = brand.workspace()
        data = read_lake(workspace.lake)
        if aside_date(data, as_of) is None:
            raise UsageError(
                f"{as_of} is not before the last business date of the data ({data.as_of}); "
                "the daily build makes that one."
            )
        build(workspace, BuildOptions(as_of=as_of))
        published = publish(workspace, now=datetime.now(UTC), aside=as_of)
    return dg.MaterializeResult(
        metadata={
            "build_id": published.publication.build_id,
            "file": dg.MetadataValue.path(str(published.files[0])),
            "dagster/row_count": sum(published.rows.values()),
            "bytes": published.files[0].stat().st_size,
            "seconds": time.monotonic() - started,
        }
    )
