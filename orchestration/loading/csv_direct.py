"""CSV files that DuckDB reads by itself: when it may, and whether it read every byte.

DuckDB is a lenient reader. It drops surplus empty fields, keeps stray quotes and forgets a last
record whose quote is not closed, all without a word. So it only gets files whose every quote opens
or closes a field, and what it read is added up: content, delimiters, quotes and line ends must be
the whole file.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from orchestration.loading.csv_records import CsvText
from orchestration.loading.lake import sql_text
from orchestration.loading.reading import Reading
from orchestration.loading.relation import ColumnMatch, RawColumn, RawRelation
from orchestration.loading.text_files import Bytes, TextFacts

_BLOCK = 1 << 20


@dataclass(frozen=True)
class CsvBody:
    """The text below the header, in numbers: bytes without blank lines at the end, and so on."""

    size: int
    quotes: int
    newlines: int
    line_end: int
    ends_in_line_end: bool


def direct_body(data: Bytes, text: CsvText, facts: TextFacts, delimiter: str) -> CsvBody | None:
    """What DuckDB has to account for, or None where the file is not for DuckDB."""
    if text.first_line != 2 or facts.has_nul or facts.has_mixed_line_ends:
        return None
    start, end = text.body_offset, len(data)
    quotes = facts.quotes - data[:start].count(b'"')
    if quotes and not _quotes_are_plain(data, start, quotes, delimiter.encode()):
        return None
    line_end = 2 if facts.has_carriage_returns else 1
    newlines = facts.newlines - data[:start].count(b"\n")
    while end > start and data[end - 2 * line_end : end] == b"\r\n"[-line_end:] * 2:
        end -= line_end
        newlines -= 1
    return CsvBody(
        size=end - start,
        quotes=quotes,
        newlines=newlines,
        line_end=line_end,
        ends_in_line_end=facts.ends_in_line_end,
    )


def csv_relation(
    reading: Reading,
    path: str,
    columns: tuple[RawColumn, ...],
    match: ColumnMatch,
    body: CsvBody | None,
) -> RawRelation:
    """The relation of one CSV file as DuckDB reads it."""
    names = ", ".join(f"'{column.sql}': 'VARCHAR'" for column in columns)
    options = (
        f"delim={sql_text(reading.mapping.csv.delimiter)}, header=true, auto_detect=false, "
        "quote='\"', escape='\"', strict_mode=true, null_padding=false, comment='', "
        f"max_line_size={reading.limits.field_bytes}, hive_partitioning=false, "
        f"encoding='utf-8', columns={{{names}}}"
    )
    content = " + ".join(f"coalesce(strlen({column.sql}), 0)" for column in columns)
    if body is not None and body.quotes:
        # A stray quote that was kept must not make up for something that was dropped.
        stray = " OR ".join(f"contains({column.sql}, '\"')" for column in columns)
        content += f" + CASE WHEN {stray} THEN 1 << 50 ELSE 0 END"
    return RawRelation(
        from_sql=f"read_csv({path}, {options})",
        columns=columns,
        match=match,
        fields_are_short=True,
        bytes_sql=content,
    )


def is_read_whole(
    connection: duckdb.DuckDBPyConnection, body: CsvBody, width: int
) -> tuple[bool, bool]:
    """Whether `staged` accounts for every byte, and whether every record is one line."""
    ((rows, content),) = connection.execute(
        "SELECT count(*), coalesce(sum(_bytes), 0) FROM staged"
    ).fetchall()
    line_ends = rows if body.ends_in_line_end else max(rows - 1, 0)
    expected = content + rows * (width - 1) + line_ends * body.line_end + body.quotes
    return expected == body.size, body.newlines == line_ends


def _quotes_are_plain(data: Bytes, start: int, quotes: int, delimiter: bytes) -> bool:
    """Whether each quote below the header opens or closes a field, as far as its neighbours tell.

    Half of them must have a delimiter or line end before them, half after them, and none both.
    """
    before, after = (delimiter[-1:], b"\n"), (delimiter[:1], b"\n", b"\r")
    both = [first + b'"' + last for first in before for last in after]
    opening = 0
    closing = int(data[-1:] == b'"')
    for position in range(start - 1, len(data), _BLOCK):
        block = data[max(position - 1, 0) : position + _BLOCK + 1]
        if any(pattern in block for pattern in both):
            return False
        inner = block[1:] if position else block
        opening += sum(inner.count(first + b'"') for first in before)
        closing += sum(inner.count(b'"' + last) for last in after)
    return opening == closing == quotes // 2 and quotes % 2 == 0
