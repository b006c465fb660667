"""Where a build goes, when it is a full refresh, and what is said when it fails."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pytest
from filelock import FileLock

from orchestration.errors import RekindleError, UsageError
from orchestration.loading.lake import Lake
from orchestration.loading.load import load
from orchestration.publishing.publish import PublishError, publish
from orchestration.warehouse.build import (
    BuildOptions,
    BuildPlan,
    BuildState,
    build,
    building,
    note_dbt_command,
    only_writer,
    parse_as_of,
    plan_build,
    read_state,
    write_state,
)
from orchestration.warehouse.dbt_run import DbtError
from orchestration.warehouse.held_lake import hold_lake
from orchestration.warehouse.lake import read_lake
from orchestration.warehouse.policy import PolicyError
from orchestration.workspace import POLICY, PROJECT, Engine, Workspace
from tests.orchestration.fakes import workspace_in, write_lake, write_project

ORDERS = {"1": "2025-03-01 10:00:00", "2": "2025-03-31 17:00:00"}
"""The second one is on 1 April in Shanghai."""

NOW = datetime(2025, 4, 2, tzinfo=UTC)

DEFAULT = BuildOptions()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write_project(tmp_path / "project")


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    made = workspace_in(tmp_path)
    write_lake(made.lake, ORDERS)
    return made


def built(workspace: Workspace, project: Path, options: BuildOptions = DEFAULT) -> None:
    """Leave what a complete build leaves, without dbt."""
    plan = plan_build(workspace, options, project)
    plan.build_file.parent.mkdir(parents=True, exist_ok=True)
    plan.build_file.touch()
    write_state(
        plan.build_file,
        BuildState(
            status="succeeded",
            fingerprint=plan.fingerprint,
            build_id=plan.build_id,
            brand=workspace.brand,
            business_zone=plan.lake.business_zone,
            currency=plan.lake.currency,
            as_of=plan.as_of,
            snapshotted_as_of=plan.as_of,
        ),
    )


def test_after_a_failed_build_only_spark_starts_from_nothing(
    workspace: Workspace, project: Path
) -> None:
    reasons: dict[Engine, str | None] = {"duckdb": None, "spark": "the last build failed"}
    for engine, reason in reasons.items():
        on_engine = replace(workspace, engine=engine)
        built(on_engine, project)
        state = read_state(on_engine.build_file())
        assert state is not None
        write_state(on_engine.build_file(), replace(state, status="failed"))
        found = plan_build(on_engine, DEFAULT, project).full_refresh
        assert found == reason or (reason and found and found.startswith(reason))


def test_business_date_of_the_data_is_in_the_business_zone(workspace: Workspace) -> None:
    assert read_lake(workspace.lake).as_of == date(2025, 4, 1)
    write_lake(workspace.lake, ORDERS, zone="America/New_York")
    assert read_lake(workspace.lake).as_of == date(2025, 3, 31)


def test_registrations_count_where_there_are_no_orders(workspace: Workspace) -> None:
    write_lake(workspace.lake, {})
    assert read_lake(workspace.lake).as_of is None
    folder = workspace.lake / "raw" / "crm" / "members"
    folder.mkdir(parents=True)
    duckdb.execute(
        "copy (select timestamp '2024-05-05 20:00:00' as registered_at) "
        f"to '{folder / 'a.parquet'}' (format parquet)"
    )
    assert read_lake(workspace.lake).as_of == date(2024, 5, 6)


def test_first_build_is_a_full_refresh(workspace: Workspace, project: Path) -> None:
    plan = plan_build(workspace, BuildOptions(), project)
    assert plan.full_refresh == "first build"
    assert plan.as_of == date(2025, 4, 1)
    assert plan.aside is None
    assert plan.runs_snapshots
    assert plan.dbt_arguments == (
        "build",
        "--exclude",
        "resource_type:unit_test",
        "--full-refresh",
    )


def test_second_build_is_incremental(workspace: Workspace, project: Path) -> None:
    built(workspace, project)
    plan = plan_build(workspace, BuildOptions(), project)
    assert plan.full_refresh is None
    assert "--full-refresh" not in plan.dbt_arguments


def test_new_orders_are_incremental_and_change_the_build_id(
    workspace: Workspace, project: Path
) -> None:
    built(workspace, project)
    before = plan_build(workspace, BuildOptions(), project)
    write_lake(workspace.lake, {"3": "2025-04-05 10:00:00"}, part="b")
    plan = plan_build(workspace, BuildOptions(), project)
    assert plan.full_refresh is None
    assert plan.as_of == date(2025, 4, 5)
    assert plan.build_id != before.build_id


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("models/fct_orders.sql", "select 1 as order_id"),
        ("macros/new_macro.sql", "{% macro m() %}1{% endmacro %}"),
        ("seeds/policy/rfm_policy.csv", "valid_from,window_days\n1900-01-01,180\n"),
        ("dbt_project.yml", "name: other"),
    ],
)
def test_changed_project_is_a_full_refresh(
    workspace: Workspace, project: Path, file: str, text: str
) -> None:
    built(workspace, project)
    (project / file).write_text(text)
    assert plan_build(workspace, BuildOptions(), project).full_refresh is not None


def test_a_policy_that_comes_into_force_is_a_full_refresh(
    workspace: Workspace, project: Path
) -> None:
    """Rows that were kept follow the row before it. It stood in the file for long."""
    (project / "seeds" / "policy" / "rfm_policy.csv").write_text(
        "valid_from,window_days\n1900-01-01,180\n2025-04-05,365\n"
    )
    built(workspace, project)
    found = {}
    for number, day in enumerate(("2025-04-04", "2025-04-05"), start=3):
        write_lake(workspace.lake, {str(number): f"{day} 10:00:00"}, part=day)
        found[day] = plan_build(workspace, BuildOptions(), project).full_refresh
    assert found == {
        "2025-04-04": None,
        "2025-04-05": "rows of rfm_policy come into force by 2025-04-05",
    }
    built(workspace, project)
    write_lake(workspace.lake, {"5": "2025-04-06 10:00:00"}, part="later")
    assert plan_build(workspace, BuildOptions(), project).full_refresh is None


def test_a_version_of_the_models_that_comes_into_force_is_no_full_refresh(
    workspace: Workspace, project: Path
) -> None:
    """No row is kept that follows one (test_no_row_that_is_kept_follows_the_models)."""
    (project / "seeds" / "policy" / "model_parameters.csv").write_text(
        (POLICY / "model_parameters.csv").read_text(encoding="utf-8")
    )
    built(workspace, project)
    for number, day in enumerate(("2025-06-29", "2025-06-30"), start=3):
        write_lake(workspace.lake, {str(number): f"{day} 10:00:00"}, part=day)
        assert plan_build(workspace, BuildOptions(), project).full_refresh is None


def test_documentation_alone_is_no_full_refresh(workspace: Workspace, project: Path) -> None:
    built(workspace, project)
    (project / "models" / "models.yml").write_text("version: 2\n")
    assert plan_build(workspace, BuildOptions(), project).full_refresh is None


@pytest.mark.parametrize(
    "options", [BuildOptions(rfm_mode="fixed"), BuildOptions(lifecycle_mode="adaptive")]
)
def test_another_mode_is_a_full_refresh(
    workspace: Workspace, project: Path, options: BuildOptions
) -> None:
    built(workspace, project)
    plan = plan_build(workspace, options, project)
    assert plan.full_refresh is not None
    assert "--vars" in plan.dbt_arguments


def test_lake_that_was_made_anew_is_a_full_refresh(workspace: Workspace, project: Path) -> None:
    built(workspace, project)
    write_lake(workspace.lake, ORDERS, first_load="load-2")
    assert plan_build(workspace, BuildOptions(), project).full_refresh is not None


def test_interrupted_build_is_followed_by_a_full_refresh(
    workspace: Workspace, project: Path
) -> None:
    built(workspace, project)
    state = read_state(workspace.build_file())
    assert state is not None
    write_state(workspace.build_file(), replace(state, status="running"))
    plan = plan_build(workspace, BuildOptions(), project)
    assert plan.full_refresh == "the last build was interrupted"


def test_unreadable_state_is_a_full_refresh(workspace: Workspace, project: Path) -> None:
    built(workspace, project)
    (workspace.build / "build.json").write_text("{")
    plan = plan_build(workspace, BuildOptions(), project)
    assert plan.full_refresh == "nothing is known about the build file"


def test_earlier_date_is_built_aside_without_snapshots(workspace: Workspace, project: Path) -> None:
    built(workspace, project)
    plan = plan_build(workspace, BuildOptions(as_of=date(2025, 3, 15)), project)
    assert plan.aside == date(2025, 3, 15)
    assert plan.build_file == workspace.build / "as_of=2025-03-15" / "rekindle.duckdb"
    assert not plan.runs_snapshots
    assert "resource_type:snapshot" in plan.dbt_arguments
    assert plan.full_refresh is not None
    assert json.loads(plan.dbt_arguments[plan.dbt_arguments.index("--vars") + 1]) == {
        "as_of_date": "2025-03-15"
    }


def test_last_date_of_the_data_is_no_earlier_date(workspace: Workspace, project: Path) -> None:
    plan = plan_build(workspace, BuildOptions(as_of=date(2025, 4, 1)), project)
    assert plan.aside is None
    assert plan.build_id == plan_build(workspace, BuildOptions(), project).build_id


def test_date_that_goes_back_is_a_full_refresh_without_snapshots(
    workspace: Workspace, project: Path
) -> None:
    built(workspace, project, BuildOptions(as_of=date(2025, 6, 30)))
    plan = plan_build(workspace, BuildOptions(), project)
    assert plan.full_refresh == "the business date goes back from 2025-06-30 to 2025-04-01"
    assert not plan.runs_snapshots
    later = plan_build(workspace, BuildOptions(as_of=date(2025, 7, 1)), project)
    assert later.full_refresh is None
    assert later.runs_snapshots


def test_empty_brand_can_be_planned(workspace: Workspace, project: Path) -> None:
    write_lake(workspace.lake, {})
    plan = plan_build(workspace, BuildOptions(), project)
    assert plan.as_of is None
    assert plan.runs_snapshots


def test_brand_that_was_never_loaded_is_a_sentence(tmp_path: Path, project: Path) -> None:
    with pytest.raises(UsageError, match=r"There is no raw lake in .*: load the brand first"):
        plan_build(workspace_in(tmp_path / "other"), BuildOptions(), project)


def test_unknown_mode_is_a_sentence(workspace: Workspace, project: Path) -> None:
    with pytest.raises(UsageError, match="rfm_mode is 'cubic'; it can be quantile or fixed"):
        plan_build(workspace, BuildOptions(rfm_mode="cubic"), project)


@pytest.mark.parametrize("text", ["2025-02-30", "20250301", "yesterday", "2025-3-1", "", "０"])
def test_bad_date_is_a_sentence(text: str) -> None:
    with pytest.raises(UsageError, match="is not a date: write AS_OF as YYYY-MM-DD"):
        parse_as_of(text)


def test_bad_policy_stops_before_anything_is_built(workspace: Workspace, project: Path) -> None:
    (project / "seeds/policy/rfm_policy.csv").write_text("valid_from,window_days\n1900-01-01,0\n")
    with pytest.raises(PolicyError, match="nothing was built"):
        build(workspace, project=project)
    assert not workspace.build_file().exists()


def test_second_writer_gets_a_sentence(workspace: Workspace, project: Path) -> None:
    with (
        only_writer(workspace.build_file()),
        pytest.raises(RekindleError, match=r"Another process is building or publishing .*Wait"),
    ):
        build(workspace, project=project)


def test_block_that_raises_is_a_failed_build(workspace: Workspace, project: Path) -> None:
    with pytest.raises(ZeroDivisionError), building(workspace, BuildOptions(), project=project):
        raise ZeroDivisionError
    state = read_state(workspace.build_file())
    assert state is not None
    assert state.status == "failed"


def test_full_refresh_that_failed_is_asked_for_again(workspace: Workspace, project: Path) -> None:
    """Some tables may be those of before, with other columns than the models expect."""
    built(workspace, project)
    reasons = (None, "the last full refresh failed")
    for options, reason in zip((DEFAULT, BuildOptions(full_refresh=True)), reasons, strict=True):
        with pytest.raises(ZeroDivisionError), building(workspace, options, project=project):
            raise ZeroDivisionError
        assert plan_build(workspace, DEFAULT, project).full_refresh == reason
    built(workspace, project)
    assert plan_build(workspace, DEFAULT, project).full_refresh is None


def order_ids(lake: Path) -> list[str]:
    parts = str(lake / "raw" / "commerce" / "orders" / "*.parquet")
    rows = duckdb.execute("select order_id from read_parquet(?) order by all", [parts]).fetchall()
    return [row[0] for row in rows]


def test_build_reads_the_lake_as_it_stood(workspace: Workspace, project: Path) -> None:
    """Half of a load would be seen once, and its other half never be asked for again."""
    with building(workspace, BuildOptions(), project=project) as plan:
        write_lake(workspace.lake, {"3": "2025-04-03 10:00:00"}, part="b")
        (workspace.lake / "raw" / "commerce" / "orders" / "a.parquet").unlink()
        assert order_ids(plan.sources) == ["1", "2"]
    with building(workspace, BuildOptions(), project=project) as plan:
        assert order_ids(plan.sources) == ["3"]
        assert plan.as_of == date(2025, 4, 3)


def test_part_that_a_killed_load_left_is_not_read(workspace: Workspace, tmp_path: Path) -> None:
    """The next load takes it away and uses its number again."""
    folder = tmp_path / "landing" / "catalog" / "price_changes"
    folder.mkdir(parents=True)
    header = "product_id,price,valid_from"
    (folder / "a.csv").write_text(f"{header}\nP1,5,2025-03-01T00:00:00Z\n")
    lake = tmp_path / "loaded"
    load(tmp_path / "landing", lake, now=NOW, progress=False)
    parts = lake / "raw" / "catalog" / "price_changes"
    finished = {part.name for part in parts.iterdir()}
    shutil.copyfile(parts / "schema.parquet", parts / "unfinished.parquet")
    held = hold_lake(lake, tmp_path / "held")
    assert {part.name for part in (held / parts.relative_to(lake)).iterdir()} == finished
    assert read_lake(held).content != read_lake(lake).content


def test_lake_without_links_is_copied(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_links(*_: object) -> None:
        raise OSError("links are not supported")

    monkeypatch.setattr(os, "link", no_links)
    assert order_ids(hold_lake(workspace.lake, tmp_path / "held")) == ["1", "2"]


def test_running_load_is_waited_for(workspace: Workspace, tmp_path: Path) -> None:
    with (
        FileLock(Lake(workspace.lake).lock_file),
        pytest.raises(RekindleError, match=r"A load of the lake .+ is running; build when it has"),
    ):
        hold_lake(workspace.lake, tmp_path / "held", patience=0)


def test_dbt_by_hand_keeps_the_build_from_being_published(
    workspace: Workspace, project: Path
) -> None:
    built(workspace, project)
    note_dbt_command(workspace.build_file(), ["show", "-s", "member_rfm"])
    state = read_state(workspace.build_file())
    assert state is not None
    assert state.status == "succeeded"
    note_dbt_command(workspace.build_file(), ["run", "-s", "member_rfm"])
    with pytest.raises(PublishError, match="was changed by a dbt command"):
        publish(workspace, now=NOW)


@pytest.mark.slow
def test_build_publish_fail_and_heal_with_dbt(workspace: Workspace, project: Path) -> None:
    seen: list[str] = []
    result = build(workspace, project=project, on_result=lambda node: seen.append(node.name))
    assert result.state.status == "succeeded"
    assert set(result.counts) <= {"success", "pass"}
    assert {"fct_orders", "not_null_fct_orders_order_id", "order_beliefs"} <= set(seen)
    publish(workspace, now=NOW)

    model = project / "models" / "fct_orders.sql"
    good = model.read_text()
    model.write_text(good.replace("select\n    order_id,", "select\n    'same' as order_id,", 1))
    private = project / "models" / "int_private.sql"
    private.write_text("{{ config(schema='intermediate') }} select no_such_column from (select 1)")
    with pytest.raises(DbtError) as caught:
        build(workspace, project=project)
    message = str(caught.value)
    assert message.startswith("The build failed: ")
    assert "1 data test" in message.splitlines()[0]
    assert "1 model" in message.splitlines()[0]
    assert "\n  model intermediate.int_private: " in message
    assert "no_such_column" in message
    assert "\n  data test unique_fct_orders_order_id: 1 row breaks it (" in message
    with pytest.raises(PublishError, match="did not pass its checks"):
        publish(workspace, now=NOW)

    model.write_text(good)
    private.unlink()
    build(workspace, project=project)
    assert publish(workspace, now=NOW).rows["core.fct_orders"] == 2


BUILDER = """
import sys
from pathlib import Path
from orchestration.warehouse.build import build
from tests.orchestration.fakes import workspace_in

