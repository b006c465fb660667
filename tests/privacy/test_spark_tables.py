"""Builds on Spark hold the vault too: their tables go, wherever this machine can remove them."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest

from orchestration.errors import UsageError
from orchestration.privacy.builds import check_spark, out_of_reach, reduce_builds
from orchestration.privacy.scan import scan
from orchestration.workspace import Workspace
from tests.orchestration.fakes import workspace_in

VARIABLES = ("REKINDLE_SPARK_WAREHOUSE", "REKINDLE_SPARK_HOST")


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A brand with builds on both engines, and no word about where Spark's tables are."""
    for variable in VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    workspace = workspace_in(tmp_path)
    node = {"resource_type": "model", "schema": "vault", "name": "member_vault", "config": {}}
    for folder in (workspace.build, workspace.build / "spark"):
        folder.mkdir(parents=True)
        (folder / "manifest.json").write_text(json.dumps({"nodes": {"one": node}}))
        (folder / "build.json").write_text("{}")
    return workspace


def write_tables(warehouse: Path) -> None:
    """The tables of a build, a table beside one that a model makes, and somebody else's."""
    for place in ("vault.db/member_vault", "vault.db/member_vault__parts", "vault.db/members",
                  "theirs.db/member_vault"):  # fmt: skip
        folder = warehouse / place
        folder.mkdir(parents=True)
        duckdb.execute(f"COPY (SELECT 'anna' AS name) TO '{folder}/part-0.parquet'")


def reduced(workspace: Workspace) -> None:
    with duckdb.connect() as connection:
        reduce_builds(connection, workspace)


def tables(warehouse: Path) -> list[str]:
    return sorted(one.parent.relative_to(warehouse).as_posix() for one in warehouse.glob("*/*/*"))


@pytest.mark.parametrize("spelling", ["{}", "file:{}"])
def test_tables_in_a_folder_elsewhere_are_searched_and_removed(
    built: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spelling: str
) -> None:
    warehouse = tmp_path / "warehouse"
    write_tables(warehouse)
    monkeypatch.setenv("REKINDLE_SPARK_WAREHOUSE", spelling.format(warehouse))
    check_spark(built)
    before = scan(built, ["anna"], policy=tmp_path / "none")
    assert before.found_in("vault") == before.found_in("builds") == {"anna"}
    reduced(built)
    assert tables(warehouse) == ["theirs.db/member_vault", "vault.db/members"]
    assert not (built.build / "spark").exists()
    assert out_of_reach(built) == ()


def test_tables_beside_the_build_are_removed(built: Workspace, tmp_path: Path) -> None:
    write_tables(built.build / "spark" / "warehouse")
    check_spark(built)
    assert scan(built, ["anna"], policy=tmp_path / "none").found_in("vault") == {"anna"}
    reduced(built)
    assert scan(built, ["anna"], policy=tmp_path / "none").findings == ()


def test_a_build_whose_tables_nobody_finds_is_refused_before_anything_is_erased(
    built: Workspace,
) -> None:
    with pytest.raises(UsageError, match="has its tables elsewhere"):
        check_spark(built)


@pytest.mark.parametrize(
    ("variable", "value"),
    [("REKINDLE_SPARK_WAREHOUSE", "s3a://bucket/warehouse"), ("REKINDLE_SPARK_HOST", "thrift")],
)
def test_a_warehouse_out_of_reach_is_told(
    built: Workspace, monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    check_spark(built)
    (told,) = out_of_reach(built)
    assert value in told
    assert "drop the databases vault" in told
    reduced(built)
