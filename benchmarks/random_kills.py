"""Kills load, build, publish and deliver at random moments, and looks whether the next run heals.

    python -m benchmarks.random_kills [--kills 50] [--seed 1] [--members 1000]

A demo brand is handed over day by day to two sides, which run the ordinary commands (rekindle load,
build, publish, alerts deliver). One is left alone. On the other, ten times a day the whole process
group is killed at a random moment of the time that the command took the other side; then the
command runs once more. A delivery is killed while its messages go out, inside publish, then at a
random moment of alerts deliver. Between two days the cool-down of all alerts ends, so that there is
always something to tell. At the end of each day

- the published rows of both sides are equal, but for when and in which attempt they came;
- of every file, rows read = loaded + unchanged + quarantined, and the lake holds what was loaded;
- the receiver got the same messages from both. A message comes again only where a delivery was
  killed, at most once for each kill, and under its old Idempotency-Key;
- whoever read in between saw complete publications and nothing else.

Stops at the first difference. Prints the kills that were healed last.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import duckdb

from benchmarks.measuring import Row, finish, options_of, rod_parser, steps, work_folder
from orchestration.demo_brand.generate import Slice, write_brand
from orchestration.demo_brand.settings import LAST_DATE, BrandSpec
from orchestration.publishing.publish import PUBLICATION_TABLE
from orchestration.workspace import BUILD_FILE_NAME, PROJECT, Workspace, resolve_workspace
from tests.alerting.receivers import Answer, Receiver, http_receiver
from tests.scenarios.same_rows import compare_marts, differing_rows

KILLS_A_DAY = 10
STEPS = ("load", "build", "publish", "deliver")
COMMANDS: Mapping[str, tuple[str, ...]] = {
    "load": ("load", "--data"),
    "build": ("build", "--data"),
    "publish": ("publish", "--data"),
    "deliver": ("alerts", "--data"),
}
SECONDS_FOR_AN_ANSWER = 0.1
SECONDS_BETWEEN_READINGS = 0.2
COOL_DOWN = timedelta(hours=200)
"""Longer than that of any rule."""
ATTEMPT = {
    "build_id", "delivered_at", "delivered_to", "evaluated_at", "load_id", "load_sequence",
    "loaded_at", "opened_at", "published_at", "quarantine_id",
    "reason",
}  # fmt: skip
"""Columns of ops that tell when something was done, and in which attempt."""


@dataclass(frozen=True)
class Side:
    """Where one of the two runs its commands; `place` is its path at the receiver."""

    place: str
    folder: Path
    landing: Path
    environment: Mapping[str, str]

    @property
    def workspace(self) -> Workspace:
        """Its files."""
        return resolve_workspace(
            str(self.landing), var=self.folder / "var", serving=self.folder / "serving"
        )

    @property
    def published(self) -> Path:
        """What its readers open."""
        return self.folder / "serving" / BUILD_FILE_NAME

    def start(self, step: str) -> subprocess.Popen[bytes]:
        """Start a command in a process group of its own; what it says goes to a file."""
        arguments = [*COMMANDS[step], str(self.landing), *(["deliver"] * (step == "deliver"))]
        with self.said(step).open("wb") as said:
            return subprocess.Popen(
                [sys.executable, "-m", "orchestration.cli", *arguments],
                cwd=PROJECT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def said(self, step: str) -> Path:
        """What the last run of a command said."""
        return self.folder / f"{step}.txt"

    def run(self, step: str) -> float:
        """Run a command to its end; its seconds. Stops where it fails."""
        began = time.monotonic()
        if self.start(step).wait() != 0:
            said = self.said(step).read_text("utf-8", errors="replace")
            raise SystemExit(f"The {step} of the side {self.place} failed:\n{said[-3000:]}")
        return time.monotonic() - began


@dataclass
class Reader:
    """Reads what a side publishes, again and again: rows of every table by the build they name."""

    folder: Path
    seen: set[tuple[str, str, tuple[tuple[str, int], ...]]] = field(default_factory=set)
    readings: int = 0
    error: Exception | None = None
    ended: threading.Event = field(default_factory=threading.Event)

    def read_on(self) -> None:
        """Until told to end, or until reading fails."""
        try:
            while not self.ended.is_set():
                self.read()
                time.sleep(SECONDS_BETWEEN_READINGS)
        except (duckdb.Error, OSError) as error:
            self.error = error

    def read(self) -> None:
        """Read the file and the Parquet files once, where there are any."""
        if (self.folder / BUILD_FILE_NAME).exists():
            self.seen.add(("file", *rows_of_file(self.folder / BUILD_FILE_NAME)))
            self.readings += 1
        if (self.folder / "parquet").exists():
            self.seen.add(("parquet", *rows_of_folder((self.folder / "parquet").resolve())))
            self.readings += 1


@contextmanager
def reading(folder: Path) -> Iterator[Reader]:
    """Read beside what happens in the block."""
    reader = Reader(folder)
    thread = threading.Thread(target=reader.read_on, daemon=True)
    thread.start()
    try:
        yield reader
    finally:
        reader.ended.set()
        thread.join()


def rows_of_file(file: Path) -> tuple[str, tuple[tuple[str, int], ...]]:
    """The build that a published file names, and the rows of each of its tables."""
    with closing(duckdb.connect(str(file), read_only=True)) as published:
        tables = published.execute(
            "select schema_name || '.' || table_name from duckdb_tables() order by all"
        ).fetchall()
        return _rows(published, {name: name for (name,) in tables})


def rows_of_folder(folder: Path) -> tuple[str, tuple[tuple[str, int], ...]]:
    """The same of a folder of published Parquet files."""
    files = {
        f"{file.parent.name}.{file.stem}": f"read_parquet('{file}')"
        for file in sorted(folder.glob("*/*.parquet"))
    }
    with closing(duckdb.connect()) as session:
        return _rows(session, files)


def _rows(
    session: duckdb.DuckDBPyConnection, tables: Mapping[str, str]
) -> tuple[str, tuple[tuple[str, int], ...]]:
    counts = " union all ".join(
        f"select '{name}' as name, count(*) as rows from {table}" for name, table in tables.items()
    )
    build = session.execute(f"select build_id from {tables[PUBLICATION_TABLE]}").fetchall()
    return str(build[0][0]), tuple(session.execute(f"{counts} order by name").fetchall())


@dataclass
class Killed:
    """The side that is killed, and how often in which step."""

    side: Side
    receiver: Receiver
    dice: random.Random
    times: Counter[str] = field(default_factory=Counter)

    def kill(self, step: str, seconds: float) -> None:
        """Kill a command while it is at work, at a moment within the seconds that it takes."""
        while True:
            process = self.side.start(step)
            time.sleep(self.dice.uniform(0, seconds))
            if self._ended(process, step):
                return

    def kill_delivery(self, messages: int, seconds: float) -> None:
        """Kill a delivery: inside publish if nothing was told yet, else the command of its own."""
        took = seconds + messages * SECONDS_FOR_AN_ANSWER
        if waiting_messages(self.side):
            self.kill("deliver", took)
            return
        before = len(self.receiver.received)
        process = self.side.start("publish")
        while process.poll() is None and len(self.receiver.received) == before:
            time.sleep(0.005)
        time.sleep(self.dice.uniform(0, messages * SECONDS_FOR_AN_ANSWER))
        if not self._ended(process, "deliver"):
            self.kill("deliver", took)

    def _ended(self, process: subprocess.Popen[bytes], step: str) -> bool:
        """Kill the process group; False where the command had ended before."""
        if process.poll() is not None:
            return False
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        self.times[step] += 1
        return True


def waiting_messages(side: Side) -> int:
    """How many messages wait to be sent."""
    if not side.workspace.alert_store.exists():
        return 0
    with closing(sqlite3.connect(side.workspace.alert_store)) as store:
        (found,) = store.execute(
            "select count(*) from messages where delivered_at is null"
        ).fetchone()
        return int(found)


def end_cool_down(side: Side) -> None:
    """Let the time pass after which an alert that is still open is told again."""
    if not side.workspace.alert_store.exists():
        return
    with closing(sqlite3.connect(side.workspace.alert_store)) as store, store:
        told = store.execute("select rowid, told_at from told").fetchall()
        store.executemany(
            "update told set told_at = ? where rowid = ?",
            [((datetime.fromisoformat(at) - COOL_DOWN).isoformat(), row) for row, at in told],
        )


def check_rows(alone: Side, killed: Side) -> None:
    """Stop unless both sides have published the same."""
    differing = compare_marts(alone.published, killed.published, with_history=True).differing
    with closing(duckdb.connect()) as session:
        for name, side in (("alone", alone), ("killed", killed)):
            session.execute(f"attach '{side.published}' as {name} (read_only)")
        tables = session.execute(
            "select distinct table_name from duckdb_tables() where schema_name = 'ops'"
        ).fetchall()
        for (table,) in tables:
            columns = ", ".join(
                f'"{column}"'
                for column, *_ in session.execute(f"describe alone.ops.{table}").fetchall()
                if column not in ATTEMPT
            )
            queries = [f"select {columns} from {side}.ops.{table}" for side in ("alone", "killed")]
            if columns and (found := differing_rows(session, queries[0], queries[1])):
                differing[f"ops.{table}"] = found
    if differing:
        raise SystemExit(f"Published rows differ: {differing}")


def check_log(side: Side) -> None:
    """Stop unless every row that was read is accounted for, and the lake holds the loaded ones."""
    with closing(duckdb.connect(str(side.published), read_only=True)) as session:
        wrong = session.execute(
            "select file_path from ops.load_log where status = 'loaded' and "
            "rows_read <> rows_loaded + rows_unchanged + rows_quarantined"
        ).fetchall()
        if wrong:
            raise SystemExit(f"The load log does not add up: {wrong}")
        loaded = session.execute(
            "select system, table_name, sum(rows_loaded) from ops.load_log "
            "where rows_loaded > 0 group by all"
        ).fetchall()
        for system, table, rows in loaded:
            parts = side.workspace.lake / "raw" / system / table / "[!.]*.parquet"
            (held,) = session.execute(
                f"select count(*) from read_parquet('{parts}')"
            ).fetchone() or (0,)
            if held != rows:
                raise SystemExit(f"{system}.{table}: {rows} rows were loaded, {held} are there.")


def check_messages(receiver: Receiver, alone: Side, killed: Side, deliveries_killed: int) -> int:
    """Stop unless the sides told the same; how many messages came again under their keys."""
    keys: dict[str, Counter[str]] = {side.place: Counter() for side in (alone, killed)}
    texts: dict[str, dict[str, str]] = {side.place: {} for side in (alone, killed)}
    for one in receiver.received:
        place, key = one.path.strip("/"), one.headers["idempotency-key"]
        keys[place][key] += 1
        text = json.dumps(one.content, sort_keys=True)
        if texts[place].setdefault(key, text) != text:
            raise SystemExit(f"A message came again with another text: {text}")
    told = [Counter(texts[side.place].values()) for side in (alone, killed)]
    if told[0] != told[1]:
        raise SystemExit(
            f"Messages differ: lost {told[0] - told[1]}, not asked for {told[1] - told[0]}"
        )
    if waiting_messages(killed):
        raise SystemExit(f"{waiting_messages(killed)} messages were not sent.")
    again = keys[killed.place].total() - len(keys[killed.place])
    if keys[alone.place].total() != len(keys[alone.place]) or again > deliveries_killed:
        raise SystemExit(
            f"Messages that came again: {again}; killed deliveries: {deliveries_killed}."
        )
    return again


def check_readings(reader: Reader, whole: set[tuple[str, tuple[tuple[str, int], ...]]]) -> None:
    """Stop unless all that was read was a complete publication."""
    if reader.error is not None:
        raise SystemExit(f"A reader failed: {reader.error}")
    for kind, build, rows in reader.seen:
        if (build, rows) not in whole:
            raise SystemExit(f"A reader of the {kind} saw half of build {build}: {dict(rows)}")


def plan_of(kills: int, dice: random.Random) -> list[tuple[str, ...]]:
    """Which steps are killed on each day, in their order; over all days each as often."""
    chosen = [STEPS[number % len(STEPS)] for number in range(kills)]
    dice.shuffle(chosen)
    days = [chosen[begin : begin + KILLS_A_DAY] for begin in range(0, kills, KILLS_A_DAY)]
    return [tuple(sorted(day, key=STEPS.index)) for day in days]


def one_day(alone: Side, killed: Killed, plan: Sequence[str]) -> None:
    """Run the day's commands on both sides, and kill those of the plan on the one."""
    before = len(killed.receiver.received)
    seconds = {step: alone.run(step) for step in STEPS}
    messages = len(killed.receiver.received) - before
    for step in STEPS:
        for _ in range(plan.count(step)):
            if step == "deliver":
                killed.kill_delivery(messages, seconds[step])
            else:
                killed.kill(step, seconds[step])
        if step == "deliver":
            killed.side.run("publish")  # whose delivery was killed
        if step != "publish" or "deliver" not in plan:
            killed.side.run(step)
    for side in (alone, killed.side):
        end_cool_down(side)


