"""Opening one delivered file: what it holds, and by which of the ways its rows come in.

Large CSV files and all Parquet files are read by DuckDB itself; small text files, JSON lines, and
CSV files that DuckDB cannot be trusted with, are read here record by record.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import pyarrow as pa

from orchestration.loading.contract import Limits
from orchestration.loading.csv_direct import CsvBody, csv_relation, direct_body
from orchestration.loading.csv_records import CsvText, Malformed
from orchestration.loading.discovery import FoundFile
from orchestration.loading.errors import FileRefusedError
from orchestration.loading.json_records import JsonLines
from orchestration.loading.lake import sql_name, sql_path
from orchestration.loading.reading import Reading
from orchestration.loading.relation import ColumnMatch, RawColumn, RawRelation, match_columns
from orchestration.loading.text_files import (
    Bytes,
    check_expansion,
    look_over,
    opened,
    transcode,
    unpack,
)
from orchestration.loading.typing_sql import is_naive_type

SMALL_FILE = 1 << 20
_PAGE = 20_000
_SURPLUS_ROWS = 1_000_000
_DIGITS_OF_A_VALUE = 7
_BINARY_TYPES = ("BLOB", "GEOMETRY")


@dataclass(frozen=True)
class OpenedFile:
    """A delivered file made readable.

    `readable` is the file itself or its unpacked, decoded copy in the scratch folder. `shape` is
    equal for files that can be read in one batch. `is_direct` says that DuckDB reads it.
    """

    file: FoundFile
    sha256: str
    readable: Path
    size: int
    columns: tuple[RawColumn, ...]
    match: ColumnMatch
    is_direct: bool
    body: CsvBody | None = None

    @property
    def shape(self) -> tuple[object, ...]:
        """What two files must have in common to be read together."""
        kind = self.file.format if self.is_direct else "text"
        if self.file.format == "jsonl":
            return ("jsonl",)
        return (kind, self.columns)

    @property
    def stands_alone(self) -> bool:
        """Whether the file is read by itself rather than in a batch."""
        return self.size > SMALL_FILE or self.body is not None

    @property
    def first_line(self) -> int:
        """The line number of the row at position 0, where rows and lines run in step."""
        return 2 if self.file.format == "csv" else 1


def open_file(
    connection: duckdb.DuckDBPyConnection,
    reading: Reading,
    file: FoundFile,
    sha256: str,
    scratch: Path,
) -> OpenedFile:
    """Unpack, decode and look over a file; raises FileRefusedError or OSError."""
    readable = _plain_copy(reading, file, scratch)
    if file.format == "parquet":
        return _open_parquet(connection, reading, file, sha256, readable)
    size = readable.stat().st_size
    if file.format == "jsonl":
        with opened(readable) as data:
            look_over(data)
        match = ColumnMatch({c.name: at for at, c in enumerate(reading.table.columns)}, ())
        columns = tuple(
            RawColumn(column.name, f"c{at}") for at, column in enumerate(reading.table.columns)
        )
        return OpenedFile(file, sha256, readable, size, columns, match, is_direct=False)
    with opened(readable) as data:
        facts = look_over(data)
        delimiter = reading.mapping.csv.delimiter
        text = CsvText(data, delimiter, reading.limits)
        if any("\0" in header for header in text.header):
            raise FileRefusedError(
                "not_utf8",
                "The header holds NUL characters, as UTF-16 does; deliver the file as UTF-8, or "
                "declare its encoding for this table in brand.yml (csv: {encoding: utf-16}).",
            )
        columns = tuple(RawColumn(header, f"c{at}") for at, header in enumerate(text.header))
        body = direct_body(data, text, facts, delimiter) if size > SMALL_FILE else None
    match = match_columns([column.header for column in columns], reading.table, reading.mapping)
    return OpenedFile(file, sha256, readable, size, columns, match, body is not None, body)


def direct_relation(reading: Reading, files: list[OpenedFile]) -> RawRelation:
    """The relation that DuckDB reads by itself: one CSV file, or Parquet files of one shape."""
    first = files[0]
    if first.file.format == "csv":
        return csv_relation(
            reading, sql_path(first.readable), first.columns, first.match, first.body
        )
    columns = ", ".join(
        f"{_parquet_value(column)} AS c{at}" for at, column in enumerate(first.columns)
    )
    paths = ", ".join(sql_path(file.readable) for file in files)
    source = (
        f"read_parquet([{paths}], hive_partitioning=false, file_row_number=true, "
        "union_by_name=false)"
    )
    inner = tuple(
        replace(column, sql=f"c{at}", kind="VARCHAR" if _is_binary(column) else column.kind)
        for at, column in enumerate(first.columns)
    )
    return RawRelation(
        from_sql=f"(SELECT file_index AS file_number, file_row_number AS row_number, {columns} "
        f"FROM {source})",
        columns=inner,
        match=first.match,
        file_sql="file_number",
        line_sql="row_number + 1",
    )


def delivered_relation(
    connection: duckdb.DuckDBPyConnection, reading: Reading, files: list[OpenedFile]
) -> tuple[RawRelation, dict[int, FileRefusedError], dict[int, tuple[str, ...]]]:
    """Read text files record by record into the tables `delivered` and `malformed`.

    Returns the relation, the files (by number) that turned out to be unreadable, and the unknown
    keys of JSON files.
    """
    columns = files[0].columns
    is_json = files[0].file.format == "jsonl"
    declared = "".join(f", {column.sql} VARCHAR" for column in columns)
    raw = ", _raw VARCHAR" if is_json else ""
    connection.execute(
        f"CREATE OR REPLACE TABLE delivered (_file INTEGER, _line BIGINT{declared}{raw})"
    )
    refused: dict[int, FileRefusedError] = {}
    unknown: dict[int, tuple[str, ...]] = {}
    pages = _Pages(connection, len(columns) + is_json)
    for number, file in enumerate(files):
        mark = pages.mark()
        try:
            with opened(file.readable) as data:
                if is_json:
                    lines = JsonLines(data, reading.table, reading.mapping, reading.limits)
                    _take_json(number, lines, [column.header for column in columns], pages)
                    _check_keys(lines, reading)
                    unknown[number] = tuple(lines.unknown)
                else:
                    _take_csv(number, data, reading, pages)
        except FileRefusedError as error:
            refused[number] = error
            pages.forget(number, mark)
    pages.flush()
    return (
        RawRelation(
            from_sql="delivered",
            columns=columns,
            match=files[0].match,
            file_sql="_file",
            line_sql="_line",
            record_sql="_raw" if is_json else None,
            fields_are_short=not is_json,
            may_lack_keys=is_json,
        ),
        refused,
        unknown,
    )


class _Pages:
    """Rows on their way into `delivered` and `malformed`, a page at a time."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, width: int) -> None:
        self._connection = connection
        self._width = width
        self._rows: list[tuple[object, ...]] = []
        self._malformed: list[tuple[object, ...]] = []
        self._flushed = 0

    def mark(self) -> tuple[int, int, int]:
        return self._flushed, len(self._rows), len(self._malformed)

    def take(self, row: tuple[object, ...]) -> None:
        self._rows.append(row)
        if len(self._rows) >= _PAGE:
            self.flush()

    def reject(self, number: int, found: Malformed) -> None:
        self._malformed.append((number, found.line, found.reason_code, _advised(found), found.raw))
        if len(self._malformed) >= _PAGE:
            self.flush()

    def forget(self, number: int, mark: tuple[int, int, int]) -> None:
        """Take back the rows of a file that had to be refused half-way."""
        flushed, rows, malformed = mark
        if self._flushed == flushed:
            del self._rows[rows:]
            del self._malformed[malformed:]
            return
        self.flush()
        for table in ("delivered", "malformed"):
            self._connection.execute(f"DELETE FROM {table} WHERE _file = {number}")

    def flush(self) -> None:
        self._flushed += 1
        self._insert(
            "delivered", self._rows, [pa.int32(), pa.int64(), *[pa.string()] * self._width]
        )
        self._insert(
            "malformed",
            self._malformed,
            [pa.int32(), pa.int64(), pa.string(), pa.string(), pa.string()],
        )
        self._rows, self._malformed = [], []

    def _insert(self, table: str, rows: list[tuple[object, ...]], types: list[pa.DataType]) -> None:
        if not rows:
            return
        arrays = [
            pa.array(values, kind)
            for values, kind in zip(zip(*rows, strict=True), types, strict=True)
        ]
        page = pa.table(arrays, names=[f"c{at}" for at in range(len(types))])
        self._connection.register("page", page)
        self._connection.execute(f"INSERT INTO {table} SELECT * FROM page")
        self._connection.unregister("page")


