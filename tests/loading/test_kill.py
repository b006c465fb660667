"""A load that is killed at any moment: the next one heals, nothing is lost, nothing comes twice."""

from __future__ import annotations

import gzip
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from orchestration.loading.load import load

ROOT = Path(__file__).parents[2]
NOW = datetime(2025, 6, 30, 12, tzinfo=UTC)
TOKEN_KEY = b"a key of the kill tests only"
SEED = 4711
SINGLE_KILLS = 8
KILLS_IN_A_ROW = 3
AT = "2025-03-01T10:00:00Z"
# Columns that say when and by which attempt something was loaded.
ATTEMPT = {"load_id", "load_sequence", "loaded_at", "_load_sequence"}

CHILD = """
import sys
from datetime import datetime
from pathlib import Path
from orchestration.loading.load import load
print("ready", flush=True)
sys.stdin.readline()
load(
    Path(sys.argv[1]),
    Path(sys.argv[2]),
    now=datetime.fromisoformat(sys.argv[3]),
    token_key=bytes.fromhex(sys.argv[4]),
    progress=False,
)
print("done", flush=True)
"""


def members(start: int, count: int) -> Iterator[dict[str, str]]:
    for n in range(start, start + count):
        yield {
            "member_no": f"M{n}",
            "name": f"张 {n}",
            "phone": f"139{20_000_000 + n * 37:08d}"[:11],
            "city": "Xi'an" if n % 3 else "",
            "is_test": "perhaps" if n % 97 == 0 else "否",
            "updated_at": "soon" if n % 101 == 0 else AT,
        }


def csv_of(rows: Iterator[dict[str, str]]) -> bytes:
    found = list(rows)
    lines = [",".join(found[0])] + [",".join(row.values()) for row in found]
    return ("\n".join(lines) + "\n").encode()


def orders(start: int, count: int) -> pa.Table:
    numbers = range(start, start + count)
    moment = datetime(2025, 3, 1, 10, tzinfo=UTC)
    times = [moment + timedelta(minutes=n) for n in numbers]
    stamp = pa.timestamp("us", "UTC")
    return pa.table(
        {
            "order_id": [f"O{n}" for n in numbers],
            "order_channel": ["pos"] * count,
            "buyer_key_type": ["member_no"] * count,
            "buyer_key": [f"M{n % 900}" for n in numbers],
            "status": ["lost" if n % 89 == 0 else "completed" for n in numbers],
            "ordered_at": pa.array(times, stamp),
            "gross_amount": pa.array([n % 300 + 0.5 for n in numbers]),
            "discount_amount": pa.array([0.0] * count),
            "net_amount": pa.array([n % 300 + 0.5 for n in numbers]),
            "updated_at": pa.array(times, stamp),
        }
    )