def side_in(place: str, folder: Path, landing: Path, port: int) -> Side:
    """A side with folders of its own, and its channels at the receiver."""
    home = folder / place
    home.mkdir()
    channels = home / "alerts.yml"
    url = f"json://127.0.0.1:{port}/{place}"
    channels.write_text(f"channels: {{operations: '{url}', data: '{url}'}}\n", "utf-8")
    environment = {
        **os.environ,
        "REKINDLE_VAR": str(home / "var"),
        "REKINDLE_SERVING": str(home / "serving"),
        "REKINDLE_ALERTS": str(channels),
        "REKINDLE_TOKEN_KEY": "of the rod, not a secret",
    }
    return Side(place, home, landing, environment)


def run_days(folder: Path, members: int, kills: int, seed: int) -> tuple[Counter[str], int, int]:
    """Hand over, kill and compare; the kills by step, messages that came again, and readings."""
    dice = random.Random(seed)
    plans = plan_of(kills, dice)
    brand = BrandSpec(members)
    first = LAST_DATE - timedelta(days=len(plans) - 1)
    whole: set[tuple[str, tuple[tuple[str, int], ...]]] = set()
    with (
        http_receiver(Answer(after=SECONDS_FOR_AN_ANSWER)) as receiver,
        steps(len(plans) + 1) as step,
    ):
        landing = folder / "brand" / "landing"
        alone, side = (
            side_in(place, folder, landing, receiver.port) for place in ("alone", "killed")
        )
        killed = Killed(side, receiver, dice)
        with reading(side.folder / "serving") as reader:
            for number, plan in enumerate(plans):
                day = first + timedelta(days=number)
                step(f"{day}: {', '.join(plan)}")
                write_brand(folder / "brand", brand, Slice(day, day if number else None))
                one_day(alone, killed, plan)
                check_rows(alone, side)
                check_log(side)
                again = check_messages(receiver, alone, side, killed.times["deliver"])
                print(f"{day}, killed in {', '.join(plan)}: healed", flush=True)
                serving = side.folder / "serving"
                whole |= {
                    rows_of_file(serving / BUILD_FILE_NAME),
                    rows_of_folder(serving / "parquet"),
                }
        check_readings(reader, whole)
        told = sum(one.path.strip("/") == side.place for one in receiver.received) - again
    if not told:
        raise SystemExit("Nothing was told: take more members, so that an alert opens.")
    print(f"{told} messages, {again} of them came again; {reader.readings:,} readings")
    return killed.times, again, reader.readings


def main() -> None:
    """Kill, compare and print."""
    parser = rod_parser(__doc__, runs=None)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1, help="of the moments")
    parser.add_argument("--members", type=int, default=1_000)
    values = parser.parse_args()
    options = options_of(values)
    with work_folder() as folder:
        times, again, readings = run_days(folder, values.members, values.kills, values.seed)
    by_step = ", ".join(f"{step} {times[step]}" for step in STEPS)
    finish(
        Row(
            "random kills",
            f"{values.members:,} members, {len(plan_of(values.kills, random.Random()))} days",
            f"killed in {by_step}; nothing lost; {again} messages twice, under their keys; "
            f"{readings:,} readings, all of whole publications",
            f"{times.total()} of {values.kills} healed",
        ),
        options,
    )


if __name__ == "__main__":
    main()
