"""When the daily job runs: once a day, and when landing files have arrived."""

import hashlib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import dagster as dg

from orchestration.brand_resource import BrandResource
from orchestration.databases.assets import database_files
from orchestration.modelling.assets import model_versions
from orchestration.privacy.assets import erasures
from orchestration.publishing.assets import serving_as_of
from orchestration.warehouse.lake import DEFAULT_ZONE

FROM_LANDING_FILES = dg.AssetSelection.all() - dg.AssetSelection.assets(
    database_files, serving_as_of, erasures, model_versions
)

daily_build = dg.define_asset_job(
    "daily_build",
    selection=FROM_LANDING_FILES | dg.AssetSelection.assets(database_files),
    description="Databases and landing files to published marts.",
)

landing_build = dg.define_asset_job(
    "landing_build",
    selection=FROM_LANDING_FILES,
    description="Landing files to published marts. Reads no database: what that delivers would ask "
    "for the next run.",
)

build_as_of = dg.define_asset_job(
    "build_as_of",
    selection=dg.AssetSelection.assets(serving_as_of),
    description="Builds and publishes earlier business dates beside today's, one partition each.",
)

erase_requests = dg.define_asset_job(
    "erase_requests",
    selection=dg.AssetSelection.assets(erasures),
    description="Carries out erasure requests, and builds and publishes anew where there were any.",
)

train_models = dg.define_asset_job(
    "train_models",
    selection=dg.AssetSelection.assets(model_versions),
    description="Trains the models on the last build and keeps what is better.",
)

daily_schedule = dg.ScheduleDefinition(
    name="daily_build_schedule",
    job=daily_build,
    cron_schedule="0 3 * * *",
    execution_timezone=DEFAULT_ZONE,
)


erasure_schedule = dg.ScheduleDefinition(
    name="erasure_schedule",
    job=erase_requests,
    cron_schedule="0 5 * * *",
    execution_timezone=DEFAULT_ZONE,
)


training_schedule = dg.ScheduleDefinition(
    name="training_schedule",
    job=train_models,
    cron_schedule="0 6 * * 1",
    execution_timezone=DEFAULT_ZONE,
)


@dg.schedule(
    name="month_end_schedule",
    job=build_as_of,
    cron_schedule="30 6 2 * *",
    execution_timezone=DEFAULT_ZONE,
)
def month_end_schedule(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """What was known at the end of the last month, kept beside today's for those who report it."""
    month_end = context.scheduled_execution_time.date().replace(day=1) - timedelta(days=1)
    return dg.RunRequest(run_key=month_end.isoformat(), partition_key=month_end.isoformat())


@dg.sensor(job=landing_build, minimum_interval_seconds=60)
def landing_files_sensor(
    context: dg.SensorEvaluationContext, brand: BrandResource
) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """Ask for a run when files of the landing folder changed and then rested for one interval."""
    state = folder_state(brand.workspace().landing)
    seen, _, requested = (context.cursor or "/").partition("/")
    if state == requested:
        yield dg.SkipReason("No landing file has changed since the last run was asked for.")
    elif state != seen:
        context.update_cursor(f"{state}/{requested}")
        yield dg.SkipReason("Landing files have changed; waiting until they rest.")
    else:
        context.update_cursor(f"{state}/{state}")
        yield dg.RunRequest(run_key=state)


def folder_state(folder: Path) -> str:
    """Digest of the names, sizes and times of all files in a folder."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.name.startswith((".", "_")):
            status = path.stat()
            name = path.relative_to(folder).as_posix()
            digest.update(f"{name} {status.st_size} {status.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:32]
