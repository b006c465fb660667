"""Decisions that name an erased person leave the policy file, and nothing else of it changes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import duckdb
import pytest

from orchestration.errors import RekindleError
from orchestration.loading.connection import connect
from orchestration.loading.erased_rows import install_tombstones, with_tokens
from orchestration.loading.lake import Lake
from orchestration.loading.register import Tombstone
from orchestration.privacy.decisions import forget_decisions
from tests.conftest import TOKEN_KEY

HEADER = "valid_from,decision,left_record,right_record,decided_by,reason\n"
KEPT = "2025-01-01,link,crm.members:M-2,app.users:A-2,anna,same  face\n"
QUOTED = '2025-01-01,separate,crm.members:M-12,"app.users:A,9",ben,"two ""lines""\nof words"\n'
LEFT = "2025-01-02,link,crm.members:M-1,app.users:A-9,anna,the same card\n"
RIGHT = "2025-01-02,separate,crm.members:M-9,app.users:A-1,anna,\n"
TOLD = "2025-01-03,link,crm.members:M-2,app.users:A-3,ben,not the one of 139 2047 0037\n"


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection of the loader that knows whom it erased."""
    lake = Lake(tmp_path / "lake")
    lake.folder.mkdir()
    lake.prepare()
    with closing(connect(lake, TOKEN_KEY, None, 1)) as opened:
        plain = [
            Tombstone("record", "crm.members:M-1", "erased-1", "r1"),
            Tombstone("record", "app.users:A-1", "erased-2", "r1"),
            Tombstone("word", "13920470037", "", "r1"),
        ]
        stones = with_tokens(opened, plain)
        install_tombstones(
            opened,
            [(one.kind, one.token, None, None, one.surrogate, one.one_id) for one in stones],
        )
        yield opened


def rewritten(
    connection: duckdb.DuckDBPyConnection, folder: Path, text: str
) -> tuple[int, str, list[str]]:
    """How many rows are concerned, the file afterwards, and what it was when that was told."""
    file = folder / "identity_decisions.csv"
    file.write_bytes(text.encode())
    told: list[str] = []
    count = forget_decisions(connection, file, lambda: told.append(file.read_bytes().decode()))
    assert sorted(one.name for one in folder.glob("*.csv*")) == [file.name]
    return count, file.read_bytes().decode(), told


def test_rows_of_erased_records_go_and_others_stay_as_they_are(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    text = HEADER + KEPT + LEFT + QUOTED + RIGHT
    assert rewritten(connection, tmp_path, text) == (2, HEADER + KEPT + QUOTED, [text])


def test_a_reason_that_tells_of_an_erased_person_is_emptied(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    count, text, _ = rewritten(connection, tmp_path, HEADER + KEPT + TOLD)
    assert count == 1
    assert text == HEADER + KEPT + "2025-01-03,link,crm.members:M-2,app.users:A-3,erased,erased\n"


@pytest.mark.parametrize("text", [HEADER, HEADER + KEPT + QUOTED, "", "\ufeff" + HEADER + KEPT])
def test_a_file_that_names_nobody_is_not_touched(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, text: str
) -> None:
    assert rewritten(connection, tmp_path, text) == (0, text, [])


def test_lines_of_other_systems_are_read_too(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    text = "\ufeff" + (HEADER + LEFT + KEPT).replace("\n", "\r\n")
    count, left, _ = rewritten(connection, tmp_path, text.rstrip("\r\n"))
    assert (count, left) == (1, "\ufeff" + (HEADER + KEPT).replace("\n", "\r\n").rstrip("\r\n"))


def test_no_file_is_nothing_to_forget_and_another_encoding_a_sentence(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    assert forget_decisions(connection, tmp_path / "none.csv", lambda: None) == 0
    file = tmp_path / "identity_decisions.csv"
    file.write_bytes(HEADER.encode() + "2025-01-01,link,a,b,安娜,x\n".encode("gbk"))
    with pytest.raises(RekindleError, match="is not UTF-8 and cannot be searched"):
        forget_decisions(connection, file, lambda: None)
