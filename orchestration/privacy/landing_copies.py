"""Erased persons leave the landing files: rows are stripped in place, in the file's own format.

Every other byte of a text file stays as it was delivered. Of a row of an erased person nothing
stays that the contract does not know: a remark, a second number. A file keeps its rows and their
order, so whoever loads the folder into an empty lake gets the same facts.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from orchestration.loading.brand import fold_header
from orchestration.loading.csv_direct import is_read_whole
from orchestration.loading.csv_records import CsvText, Malformed
from orchestration.loading.discovery import FoundFile
from orchestration.loading.erased_rows import (
    ERASED,
    names_persons,
    person_keys,
    strip_erased,
    strip_malformed,
    stripped_values,
)
from orchestration.loading.errors import FileRefusedError
from orchestration.loading.lake import hidden, sync_file, sync_folder
from orchestration.loading.quarantine import empty_tables
from orchestration.loading.reading import Reading
from orchestration.loading.sources import (
    OpenedFile,
    clean_scratch,
    delivered_relation,
    direct_relation,
    open_file,
)
from orchestration.loading.staging import stage
from orchestration.loading.standardising import standardise
from orchestration.loading.text_files import opened
from orchestration.privacy.lake_parts import OnRemoved, rows_by_person


@dataclass(frozen=True)
class Change:
    """What becomes of a row: contract column -> its new value.

    `is_whole` where the row is of an erased person: whatever the contract does not know becomes
    empty, since nobody can say what it tells.
    """

    columns: Mapping[str, str | None]
    is_whole: bool


Changes = Mapping[int, Change]
"""By row."""


@dataclass(frozen=True)
class StrippedFile:
    """A landing file whose stripped content stands beside it, not yet in its place."""

    file: FoundFile
    unfinished: Path
    rows: int

    def take_place(self) -> FoundFile:
        """Put the stripped content in the place of the file."""
        os.replace(self.unfinished, self.file.path)
        sync_folder(self.file.path.parent)
        status = self.file.path.stat()
        return replace(self.file, size=status.st_size, modified_ns=status.st_mtime_ns)


def strip_file(
    connection: duckdb.DuckDBPyConnection,
    reading: Reading,
    file: FoundFile,
    scratch: Path,
    on_removed: OnRemoved,
) -> StrippedFile | None:
    """Write a landing file without erased persons beside it; None where it has none.

    Raises FileRefusedError where the file cannot be read, and so cannot be searched.
    """
    if not names_persons(reading.table):
        return None
    with clean_scratch(scratch) as folder:
        found = open_file(connection, reading, file, "", folder)
        _stage(connection, reading, found)
        standardise(connection, reading, of_keys_alone=True)
        hits = strip_erased(connection, reading)
        broken = set(strip_malformed(connection))
        if not hits and not broken:
            return None
        rows = rows_by_person(connection, "hits")
        if broken:
            for one_id, count in rows_by_person(connection, "told").items():
                rows[one_id] = rows.get(one_id, 0) + count
        on_removed(f"landing/{file.relative}", rows)
        changes = _changes(connection, reading) if hits else {}
        unfinished = hidden(file.path).with_suffix(".erasing")
        if file.format == "parquet":
            _write_parquet(found, changes, unfinished)
        else:
            with opened(found.readable) as data:
                text = bytes(data)
            if file.format == "csv":
                stripped = _strip_csv(text, reading, found, changes, broken)
            else:
                lines = dict(connection.execute("SELECT rowid, _line FROM staged").fetchall())
                by_line = {int(lines[row]): change for row, change in changes.items()}
                stripped = _strip_json(text, reading, by_line, broken)
            _write_text(stripped, reading, file, unfinished)
        sync_file(unfinished)
        return StrippedFile(file, unfinished, sum(rows.values()))


def _stage(connection: duckdb.DuckDBPyConnection, reading: Reading, found: OpenedFile) -> None:
    empty_tables(connection)
    if found.is_direct:
        try:
            stage(connection, reading, direct_relation(reading, [found]))
            if found.body is None or is_read_whole(connection, found.body, len(found.columns))[0]:
                return
        except duckdb.OutOfMemoryException:
            raise
        except duckdb.Error:
            if found.file.format != "csv":
                raise FileRefusedError("unreadable_file", "The file cannot be read.") from None
        empty_tables(connection)
    relation, refused, _ = delivered_relation(connection, reading, [found])
    if 0 in refused:
        raise refused[0]
    stage(connection, reading, relation)


def _changes(connection: duckdb.DuckDBPyConnection, reading: Reading) -> Changes:
    table = reading.table
    keys = [key.column for key in person_keys(table)]
    buyer = next((column for column in table.columns if column.type == "buyer_key"), None)
    if table.full_name == "crm.staff":
        keys = ["member_no"]
    names = "".join(f", hits.to_{key}" for key in keys)
    rows = connection.execute(
        f"SELECT row, is_person, is_unknown{names} FROM hits ORDER BY row"
    ).fetchall()
    stripped = stripped_values(table)
    kinds: dict[int, str] = {}
    if buyer is not None:
        kinds = dict(
            connection.execute(
                f"SELECT rowid, {buyer.key_type} FROM staged WHERE rowid IN (SELECT row FROM hits)"
            ).fetchall()
        )
    changes: dict[int, Change] = {}
    for row, is_person, is_unknown, *surrogates in rows:
        change: dict[str, str | None] = dict(stripped) if is_person else {}
        change |= {
            key: surrogate
            for key, surrogate in zip(keys, surrogates, strict=True)
            if surrogate is not None or is_unknown
        }
        if buyer is not None and change.get(buyer.name) is not None:
            change[str(buyer.key_type)] = kinds[row]
        changes[row] = Change(change, is_whole=bool(is_person))
    return changes


def _strip_csv(
    text: bytes, reading: Reading, found: OpenedFile, changes: Changes, broken: set[int]
) -> bytes:
    positions = found.match.positions
    unknown = _unknown(found)
    delimiter = reading.mapping.csv.delimiter
    pieces: list[bytes] = []
    copied = 0
    row = -1
    for record in CsvText(text, delimiter, reading.limits).records():
        if isinstance(record, Malformed):
            if record.line in broken:
                start, end, _ = record.span
                pieces += [text[copied:start], ERASED.encode()]
                copied = end
            continue
        row += 1
        if row not in changes:
            continue
        start, following = record.span
        fields = list(record.fields)
        for name, value in changes[row].columns.items():
            if name in positions:
                fields[positions[name]] = value or ""
        for position in unknown if changes[row].is_whole else ():
            fields[position] = ""
        line = io.StringIO()
        csv.writer(line, delimiter=delimiter, lineterminator="").writerow(fields)
        body = text[start:following]
        ending = body[len(body.rstrip(b"\r\n")) :]
        pieces += [text[copied:start], line.getvalue().encode(), ending]
        copied = following
    return b"".join([*pieces, text[copied:]])


def _strip_json(text: bytes, reading: Reading, changes: Changes, broken: set[int]) -> bytes:
    """`changes` are by line here."""
    names = {column.name: column.name for column in reading.table.columns}
    names.update(reading.mapping.rename)
    lines = text.split(b"\n")
    for line, change in changes.items():
        values = json.loads(lines[line - 1].decode("utf-8-sig"))
        for key in values:
            name = names.get(fold_header(key), "")
            if name in change.columns:
                values[key] = change.columns[name]
            elif not name and change.is_whole:
                values[key] = None
        lines[line - 1] = json.dumps(values, ensure_ascii=False).encode()
    for line in broken:
        lines[line - 1] = ERASED.encode()
    return b"\n".join(lines)


def _write_text(text: bytes, reading: Reading, file: FoundFile, target: Path) -> None:
    encoding = reading.mapping.csv.encoding if file.format == "csv" else "utf-8"
    if encoding.replace("_", "-").lower() not in {"utf-8", "utf8", "utf-8-sig"}:
        text = text.decode("utf-8-sig").encode(encoding)
    if file.is_gzip:
        text = gzip.compress(text, mtime=0)
    target.write_bytes(text)


def _write_parquet(found: OpenedFile, changes: Changes, target: Path) -> None:
    table = pq.ParquetFile(found.readable).read()
    for name, position in found.match.positions.items():
        changed = {
            row: change.columns[name] for row, change in changes.items() if name in change.columns
        }
        if not changed:
            continue
        field = table.schema.field(position)
        values = table.column(position).to_pylist()
        for row, value in changed.items():
            values[row] = value
        kind = field.type
        if any(value is not None for value in changed.values()) and not pa.types.is_string(kind):
            values = [None if value is None else str(value) for value in values]
            kind = pa.string()
        table = table.set_column(position, pa.field(field.name, kind), pa.array(values, type=kind))
    kept = pa.array(
        None if row in changes and changes[row].is_whole else row for row in range(len(table))
    )
    for position in _unknown(found):
        field = table.schema.field(position)
        emptied = table.column(position).take(kept)
        table = table.set_column(position, pa.field(field.name, field.type), emptied)
    pq.write_table(table, target)


def _unknown(found: OpenedFile) -> list[int]:
    """The places of the columns that the contract does not know."""
    return sorted(set(range(len(found.columns))) - set(found.match.positions.values()))