def _advised(found: Malformed) -> str:
    return f"Line {found.line}: {found.reason} Correct the line and deliver it again."


def _take_csv(number: int, data: Bytes, reading: Reading, pages: _Pages) -> None:
    for found in CsvText(data, reading.mapping.csv.delimiter, reading.limits).records():
        if isinstance(found, Malformed):
            pages.reject(number, found)
        else:
            pages.take((number, found.line, *(value or None for value in found.fields)))


def _take_json(number: int, lines: JsonLines, names: list[str], pages: _Pages) -> None:
    for found in lines.records():
        if isinstance(found, Malformed):
            pages.reject(number, found)
        else:
            values = found.values
            pages.take((number, found.line, *(values.get(name) for name in names), found.raw))


def _check_keys(lines: JsonLines, reading: Reading) -> None:
    if lines.seen or lines.unknown:
        headers = [*lines.seen, *lines.unknown]
        match_columns(headers, reading.table, replace(reading.mapping, rename=()))


def _plain_copy(reading: Reading, file: FoundFile, scratch: Path) -> Path:
    path = file.path
    stem = f"{len(list(scratch.iterdir()))}-{file.relative.rsplit('/', 1)[-1][:40]}"
    safe = "".join(one if one.isalnum() or one in ".-_" else "_" for one in stem)
    if file.is_gzip:
        target = scratch / f"{safe}.unpacked"
        unpack(path, target, reading.limits)
        path = target
    elif file.format == "parquet" or not str(path).isprintable():
        try:
            str(path).encode()
        except UnicodeEncodeError:
            target = scratch / f"{safe}.linked"
            target.symlink_to(path.absolute())
            path = target
    encoding = reading.mapping.csv.encoding
    if file.format == "csv" and encoding != "utf-8":
        target = scratch / f"{safe}.utf8"
        transcode(path, target, encoding)
        path = target
    return path


