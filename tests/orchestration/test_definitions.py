"""The Dagster definitions: what they hold, and one whole daily job on a tiny brand."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest
import yaml
from dagster_dbt import DbtCliResource
from dagster_dbt.asset_utils import extract_runtime_selection_from_args

from orchestration.alerting.assets import alert_messages, run_failure_alerts
from orchestration.automation import landing_files_sensor, month_end_schedule
from orchestration.brand_resource import BrandResource
from orchestration.databases.assets import database_files
from orchestration.definitions import defs
from orchestration.errors import UsageError
from orchestration.loading.contract import load_contract
from orchestration.loading.discovery import folder_state
from orchestration.modelling.bg_nbd import BgNbd
from orchestration.publishing.assets import DAILY
from orchestration.publishing.marts import published_marts
from orchestration.retries import TRANSIENT, failing_at_once
from orchestration.warehouse.assets import MANIFEST, POOL
from orchestration.warehouse.build import BuildOptions, _dbt_arguments, manifest_path
from orchestration.warehouse.dbt_run import DbtFiles, DbtResult
from orchestration.workspace import PARAMETERS, PROJECT
from tests.alerting.receivers import http_receiver
from tests.dbt_forks import installed_dbt, write_executable
from tests.modelling.simulation import order_days, write_build

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def graph() -> dg.AssetGraph:
    dg.Definitions.validate_loadable(defs)
    return defs.get_repository_def().asset_graph


@pytest.fixture(scope="module")
def manifest() -> dict[str, dict[str, dict[str, object]]]:
    return dict(json.loads(MANIFEST.read_text(encoding="utf-8")))


@pytest.fixture
def landing(tmp_path: Path) -> Path:
    folder = tmp_path / "tiny"
    for name, text in {
        "brand.yml": "business_zone: Asia/Shanghai\n",
        "crm/members/m.csv": (
            "member_no,phone,registered_at,updated_at\n"
            "m1,13912345671,2025-01-01T08:00:00Z,2025-01-01T08:00:00Z\n"
            "m2,13912345672,2025-01-02T08:00:00Z,2025-01-02T08:00:00Z\n"
        ),
        "commerce/orders/o.csv": (
            "order_id,order_channel,buyer_key_type,buyer_key,status,ordered_at,gross_amount,"
            "discount_amount,net_amount,updated_at\n"
            "o1,pos,member_no,m1,completed,2025-03-01T08:00:00Z,20,0,20,2025-03-01T08:00:00Z\n"
            "o2,pos,member_no,m1,completed,2025-03-31T17:00:00Z,30,5,25,2025-03-31T17:00:00Z\n"
            "o3,pos,member_no,m2,completed,2025-02-01T08:00:00Z,x,0,10,2025-02-01T08:00:00Z\n"
        ),
    }.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


@pytest.fixture
def dbt_in_a_fork(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The dbt that Dagster starts is the installed one, but has read the project already."""
    executable = tmp_path / "dbt"
    write_executable(executable)

    def resource(dbt_executable: str, **settings: Any) -> DbtCliResource:
        assert Path(dbt_executable) == installed_dbt()
        return DbtCliResource(dbt_executable=str(executable), **settings)

    monkeypatch.setattr("orchestration.warehouse.assets.DbtCliResource", resource)


def test_lineage_runs_from_landing_file_to_published_mart(graph: dg.AssetGraph) -> None:
    ancestors = graph.get_ancestor_asset_keys(dg.AssetKey(["serving", "core", "fct_orders"]))
    assert dg.AssetKey(["landing", "commerce", "orders"]) in ancestors
    assert dg.AssetKey(["lake", "commerce", "orders"]) in ancestors
    assert dg.AssetKey(["core", "fct_orders"]) in ancestors


def test_every_table_of_the_contract_is_an_asset(graph: dg.AssetGraph) -> None:
    keys = graph.get_all_asset_keys()
    for table in load_contract().tables:
        assert dg.AssetKey(["landing", table.system, table.name]) in keys
        assert dg.AssetKey(["lake", table.system, table.name]) in keys


def test_every_public_model_is_published(graph: dg.AssetGraph) -> None:
    keys = graph.get_all_asset_keys()
    marts = published_marts(MANIFEST)
    assert {("core", "fct_orders"), ("kpi", "kpi_monthly"), ("ops", "quarantine")} <= {
        (mart.schema, mart.name) for mart in marts
    }
    for mart in marts:
        assert dg.AssetKey([mart.schema, mart.name]) in keys
        assert dg.AssetKey(["serving", mart.schema, mart.name]) in keys


