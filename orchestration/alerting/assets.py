"""Dagster wiring of alerts: messages go out after publishing, and when a run has failed."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime

import dagster as dg

from orchestration.alerting.channels import misnamed, read_settings
from orchestration.alerting.deliver import deliver
from orchestration.alerting.failures import note_failed_run
from orchestration.alerting.overview import overview
from orchestration.brand_resource import BrandResource
from orchestration.publishing.assets import serving
from orchestration.retries import TRANSIENT, failing_at_once

SHOWN = 3
"""How many assets of a failed run are named."""


@dg.asset(
    name="alert_messages",
    deps=[spec.key for spec in serving.specs],
    group_name="alerting",
    description="What the rules found in the published build, told to the channels of alerts.yml.",
    retry_policy=TRANSIENT,
)
def alert_messages(
    context: dg.AssetExecutionContext, brand: BrandResource
) -> dg.MaterializeResult[None]:
    """Deliver the messages about the published build, and those that were left over."""
    started = time.monotonic()
    with failing_at_once():
        workspace = brand.workspace()
        settings = read_settings(workspace)
        done = deliver(workspace.alert_store, settings, workspace.brand)
    for sentence in misnamed(settings, datetime.now(UTC).date()):
        context.log.warning("%s", sentence)
    for failure in done.failures:
        context.log.error("not delivered to %s: %s", failure.channel, failure.reason)
    stand = overview(workspace)
    return dg.MaterializeResult(
        metadata={
            "open_alerts": len(stand.open),
            "delivered_messages": done.delivered,
            "dead_letters": len(stand.dead),
            "seconds": time.monotonic() - started,
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
        job=_name_of(context.dagster_run, steps),
        run_id=context.dagster_run.run_id,
        steps=steps,
        now=datetime.now(UTC),
    ):
        for failure in deliver(workspace.alert_store, settings, workspace.brand).failures:
            context.log.error("not delivered to %s: %s", failure.channel, failure.reason)


def _name_of(run: dg.DagsterRun, steps: Sequence[str]) -> str:
    """The job of a run, or the assets where pages started it without one; and its partition."""
    name = run.job_name
    if name.startswith("__"):
        assets = sorted(key.to_user_string() for key in run.asset_selection or ()) or steps
        more = f" and {len(assets) - SHOWN} more" if len(assets) > SHOWN else ""
        name = (", ".join(assets[:SHOWN]) or "assets") + more
    partition = run.tags.get("dagster/partition")
    return f"{name} ({partition})" if partition else name
