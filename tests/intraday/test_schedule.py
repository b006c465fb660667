"""The command and the schedule of the five-minute path."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import dagster as dg
import pytest
from click.testing import CliRunner

from orchestration.automation import intraday_schedule
from orchestration.cli import main
from orchestration.definitions import defs
from orchestration.intraday.assets import INTRADAY_POOL
from orchestration.workspace import Workspace
from tests.intraday.brand import APP_EVENTS, deliver, publish_by_hand, rows

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Brand:
    """Stands for the resource of that name."""

    made: Workspace

    def workspace(self) -> Workspace:
        """The workspace it was made with."""
        return self.made


@pytest.fixture(scope="module")
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.instance_for_test() as made:
        yield made


def asked(brand: Brand, instance: dg.DagsterInstance) -> str | None:
    """Why no run is asked for; None where one is."""
    context = dg.build_schedule_context(instance=instance, resources={"brand": brand})
    answer = intraday_schedule(context)
    assert isinstance(answer, dg.SkipReason | dg.RunRequest)
    return answer.skip_message if isinstance(answer, dg.SkipReason) else None


def run_job(brand: Brand, instance: dg.DagsterInstance) -> dg.ExecuteInProcessResult:
    """A run of the job, as the schedule would ask for it."""
    return defs.resolve_job_def("intraday").execute_in_process(
        instance=instance, resources={"brand": brand}
    )


def test_a_run_is_asked_for_where_something_new_came(
    day: Workspace, instance: dg.DagsterInstance
) -> None:
    brand = Brand(day)
    nothing_new = "No landing file has changed since the last run, and nothing was published."
    assert asked(brand, instance) == nothing_new
    deliver(day, "app/events/2", APP_EVENTS + "e2,appBob,open,,2025-06-30T11:00:00Z\n")
    assert asked(brand, instance) is None
    done = run_job(brand, instance)
    (told,) = done.asset_materializations_for_node("intraday_activity")
    assert rows(day, "select sum(times) from activity_hourly") == [
        (told.metadata["dagster/row_count"].value,)
    ]
    assert rows(
        day, "select times from member_activity where one_id = 'bob' and activity = 'opened'"
    ) == [(1,)]
    assert asked(brand, instance) == nothing_new
    publish_by_hand(day, build_id="build-2")
    assert asked(brand, instance) is None
    (day.serving / "rekindle.duckdb").unlink()
    assert "Nothing of tiny is published in" in str(asked(brand, instance))


def test_no_run_is_asked_for_while_one_is_under_way(
    day: Workspace, instance: dg.DagsterInstance
) -> None:
    deliver(day, "app/events/2", APP_EVENTS + "e2,appBob,open,,2025-06-30T11:00:00Z\n")
    run = instance.create_run_for_job(
        defs.resolve_job_def("intraday"), status=dg.DagsterRunStatus.STARTED
    )
    assert asked(Brand(day), instance) == "The run before is still under way."
    instance.report_run_canceled(run)
    assert asked(Brand(day), instance) is None


def test_it_is_in_the_way_of_no_build() -> None:
    (node,) = defs.resolve_job_def("intraday").graph.node_defs
    assert isinstance(node, dg.OpDefinition)
    assert node.pool == INTRADAY_POOL
    builds = ("daily_build", "landing_build", "erase_requests", "build_as_of", "train_models")
    for job in builds:
        nodes = defs.resolve_job_def(job).graph.node_defs
        pools = {one.pool for one in nodes if isinstance(one, dg.OpDefinition)}
        assert INTRADAY_POOL not in pools
    assert intraday_schedule.cron_schedule == "*/5 * * * *"


def test_a_run_that_cannot_begin_fails_with_a_sentence(
    day: Workspace, instance: dg.DagsterInstance
) -> None:
    (day.serving / "rekindle.duckdb").unlink()
    done = defs.resolve_job_def("intraday").execute_in_process(
        instance=instance, resources={"brand": Brand(day)}, raise_on_error=False
    )
    assert not done.success
    (failure,) = [event for event in done.all_events if event.is_step_failure]
    assert "Nothing of tiny is published in" in str(failure.step_failure_data.error)


def test_the_command_says_what_came(day: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestration.cli.resolve_workspace", lambda *_, **__: day)
    deliver(day, "app/events/2", APP_EVENTS + "e2,appBob,open,,2025-06-30T11:00:00Z\n")
    first = CliRunner().invoke(main, ["intraday", "tiny"])
    assert first.exit_code == 0, first.output
    assert "1 files loaded" in first.output
    assert "acts of" in first.output
    again = CliRunner().invoke(main, ["intraday", "--data", "tiny"])
    assert "nothing has changed, so nothing was written" in again.output
    (day.serving / "rekindle.duckdb").unlink()
    without = CliRunner().invoke(main, ["intraday", "tiny"])
    assert without.exit_code == 1
    assert without.output.splitlines()[-1].startswith("Nothing of tiny is published in ")
    assert "Traceback" not in without.output
