"""A rod at toy size ends with its ratio and adds one row to the table of results.

The rods that build a warehouse run by hand: a build takes longer than all the tests here. Those of
OneID run in forks of a dbt that has read the project.
"""

from __future__ import annotations

import random
import re
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

import duckdb
import numpy as np
import pytest

from benchmarks import building, oneid, oneid_accuracy
from benchmarks.identity_edges import chain_and_stars, identity_edges, more_edges, together
from benchmarks.measuring import TABLE_HEAD, Machine, Row, add_row, in_turn
from benchmarks.random_kills import (
    KILLS_A_DAY,
    STEPS,
    Reader,
    Side,
    check_messages,
    check_readings,
    plan_of,
)
from orchestration.loading.load import load
from orchestration.loading.tokens import KEY_VARIABLE
from orchestration.workspace import BUILD_FILE_NAME, PROJECT
from tests.alerting.receivers import Received, Receiver
from tests.conftest import TOKEN_KEY
from tests.dbt_forks import run_dbt
from tests.intraday.brand import NOW, make_workspace, publish_by_hand

MACHINE = Machine("a processor", 2, 24 * 2**30)


def run_rod(rod: str, results: Path, *arguments: str | Path) -> list[str]:
    """Run a rod once; its lines, after a look at the ratio and the row."""
    command = [sys.executable, "-m", f"benchmarks.{rod}", *map(str, arguments)]
    command += ["--runs", "1", "--results", str(results)]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    check_row(lines, results, rod)
    return lines


def check_row(lines: list[str], results: Path, rod: str) -> None:
    """The last line is a ratio, which the last row of the results has too."""
    assert re.fullmatch(r"\d+\.\d\d(\d{3})?", lines[-1])
    *_, row, _end = results.read_text("utf-8").splitlines()
    assert row.count("|") == TABLE_HEAD.splitlines()[0].count("|")
    assert f" | {lines[-1]} | " in row
    assert f"`python -m benchmarks.{rod} " in row
    assert str(results.parent) not in row


def test_load_speed(tmp_path: Path) -> None:
    lines = run_rod("load_speed", tmp_path / "r.md", "--rows", "1000", "--only", "orders.parquet")
    assert lines[0].startswith("commerce/orders.parquet: copy ")


def run_here(
    rod: ModuleType, results: Path, monkeypatch: pytest.MonkeyPatch, *arguments: str | Path
) -> None:
    """Run all of a rod in this process, with dbt in a fork that has read the project."""
    name = rod.__name__.rpartition(".")[2]
    command = [f"benchmarks/{name}.py", *map(str, arguments), "--results", str(results)]
    monkeypatch.setattr("sys.argv", command)
    for module in (building, oneid):
        monkeypatch.setattr(module, "run_dbt", run_dbt)
    rod.main()


FEW = ("--edges", "2000", "--chain", "50", "--star", "100", "--runs", "1")


@pytest.mark.parametrize("sides", [(), ("--delta",)], ids=["floor", "deltas"])
def test_oneid(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    sides: tuple[str, ...],
) -> None:
    """Every model has what it reads, and the clusters are right, of all edges and after deltas."""
    results = tmp_path / "r.md"
    run_here(oneid, results, monkeypatch, *FEW, *sides)
    lines = capsys.readouterr().out.splitlines()
    assert "all clusters right; a chain of 50 and stars of 100 too" in lines
    assert any(line.startswith("1 %: ") for line in lines) == bool(sides)
    check_row(lines, results, "oneid")


def test_wrong_clusters_are_noticed(tmp_path: Path) -> None:
    """Two clusters joined, one split, a record without a cluster, a record too few."""
    truth = tmp_path / "truth.parquet"
    one = "from (values ('a', 1), ('b', 1), ('c', 2)) as given (record_key, cluster_id)"
    with duckdb.connect() as connection:
        connection.execute(f"copy (select record_key, cluster_id as component {one}) to '{truth}'")
    oneid.check("the map", f"select * {one}", ":memory:", truth)
    for wrong in (
        f"select record_key, 1 as cluster_id {one}",
        f"select record_key, record_key as cluster_id {one}",
        f"select record_key, nullif(cluster_id, 2) as cluster_id {one}",
        f"select * {one} where cluster_id = 1",
    ):
        with pytest.raises(SystemExit, match=r"the map: wrong clusters\. 3 records"):
            oneid.check("the map", wrong, ":memory:", truth)


