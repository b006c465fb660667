"""What a build on Spark needs around it. Nothing here starts Spark; `make parity` does."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
import yaml
from dbt.config.renderer import ProfileRenderer
from dbt_common.context import set_invocation_context

from orchestration.errors import RekindleError
from orchestration.publishing.publish import PublishError, publish
from orchestration.warehouse import spark
from orchestration.warehouse.build import BuildState, manifest_path, write_state
from orchestration.warehouse.spark_tables import show_tables
from orchestration.workspace import PROJECT, resolve_workspace
from tests.conftest import make_workspace


def java(folder: Path, version: str) -> Path:
    """A home with a Java that says its version."""
    program = folder / "bin" / "java"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\"' >&2\n")
    program.chmod(0o755)
    return folder


@pytest.mark.parametrize(
    ("says", "number"), [("17.0.15", 17), ("1.8.0_412", 8), ("25", 25), ("unknown", 0)]
)
def test_version_of_java(tmp_path: Path, says: str, number: int) -> None:
    assert spark.java_version(java(tmp_path, says) / "bin" / "java") == number


def test_no_java_has_no_version(tmp_path: Path) -> None:
    assert spark.java_version(tmp_path / "java") == 0


def test_java_home_comes_first_then_the_path(tmp_path: Path) -> None:
    old, new = java(tmp_path / "old", "11.0.2"), java(tmp_path / "new", "21.0.1")
    other = java(tmp_path / "other", "17.0.1")
    path = {"PATH": f"{other / 'bin'}:/usr/bin:/bin"}
    assert spark.java_home(tmp_path, {"JAVA_HOME": str(new), **path}) == new
    assert spark.java_home(tmp_path, {"JAVA_HOME": str(old), **path}) == other


def test_without_any_java_the_packaged_one_or_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(RekindleError, match="Spark needs Java 17 or newer"):
        spark.java_home(tmp_path, {"PATH": str(tmp_path)})


def test_a_cluster_needs_a_place_that_all_its_machines_see(tmp_path: Path) -> None:
    given = {"REKINDLE_SPARK_MASTER": "yarn"}
    with pytest.raises(RekindleError, match="REKINDLE_SPARK_WAREHOUSE"):
        spark.spark_environment(tmp_path, given)


@pytest.mark.parametrize(
    ("given", "password", "is_encrypted"),
    [
        ({}, None, False),
        ({"REKINDLE_SPARK_PASSWORD": "1234", "REKINDLE_SPARK_SSL": "true"}, "1234", True),
        ({"REKINDLE_SPARK_PASSWORD": "null'\"able"}, "null'\"able", False),
    ],
)
def test_a_password_is_text_or_none(
    monkeypatch: pytest.MonkeyPatch,
    given: dict[str, str],
    password: str | None,
    is_encrypted: bool,
) -> None:
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    set_invocation_context(dict(os.environ))
    profile = yaml.safe_load((PROJECT / "profiles.yml").read_text(encoding="utf-8"))
    target = ProfileRenderer({}).render_data(profile["rekindle"]["outputs"]["spark_thrift"])
    assert (target["password"], target["use_ssl"]) == (password, is_encrypted)
    assert target["port"] == 10000
    assert target["kerberos_service_name"] is None


def test_without_spark_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(RekindleError, match=r"requirements/install\.py spark"):
        spark.spark_environment(tmp_path, {})


def test_environment_keeps_what_is_set(tmp_path: Path) -> None:
    home = java(tmp_path / "java-home", "17.0.1")
    given = {
        "SPARK_HOME": "/opt/spark",
        "JAVA_HOME": str(home),
        "REKINDLE_SPARK_WAREHOUSE": "s3a://brand/warehouse",
        "REKINDLE_SPARK_MASTER": "yarn",
    }
    added = spark.spark_environment(tmp_path, given)
    assert "REKINDLE_SPARK_WAREHOUSE" not in added
    assert "SPARK_LOCAL_IP" not in added
    assert added["REKINDLE_ENGINE"] == "spark"
    assert str(tmp_path / "metastore") in added["REKINDLE_SPARK_METASTORE"]


def test_a_cluster_that_is_there_already_needs_neither_spark_nor_java(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    given = {"REKINDLE_SPARK_HOST": "spark.example", "PATH": str(tmp_path)}
    assert spark.spark_environment(tmp_path, given) == {"REKINDLE_ENGINE": "spark_thrift"}


@pytest.mark.parametrize(
    ("given", "folder"),
    [
        ("", "/build/warehouse"),
        ("/data/a b", "/data/a b"),
        ("file:///data/a%20b", "/data/a b"),
        ("s3a://brand/warehouse", "/build/warehouse"),
    ],
)
def test_where_this_machine_sees_the_tables(given: str, folder: str) -> None:
    settings = {"REKINDLE_SPARK_WAREHOUSE": given} if given else {}
    assert spark.warehouse_folder(Path("/build"), settings) == Path(folder)


def test_builds_on_spark_have_a_folder_of_their_own(tmp_path: Path) -> None:
    one = resolve_workspace("cdnow", var=tmp_path)
    other = resolve_workspace("cdnow", var=tmp_path, engine="spark")
    assert other.build_file() == one.build_file().parent / "spark" / one.build_file().name
    assert other.lake == one.lake


def test_tables_of_spark_are_views_of_the_build_file(tmp_path: Path) -> None:
    nodes = {
        name: {
            "resource_type": "model",
            "schema": "core",
            "name": name,
            "alias": name,
            "config": {"materialized": kind},
        }
        for name, kind in (("plain", "table"), ("cut", "incremental"), ("seen", "view"))
    }
    manifest = tmp_path / "manifest.json"
    manifest.write_text(json.dumps({"nodes": nodes}))
    tables = tmp_path / "warehouse" / "core.db"
    for folder in ("plain", "cut/_month=2025-01-01", "cut/_month=2025-02-01"):
        (tables / folder).mkdir(parents=True)
        duckdb.execute(f"copy (select 1 as one) to '{tables / folder}/part-0.parquet'")
    build_file = tmp_path / "rekindle.duckdb"
    assert show_tables(build_file, manifest) == 2
    with duckdb.connect(str(build_file), read_only=True) as connection:
        assert connection.execute("from core.plain").fetchall() == [(1,)]
        assert connection.execute("from core.cut").fetchall() == [(1,), (1,)]
        assert len(connection.execute("show all tables").fetchall()) == 2


def test_tables_that_are_out_of_reach_are_not_published(tmp_path: Path) -> None:
    workspace = replace(make_workspace(tmp_path, tmp_path / "landing"), engine="spark")
    build_file = workspace.build_file()
    build_file.parent.mkdir(parents=True)
    build_file.touch()
    write_state(build_file, BuildState("succeeded", "", "1", "b", "UTC", "CNY", None, None))
    manifest_path(build_file).write_text(json.dumps({"nodes": {}}))
    with pytest.raises(PublishError, match=r"none of its tables is in .*/spark/warehouse"):
        publish(workspace, now=datetime.now(UTC))
