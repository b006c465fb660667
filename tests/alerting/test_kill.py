"""Killed ahead of any statement that writes, evaluating or delivering: the next run heals.

The same events, and every message received once. Only between the receiver's answer and the note
that it has been delivered does a message come again, under the same key.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

from orchestration.alerting.store import AlertStore
from tests.alerting.builds import LIMIT_RULE, channel_days, make_build
from tests.alerting.receivers import Receiver, http_receiver

ROOT = Path(__file__).parents[2]
AFTER_THE_ANSWER = "UPDATE messages SET delivered_at"

# One process for all: it forks a child for each statement to die at. A child that lives through
# its work has come to the last one.
CHILD = """
import gc, json, os, signal, sqlite3, sys
from datetime import UTC, datetime
from pathlib import Path
import apprise
from orchestration.alerting.channels import AlertSettings, Channel
from orchestration.alerting.deliver import deliver
from orchestration.alerting.evaluate import BuildFacts, evaluate_build
from orchestration.alerting.store import AlertStore
from datetime import date

folder, port = Path(sys.argv[1]), int(sys.argv[2])
channel = Channel("operations", f"json://127.0.0.1:{port}/{{place}}", "en")
connect = sqlite3.connect
build = folder / "build.duckdb"

def work(place):
    settings = AlertSettings(
        {"operations": Channel("operations", channel.url.format(place=place), "en")}, None, 5, ()
    )
    store_file = folder / place / "alerts.sqlite"
    store = AlertStore(store_file)
    facts = BuildFacts("build-1", date(2025, 6, 30), "CNY")
    evaluate_build(build, store, facts, ("operations",), datetime(2025, 7, 1, 3))
    store.close()
    deliver(store_file, settings, "shop", clock=lambda: datetime(2025, 7, 1, 4, tzinfo=UTC))

def dying(number, place):
    left = [number]
    (folder / place).mkdir()
    def count(statement):
        first = statement.split()[0]
        if first not in {"BEGIN", "COMMIT", "INSERT", "UPDATE"} or "sqlite_master" in statement:
            return  # it writes nothing, or is a part of CREATE TABLE
        left[0] -= 1
        if left[0] < 0:
            (folder / place / "died_at").write_text(statement)
            os.kill(os.getpid(), signal.SIGKILL)
    def watched(*given, **named):
        connection = connect(*given, **named)
        connection.set_trace_callback(count)
        return connection
    sqlite3.connect = watched
    work(place)

apprise.Apprise.instantiate(channel.url)  # its plugins are read once, before all forks
gc.freeze()
number, lived = 0, False
while not lived:
    for act in (dying, None):
        child = os.fork()
        if child == 0:
            dying(number, f"at-{number}") if act else work(f"at-{number}")
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if act:
            lived = status == 0
        elif status != 0:
            sys.exit(f"the run after statement {number} did not heal")
    number += 1
"""


def events_of(store_file: Path) -> list[tuple[object, ...]]:
    store = AlertStore(store_file)
    try:
        assert store.waiting(with_dead=True) == ()
        return [
            (
                event.alert_id,
                event.state,
                event.dimension_value,
                event.value,
                event.text_zh,
                event.delivered_to,
            )
            for event in store.events()
        ]
    finally:
        store.close()


def by_place(receiver: Receiver) -> dict[str, Counter[str]]:
    """How often each text arrived, by the folder of the store it came from."""
    found: dict[str, Counter[str]] = {}
    for received in receiver.received:
        place = found.setdefault(received.path.strip("/"), Counter())
        place[json.dumps(received.content, sort_keys=True)] += 1
    return found


def test_killed_ahead_of_every_statement(tmp_path: Path) -> None:
    make_build(
        tmp_path / "build.duckdb",
        daily=channel_days({"app": 50.0, "pos": 60.0}),
        rules=[LIMIT_RULE],
    )
    with http_receiver() as receiver:
        done = subprocess.run(
            [sys.executable, "-c", CHILD, str(tmp_path), str(receiver.port)],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    places = sorted(tmp_path.glob("at-*"), key=lambda path: int(path.name.partition("-")[2]))
    *killed, undisturbed = places
    assert len(killed) > 20
    assert not (undisturbed / "died_at").exists()
    expected = events_of(undisturbed / "alerts.sqlite")
    assert len(expected) == 2
    received = by_place(receiver)
    messages = received[undisturbed.name]
    assert len(messages) == 2
    windows = 0
    for place in killed:
        assert events_of(place / "alerts.sqlite") == expected, place
        died_at = (place / "died_at").read_text()
        came_again = received[place.name] - messages
        if died_at.strip().startswith(AFTER_THE_ANSWER):
            windows += 1
            assert came_again.total() == 1
        else:
            assert not came_again, f"{place.name}, killed ahead of {died_at}"
        assert set(received[place.name]) == set(messages)
    assert windows == len(messages)
    keys = {one.headers["idempotency-key"] for one in receiver.received}
    assert len(keys) == len(places) * len(messages), "a message that came again has its key"
