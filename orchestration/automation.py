"""When the daily job runs: once a day, and when landing files have arrived."""

from collections.abc import Iterator
from datetime import timedelta

import dagster as dg

from orchestration.brand_resource import BrandResource
from orchestration.databases.assets import database_files
from orchestration.intraday.assets import intraday_activity
from orchestration.intraday.run import why_not_due
from orchestration.loading.discovery import folder_state
from orchestration.modelling.assets import model_versions
from orchestration.privacy.assets import erasures
from orchestration.publishing.assets import serving_as_of
from orchestration.warehouse.lake import DEFAULT_ZONE

FROM_LANDING_FILES = dg.AssetSelection.all() - dg.AssetSelection.assets(
    database_files, serving_as_of, erasures, model_versions, intraday_activity
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

intraday = dg.define_asset_job(
    "intraday",
    selection=dg.AssetSelection.assets(intraday_activity),
    description="New landing files to what people did in the last hours. Waits for no build.",
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


UNDER_WAY = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


@dg.schedule(
    name="intraday_schedule",
    job=intraday,
    cron_schedule="*/5 * * * *",
    execution_timezone=DEFAULT_ZONE,
)
def intraday_schedule(
    context: dg.ScheduleEvaluationContext, brand: BrandResource
) -> dg.RunRequest | dg.SkipReason:
    """Ask for a run where something new came and none is under way."""
    asked = dg.RunsFilter(job_name="intraday", statuses=UNDER_WAY)
    if context.instance.get_runs_count(asked):
        return dg.SkipReason("The run before is still under way.")
    reason = why_not_due(brand.workspace())
    return dg.RunRequest() if reason is None else dg.SkipReason(reason)


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
