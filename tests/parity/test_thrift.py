"""A cluster that is there already, reached over Thrift: here Spark's own server, on loopback."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from orchestration.warehouse.build import BuildOptions, manifest_path
from orchestration.warehouse.spark import spark_environment
from tests.conftest import build_brand, load_brand, make_workspace
from tests.parity.brands import demo_brand
from tests.parity.rows import compare_models
from tests.parity.session import JAVA_OPTIONS
from tests.ports import free_port

MODELS = ("policy.lifecycle_stages", "staging.stg_mini_program__events", "core.dim_product")
"""A seed, a table that keeps its rows by month, and one that is written anew."""

STARTS_WITHIN = 180.0
"""Seconds until the server has to answer."""


@pytest.fixture
def warehouse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Start a Thrift server and name it to builds; the folder of its tables."""
    folder, port = tmp_path / "cluster", free_port()
    folder.mkdir()
    environment = {**os.environ, **spark_environment(folder)}
    command = [
        str(Path(environment["SPARK_HOME"]) / "bin" / "spark-submit"),
        *("--class", "org.apache.spark.sql.hive.thriftserver.HiveThriftServer2"),
        *("--master", "local[2]", "--driver-memory", "1g"),
        *("--driver-java-options", JAVA_OPTIONS),
        *("--conf", f"spark.sql.warehouse.dir={folder / 'warehouse'}"),
        *("--conf", "spark.sql.shuffle.partitions=2", "--conf", "spark.ui.enabled=false"),
        *("--hiveconf", f"hive.server2.thrift.port={port}"),
        *("--hiveconf", "hive.server2.thrift.bind.host=127.0.0.1"),
        "spark-internal",
    ]
    with (folder / "log.txt").open("w", encoding="utf-8") as log:
        server = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)
    try:
        _wait_for(port, server, folder / "log.txt")
        monkeypatch.setenv("REKINDLE_SPARK_HOST", "127.0.0.1")
        monkeypatch.setenv("REKINDLE_SPARK_PORT", str(port))
        monkeypatch.setenv("REKINDLE_SPARK_WAREHOUSE", str(folder / "warehouse"))
        yield folder / "warehouse"
    finally:
        server.terminate()
        server.wait(60)


def _wait_for(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < end and server.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5):
            return
        time.sleep(0.5)
    raise AssertionError(f"the Thrift server does not answer:\n{log.read_text()[-4000:]}")


def test_builds_over_thrift_have_the_rows_of_duckdb(warehouse: Path, tmp_path: Path) -> None:
    """On a first day and on a second one, which changes what the first wrote."""
    brand = demo_brand(members=100)
    here = make_workspace(tmp_path, tmp_path / "landing")
    there = replace(here, engine="spark")
    selection = ("--select", *(f"+{model.split('.')[1]}" for model in MODELS))
    rows = []
    for deliver in brand.deliveries:
        deliver(here.landing)
        load_brand(here)
        build_file = build_brand(here, BuildOptions(), *selection)
        manifest = manifest_path(build_brand(there, BuildOptions(), *selection))
        compared = [
            one
            for model in MODELS
            for one in compare_models(manifest, build_file, warehouse, tmp_path / "views", model)
        ]
        assert all(one.is_equal for one in compared), compared
        rows.append([one.rows for one in compared])
    assert all(number > 0 for numbers in rows for number in numbers)
    assert rows[1] != rows[0]
