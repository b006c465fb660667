"""What the scanner finds in a few files, and what it must not take for a finding."""

from __future__ import annotations

import gzip
import json
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from orchestration.errors import RekindleError
from orchestration.privacy.scan import STORES, Scan, scan
from tests.orchestration.fakes import workspace_in

MANY = [f"M{number:05}" for number in range(450)]
"""More than one pattern holds."""


def scanned(folder: Path, identifiers: Iterable[str]) -> Scan:
    return scan(workspace_in(folder), identifiers)


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / "landing" / "crm" / "members" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())
    return path


def write_parquet(folder: Path, query: str) -> None:
    path = folder / "var" / "small" / "lake" / "raw" / "crm" / "members" / "part.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    duckdb.execute(f"COPY ({query}) TO '{path}' (FORMAT parquet, COMPRESSION zstd)")


def test_every_one_of_many_words_is_found_in_each_store(tmp_path: Path) -> None:
    write(tmp_path, "m.csv", "member_no\n" + "\n".join(MANY))
    write_parquet(tmp_path, "SELECT printf('M%05d', i) AS member_no FROM range(450) AS r (i)")
    found = scanned(tmp_path, [*MANY, "M99999"])
    assert found.found_in("landing") == set(MANY)
    assert found.found_in("raw lake") == set(MANY)
    assert found.found_in("published") == set()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("M1,M12,M123", {"M1", "M12", "M123"}),
        ("M123", {"M123"}),
        ("xM1 M1x 0M12", set()),
        ("m12", {"M12"}),
        ("(M1)", {"M1"}),
        ("M1", {"M1"}),
        ("", set()),
        ("a+b@mail.example", {"a+b@mail.example"}),
        ("aab@mail.example a+b@mailxexample", set()),
        ("A+B@MAIL.EXAMPLE", {"a+b@mail.example"}),
        ("tel. (021) 5888 0001.", {"(021) 5888 0001"}),
        ("张伟,李四", {"张伟"}),
    ],
)
def test_words_count_where_they_stand_alone(tmp_path: Path, text: str, found: set[str]) -> None:
    words = ["M1", "M12", "M123", "a+b@mail.example", "(021) 5888 0001", "张伟"]
    write(tmp_path, "plain.txt", text)
    write_parquet(tmp_path, f"SELECT '{text}' AS name, 7 AS number")
    result = scanned(tmp_path, words)
    assert result.found_in("landing") == found
    in_columns = {one.identifier for one in result.findings if one.place == "part.parquet.name"}
    assert in_columns == found


def test_zipped_texts_and_names_of_files_are_searched(tmp_path: Path) -> None:
    path = write(tmp_path, "of-M1.csv.gz", "")
    path.write_bytes(gzip.compress(b"member_no\nM12\n"))
    result = scanned(tmp_path, ["M1", "M12"])
    assert {(one.place, one.identifier) for one in result.findings} == {
        ("file name", "M1"),
        ("unzipped", "M12"),
    }


def write_sqlite(path: Path, text: str, is_deleted: bool = False) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as store:
        store.execute("PRAGMA secure_delete = OFF")
        store.execute("CREATE TABLE event_logs (id INTEGER, event TEXT, body BLOB)")
        store.execute("INSERT INTO event_logs VALUES (1, ?, ?)", (text, text.encode()))
        store.execute("INSERT INTO event_logs VALUES (2, NULL, NULL)")
        if is_deleted:
            store.execute("DELETE FROM event_logs")
        store.commit()


@pytest.mark.parametrize("filler", range(4010, 4110, 3))
def test_a_word_across_pages_of_a_sqlite_file_is_found(tmp_path: Path, filler: int) -> None:
    write_sqlite(tmp_path / "var" / "small" / "alerts.sqlite", "." * filler + " a@b.example of M1")
    found = scanned(tmp_path, ["a@b.example", "M1", "M2"])
    assert found.found_in("state") == {"a@b.example", "M1"}
    assert {one.place for one in found.findings} >= {"event_logs.event", "event_logs.body"}


