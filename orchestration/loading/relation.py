"""What was delivered, as DuckDB sees it: columns, and which contract columns they stand for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from orchestration.loading.brand import TableMapping, fold_header
from orchestration.loading.contract import Table
from orchestration.loading.errors import FileRefusedError
from orchestration.loading.lake import sql_text


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
    `may_lack_keys` where each record names its own columns, so that any may be missing in some.
    """

    from_sql: str
    columns: tuple[RawColumn, ...]
    match: ColumnMatch
    file_sql: str = "0"
    line_sql: str = "CAST(NULL AS BIGINT)"
    record_sql: str | None = None
    fields_are_short: bool = False
    bytes_sql: str | None = None
    may_lack_keys: bool = False


def delivered_columns(relation: RawRelation, mapping: TableMapping) -> dict[str, RawColumn]:
    """Contract column -> where its values come from; brand.yml fills what was not delivered."""
    columns = {name: relation.columns[at] for name, at in relation.match.positions.items()}
    delivered = dict(columns)
    for name, filling in mapping.fill:
        if filling.column is None:
            other = RawColumn(name, sql_text(filling.value))
        elif filling.column in columns:
            other = columns[filling.column]
        else:
            continue
        own = columns.get(name)
        if own is None:
            delivered[name] = other
        elif relation.may_lack_keys:
            delivered[name] = RawColumn(name, f"coalesce({own.sql}, {other.sql})")
    return delivered


def match_columns(headers: Sequence[str], table: Table, mapping: TableMapping) -> ColumnMatch:
    """Find the contract columns among the headers; raises FileRefusedError.

    Headers match without regard to case, order and surrounding space; a rename of brand.yml comes
    before the contract's own names. Two headers for one column, and a required column without
    a header, refuse the file. No message quotes a header that the contract does not know: in a file
    without a header line it is somebody's name or number.
    """
    renames = dict(mapping.rename)
    names = {column.name: column.name for column in table.columns}
    positions: dict[str, int] = {}
    unknown: dict[str, int] = {}
    alike: tuple[int, int] | None = None
    for position, header in enumerate(headers):
        folded = fold_header(header)
        target = renames.get(folded) or names.get(folded)
        if target is None:
            if folded in unknown and folded:
                alike = alike or (unknown[folded], position)
            unknown[folded] = position
            continue
        if target in positions:
            raise FileRefusedError(
                "duplicate_header",
                f"The columns number {positions[target] + 1} and {position + 1} both mean "
                f"{target!r}; keep one of them.",
            )
        positions[target] = position
    filled = {name for name, by in mapping.fill if by.column is None or by.column in positions}
    missing = [
        column.name
        for column in table.columns
        if column.required and column.name not in positions and column.name not in filled
    ]
    if missing:
        plural = "s" if len(missing) > 1 else ""
        raise FileRefusedError(
            "missing_column",
            f"The required column{plural} {', '.join(missing)} of {table.full_name} "
            f"{'are' if plural else 'is'} missing; {_known_of(len(headers), positions)} "
            "Add the column, or name it under 'rename' or 'fill' in brand.yml.",
        )
    if alike is not None:
        raise FileRefusedError(
            "duplicate_header",
            f"The columns number {alike[0] + 1} and {alike[1] + 1} have the same name, which the "
            "contract does not know; keep one of them.",
        )
    return ColumnMatch(positions, tuple(headers[at].strip() for at in unknown.values()))


def _known_of(count: int, positions: Mapping[str, int]) -> str:
    """The sentence about what a file has instead of its required columns."""
    if not count:
        return "the file has no columns."
    if not positions:
        return (
            f"none of the file's {count} columns has a name of the contract, as in a file that "
            "begins without a header line."
        )
    known = ", ".join(sorted(positions, key=positions.__getitem__))
    return f"of the file's {count} columns, the contract knows {known}."
