"""How long a landing file takes until a reader sees its rows in the intraday store.

    python -m benchmarks.intraday LAKE PUBLISHED [--runs 20] [--every 10] [--beside-build]

LAKE is a raw lake, PUBLISHED a published file of the same brand; neither is written to. Small files
(events and orders in turn; one new person each, and `--rows` rows of people who are known) are
handed over one every so many seconds. `rekindle intraday` runs again and again in a process of its
own, as a schedule would start it, and a reader opens the store after each run. With
`--beside-build` a full build of the brand runs all the while, begun anew when it ends. A latency is
the time from a file's arrival until the reader sees its new person, waiting for the run before
included, waiting for a schedule not. Prints the ratio last: the 95th percentile of the latencies /
60 seconds.
"""

from __future__ import annotations

import os
import shutil
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from datetime import time as clock_time
from pathlib import Path

import duckdb

from benchmarks.measuring import (
    GIB,
    ChildrenMemory,
    Row,
    finish,
    options_of,
    rod_parser,
    steps,
    work_folder,
)
from benchmarks.next_day import copy_folder
from benchmarks.spine import size_of
from orchestration.intraday.store import shelf_of
from orchestration.loading.tokens import KEY_VARIABLE
from orchestration.publishing.publish import read_publication
from orchestration.workspace import BUILD_FILE_NAME, PROJECT, Workspace, resolve_workspace

BAR = 60.0
"""Seconds that the 95th percentile may take."""

EVENTS = "event_id,openid,event_type,product_id,occurred_at"
ORDERS = (
    "order_id,order_channel,buyer_key_type,buyer_key,status,ordered_at,paid_at,gross_amount,"
    "discount_amount,net_amount,updated_at"
)


@dataclass(frozen=True)
class Handed:
    """A brand under measurement: its folders, its people, the instant of the first act."""

    workspace: Workspace
    environment: Mapping[str, str]
    people: tuple[str, ...]
    begin: datetime


@dataclass
class Times:
    """When each new person's file arrived, how long it took, and how long each run took."""

    arrived: dict[str, float]
    latencies: dict[str, float]
    runs: list[float]


def prepare(lake: Path, published: Path, folder: Path) -> Handed:
    """A brand in `folder` with that lake (linked) and a copy of the published file."""
    publication = read_publication(published)
    if not lake.is_dir() or publication is None or publication.as_of_date is None:
        raise SystemExit(f"{lake} has to be a raw lake, {published} a published file with a date.")
    landing = folder / "landing"
    landing.mkdir()
    workspace = resolve_workspace(str(landing), var=folder / "var", serving=folder / "serving")
    copy_folder(lake, workspace.lake)
    workspace.serving.mkdir()
    shutil.copy2(published, workspace.serving / BUILD_FILE_NAME)
    with duckdb.connect(str(workspace.serving / BUILD_FILE_NAME)) as connection:
        connection.execute("update ops.publication set brand = ?", [workspace.brand])
        people = connection.execute(
            "select source_key from identity.oneid_map where source_system = 'mini_program' "
            "order by md5(source_key) limit 100_000"
        ).fetchall()
    environment = {
        **os.environ,
        "REKINDLE_VAR": str(folder / "var"),
        "REKINDLE_SERVING": str(folder / "serving"),
    }
    if not (lake / "token.key").is_file():
        environment.setdefault(KEY_VARIABLE, "a key for a rod, not a secret")
    begin = datetime.combine(publication.as_of_date, clock_time(6))
    return Handed(workspace, environment, tuple(key for (key,) in people), begin)


def hand_over(handed: Handed, number: int, rows: int) -> None:
    """Let one file arrive whole: events where its number is even, else orders."""
    table, head = (
        ("mini_program/events", EVENTS) if number % 2 == 0 else ("commerce/orders", ORDERS)
    )
    lines = [head]
    for row in range(rows + 1):
        person = (
            f"rod-{number}"
            if row == 0
            else handed.people[(number * rows + row) % len(handed.people)]
        )
        at = f"{handed.begin + timedelta(seconds=number * 10 + row % 10):%Y-%m-%dT%H:%M:%SZ}"
        key = f"rod-{number}-{row}"
        lines.append(
            f"{key},{person},view,,{at}"
            if number % 2 == 0
            else f"{key},mini_program,openid,{person},paid,{at},{at},10,0,10,{at}"
        )
    target = handed.workspace.landing / table / f"rod-{number}.csv"
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(f".{target.name}")
    unfinished.write_text("\n".join(lines) + "\n", encoding="utf-8")
    unfinished.replace(target)


