"""A running service of Dagster, asked as its web pages ask it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

from orchestration.warehouse.manifest import prepared_manifest
from orchestration.workspace import PROJECT
from tests.ports import free_port

PATIENCE_IN_SECONDS = 900
_HEALTH = """{ instance { daemonHealth { allDaemonStatuses { healthy required } } } }"""
_PLACE = """{ repositoriesOrError { ... on RepositoryConnection { nodes { name location { name } } }
    } }"""
_LAUNCH = """mutation LaunchRun($executionParams: ExecutionParams!) {
    launchRun(executionParams: $executionParams) {
        __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }"""
_BACKFILL = """mutation LaunchPartitionBackfill($backfillParams: LaunchBackfillParams!) {
    launchPartitionBackfill(backfillParams: $backfillParams) {
        __typename ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message } } }"""
_RUNS = """{ runsOrError(limit: 50) { ... on Runs { results { runId status jobName
    tags { key value } } } } }"""

STARTER = """
import sys
from orchestration import service
service.MODULE = sys.argv[2]
service.serve(int(sys.argv[1]), print)
"""


def ask(port: int, question: str, variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The answer to a question of GraphQL."""
    request = Request(
        f"http://127.0.0.1:{port}/graphql",
        data=json.dumps({"query": question, "variables": variables or {}}).encode(),
        headers={"content-type": "application/json"},
    )
    with urlopen(request, timeout=60) as answer:
        told = json.load(answer)
    assert not told.get("errors"), told["errors"]
    return dict(told["data"])


def is_healthy(port: int) -> bool:
    """Whether pages answer and every daemon that is needed works."""
    try:
        statuses = ask(port, _HEALTH)["instance"]["daemonHealth"]["allDaemonStatuses"]
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


def until(is_so: Callable[[], Any], what: str) -> Any:
    """Wait for something and return it."""
    end = time.monotonic() + PATIENCE_IN_SECONDS
    while not (found := is_so()):
        assert time.monotonic() < end, f"{what} does not happen"
        time.sleep(0.3)
    return found


@dataclass(frozen=True)
class Service:
    """A service of the definitions of a module."""

    port: int
    home: Path
    process: subprocess.Popen[bytes]

    def launch(self, job: str) -> str:
        """Ask for a run, as the launchpad does; its id."""
        selector = {"jobName": job, **self.place()}
        asked = {"selector": selector, "mode": "default", "runConfigData": "{}"}
        told = ask(self.port, _LAUNCH, {"executionParams": asked})["launchRun"]
        assert told["__typename"] == "LaunchRunSuccess", told
        return str(told["run"]["runId"])

    def backfill(self, job: str, partitions: list[str]) -> None:
        """Ask for a run of each partition, as the page of a job does."""
        place = self.place()
        asked = {
            "selector": {
                "partitionSetName": f"{job}_partition_set",
                "repositorySelector": place,
            },
            "partitionNames": partitions,
            "fromFailure": False,
            "tags": [],
        }
        told = ask(self.port, _BACKFILL, {"backfillParams": asked})["launchPartitionBackfill"]
        assert told["__typename"] == "LaunchBackfillSuccess", told

    def runs(self) -> list[dict[str, Any]]:
        """All runs, the newest first."""
        return list(ask(self.port, _RUNS)["runsOrError"]["results"])

    def status(self, run_id: str) -> str:
        """QUEUED, STARTED, SUCCESS and so on."""
        (found,) = [str(run["status"]) for run in self.runs() if run["runId"] == run_id]
        return found

    def place(self) -> dict[str, str]:
        """What Dagster knows its jobs, schedules and sensors by."""
        (repository,) = ask(self.port, _PLACE)["repositoriesOrError"]["nodes"]
        return {
            "repositoryName": repository["name"],
            "repositoryLocationName": repository["location"]["name"],
        }


def impatient(settings: str) -> str:
    """The settings of the product, in which killed runs are looked for every second."""
    for often, seconds in (("free_slots_after_run_end", 10), ("poll_interval", 30)):
        line = f"{often}_seconds: {seconds}"
        assert line in settings
        settings = settings.replace(line, f"{often}_seconds: 1")
    return settings


@contextmanager
def service(folder: Path, module: str, environment: Mapping[str, str]) -> Iterator[Service]:
    """Run a service whose files are in a folder; it is gone in the end, however it went."""
    home = folder / "var" / "dagster"
    if not home.exists():
        # The manifest that this project has already; what else is kept beside it begins anew.
        shutil.copytree(prepared_manifest().parent.parent, home / "dbt")
        (home / "dagster.yaml").write_text(impatient((PROJECT / "dagster.yaml").read_text("utf-8")))
    port = free_port()
    with subprocess.Popen(
        [sys.executable, "-u", "-c", STARTER, str(port), module],
        cwd=PROJECT,
        env={
            **os.environ,
            **environment,
            "REKINDLE_VAR": str(folder / "var"),
            "DAGSTER_HOME": str(home),
        },
    ) as process:
        try:

            def is_up() -> bool:
                assert process.poll() is None
                return is_healthy(port)

            until(is_up, "Dagster becomes healthy")
            yield Service(port, home, process)
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
            process.wait(PATIENCE_IN_SECONDS)
