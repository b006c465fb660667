"""What the loader says of rows and files that it refuses: sentences are published, so they quote
nobody's name, number or address."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.loading.load import load
from tests.conftest import TOKEN_KEY
from tests.privacy import brand

NOW = datetime(2026, 1, 1, tzinfo=UTC)
NO_HEADER = (
    "The required columns member_no, updated_at of crm.members are missing; none of the file's 3 "
    "columns has a name of the contract, as in a file that begins without a header line. Add the "
    "column, or name it under 'rename' or 'fill' in brand.yml."
)
SOME_KNOWN = (
    "The required columns member_no, updated_at of crm.members are missing; of the file's 3 "
    "columns, the contract knows phone, name. Add the column, or name it under 'rename' or "
    "'fill' in brand.yml."
)
TWICE_UNKNOWN = (
    "The columns number 2 and 4 have the same name, which the contract does not know; keep one of "
    "them."
)
TWICE_KNOWN = "The columns number 1 and 3 both mean 'member_no'; keep one of them."
MEMBER = {"member_no": "M-1", "updated_at": "2025-01-02T00:00:00Z"}


def loaded(folder: Path, table: str, name: str, text: str) -> None:
    """Hand over one file of a table (`<system>/<table>`)."""
    place = folder / "landing" / table / name
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text, encoding="utf-8")
    load(folder / "landing", folder / "lake", now=NOW, token_key=TOKEN_KEY, progress=False)


def told(folder: Path, table: str, columns: str) -> list[Any]:
    """Rows of `quarantine` or `load_log` in the lake."""
    files = folder / "lake" / "raw" / "rekindle" / table / "*.parquet"
    return duckdb.execute(f"SELECT {columns} FROM read_parquet('{files}') ORDER BY ALL").fetchall()


def test_no_sentence_quotes_a_value_of_a_personal_column(tmp_path: Path) -> None:
    brand.write_landing(tmp_path / "landing")
    brand.write_odd(tmp_path / "landing")
    load(tmp_path / "landing", tmp_path / "lake", now=NOW, token_key=TOKEN_KEY, progress=False)
    found = {
        (f"{system}.{table}", column): reason
        for system, table, column, reason in told(
            tmp_path, "quarantine", "system, table_name, column_name, reason"
        )
        if column is not None
    }
    expected = {
        (table.full_name, column): value
        for table, _, _, quoted in brand.odd_rows()
        for column, value in quoted.items()
    }
    assert len(expected) > 20
    assert expected.keys() <= found.keys()
    for place, value in expected.items():
        assert value not in found[place]
    texts = " ".join(str(row) for row in told(tmp_path, "load_log", "message, unknown_columns"))
    sentences = " ".join(str(row) for row in told(tmp_path, "quarantine", "reason"))
    for word in (*brand.ERASED, *brand.STAY, *brand.ODD):
        assert word not in texts
        assert word not in sentences


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"phone": "1390013800x"}, "phone is 10 digits and 1 letter; write a telephone number"),
        ({"email": "zhang at shop"}, "email is 11 letters and 2 spaces; write an e-mail address"),
        ({"birthday": "1990-13-45"}, "birthday is 8 digits and 2 signs; write a date such as"),
        ({"birthday": "1790-01-02"}, "birthday is 8 digits and 2 signs, out of range; write"),
        ({"birthday": "九" * 400}, "birthday is 300 characters or more; write a date such as"),
        ({"registered_at": "13900138001"}, "registered_at is 11 digits; write a time such as"),
        ({"registered_at": "139 0013-8001"}, "registered_at is 11 digits and 1 space and 1 sign;"),
        ({"is_test": "li@mail.cn"}, "is_test is 8 letters and 2 signs; write true or false"),
        ({"is_test": "perhaps"}, "is_test is 'perhaps'; write true or false"),
        ({"registered_at": "last spring"}, "registered_at is 'last spring'; write a time such as"),
    ],
)
def test_a_sentence_says_what_is_wrong(
    tmp_path: Path, values: dict[str, str], sentence: str
) -> None:
    loaded(tmp_path, "crm/members", "m.jsonl", json.dumps(MEMBER | values) + "\n")
    ((reason,),) = told(tmp_path, "quarantine", "reason")
    assert reason.startswith(sentence)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("M-1,李雷,13900138001\nM-2,韩梅,13900138002\n", NO_HEADER),
        ("李雷,13900138001,13900138001\n", NO_HEADER),
        ("phone,Name,称呼\n13900138001,李雷,李\n", SOME_KNOWN),
        ("member_no,李雷,updated_at,李雷\n", TWICE_UNKNOWN),
        ("member_no,updated_at,Member_No\n", TWICE_KNOWN),
    ],
)
def test_a_refused_file_is_told_without_its_first_line(
    tmp_path: Path, text: str, sentence: str
) -> None:
    loaded(tmp_path, "crm/members", "m.csv", text)
    assert told(tmp_path, "load_log", "message") == [(f"crm/members/m.csv: {sentence}",)]


def test_keys_of_json_that_are_values_are_counted(tmp_path: Path) -> None:
    rows = [MEMBER | {"13900138001": "x", "li@mail.cn": "y", "remark": "z"}]
    twice = '{"member_no": "M-2", "13900138001": 1, "13900138001": 2}\n'
    text = "".join(json.dumps(row) + "\n" for row in rows) + twice
    loaded(tmp_path, "crm/members", "m.jsonl", text)
    ((reason,),) = told(tmp_path, "quarantine", "reason")
    unknown = "remark, 2 that are no names"
    assert told(tmp_path, "load_log", "unknown_columns, message") == [
        (unknown, f"Unknown columns: {unknown}. 1 row is quarantined: {reason}")
    ]
    assert reason.startswith("Line 2: The key at place 3 occurs twice in one object.")


def test_an_unknown_code_is_named_unless_it_may_tell_of_a_person(tmp_path: Path) -> None:
    header = "order_id,order_channel,buyer_key_type,status,ordered_at,gross_amount,"
    header += "discount_amount,net_amount,updated_at,order_kind\n"
    at = "2025-01-02T00:00:00Z"
    rows = "".join(
        f"O-{number},pos,none,paid,{at},1,0,1,{at},{kind}\n"
        for number, kind in enumerate(("swap", "13900138001", "13900138002"))
    )
    loaded(tmp_path, "commerce/orders", "o.csv", header + rows)
    loaded(tmp_path, "crm/members", "m.jsonl", json.dumps(MEMBER | {"gender": "李雷"}) + "\n")
    messages = [message for (message,) in told(tmp_path, "load_log", "message") if message]
    assert messages == [
        "Unknown codes: gender (1).",
        "Unknown codes: order_kind (2), order_kind 'swap' (1).",
    ]
