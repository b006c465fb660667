"""Dagster as a service: pages and daemon come up together, and nothing is left when it ends."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

import pytest

from orchestration.errors import UsageError
from orchestration.service import serve
from orchestration.warehouse.manifest import prepared_manifest
from orchestration.workspace import PROJECT
from tests.ports import free_port

QUESTION = """{
    instance { daemonHealth { allDaemonStatuses { daemonType healthy required } } }
    repositoriesOrError { ... on RepositoryConnection { nodes { schedules { name } sensors { name }
        jobs { name } } } }
}"""
PATIENCE_IN_SECONDS = 120


def ask(port: int) -> dict[str, Any]:
    request = Request(
        f"http://127.0.0.1:{port}/graphql",
        data=json.dumps({"query": QUESTION}).encode(),
        headers={"content-type": "application/json"},
    )
    with urlopen(request, timeout=30) as answer:
        return dict(json.load(answer)["data"])


def is_healthy(port: int) -> bool:
    try:
        statuses = ask(port)["instance"]["daemonHealth"]["allDaemonStatuses"]
    except (URLError, OSError):
        return False
    return bool(statuses) and all(one["healthy"] for one in statuses if one["required"])


def processes_of(home: Path) -> Iterator[int]:
    """Processes that were started with a DAGSTER_HOME, and have not ended."""
    mark = f"DAGSTER_HOME={home}".encode()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (folder / "environ").read_bytes().split(b"\0"):
                yield int(folder.name)
        except OSError:
            continue


@pytest.mark.slow
def test_pages_and_daemon_start_together_and_end_cleanly(tmp_path: Path) -> None:
    landing = tmp_path / "shop"
    landing.mkdir()
    port, home = free_port(), tmp_path / "var" / "dagster"
    # The manifest that this project has already; what else is kept beside it begins anew.
    shutil.copytree(prepared_manifest().parent.parent, home / "dbt")
    serving = ["serve", str(landing), "--port", str(port)]
    with subprocess.Popen(
        [sys.executable, "-m", "orchestration.cli", *serving],
        cwd=PROJECT,
        env={**os.environ, "REKINDLE_VAR": str(tmp_path / "var")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as service:
        until = time.monotonic() + PATIENCE_IN_SECONDS
        while not is_healthy(port):
            assert service.poll() is None, service.stdout and service.stdout.read()
            assert time.monotonic() < until, "Dagster does not become healthy"
            time.sleep(0.5)
        (repository,) = ask(port)["repositoriesOrError"]["nodes"]
        assert len(list(processes_of(home))) >= 3
        service.send_signal(signal.SIGINT)
        said, _ = service.communicate(timeout=PATIENCE_IN_SECONDS)
    assert service.returncode == 0, said
    assert f"Dagster is at http://127.0.0.1:{port}" in said
    assert "Traceback" not in said
    assert said.rstrip().endswith("Dagster has ended.")
    assert list(processes_of(home)) == []
    assert "daily_build" in {job["name"] for job in repository["jobs"]}
    assert "daily_build_schedule" in {schedule["name"] for schedule in repository["schedules"]}
    assert "landing_files_sensor" in {sensor["name"] for sensor in repository["sensors"]}


def test_a_port_that_is_taken_is_a_sentence(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=f"Port {port} is not free.*--port {port + 1}"):
            serve(port, print, {"REKINDLE_VAR": str(tmp_path)})
    assert not (tmp_path / "dagster").exists()