def test_data_tests_are_asset_checks(
    graph: dg.AssetGraph, manifest: dict[str, dict[str, dict[str, object]]]
) -> None:
    checks = {(key.asset_key.path[-1], key.name) for key in graph.asset_check_keys}
    tests = [
        node
        for node in manifest["nodes"].values()
        if node["resource_type"] == "test" and node.get("attached_node")
    ]
    assert tests
    for node in tests:
        attached = str(node["attached_node"]).split(".")[-1]
        assert (attached, node["name"]) in checks


def test_groups_and_owners_come_from_dbt(
    graph: dg.AssetGraph, manifest: dict[str, dict[str, dict[str, object]]]
) -> None:
    emails = {
        str(group["name"]): str(dict(group["owner"])["email"])  # type: ignore[call-overload]
        for group in manifest["groups"].values()
    }
    for mart in published_marts(MANIFEST):
        node = graph.get(dg.AssetKey([mart.schema, mart.name]))
        assert node.group_name == mart.schema
        assert node.owners == [emails[mart.schema]]
    assert graph.get(dg.AssetKey(["staging", "stg_crm__members"])).group_name == "staging"


def test_whoever_uses_a_build_file_is_in_the_one_writer_pool() -> None:
    pools = {
        node.name: node.pool
        for node in defs.resolve_job_def("daily_build").graph.node_defs
        if isinstance(node, dg.OpDefinition)
    }
    plain = {"database_files": None, "lake": None, "alert_messages": None}
    assert pools == {**plain, "warehouse": POOL, "serving": POOL}
    (erasing,) = defs.resolve_job_def("erase_requests").graph.node_defs
    assert isinstance(erasing, dg.OpDefinition)
    assert erasing.pool == POOL
    settings = yaml.safe_load((PROJECT / "dagster.yaml").read_text())
    assert settings["concurrency"]["pools"]["default_limit"] == 1


def test_what_is_published_goes_stale_and_is_tried_again(graph: dg.AssetGraph) -> None:
    for mart in published_marts(MANIFEST):
        policy = graph.get(dg.AssetKey(["serving", mart.schema, mart.name])).freshness_policy
        assert policy == DAILY
    assert yaml.safe_load((PROJECT / "dagster.yaml").read_text())["freshness"] == {"enabled": True}
    for job in ("daily_build", "build_as_of", "erase_requests", "train_models"):
        for node in defs.resolve_job_def(job).graph.node_defs:
            assert isinstance(node, dg.OpDefinition)
            assert node.retry_policy == TRANSIENT, node.name


def test_a_mistake_of_the_input_is_final_and_anything_else_is_not() -> None:
    with pytest.raises(dg.Failure, match="the folder is gone") as found, failing_at_once():
        raise UsageError("the folder is gone")
    assert not found.value.allow_retries
    with pytest.raises(OSError, match="disk"), failing_at_once():
        raise OSError("disk")


@pytest.mark.parametrize(
    ("url", "sentence", "is_final"),
    [
        ("postgresql://reader@127.0.0.1:1/shop", "The database shop cannot be reached", False),
        ("", "the environment variable SHOP_URL is not set", True),
    ],
    ids=["a_server_that_is_down", "a_mistake"],
)
def test_a_database_is_asked_again_unless_the_mistake_stays(
    landing: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    url: str,
    sentence: str,
    is_final: bool,
) -> None:
    monkeypatch.setenv("SHOP_URL", url)
    (landing / "databases.yml").write_text(
        "databases: {shop: {url: '${SHOP_URL}', tables: {commerce.orders: {table: orders, "
        "cursor: updated_at}}}}\n"
    )
    brand = BrandResource(data=str(landing), var=str(tmp_path / "var"))
    with pytest.raises(dg.Failure, match=sentence) as found:
        database_files(dg.build_asset_context(), brand)
    assert found.value.allow_retries is not is_final


def test_a_mistake_in_alerts_yml_is_a_sentence(landing: Path, tmp_path: Path) -> None:
    (landing / "alerts.yml").write_text("channels: [operations]\n")
    brand = BrandResource(data=str(landing), var=str(tmp_path / "var"))
    with pytest.raises(dg.Failure, match=r"alerts\.yml, channels: "):
        alert_messages(dg.build_asset_context(), brand)


