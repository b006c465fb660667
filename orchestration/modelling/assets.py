"""Dagster wiring of training: a version of the models from the last build, where it is better."""

import time

import dagster as dg

from orchestration.brand_resource import BrandResource
from orchestration.modelling.train import (
    TooYoungError,
    business_date,
    code_of,
    read_versions,
    train,
)
from orchestration.publishing.assets import serving
from orchestration.retries import TRANSIENT, failing_at_once
from orchestration.warehouse.assets import POOL
from orchestration.workspace import PARAMETERS


@dg.asset(
    name="model_versions",
    deps=[spec.key for spec in serving.specs],
    group_name="modelling",
    pool=POOL,
    kinds={"python", "csv"},
    retry_policy=TRANSIENT,
)
def model_versions(
    context: dg.AssetExecutionContext, brand: BrandResource
) -> dg.MaterializeResult[None]:
    """Train on the last build; the next one uses what is better, and what is worse is not kept."""
    with failing_at_once():
        return _train(context, brand)


def _train(context: dg.AssetExecutionContext, brand: BrandResource) -> dg.MaterializeResult[None]:
    started = time.monotonic()
    workspace = brand.workspace()
    build_file = workspace.build_file()
    try:
        day = business_date(build_file)
        code = code_of(workspace.brand, day)
        if code in read_versions(PARAMETERS):
            context.log.info("%s is there already: nothing came since.", code)
            return dg.MaterializeResult(metadata={"version": code, "is_written": False})
        trained = train(build_file, PARAMETERS, code, day)
    except TooYoungError as error:
        context.log.warning("No new version: %s", error)
        return dg.MaterializeResult(metadata={"is_written": False, "message": str(error)})
    if not trained.is_written:
        context.log.warning("%s is no better than what there is, and was not written.", code)
    return dg.MaterializeResult(
        metadata={
            "version": code,
            "is_written": trained.is_written,
            "log_loss": trained.log_loss,
            "best_before": min(trained.others.values(), default=float("nan")),
            "people": trained.people,
            "seconds": time.monotonic() - started,
        }
    )
