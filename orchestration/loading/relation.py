"""What was delivered, as DuckDB sees it: columns, and which contract columns they stand for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from orchestration.loading.brand import TableMapping, fold_header
from orchestration.loading.contract import Table
from orchestration.loading.errors import FileRefusedError


@dataclass(frozen=True)
class RawColumn:
    """A delivered column: its header, and the SQL name and DuckDB type under which it is read."""

    header: str
    sql: str
    kind: str = "VARCHAR"


@dataclass(frozen=True)
class ColumnMatch:
    """Contract column -> position of the delivered column; headers that mean nothing to it."""

    positions: dict[str, int]
    unknown: tuple[str, ...]


@dataclass(frozen=True)
class RawRelation:
    """Delivered rows of one or more files of one table with the same columns.

    `from_sql` yields the columns, `file_sql` the number of the file within the batch and `line_sql`
    the line of the row (null where `first_line` + the position of the row gives it). `record_sql`
    is the raw line where there is one; otherwise the record is written as JSON from the columns.
    `fields_are_short` says that no field can exceed the limit on the length of fields. `bytes_sql`
    is how many bytes of content the row has, where the reader is to be checked against the file.
    """

    from_sql: str
    columns: tuple[RawColumn, ...]
    match: ColumnMatch
    file_sql: str = "0"
    line_sql: str = "CAST(NULL AS BIGINT)"
    record_sql: str | None = None
    fields_are_short: bool = False
    bytes_sql: str | None = None


def match_columns(headers: Sequence[str], table: Table, mapping: TableMapping) -> ColumnMatch:
    """Find the contract columns among the headers; raises FileRefusedError.

    Headers match without regard to case, order and surrounding space; a rename of brand.yml comes
    before the contract's own names. Two headers for one column, and a required column without
    a header, refuse the file.
    """
    renames = dict(mapping.rename)
    names = {column.name: column.name for column in table.columns}
    positions: dict[str, int] = {}
    unknown: dict[str, int] = {}
    for position, header in enumerate(headers):
        folded = fold_header(header)
        target = renames.get(folded) or names.get(folded)
        seen = unknown if target is None else positions
        name = target or folded
        if name in seen and name:
            first = headers[seen[name]].strip()
            raise FileRefusedError(
                "duplicate_header",
                f"The columns {first!r} (number {seen[name] + 1}) and {header.strip()!r} "
                f"(number {position + 1}) have the same meaning; keep one of them.",
            )
        seen[name] = position
    missing = [
        column.name for column in table.columns if column.required and column.name not in positions
    ]
    if missing:
        plural = "s" if len(missing) > 1 else ""
        found = ", ".join(header.strip() for header in headers[:30]) or "none"
        raise FileRefusedError(
            "missing_column",
            f"The required column{plural} {', '.join(missing)} of {table.full_name} "
            f"{'are' if plural else 'is'} missing; the file has: {found[:500]}. "
            "Add the column, or name it under 'rename' in brand.yml.",
        )
    return ColumnMatch(positions, tuple(headers[at].strip() for at in unknown.values()))
