"""Everything Dagster knows about Rekindle, composed; nothing is defined here."""

from __future__ import annotations

import dagster as dg

from orchestration.alerting.assets import alert_messages, run_failure_alerts
from orchestration.automation import (
    build_as_of,
    daily_build,
    daily_schedule,
    erase_requests,
    erasure_schedule,
    intraday,
    intraday_schedule,
    landing_build,
    landing_files_sensor,
    month_end_schedule,
    train_models,
    training_schedule,
)
from orchestration.brand_resource import BrandResource
from orchestration.databases.assets import database_files
from orchestration.intraday.assets import intraday_activity
from orchestration.loading.assets import LANDING, lake
from orchestration.modelling.assets import model_versions
from orchestration.privacy.assets import erasures
from orchestration.publishing.assets import serving, serving_as_of
from orchestration.warehouse.assets import warehouse

defs = dg.Definitions(
    assets=[
        *LANDING,
        database_files,
        lake,
        warehouse,
        serving,
        serving_as_of,
        alert_messages,
        erasures,
        model_versions,
        intraday_activity,
    ],
    jobs=[daily_build, landing_build, build_as_of, erase_requests, train_models, intraday],
    schedules=[
        daily_schedule,
        month_end_schedule,
        erasure_schedule,
        training_schedule,
        intraday_schedule,
    ],
    sensors=[landing_files_sensor, run_failure_alerts],
    resources={"brand": BrandResource()},
)