@pytest.mark.parametrize("is_dated", [True, False], ids=["few_people", "no_dated_fact"])
def test_training_on_a_young_brand_ends_without_a_version(
    landing: Path, tmp_path: Path, instance: dg.DagsterInstance, is_dated: bool
) -> None:
    brand = BrandResource(data=str(landing), var=str(tmp_path / "var"))
    build_file = brand.workspace().build_file()
    build_file.parent.mkdir(parents=True)
    people = order_days(BgNbd(0.8, 20.0, 0.7, 3.0), 40, 500, seed=5)
    write_build(build_file, people, first_age=500)
    if not is_dated:
        with duckdb.connect(str(build_file)) as connection:
            connection.execute("delete from intermediate.int_insight__model_days")
    shipped = PARAMETERS.read_bytes()
    result = defs.resolve_job_def("train_models").execute_in_process(
        instance=instance, resources={"brand": brand}
    )
    assert result.success
    (told,) = result.asset_materializations_for_node("model_versions")
    assert told.metadata["is_written"].value is False
    message = "at least 50 have to end" if is_dated else "nothing to learn from yet"
    assert message in str(told.metadata["message"].value)
    assert PARAMETERS.read_bytes() == shipped


def test_a_month_end_is_kept_when_it_is_over() -> None:
    context = dg.build_schedule_context(
        scheduled_execution_time=datetime(2025, 3, 2, 6, 30, tzinfo=UTC)
    )
    request = month_end_schedule(context)
    assert isinstance(request, dg.RunRequest)
    assert request.partition_key == "2025-02-28"