def test_oneid_accuracy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A brand is made, loaded, built and compared with its truth."""
    results = tmp_path / "r.md"
    run_here(oneid_accuracy, results, monkeypatch, "--members", "200")
    lines = capsys.readouterr().out.splitlines()
    assert re.match(r"[5-9]\d\d records of truth, 0 of them unknown; identity built in ", lines[0])
    assert "pairwise recall (linkable pairs): 1.00000" in lines
    assert "the bar, precision >= 0.999 and recall >= 0.98, is reached" in lines
    check_row(lines, results, "oneid_accuracy")


def test_edges_look_like_identity_data() -> None:
    edges = identity_edges(100_000)
    more = more_edges(edges, 0.01)
    assert len(more) == round(0.01 * len(edges))
    assert not np.isin(more.records, edges.records).any()
    assert np.isin(more.identifiers, edges.identifiers).all()
    assert np.bincount(np.unique(more.records, return_counts=True)[1]).tolist() == [0, 820, 90]
    assert len(together(edges, more)) == len(edges) + len(more)
    assert 99_000 < len(edges) <= 100_000
    assert np.array_equal(edges.records, identity_edges(100_000).records)
    held = np.unique(edges.records, return_counts=True)[1]
    assert 1.2 < held.mean() < 2
    assert len(chain_and_stars(10, 5)) == 2 * 9 + 3 * 5


def test_sides_take_turns() -> None:
    calls: list[str] = []

    def side(name: str) -> int:
        calls.append(name)
        return len(calls)

    assert in_turn({"a": lambda: side("a"), "b": lambda: side("b")}, 2) == {
        "a": (1, 3),
        "b": (2, 4),
    }


def test_rows_go_to_the_end_of_the_table(tmp_path: Path) -> None:
    document = tmp_path / "results.md"
    for rod in ("one", "an | other"):
        row = Row(rod, "3 rows", "1.00 s", "2.00")
        add_row(document, row, MACHINE, datetime(2026, 1, 2, tzinfo=UTC), "python")
    machine = "a processor, 2 cores, 24 GiB"
    assert document.read_text("utf-8").splitlines()[2:] == [
        f"| 2026-01-02 | one | 3 rows | 1.00 s | 2.00 | {machine} | `python` |",
        f"| 2026-01-02 | an / other | 3 rows | 1.00 s | 2.00 | {machine} | `python` |",
        "<!-- results: end -->",
    ]


def test_intraday(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, TOKEN_KEY.decode())
    brand = make_workspace(tmp_path / "brand")
    publish_by_hand(brand)
    load(brand.landing, brand.lake, now=NOW, progress=False)
    published = brand.serving / BUILD_FILE_NAME
    options = ("--every", "0", "--rows", "1")
    lines = run_rod("intraday", tmp_path / "r.md", brand.lake, published, *options)
    assert lines[-2].startswith("nothing beside it: p50 ")
    assert 0 < float(lines[-1]) < 1
    assert sorted(path.name for path in brand.serving.iterdir()) == [BUILD_FILE_NAME]


def test_random_kills_reach_every_step_as_often() -> None:
    plan = plan_of(50, random.Random(1))
    assert [len(day) for day in plan] == [KILLS_A_DAY] * (50 // KILLS_A_DAY)
    assert sorted(Counter(step for day in plan for step in day).values()) == [12, 12, 13, 13]
    assert all(list(day) == sorted(day, key=STEPS.index) for day in plan)
    assert plan != plan_of(50, random.Random(2))


def test_half_of_a_publication_is_noticed() -> None:
    whole = ("build-1", (("core.fct_orders", 3),))
    reader = Reader(Path("serving"))
    reader.seen.add(("file", *whole))
    check_readings(reader, {whole})
    reader.seen.add(("parquet", "build-1", (("core.fct_orders", 2),)))
    with pytest.raises(SystemExit, match="reader of the parquet saw half of build build-1"):
        check_readings(reader, {whole})


def test_a_lost_message_is_noticed(tmp_path: Path) -> None:
    alone, killed = (Side(place, tmp_path, tmp_path, {}) for place in ("alone", "killed"))
    receiver = Receiver(0, [])

    def receive(place: str, key: str, text: str) -> None:
        receiver.received.append(Received(f"/{place}", {"idempotency-key": key}, text))

    for place in ("alone", "killed"):
        receive(place, f"{place}-1", "aov is low")
    receive("killed", "killed-1", "aov is low")
    assert check_messages(receiver, alone, killed, deliveries_killed=1) == 1
    with pytest.raises(SystemExit, match="that came again: 1; killed deliveries: 0"):
        check_messages(receiver, alone, killed, deliveries_killed=0)
    receive("alone", "alone-2", "orders are few")
    with pytest.raises(SystemExit, match="lost Counter"):
        check_messages(receiver, alone, killed, deliveries_killed=1)
