"""Dagster as a service: pages and daemon come up together, and nothing is left when it ends."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner
from filelock import FileLock

from orchestration.cli import main
from orchestration.errors import UsageError
from orchestration.service import SECONDS_TO_SLEEP, serve
from orchestration.warehouse.manifest import prepared_manifest
from orchestration.workspace import PROJECT
from tests.orchestration.running import (
    PATIENCE_IN_SECONDS,
    ask,
    is_healthy,
    processes_of,
)
from tests.ports import free_port

QUESTION = """{ repositoriesOrError { ... on RepositoryConnection { nodes {
    schedules { name } sensors { name } jobs { name } } } } }"""


@pytest.mark.slow
def test_pages_and_daemon_start_together_and_end_cleanly(tmp_path: Path) -> None:
    landing = tmp_path / "shop"
    landing.mkdir()
    port, home = free_port(), tmp_path / "var" / "dagster"
    # The manifest that this project has already; what else is kept beside it begins anew.
    shutil.copytree(prepared_manifest().parent.parent, home / "dbt")
    serving = ["serve", "shop", "--port", str(port)]
    with subprocess.Popen(
        [sys.executable, "-m", "orchestration.cli", *serving],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(PROJECT), "REKINDLE_VAR": "var"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as service:
        until = time.monotonic() + PATIENCE_IN_SECONDS
        while not is_healthy(port):
            assert service.poll() is None, service.stdout and service.stdout.read()
            assert time.monotonic() < until, "Dagster does not become healthy"
            time.sleep(0.5)
        (repository,) = ask(port, QUESTION)["repositoriesOrError"]["nodes"]
        started = list(processes_of(home))
        assert len(started) >= 3
        for process in started:
            variables = Path(f"/proc/{process}/environ").read_bytes().split(b"\0")
            assert f"REKINDLE_DATA={landing}".encode() in variables
        # Without it a machine that stands still for half a minute loses its definitions for good.
        patience = f"--heartbeat-timeout\0{SECONDS_TO_SLEEP}\0".encode()
        assert any(patience in Path(f"/proc/{one}/cmdline").read_bytes() for one in started)
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


def test_a_second_service_of_a_folder_is_a_sentence(tmp_path: Path) -> None:
    home = tmp_path / "dagster"
    home.mkdir()
    with (
        FileLock(home / ".service.lock"),
        pytest.raises(UsageError, match=f"Another rekindle serve keeps its runs in {home} "),
    ):
        serve(free_port(), print, {"REKINDLE_VAR": str(tmp_path)})


def test_a_port_that_is_none_is_a_sentence() -> None:
    for command in ("serve", "board"):
        result = CliRunner().invoke(main, [command, "--port", "99999"])
        assert result.exit_code == 2
        assert "99999 is not in the range 1<=x<=65535" in result.output
