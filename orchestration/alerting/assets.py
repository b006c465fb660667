"""Dagster wiring of alerts: messages go out after publishing, and when a run has failed."""

from datetime import UTC, datetime

import dagster as dg

from orchestration.alerting.channels import read_settings
from orchestration.alerting.deliver import deliver
from orchestration.alerting.failures import note_failed_run
from orchestration.alerting.overview import overview
from orchestration.brand_resource import BrandResource
from orchestration.publishing.assets import serving


@dg.asset(
    name="alert_messages",
    deps=[spec.key for spec in serving.specs],
    group_name="alerting",
    description="What the rules found in the published build, told to the channels of alerts.yml.",
)
def alert_messages(
    context: dg.AssetExecutionContext, brand: BrandResource
) -> dg.MaterializeResult[None]:
    """Deliver the messages about the published build, and those that were left over."""
    workspace = brand.workspace()
    done = deliver(workspace.alert_store, read_settings(workspace), workspace.brand)
    for failure in done.failures:
        context.log.error("not delivered to %s: %s", failure.channel, failure.reason)
    stand = overview(workspace)
    return dg.MaterializeResult(
        metadata={
            "open_alerts": len(stand.open),
            "delivered_messages": done.delivered,
            "dead_letters": len(stand.dead),
        }
    )


@dg.run_failure_sensor(
    name="run_failure_alerts",
    description="Tells the channels of alerts.yml that a run has failed.",
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def run_failure_alerts(context: dg.RunFailureSensorContext, brand: BrandResource) -> None:
    """Send a message about a failed run through the channels that alerts use."""
    workspace = brand.workspace()
    settings = read_settings(workspace)
    steps = tuple(event.step_key or "" for event in context.get_step_failure_events())
    if note_failed_run(
        workspace.alert_store,
        settings,
        job=context.dagster_run.job_name,
        run_id=context.dagster_run.run_id,
        steps=steps,
        now=datetime.now(UTC),
    ):
        for failure in deliver(workspace.alert_store, settings, workspace.brand).failures:
            context.log.error("not delivered to %s: %s", failure.channel, failure.reason)
