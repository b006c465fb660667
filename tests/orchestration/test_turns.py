"""Writers take turns, in the daemon that schedules use, and who was killed gives the turn up."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from orchestration.warehouse.assets import POOL
from tests.orchestration import writers
from tests.orchestration.running import processes_of, service, until

pytestmark = pytest.mark.slow
MODULE = "tests.orchestration.writers"
PAIR = ["begins", "ends"]


def lines(log: Path) -> list[list[str]]:
    """What the steps noted: the event, the run and its process."""
    return [line.split() for line in log.read_text().splitlines()] if log.exists() else []


def begun(log: Path) -> list[str]:
    """The runs that began to write, in order."""
    return [run_id for event, run_id, *_ in lines(log) if event == "begins"]


def assert_in_turn(log: Path) -> None:
    """Nobody began before the former writer had ended, or was killed."""
    events = [(event, run_id) for event, run_id, *_ in lines(log) if event != "reads"]
    assert events == [
        pair
        for run_id in dict.fromkeys(run_id for _, run_id in events)
        for pair in [("begins", run_id), ("ends", run_id)]
    ]


def kill(process: str) -> None:
    """End a process at once, as a machine without memory does."""
    os.kill(int(process), signal.SIGKILL)


def test_they_are_in_the_pool_of_the_warehouse() -> None:
    assert writers.POOL == POOL


def test_writers_take_turns_and_who_was_killed_is_tried_again(tmp_path: Path) -> None:
    log, go = tmp_path / "log", tmp_path / "go"
    with service(tmp_path, MODULE, {"WRITERS_LOG": str(log)}) as dagster:
        dagster.backfill("dates", ["a", "b"])
        until(lambda: begun(log) and len(dagster.runs()) == 2, "The first writer begins")
        statuses = [run["status"] for run in dagster.runs()]
        assert sorted(statuses) == ["QUEUED", "STARTED"], "a backfill runs one by one"
        asked = dagster.launch("today")
        reader = dagster.launch("reader")
        until(lambda: dagster.status(reader) == "SUCCESS", "The reader ends beside a writer")
        assert len(begun(log)) == 1
        go.touch()
        until(lambda: {run["status"] for run in dagster.runs()} == {"SUCCESS"}, "All runs succeed")
        assert asked in begun(log)
        assert len(begun(log)) == 3
        assert_in_turn(log)

        go.unlink()
        log.unlink()
        place = dagster.place()
        first, then = dagster.launch("today"), dagster.launch("earlier")
        until(lambda: begun(log) == [first], "The writer begins")
        kill(lines(log)[0][2])
        until(lambda: dagster.status(first) == "FAILURE", "The killed run fails")
        until(lambda: begun(log) == [first, then], "The next writer begins")
        dagster.process.kill()
        dagster.process.wait()
        left_over = int(lines(log)[1][2])
        assert left_over in processes_of(dagster.home)

    with service(tmp_path, MODULE, {"WRITERS_LOG": str(log)}) as dagster:
        assert dagster.place() == place, "what is remembered of schedules and sensors holds"
        assert left_over not in processes_of(dagster.home)
        go.touch()
        until(
            lambda: [event for event, *_ in lines(log)] == ["begins", "begins"] + PAIR * 2,
            "Both are tried again, one after the other",
        )
        until(lambda: "STARTED" not in {run["status"] for run in dagster.runs()}, "They end")
    assert list(processes_of(dagster.home)) == []
