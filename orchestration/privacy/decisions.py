"""What somebody decided about an erased person's records leaves the policy file that tells of it.

`rekindle match decide` names records by their keys in identity_decisions.csv, which every build
reads: a row that names an erased record goes, and a reason that gives an erased person away.
"""

from __future__ import annotations

import csv
import io
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb

from orchestration.errors import RekindleError
from orchestration.loading.erased_rows import ERASED, telling_rows
from orchestration.loading.held_rows import hold_rows

_RECORDS = ("left_record", "right_record")
_TEXTS = ("decided_by", "reason")


def forget_decisions(
    connection: duckdb.DuckDBPyConnection, file: Path, on_change: Callable[[], None]
) -> int:
    """Rewrite a file of decisions without erased persons; returns how many rows that concerned.

    `connection` is one of the loader's: it knows the key and the tombstones. `on_change` is told
    before the file is rewritten. Other rows stay as they are, character by character, and a file
    that names nobody is not touched. Raises RekindleError for a file that is not UTF-8.
    """
    if not file.is_file():
        return 0
    try:
        text = file.read_bytes().decode()
    except UnicodeDecodeError as error:
        raise RekindleError(
            f"{file} is not UTF-8 and cannot be searched for erased persons: save it as UTF-8, "
            "then erase again; it goes on where it was."
        ) from error
    header, *rows = _rows(text)
    names = [name.strip().lstrip("\ufeff") for name in next(csv.reader([header]), [])]
    values = [dict(zip(names, next(csv.reader([row]), []), strict=False)) for row in rows]
    named = _found(
        connection,
        [
            (number, row.get(column) or "")
            for number, row in enumerate(values)
            for column in _RECORDS
        ],
        "SELECT DISTINCT row FROM decided JOIN tombstones "
        "ON kind = 'record' AND token = tombstone_of('record:' || text)",
    )
    telling = _found(
        connection,
        [
            (number, " ".join(row.get(column) or "" for column in _TEXTS))
            for number, row in enumerate(values)
        ],
        f"SELECT row FROM ({telling_rows('decided', 'row', 'text')})",
    )
    if not named | telling:
        return 0
    on_change()
    kept = [
        _without_texts(row, values[number]) if number in telling else row
        for number, row in enumerate(rows)
        if number not in named
    ]
    temporary = file.with_name(f".{file.name}.tmp")
    temporary.write_bytes((header + "".join(kept)).encode())
    shutil.copymode(file, temporary)
    temporary.replace(file)
    return len(named | telling)


def _rows(text: str) -> list[str]:
    """The rows of a CSV text, ends of lines included: a quoted value may hold some, too."""
    rows = [""]
    for line in re.findall(r"[^\n]*\n|[^\n]+", text):
        rows[-1] += line
        if rows[-1].count('"') % 2 == 0:
            rows.append("")
    return rows if rows[-1] else rows[:-1] or [""]


def _found(
    connection: duckdb.DuckDBPyConnection, texts: list[tuple[int, str]], query: str
) -> set[int]:
    hold_rows(connection, "decided", (("row", "BIGINT"), ("text", "VARCHAR")), texts)
    return {int(row) for (row,) in connection.execute(query).fetchall()}


def _without_texts(row: str, values: dict[str, str]) -> str:
    """A row whose decision stays, without the words around it."""
    line = io.StringIO()
    end = "\r\n" if row.endswith("\r\n") else "\n"
    changed = {name: ERASED if name in _TEXTS else value for name, value in values.items()}
    csv.writer(line, lineterminator=end).writerow(changed.values())
    return line.getvalue()