def seen(workspace: Workspace) -> set[str]:
    """The new persons whom a reader sees."""
    with duckdb.connect(str(shelf_of(workspace).file), read_only=True) as connection:
        rows = connection.execute(
            "select person_key from member_activity where person_key like '%.users:rod-%'"
        ).fetchall()
    return {str(key).partition(":")[2] for (key,) in rows}


def run_once(handed: Handed) -> float:
    """Seconds of one run, start-up included."""
    begun = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "orchestration.cli", "intraday", str(handed.workspace.landing)],
        cwd=PROJECT,
        env=dict(handed.environment),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise SystemExit(f"rekindle intraday failed: {done.stdout}{done.stderr}")
    return time.perf_counter() - begun


def measure(handed: Handed, files: int, every: float, rows: int) -> Times:
    """Hand files over, and run until a reader has seen all of them."""
    times = Times({}, {}, [])

    def deliver() -> None:
        for number in range(files):
            times.arrived[f"rod-{number}"] = time.perf_counter()
            hand_over(handed, number, rows)
            time.sleep(every)

    with steps(files) as step:
        courier = threading.Thread(target=deliver, daemon=True)
        courier.start()
        while len(times.latencies) < files:
            if len(times.arrived) == len(times.latencies):
                time.sleep(0.05)
                continue
            times.runs.append(run_once(handed))
            now = time.perf_counter()
            for person in seen(handed.workspace) - times.latencies.keys():
                times.latencies[person] = now - times.arrived[person]
                step(f"file {len(times.latencies)} of {files}")
        courier.join()
    return times


@contextmanager
def builds(handed: Handed, folder: Path) -> Iterator[list[int]]:
    """Builds of the brand, one after another, all the while; yields how they ended so far."""
    ended: list[int] = []
    stop = threading.Event()
    running: list[subprocess.Popen[bytes]] = []
    command = [sys.executable, "-m", "orchestration.cli", "build", "--full-refresh"]

    def build() -> None:
        while not stop.is_set():
            with (folder / "build.log").open("wb") as log:
                running[:] = [
                    subprocess.Popen(
                        [*command, str(handed.workspace.landing)],
                        cwd=PROJECT,
                        env=dict(handed.environment),
                        stdout=log,
                        stderr=log,
                        start_new_session=True,
                    )
                ]
                code = running[0].wait()
            if not stop.is_set():
                ended.append(code)

    builder = threading.Thread(target=build, daemon=True)
    builder.start()
    try:
        yield ended
    finally:
        stop.set()
        if running and running[0].poll() is None:
            os.killpg(running[0].pid, signal.SIGKILL)
        builder.join()
        if any(ended):
            raise SystemExit(f"A build beside it failed: {(folder / 'build.log').read_text()}")


def main() -> None:
    """Measure and print."""
    parser = rod_parser(__doc__, runs=20)
    parser.add_argument("lake", type=Path, metavar="LAKE")
    parser.add_argument("published", type=Path, metavar="PUBLISHED")
    parser.add_argument("--every", type=float, default=10, help="seconds between two files")
    parser.add_argument("--rows", type=int, default=1_000, help="of people who are known, a file")
    parser.add_argument("--beside-build", action="store_true", help="while builds run")
    values = parser.parse_args()
    options = options_of(values)
    with work_folder() as folder, ChildrenMemory() as memory:
        handed = prepare(values.lake, values.published, folder)
        size = size_of(handed.workspace.lake)
        run_once(handed)
        ended: list[int] = []
        if values.beside_build:
            with builds(handed, folder) as ended:
                times = measure(handed, options.runs, values.every, values.rows)
        else:
            times = measure(handed, options.runs, values.every, values.rows)
    latencies = sorted(times.latencies.values())
    middle = statistics.median(latencies)
    most = (
        statistics.quantiles(latencies, n=20, method="inclusive")[-1]
        if len(latencies) > 1
        else middle
    )
    beside = (
        f"builds beside it ({len(ended)} ended)" if values.beside_build else "nothing beside it"
    )
    figures = (
        f"{beside}: p50 {middle:.1f} s, p95 {most:.1f} s, most {latencies[-1]:.1f} s, "
        f"a run {statistics.median(times.runs):.1f} s, peak memory {memory.peak / GIB:.2f} GiB"
    )
    print(figures)
    delivered = f"{options.runs} files of {values.rows + 1:,} rows, every {values.every:g} s"
    what = f"{delivered}, onto {size}"
    finish(Row("intraday", what, figures, f"{most / BAR:.2f}"), options)


if __name__ == "__main__":
    main()
