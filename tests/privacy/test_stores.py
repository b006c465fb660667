"""What an erasure takes out of each store, case by case, without a build."""

from __future__ import annotations

import gzip
import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner

from orchestration.cli import main
from orchestration.loading.connection import connect
from orchestration.loading.erased_rows import with_tokens
from orchestration.loading.lake import Lake
from orchestration.loading.load import load
from orchestration.loading.register import Erasure, Register, Tombstone
from orchestration.loading.tokens import KEY_VARIABLE, token_key_id
from orchestration.privacy.erase import Erased, erase, note_published, preview
from orchestration.privacy.scan import scan
from orchestration.workspace import Workspace
from tests.conftest import TOKEN_KEY, make_workspace

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ASKED = datetime.fromisoformat("2025-06-01")
PHONE = "13920470037"
TOMBSTONES = (
    Tombstone("record", "crm.members:M-ANNA", "erased-1", "r1"),
    Tombstone("word", "m-anna", "erased-1", "r1"),
    Tombstone("word", PHONE, "erased-1", "r1"),
    Tombstone("identifier", f"phone:+86{PHONE}", "erased-1", "r1", until_at=ASKED),
)

Deliver = Callable[[str, str | bytes], None]


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A brand whose landing folder is empty."""
    monkeypatch.setenv(KEY_VARIABLE, TOKEN_KEY.decode())
    (tmp_path / "landing").mkdir()
    return make_workspace(tmp_path, tmp_path / "landing")


@pytest.fixture
def deliver(workspace: Workspace) -> Deliver:
    """Put a file into the landing folder and load it."""

    def hand_over(place: str, content: str | bytes) -> None:
        path = workspace.landing / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        load_again(workspace)

    return hand_over


def load_again(workspace: Workspace) -> None:
    load(workspace.landing, workspace.lake, now=NOW, token_key=TOKEN_KEY, progress=False)


def ask(workspace: Workspace, *more: Tombstone) -> None:
    """Write down that Anna is to be erased, as the plan of an erasure does."""
    lake = Lake(workspace.lake)
    with (
        closing(connect(lake, TOKEN_KEY, None, 1)) as connection,
        closing(Register(lake.register_file)) as register,
    ):
        register.plan(
            token_key_id(TOKEN_KEY),
            [Erasure("R-1", "r1", ASKED)],
            with_tokens(connection, [*TOMBSTONES, *more]),
            {"crm.members:erased-1": "r1"},
        )


def erased(workspace: Workspace, days: int = 1) -> Erased:
    """Carry it out, some days after the loads."""
    return erase(workspace, NOW + timedelta(days=days))


def rows(workspace: Workspace, table: str, columns: str) -> list[Any]:
    """Rows of a table of the lake, in order."""
    files = workspace.lake / "raw" / table / "*.parquet"
    return duckdb.execute(f"SELECT {columns} FROM read_parquet('{files}') ORDER BY ALL").fetchall()


MEMBERS = "member_no,name,phone,birthday,address,registered_at,updated_at"
AT = "2025-01-02T00:00:00Z"


def test_the_load_log_forgets_what_names_a_person(workspace: Workspace, deliver: Deliver) -> None:
    deliver("crm/members/a.csv", f"member_no,updated_at,M-ANNA\nM-BEN,{AT},\n")
    deliver("crm/members/b.csv", f"member_no,updated_at,remark\nM-BEN,{AT},\n")
    ask(workspace)
    note_published(workspace)
    (workspace.landing / "crm/members/a.csv").unlink()
    shutil.copy(workspace.lake / "ledger.sqlite", workspace.lake / "seen.sqlite")
    assert b"M-ANNA" in (workspace.lake / "seen.sqlite").read_bytes()
    (workspace.lake / "seen.sqlite").unlink()
    assert scan(workspace, ["M-ANNA"]).findings
    done = erased(workspace)
    assert scan(workspace, ["M-ANNA"]).findings == ()
    assert rows(workspace, "rekindle/load_log", "message, unknown_columns") == [
        ("Unknown columns: remark.", "remark"),
        ("What was said here named a person who has been erased.", None),
    ]
    assert done.needs_build, "what is published has the text still"


def test_a_refusal_that_named_a_person_is_not_said_again(
    workspace: Workspace, deliver: Deliver
) -> None:
    """A text of an earlier version, which quoted the first line of a file, is not repeated."""
    content = "M-1,李雷\nM-2,韩梅\n"
    deliver("crm/members/a.csv", content)
    with closing(sqlite3.connect(workspace.lake / "ledger.sqlite")) as ledger, ledger:
        ledger.execute("UPDATE readings SET message = 'the file has: M-ANNA'")
        ledger.execute("UPDATE log SET message = 'a.csv: the file has: M-ANNA'")
    ask(workspace)
    erased(workspace)
    deliver("crm/members/b.csv", content)
    assert scan(workspace, ["M-ANNA"]).findings == ()
    messages = [text for (text,) in rows(workspace, "rekindle/load_log", "message")]
    assert messages == [
        "What was said here named a person who has been erased.",
        "crm/members/b.csv: What was said here named a person who has been erased.",
    ]


UNKNOWN = ("call 王小明 at home", "13920470888")
"""A remark and a second number, in columns that the contract does not know."""


def of_parquet(path: Path) -> list[Any]:
    """Rows of a Parquet file."""
    return duckdb.execute(f"SELECT * FROM read_parquet('{path}')").fetchall()


def test_columns_that_nobody_knows_are_emptied_in_csv(
    workspace: Workspace, deliver: Deliver
) -> None:
    place = "crm/members/m.csv"
    deliver(
        place,
        "remark,member_no,mobile2,city,updated_at,referrer_member_no\n"
        f'"{UNKNOWN[0]}",M-ANNA,{UNKNOWN[1]},上海,{AT},\n'
        f"stays,M-BEN,13920470999,上海,{AT},M-ANNA\n",
    )
    ask(workspace)
    erased(workspace)
    assert (workspace.landing / place).read_text(encoding="utf-8") == (
        "remark,member_no,mobile2,city,updated_at,referrer_member_no\n"
        f",erased-1,,,{AT},\n"
        f"stays,M-BEN,13920470999,上海,{AT},erased-1\n"
    )


def test_columns_that_nobody_knows_are_emptied_in_json(
    workspace: Workspace, deliver: Deliver
) -> None:
    place = "crm/members/m.jsonl"
    anna = {"member_no": "M-ANNA", "remark": UNKNOWN[0], "updated_at": AT, "more": [UNKNOWN[1]]}
    ben = {"member_no": "M-BEN", "remark": "stays", "updated_at": AT, "more": [1]}
    deliver(place, "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in (anna, ben)))
    ask(workspace)
    erased(workspace)
    lines = (workspace.landing / place).read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in lines] == [
        {"member_no": "erased-1", "remark": None, "updated_at": AT, "more": None},
        ben,
    ]


def test_columns_that_nobody_knows_are_emptied_in_parquet(
    workspace: Workspace, deliver: Deliver, tmp_path: Path
) -> None:
    duckdb.execute(
        f"""COPY (
            SELECT * FROM (VALUES
                ('M-ANNA', '{UNKNOWN[0]}', {UNKNOWN[1]}::BIGINT, {{'at': TIMESTAMP_NS '{AT}'}}),
                ('M-BEN', 'stays', 1::BIGINT, {{'at': TIMESTAMP_NS '{AT}'}})
            ) AS t (member_no, remark, mobile2, seen), (SELECT '{AT}' AS updated_at)
        ) TO '{tmp_path}/m.parquet'"""
    )
    place = "crm/members/m.parquet"
    deliver(place, (tmp_path / "m.parquet").read_bytes())
    former = of_parquet(workspace.landing / place)
    ask(workspace)
    erased(workspace)
    assert of_parquet(workspace.landing / place) == [
        ("erased-1", None, None, None, AT),
        former[1],
    ]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("no_header.csv", b"M-2,13900138001\n"),
        ("cut_off.csv", b"member_no,updated_at\nM-2"),
        ("cut_off.csv.gz", gzip.compress(b"member_no,updated_at\nM-2,x\n" * 99, mtime=0)[:40]),
        ("gbk.csv", "member_no,name,updated_at\nM-2,李雷,x\n".encode("gbk")),
        ("cut_off.jsonl", b'{"member_no": "M-2", "upd'),
        ("damaged.parquet", b"PAR1 and no more"),
    ],
)
def test_a_request_is_open_while_a_file_cannot_be_searched(
    workspace: Workspace, deliver: Deliver, name: str, content: bytes
) -> None:
    deliver("crm/members/m.csv", f"member_no,updated_at\nM-ANNA,{AT}\n")
    deliver(f"crm/members/{name}", content)
    ask(workspace)
    log = "request_id, completed_at IS NOT NULL, rows_removed"
    first = erased(workspace)
    assert first.needs_build
    assert first.left_to_do()[0].startswith(f"not searched: crm/members/{name}: The ")
    assert first.left_to_do()[1] == (
        "1 requests stay open until the files above are looked at: mend or remove them, then erase "
        "again."
    )
    assert rows(workspace, "rekindle/erasures", log) == [("R-1", False, 2)]
    note_published(workspace)
    again = erased(workspace, days=2)
    assert (again.open_requests, again.needs_build) == (1, False)
    (workspace.landing / "crm/members" / name).unlink()
    last = erased(workspace, days=3)
    assert (last.left_to_do(), last.needs_build) == ((), True), "the log is to be published"
    assert last.files == first.files
    assert rows(workspace, "rekindle/erasures", log) == [("R-1", True, 2)]
    ((checked,),) = rows(workspace, "rekindle/erasures", "stores_checked")
    assert checked == last.files


BORN, STREET = "1990-02-03", "上海市中山路99号"
ALIKE = (
    Tombstone("name_and_birthday", f"安娜王|{BORN}", "erased-1", "r1", until_at=ASKED),
    Tombstone("name_and_address", f"安娜王|{STREET}", "erased-1", "r1", until_at=ASKED),
)
KEYLESS = f"""{MEMBERS}
,安娜王,,{BORN},,{AT},{AT}
,安娜 王,,,{STREET},{AT},{AT}
,安娜王,139****0037,1990年2月3日,,,never
,安娜王,,1990-02-04,{STREET[:-1]},{AT},{AT}
,本张,,{BORN},{STREET},{AT},{AT}
,安娜王,13920470999,{BORN},{STREET},{AT},{AT}
,安娜王,,{BORN},,2025-07-01T00:00:00Z,{AT}
M-BEN,安娜王,,{BORN},{STREET},{AT},{AT}
M-X,安娜王,,{BORN},{STREET},{AT},never
安娜王,{BORN}
{STREET},安娜王,torn
安娜王,1990-02-04
"""
"""Rows without a key. Erased: lines 2 to 4, 11 and 12; others have another name, day, place or a
key of their own, or were born after the erasure."""
STRIPPED = {2, 3, 4, 11, 12}


def lines_left(path: Path) -> set[int]:
    """The lines of the file of keyless rows, the header left out, that say what they said."""
    found = path.read_text(encoding="utf-8").splitlines()
    delivered = KEYLESS.splitlines()
    assert len(found) == len(delivered)
    return {at for at in range(2, len(found) + 1) if found[at - 1] == delivered[at - 1]}


def records_left(workspace: Workspace) -> set[int]:
    """The lines of the quarantine that still say what was delivered."""
    query = "line_number, raw_record IS NOT NULL, column_name"
    return {line for line, is_left, _ in rows(workspace, "rekindle/quarantine", query) if is_left}


def test_rows_without_a_key_are_known_by_name_and_birthday_or_address(
    workspace: Workspace, deliver: Deliver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestration.loading.erased_rows._PAGE", 1)
    deliver("crm/members/m.csv", KEYLESS)
    rejected = records_left(workspace)
    assert rejected == {*range(2, 14)} - {9}
    ask(workspace, *ALIKE)
    done = erased(workspace)
    assert lines_left(workspace.landing / "crm/members/m.csv") == {*range(2, 14)} - STRIPPED
    assert records_left(workspace) == rejected - STRIPPED
    assert done.needs_build
    assert erased(workspace, days=2).rows == 0


def test_rows_without_a_key_that_come_back_say_nothing(
    workspace: Workspace, deliver: Deliver
) -> None:
    deliver("crm/members/other.csv", f"member_no,updated_at\nM-BEN,{AT}\n")
    ask(workspace, *ALIKE)
    erased(workspace)
    deliver("crm/members/m.csv", KEYLESS)
    assert records_left(workspace) == {*range(2, 14)} - {9} - STRIPPED
    reasons = dict(rows(workspace, "rekindle/quarantine", "line_number, reason_code"))
    assert {reasons[line] for line in STRIPPED} == {"missing_required", "malformed_row"}
    summary = scan(workspace, ["torn"])
    assert summary.found_in("quarantine") == set()


def test_files_of_a_folder_with_headers_of_its_own_are_searched_by_them(
    workspace: Workspace, deliver: Deliver
) -> None:
    (workspace.landing / "brand.yml").write_text(
        "tables:\n  crm.members:\n    folders:\n      cards:\n        csv: {encoding: gbk}\n"
        "        rename: {卡号: member_no, 姓名: name, 生日: birthday, 电话: phone,\n"
        "          改于: updated_at}\n",
        encoding="utf-8",
    )
    place = "crm/members/cards/m.csv"
    text = (
        "卡号,姓名,生日,电话,改于\n"
        f"M-ANNA,安娜王,{BORN},{PHONE},{AT}\n"
        f",安娜王,{BORN},,{AT}\n"
        f",本张,{BORN},,{AT}\n"
    )
    deliver("crm/members/other.csv", f"{MEMBERS}\nM-BEN,本张,,,,{AT},{AT}\n")
    deliver(place, text.encode("gbk"))
    assert records_left(workspace) == {3, 4}
    ask(workspace, *ALIKE)
    erased(workspace)
    left = (workspace.landing / place).read_bytes().decode("gbk").splitlines()
    assert left == [
        "卡号,姓名,生日,电话,改于",
        f"erased-1,,,,{AT}",
        f",,,,{AT}",
        f",本张,{BORN},,{AT}",
    ]
    assert records_left(workspace) == {4}


def test_requests_that_are_not_loaded_are_told_of(
    workspace: Workspace, deliver: Deliver, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver("crm/members/m.csv", f"member_no,updated_at\nM-BEN,{AT}\n")
    place = "crm/erasure_requests/1.csv"
    path = workspace.landing / place
    path.parent.mkdir()
    path.write_text("request_id,member_no,requested_at\n", encoding="utf-8")
    sentence = (
        f"{place} is not loaded yet, so nobody knows what it asks for: load and build, then erase "
        "again."
    )
    assert preview(workspace, NOW).left_to_do() == (sentence,)
    assert erased(workspace).left_to_do() == (sentence,)
    monkeypatch.setattr("orchestration.cli.resolve_workspace", lambda *_, **__: workspace)
    for arguments in (["erase", "--dry-run"], ["erase"]):
        assert sentence in CliRunner().invoke(main, arguments).output
    load_again(workspace)
    assert preview(workspace, NOW).left_to_do() == ()