folder = Path(sys.argv[1])
build(
    workspace_in(folder),
    project=folder / "project",
    on_result=lambda node: print(node.name, flush=True),
)
"""


@pytest.mark.slow
def test_killed_build_heals(workspace: Workspace, project: Path, tmp_path: Path) -> None:
    endless = project / "models" / "endless.sql"
    endless.write_text(
        "select count(*) as n from range(100000000000) as a(x) where x % 7 = hash(x)"
    )
    builder = subprocess.Popen(
        [sys.executable, "-c", BUILDER, str(tmp_path)], cwd=PROJECT, stdout=subprocess.PIPE
    )
    assert builder.stdout is not None
    assert builder.stdout.readline(), "something was built before the process was killed"
    builder.kill()
    builder.wait()
    builder.stdout.close()
    with pytest.raises(PublishError, match="was interrupted, so it is not published"):
        publish(workspace, now=NOW)
    endless.unlink()
    plans: list[BuildPlan] = []
    build(workspace, project=project, on_plan=plans.append)
    assert plans[0].full_refresh == "the last build was interrupted"
    assert publish(workspace, now=NOW).rows["core.fct_orders"] == 2


def test_project_that_cannot_be_read_is_a_sentence(workspace: Workspace, project: Path) -> None:
    (project / "dbt_project.yml").write_text("name: [")
    with pytest.raises(
        DbtError, match=r"dbt stopped before it built anything \(exit code 2\); its"
    ):
        build(workspace, project=project)


def test_dbt_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    script = PROJECT / "orchestration" / "warehouse" / "dbt_process.py"
    done = subprocess.run(
        [sys.executable, "-P", str(script), "1", "--version"],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 1, "a process whose parent is gone must not start dbt"
    assert done.stdout == ""