def test_what_was_deleted_from_a_sqlite_file_is_found_by_its_bytes(tmp_path: Path) -> None:
    write_sqlite(tmp_path / "var" / "small" / "alerts.sqlite", "of M1", is_deleted=True)
    found = scanned(tmp_path, ["M1"])
    assert [(one.store, one.place) for one in found.findings] == [("state", "bytes")]


def test_a_word_that_json_escapes_is_found(tmp_path: Path) -> None:
    line = '{"name": "\\u5B89\\u5a1c\\u738b", "mail": "caf\\u00e9"}'
    write(tmp_path, "rows.jsonl", f"{line}\n")
    write_parquet(tmp_path, f"SELECT '{line}' AS raw_record FROM range(9)")
    found = scanned(tmp_path, ["安娜", "娜王", "安娜王", "café", "娜安", "7"])
    assert found.found_in("landing") == {"安娜", "娜王", "安娜王", "café"}
    in_column = {one.identifier for one in found.findings if one.place.endswith(".raw_record")}
    assert in_column == found.found_in("landing")


STORES_OF_FILES = {
    "landing/crm/members/m.csv": "landing",
    "var/small/lake/raw/crm/members/x.tmp": "raw lake",
    "var/small/lake/raw/rekindle/quarantine/x.tmp": "quarantine",
    "var/small/build/logs/dbt.log": "builds",
    "serving/intraday/page.csv": "published",
    "policy/identity_decisions.csv": "policy",
    "var/small/intraday.json": "state",
    "var/small/databases/cursors.json": "state",
    "var/dagster/history/runs/1.db": "logs",
    "var/small/truth/persons/part.csv": "truth",
}


def test_every_store_is_searched_and_its_line_says_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    monkeypatch.delenv("REKINDLE_SPARK_WAREHOUSE", raising=False)
    for place in STORES_OF_FILES:
        path = tmp_path / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("name\n安娜王\n", encoding="utf-8")
    workspace = replace(workspace_in(tmp_path), has_adapter=True)
    found = scan(workspace, ["安娜王", "M1"], policy=tmp_path / "policy")
    assert {one.file.relative_to(tmp_path).as_posix(): one.store for one in found.findings} == (
        STORES_OF_FILES
    )
    header, *lines = found.lines()
    assert header.split() == ["store", "files", "identifiers", "places"]
    table = {line[:11].strip(): line[11:].split()[:3] for line in lines}
    assert list(table) == list(STORES)
    assert table["vault"] == ["1", "0", "0"]
    assert table["state"] == ["2", "1", "2"]
    assert table["quarantine"] == ["1", "1", "1"]
    elsewhere = scan(workspace, ["M1"], policy=tmp_path / "policy").lines()
    assert [line[:18] for line in elsewhere] == [line[:18] for line in found.lines()]


def test_the_event_log_is_where_dagster_home_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "elsewhere"
    write_sqlite(home / "history" / "runs.db", json.dumps({"message": "'安娜王' is no phone"}))
    assert scanned(tmp_path, ["安娜王"]).findings == ()
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    found = scanned(tmp_path, ["安娜王"])
    assert found.found_in("logs") == {"安娜王"}
    assert "event_logs.event" in {one.place for one in found.findings}


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    path = tmp_path / "var" / "small" / "alerts.sqlite"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"SQLite format 3\0" + b"?" * 5000)
    with pytest.raises(RekindleError, match=r"alerts\.sqlite cannot be searched"):
        scanned(tmp_path, ["M1"])


def test_nothing_to_look_for_is_nothing_found(tmp_path: Path) -> None:
    write(tmp_path, "m.csv", "member_no\nM1\n")
    write_parquet(tmp_path, "SELECT 'M1' AS member_no")
    result = scanned(tmp_path, [""])
    assert result.findings == ()
    assert result.files["landing"] == 1