@contextmanager
def clean_scratch(folder: Path) -> Iterator[Path]:
    """A folder for copies, whose content goes away with the block."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield folder
    finally:
        for entry in list(folder.iterdir()):
            entry.unlink(missing_ok=True)


def _open_parquet(
    connection: duckdb.DuckDBPyConnection,
    reading: Reading,
    file: FoundFile,
    sha256: str,
    readable: Path,
) -> OpenedFile:
    size = readable.stat().st_size
    literal = sql_path(readable)
    try:
        ((rows, unpacked),) = connection.execute(
            f"""SELECT any_value(num_rows), coalesce(sum(total_uncompressed_size), 0)
            FROM parquet_file_metadata({literal}) LEFT JOIN parquet_metadata({literal}) ON true"""
        ).fetchall()
        described = connection.execute(
            f"DESCRIBE SELECT * FROM read_parquet({literal}, hive_partitioning=false)"
        ).fetchall()
        elements = connection.execute(
            f"SELECT name, coalesce(num_children, 0) FROM parquet_schema({literal})"
        ).fetchall()
    except duckdb.Error as error:
        raise unreadable_parquet(error) from error
    _check_parquet_size(reading.limits, size, int(rows or 0), int(unpacked), len(described))
    # DuckDB renames the second of two equal names; the file's own names tell.
    headers = _top_level_names(elements)
    if len(headers) != len(described):
        headers = [name for name, *_ in described]
    columns = tuple(
        RawColumn(header, sql_name(name), kind)
        for header, (name, kind, *_) in zip(headers, described, strict=True)
    )
    match = match_columns([column.header for column in columns], reading.table, reading.mapping)
    _check_naive(reading, columns, match)
    _check_texts(connection, reading.limits, literal, size, columns)
    return OpenedFile(file, sha256, readable, size, columns, match, is_direct=True)


def _top_level_names(elements: list[tuple[str, int]]) -> list[str]:
    """The names right below the root of a Parquet schema, which is listed depth first."""
    names: list[str] = []
    position, last = 1, len(elements)
    while position < last:
        names.append(elements[position][0])
        open_elements = 1
        while open_elements and position < last:
            open_elements += elements[position][1] - 1
            position += 1
    return names


def unreadable_parquet(error: duckdb.Error) -> FileRefusedError:
    """The refusal of a Parquet file that DuckDB could not read."""
    if "invalid string encoding" in str(error).lower():
        return FileRefusedError(
            "not_utf8", "A text in the Parquet file is not UTF-8; write the file with UTF-8 texts."
        )
    return FileRefusedError(
        "unreadable_file",
        "The Parquet file is cut off, damaged or encrypted; deliver it again whole.",
    )


def _check_parquet_size(limits: Limits, size: int, rows: int, unpacked: int, width: int) -> None:
    if width > limits.columns:
        raise FileRefusedError(
            "limit_exceeded",
            f"The file has {width} columns, {limits.columns} are allowed; "
            "leave out those that the contract does not know.",
        )
    too_many = rows > _SURPLUS_ROWS and rows > size * limits.decompression_ratio
    too_large = unpacked > limits.decompressed_bytes or (
        unpacked > limits.decompression_ratio_from_bytes
        and unpacked > size * limits.decompression_ratio
    )
    if too_many or too_large:
        raise FileRefusedError(
            "limit_exceeded",
            f"The file of {size:,} bytes would unpack to {rows:,} rows and {unpacked:,} bytes, "
            f"which is more than {limits.decompression_ratio} times its size or more than "
            f"{limits.decompressed_bytes:,} bytes; deliver it in smaller files.",
        )


def _check_texts(
    connection: duckdb.DuckDBPyConnection,
    limits: Limits,
    literal: str,
    size: int,
    columns: tuple[RawColumn, ...],
) -> None:
    """Refuse a file whose few long texts are each repeated very often by a dictionary.

    The sizes of the footer do not show that. The texts of columns without a dictionary are in the
    file once each, so only the others are added up, which does not unfold them.
    """
    try:
        folded = connection.execute(
            f"""SELECT path_in_schema FROM parquet_metadata({literal})
            WHERE type = 'BYTE_ARRAY' AND encodings LIKE '%DICTIONARY%'
            GROUP BY path_in_schema
            HAVING sum(num_values) * least(max(total_uncompressed_size), {limits.field_bytes})
                > {limits.decompression_ratio_from_bytes}"""
        ).fetchall()
        names = {name for (name,) in folded}
        sizes = [
            f"coalesce(sum(strlen({column.sql})), 0)"
            for column in columns
            if column.header in names and column.kind == "VARCHAR"
        ]
        if not sizes:
            return
        ((unpacked,),) = connection.execute(
            f"SELECT {' + '.join(sizes)} FROM read_parquet({literal}, hive_partitioning=false)"
        ).fetchall()
    except duckdb.Error as error:
        raise unreadable_parquet(error) from error
    check_expansion(size, int(unpacked), limits)


def _check_naive(reading: Reading, columns: tuple[RawColumn, ...], match: ColumnMatch) -> None:
    for name, position in match.positions.items():
        column = reading.table.column(name)
        context = reading.typing_context(name)
        is_declared = context.source_zone or context.cast.format or context.cast.unit
        if column.type == "timestamp" and is_naive_type(columns[position].kind) and not is_declared:
            raise FileRefusedError(
                "naive_timestamp",
                f"The column {columns[position].header!r} has the type "
                f"{columns[position].kind.lower()}, which is a time without a zone. Write it with "
                f"a zone, or declare source_zone for {reading.table.full_name} in brand.yml.",
            )


def _is_binary(column: RawColumn) -> bool:
    return column.kind in _BINARY_TYPES


def _parquet_value(column: RawColumn) -> str:
    if not _is_binary(column):
        return column.sql
    # Bytes that are no text keep their spelling, with the NUL that no good value has.
    return f"coalesce(TRY(decode({column.sql})), chr(0) || CAST({column.sql} AS VARCHAR))"


def shown_headers(headers: tuple[str, ...]) -> str | None:
    """Unknown headers for the load log, or None where there are none.

    What cannot be the name of a column, such as a number that is a key of JSON, is counted only.
    """
    if not headers:
        return None
    names = [header for header in headers if not is_like_a_value(header)]
    if len(names) < len(headers):
        names.append(f"{len(headers) - len(names)} that are no names")
    return json.dumps(names, ensure_ascii=False)[1:-1].replace('"', "")


def is_like_a_value(text: str) -> bool:
    """Whether a header or a code may be somebody's number or address of mail."""
    return "@" in text or sum(map(str.isdigit, text)) >= _DIGITS_OF_A_VALUE
