"""Seeded mutations of good files: whatever comes out, no exception and the accounts hold."""

from __future__ import annotations

import gzip
import random
from pathlib import Path
from typing import Any

import pytest

from .harness import (
    Result,
    accounting_problems,
    csv_bytes,
    jsonl_bytes,
    parquet_bytes,
    read_result,
    record,
    sentence_problems,
)
from .test_hostile import run_load

TABLE = "commerce.orders"
FOLDER = "commerce/orders"
SEED = 20250630
COUNTS = {"csv": 30, "jsonl": 20, "parquet": 25, "csv.gz": 15}
TRICKS = [b'"', b"\n", b"\r", b",", b"\x00", b"\xff", b"{", b"]", b"\\", b"'", b"\xe8", b"9" * 400]


def orders(start: int) -> list[dict[str, Any]]:
    return [
        record(TABLE, f"fuzz-{start}-{n}", buyer_key=f'm "{n}"', coupon_code="春,节")
        for n in range(40)
    ]


def mutate(content: bytes, dice: random.Random) -> bytes:
    """Flip, insert, delete, repeat or cut bytes, a few times."""
    found = bytearray(content)
    for _ in range(dice.randint(1, 6)):
        position = dice.randrange(len(found)) if found else 0
        match dice.randrange(6):
            case 0 if found:
                found[position] ^= 1 << dice.randrange(8)
            case 1:
                found[position:position] = dice.choice(TRICKS)
            case 2:
                del found[position : position + dice.randint(1, 30)]
            case 3:
                found[position:position] = found[position : position + dice.randint(1, 200)]
            case 4:
                found[position : position + 8] = dice.randbytes(8)
            case _ if dice.random() < 0.3:
                del found[position:]
    return bytes(found)


def fuzzed() -> dict[str, bytes]:
    dice = random.Random(SEED)
    files: dict[str, bytes] = {}
    for form, count in COUNTS.items():
        for n in range(count):
            rows = orders(len(files))
            good = {
                "csv": lambda rows=rows: csv_bytes(rows),
                "jsonl": lambda rows=rows: jsonl_bytes(rows),
                "parquet": lambda rows=rows: parquet_bytes(rows),
                "csv.gz": lambda rows=rows: gzip.compress(csv_bytes(rows), mtime=0),
            }[form]()
            files[f"{FOLDER}/{form}-{n}.{form}"] = mutate(good, dice)
    return files


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Result:
    base = tmp_path_factory.mktemp("fuzz")
    control = {f"{FOLDER}/control-{n}.csv": csv_bytes(orders(1000 + n)) for n in range(3)}
    for path, content in {**fuzzed(), **control}.items():
        target: Path = base / "landing" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    run_load(base / "landing", base / "lake")
    return read_result(base / "lake")


def test_every_file_is_accounted_for(result: Result) -> None:
    expected = set(fuzzed()) | {f"{FOLDER}/control-{n}.csv" for n in range(3)}
    assert set(result.log) == expected
    assert {len(rows) for rows in result.log.values()} == {1}
    assert {row["status"] for row in result.all_log} <= {"loaded", "refused", "duplicate"}
    assert [text for row in result.all_log for text in accounting_problems(row)] == []


def test_the_lake_holds_what_the_log_says(result: Result) -> None:
    assert len(result.rows(TABLE)) == sum(row["rows_loaded"] for row in result.all_log)
    for path, rows in result.log.items():
        entries = [
            entry
            for entry in result.quarantine.get(path, [])
            if entry["reason_code"] != "optional_value"
        ]
        wanted = 1 if rows[0]["status"] == "refused" else rows[0]["rows_quarantined"]
        assert len(entries) == wanted, path


def test_innocent_files_load_beside_them(result: Result) -> None:
    for n in range(3):
        (row,) = result.log[f"{FOLDER}/control-{n}.csv"]
        assert (row["status"], row["rows_loaded"]) == ("loaded", 40)


def test_mutations_are_mild_enough_to_test_something(result: Result) -> None:
    """Some files load in part, some are refused; neither would mean that nothing was tried."""
    fuzz = [row for path, rows in result.log.items() if "control" not in path for row in rows]
    assert sum(row["status"] == "refused" for row in fuzz) >= 10
    assert sum(row["rows_loaded"] > 0 and row["rows_quarantined"] > 0 for row in fuzz) >= 10


def test_values_in_the_lake_are_the_good_ones(result: Result) -> None:
    """Untouched columns of loaded rows: nothing shifted from one column into another."""
    shifted = [
        row
        for row in result.rows(TABLE)
        if row["status"] not in {"created", "paid", "shipped", "completed", "cancelled"}
    ]
    assert shifted == []


def test_sentences(result: Result) -> None:
    found = []
    for entry in result.all_quarantine:
        found += sentence_problems(entry["reason"], entry["file_path"])
    assert found[:20] == []