@pytest.fixture(scope="module")
def landing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A few dozen files: overlapping, duplicate, refused, ignored, with rows of every fate."""
    folder = tmp_path_factory.mktemp("kill") / "landing"

    def put(path: str, content: bytes) -> None:
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)

    for n in range(6):
        put(f"crm/members/dt=2025-03-0{n + 1}/part.csv", csv_of(members(n * 200, 300)))
    put("crm/members/copy.csv", csv_of(members(0, 300)))
    put("crm/members/packed.csv.gz", gzip.compress(csv_of(members(3000, 600))))
    put("crm/members/cut.csv.gz", gzip.compress(csv_of(members(0, 500)))[:-30])
    put("crm/members/gbk.csv", "member_no,city,updated_at\nM1,西山,x\n".encode("gbk"))
    put("crm/members/notes.txt", b"to be ignored")
    put(
        "crm/members/future.csv",
        f"member_no,updated_at\nF1,2031-01-01T00:00:00Z\nF2,{AT}\n".encode(),
    )
    for n in range(4):
        target = folder / "commerce" / "orders" / f"part-{n}.parquet"
        target.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(orders(n * 700, 1000), target)
    put(
        "mini_program/events/events.jsonl",
        "".join(
            json.dumps(
                {
                    "event_id": f"E{n}",
                    "openid": f"o{n % 70}",
                    "event_type": "view",
                    "occurred_at": AT,
                    "value": "x" if n % 60 == 0 else n,
                }
            )
            + "\n"
            for n in range(1000)
        ).encode(),
    )
    return folder


def start(landing: Path, lake: Path) -> subprocess.Popen[str]:
    """A process that is ready to load, and loads when it is given a line."""
    process = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(landing), str(lake), NOW.isoformat(), TOKEN_KEY.hex()],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def go(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def kill_after(landing: Path, lake: Path, seconds: float) -> bool:
    """Start a load and kill it after some seconds of work; True if it was still at work."""
    process = start(landing, lake)
    go(process)
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    out, _ = process.communicate()
    return "done" not in out


def content(lake: Path) -> dict[str, Counter[str]]:
    """Every table of the lake as a bag of rows, without what tells attempts apart."""
    found: dict[str, Counter[str]] = {}
    with duckdb.connect() as con:
        con.execute("set timezone = 'UTC'")
        for folder in sorted((lake / "raw").glob("*/*")):
            files = [str(p) for p in folder.glob("*.parquet") if not p.name.startswith(".")]
            if not files:
                continue
            query = con.execute("select * from read_parquet(?, union_by_name = true)", [files])
            names = [column[0] for column in query.description or []]
            rows = [dict(zip(names, row, strict=True)) for row in query.fetchall()]
            found["/".join(folder.parts[-2:])] = Counter(
                repr({name: value for name, value in row.items() if name not in ATTEMPT})
                for row in rows
            )
    return found


def sequences(lake: Path, table: str, column: str) -> set[int]:
    files = [str(p) for p in (lake / "raw" / table).glob("*.parquet") if p.name[0] != "."]
    with duckdb.connect() as con:
        query = f"select distinct {column} from read_parquet(?) where {column} is not null"
        return {row[0] for row in con.execute(query, [files]).fetchall()}


def heal(landing: Path, lake: Path) -> None:
    load(landing, lake, now=NOW, token_key=TOKEN_KEY, progress=False)


@pytest.fixture(scope="module")
def undisturbed(
    landing: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, Counter[str]], float]:
    """What a load that nobody disturbs leaves, and how many seconds its work takes."""
    lake = tmp_path_factory.mktemp("undisturbed") / "lake"
    process = start(landing, lake)
    began = time.monotonic()
    go(process)
    out, _ = process.communicate()
    assert "done" in out
    return content(lake), time.monotonic() - began


def check(lake: Path, expected: dict[str, Counter[str]]) -> None:
    found = content(lake)
    assert set(found) == set(expected)
    for table, rows in expected.items():
        lost, gained = rows - found[table], found[table] - rows
        assert not lost, f"{table}: lost {lost.total()}, such as {next(iter(lost))}"
        assert not gained, f"{table}: {gained.total()} too many, such as {next(iter(gained))}"
    logged = sequences(lake, "rekindle/load_log", "load_sequence")
    for table in ("crm/members", "commerce/orders", "mini_program/events"):
        assert sequences(lake, table, "_load_sequence") <= logged


def moments(count: int) -> list[tuple[int, float]]:
    dice = random.Random(SEED)
    return [(n, (n + dice.random()) / count) for n in range(count)]


@pytest.mark.slow
def test_the_landing_folder_has_rows_of_every_fate(
    undisturbed: tuple[dict[str, Counter[str]], float],
) -> None:
    tables, _ = undisturbed
    assert tables["crm/members"].total() > 1_500
    assert tables["commerce/orders"].total() > 2_500
    log: Any = "".join(tables["rekindle/load_log"])
    for status in ("loaded", "duplicate", "refused", "ignored"):
        assert f"'{status}'" in log
    assert tables["rekindle/quarantine"].total() > 50


@pytest.mark.parametrize(("number", "share"), moments(SINGLE_KILLS))
def test_killed_once(
    number: int,
    share: float,
    landing: Path,
    undisturbed: tuple[dict[str, Counter[str]], float],
    tmp_path: Path,
) -> None:
    expected, seconds = undisturbed
    lake = tmp_path / f"lake-{number}"
    kill_after(landing, lake, share * seconds)
    heal(landing, lake)
    check(lake, expected)


def test_killed_several_times_in_a_row(
    landing: Path, undisturbed: tuple[dict[str, Counter[str]], float], tmp_path: Path
) -> None:
    expected, seconds = undisturbed
    dice = random.Random(SEED + 1)
    for sooner in (1, 2, 4, 8):  # on a machine that has become less busy, loads may be done by then
        lake = tmp_path / f"lake-{sooner}"
        killed = [
            kill_after(landing, lake, dice.uniform(0.2, 0.9) * seconds / sooner)
            for _ in range(KILLS_IN_A_ROW)
        ]
        if any(killed):
            break
    assert any(killed)
    heal(landing, lake)
    check(lake, expected)
    heal(landing, lake)
    check(lake, expected)


def test_killed_in_the_second_delivery(
    landing: Path, undisturbed: tuple[dict[str, Counter[str]], float], tmp_path: Path
) -> None:
    """What an earlier load finished is untouched by the death of a later one."""
    expected, seconds = undisturbed
    first = tmp_path / "landing"
    shutil.copytree(landing, first)
    held_back = tmp_path / "later"
    (first / "commerce").rename(held_back)
    lake = tmp_path / "lake"
    heal(first, lake)
    held_back.rename(first / "commerce")
    kill_after(first, lake, 0.3 * seconds)
    heal(first, lake)
    check(lake, expected)


def test_two_loads_at_the_same_time(
    landing: Path, undisturbed: tuple[dict[str, Counter[str]], float], tmp_path: Path
) -> None:
    """One waits for the other, or says that it cannot run now; the lake is as after one."""
    expected, _ = undisturbed
    lake = tmp_path / "lake"
    both = [start(landing, lake), start(landing, lake)]
    for process in both:
        go(process)
    outs = [process.communicate()[0] for process in both]
    assert any("done" in out for out in outs)
    heal(landing, lake)
    check(lake, expected)