def test_daily_job_on_a_tiny_brand(
    landing: Path,
    tmp_path: Path,
    instance: dg.DagsterInstance,
    dbt_in_a_fork: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    brand = BrandResource(
        data=str(landing), var=str(tmp_path / "var"), serving=str(tmp_path / "serving")
    )
    result = defs.resolve_job_def("daily_build").execute_in_process(
        instance=instance, resources={"brand": brand}
    )
    assert result.success
    checks = result.get_asset_check_evaluations()
    assert checks
    assert all(check.passed for check in checks)
    published = {
        event.asset_key.path[-1]
        for event in result.get_asset_materialization_events()
        if event.asset_key is not None and event.asset_key.path[0] == "serving"
    }
    assert {"fct_orders", "member_rfm", "kpi_monthly"} <= published
    told = {
        event.asset_key.to_user_string(): event.materialization.metadata
        for event in result.get_asset_materialization_events()
        if event.asset_key is not None
    }
    assert told["core/fct_orders"]["dagster/row_count"].value == 2
    assert (
        told["policy/kpi_targets"]["dagster/row_count"].value
        == len((PROJECT / "seeds" / "policy" / "kpi_targets.csv").read_text("utf-8").splitlines())
        - 1
    )
    for key in ("lake/commerce/orders", "serving/core/fct_orders"):
        assert told[key]["dagster/row_count"].value == 2
        size = told[key]["bytes"].value
        assert isinstance(size, int)
        assert size > 500
    connection = duckdb.connect(str(tmp_path / "serving" / "rekindle.duckdb"), read_only=True)
    orders = connection.execute(
        "select order_id, order_date::varchar, net_revenue from core.fct_orders order by order_id"
    ).fetchall()
    rejected = connection.execute("select file_path, line_number from ops.quarantine").fetchall()
    connection.close()
    assert [(order, day, float(revenue)) for order, day, revenue in orders] == [
        ("o1", "2025-03-01", 20.0),
        ("o2", "2025-04-01", 25.0),
    ]
    assert rejected == [("commerce/orders/o.csv", 4)]

    asked = defs.resolve_job_def("erase_requests").execute_in_process(
        instance=instance, resources={"brand": brand}
    )
    assert asked.success
    (erasure,) = asked.asset_materializations_for_node("erasures")
    assert erasure.metadata["requests"].value == 0

    # What dbt builds for an earlier date has tests of its own; here it is today's rows.
    today = brand.workspace()
    commands: list[list[str]] = []

    def copy_of_today(
        files: DbtFiles, arguments: Sequence[str], environment: Mapping[str, str], _: object
    ) -> DbtResult:
        commands.append(list(arguments))
        shutil.copy(today.build_file(), environment["REKINDLE_BUILD"])
        files.target.mkdir(parents=True, exist_ok=True)
        shutil.copy(manifest_path(today.build_file()), files.target / "manifest.json")
        return DbtResult(return_code=0, counts={}, failures=(), errors=())

    monkeypatch.setattr("orchestration.warehouse.build.run_dbt", copy_of_today)
    earlier = defs.resolve_job_def("build_as_of").execute_in_process(
        instance=instance, resources={"brand": brand}, partition_key="2025-03-15"
    )
    assert earlier.success
    assert len(commands) == 1
    assert "2025-03-15" in " ".join(commands[0])
    aside = tmp_path / "serving" / "as_of=2025-03-15" / "rekindle.duckdb"
    connection = duckdb.connect(str(aside), read_only=True)
    found = connection.execute("select count(*) from core.fct_orders").fetchone()
    connection.close()
    assert found == (2,)

    newest = defs.resolve_job_def("build_as_of").execute_in_process(
        instance=instance,
        resources={"brand": brand},
        partition_key="2025-04-01",
        raise_on_error=False,
    )
    assert not newest.success
    failure = next(event for event in newest.all_events if event.is_step_failure)
    assert "is not before the last business date of the data" in str(
        failure.step_failure_data.error
    )


def test_dagster_takes_a_value_after_each_exclude() -> None:
    """What follows as a further value would reach dbt as an argument that it does not know."""
    arguments = _dbt_arguments(BuildOptions(), full_refresh=True, runs_snapshots=False)
    assert extract_runtime_selection_from_args(arguments) == (
        ["build", "--full-refresh"],
        [],
        ["resource_type:unit_test", "resource_type:snapshot"],
    )


def test_a_failed_run_is_told_to_the_channels(
    landing: Path, tmp_path: Path, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REKINDLE_ALERTS", raising=False)
    brand = BrandResource(
        data=str(landing), var=str(tmp_path / "var"), serving=str(tmp_path / "serving")
    )

    @dg.op
    def broken() -> None:
        raise RuntimeError("the phone 13912345671 is wrong")

    @dg.job
    def daily() -> None:
        broken()

    result = daily.execute_in_process(instance=instance, raise_on_error=False)
    with http_receiver() as receiver:
        (landing / "alerts.yml").write_text(
            f"channels: {{operations: 'json://127.0.0.1:{receiver.port}'}}\n"
        )
        for _ in range(2):
            context = dg.build_run_status_sensor_context(
                sensor_name="run_failure_alerts",
                dagster_event=result.get_run_failure_event(),
                dagster_instance=instance,
                dagster_run=result.dagster_run,
                resources={"brand": brand},
            ).for_run_failure()
            run_failure_alerts(context)
    (received,) = receiver.received
    assert "daily" in received.content["title"]
    assert "broken" in received.content["message"]
    assert "13912345671" not in received.content["message"]


def test_a_run_without_a_job_is_told_by_its_assets(
    landing: Path, tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    @dg.asset(partitions_def=dg.StaticPartitionsDefinition(["2025-06-30"]))
    def broken() -> None:
        raise RuntimeError

    @dg.asset
    def another() -> None:
        pass

    result = dg.materialize(
        [broken, another],
        selection=[broken],
        instance=instance,
        partition_key="2025-06-30",
        raise_on_error=False,
    )
    run = instance.get_run_by_id(result.run_id)
    assert run is not None
    assert run.job_name.startswith("__")
    brand = BrandResource(data=str(landing), var=str(tmp_path / "var"))
    with http_receiver() as receiver:
        (landing / "alerts.yml").write_text(
            f"channels: {{operations: 'json://127.0.0.1:{receiver.port}'}}\n"
        )
        run_failure_alerts(
            dg.build_run_status_sensor_context(
                sensor_name="run_failure_alerts",
                dagster_event=result.get_run_failure_event(),
                dagster_instance=instance,
                dagster_run=run,
                resources={"brand": brand},
            ).for_run_failure()
        )
    (received,) = receiver.received
    assert "Run of broken (2025-06-30) failed" in received.content["title"]


def test_sensor_asks_for_a_run_once_files_rest(landing: Path, tmp_path: Path) -> None:
    brand = BrandResource(data=str(landing), var=str(tmp_path / "var"))

    def tick(cursor: str | None) -> tuple[list[object], str | None]:
        context = dg.build_sensor_context(cursor=cursor, resources={"brand": brand})
        found = list(landing_files_sensor(context))  # type: ignore[arg-type]
        return found, context.cursor

    first, cursor = tick(None)
    assert isinstance(first[0], dg.SkipReason)
    second, cursor = tick(cursor)
    assert isinstance(second[0], dg.RunRequest)
    third, cursor = tick(cursor)
    assert isinstance(third[0], dg.SkipReason)
    (landing / "commerce" / "orders" / "more.csv").write_text("order_id\n")
    fourth, cursor = tick(cursor)
    assert isinstance(fourth[0], dg.SkipReason)
    fifth, _ = tick(cursor)
    assert isinstance(fifth[0], dg.RunRequest)


def test_hidden_files_do_not_wake_the_sensor(landing: Path) -> None:
    before = folder_state(landing)
    (landing / ".made_by_adapter.json").write_text("{}")
    (landing / "_SUCCESS").touch()
    assert folder_state(landing) == before
