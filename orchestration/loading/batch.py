"""One batch of files of one table: from a raw relation to parts, quarantine and outcomes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import duckdb

from orchestration.loading.csv_direct import is_read_whole
from orchestration.loading.csv_records import CsvText
from orchestration.loading.discovery import FoundFile
from orchestration.loading.erased_rows import (
    reject_unknown,
    strip_erased,
    strip_malformed,
    untold_columns,
)
from orchestration.loading.errors import FileRefusedError
from orchestration.loading.held_rows import hold_rows
from orchestration.loading.lake import hidden, make_visible
from orchestration.loading.ledger import Counts, KnownContent, LogEntry, Outcome
from orchestration.loading.parts import count_unknown_codes, write_part
from orchestration.loading.problems import explain
from orchestration.loading.quarantine import QuarantineNote, empty_tables, write_quarantine
from orchestration.loading.reading import Reading
from orchestration.loading.relation import RawRelation
from orchestration.loading.repeats import find_repeats
from orchestration.loading.run import LoadRun
from orchestration.loading.sources import OpenedFile, is_like_a_value, shown_headers
from orchestration.loading.staging import future_condition, stage, time_columns
from orchestration.loading.standardising import standardise
from orchestration.loading.text_files import opened

_SHOWN_CODES = 5


class StagingError(Exception):
    """DuckDB could not read the rows of a batch; `cause` says why.

    `is_fatal` says that the connection cannot be used any more.
    """

    def __init__(self, cause: duckdb.Error) -> None:
        super().__init__(str(cause))
        self.cause = cause
        self.is_fatal = isinstance(cause, duckdb.FatalException | duckdb.InternalException)


@dataclass(frozen=True)
class BatchFile:
    """A file of a batch, and what the ledger knew of its content before.

    `keeps_parts` is true where an earlier reading stands and only rows that were of the future
    then can be new.
    """

    opened: OpenedFile
    before: KnownContent | None
    keeps_parts: bool


@dataclass(frozen=True)
class BatchResult:
    """What is to be recorded: outcomes, the quarantine part if any, parts that are replaced."""

    outcomes: tuple[Outcome, ...]
    quarantine_part: str | None
    replaced_parts: tuple[str, ...]
    new_parts: tuple[str, ...]


def process_batch(
    run: LoadRun,
    reading: Reading,
    relation: RawRelation,
    files: Sequence[BatchFile],
    lake_parts: Sequence[str],
    refused: dict[int, FileRefusedError] | None = None,
    unknown_keys: dict[int, tuple[str, ...]] | None = None,
) -> BatchResult:
    """Read, judge and write the files of a batch; nothing counts until the ledger has it.

    `lake_parts` are the parts whose rows are known already; `refused` are files (by their number)
    that turned out to be unreadable on the way. Raises StagingError where DuckDB cannot read.
    """
    connection, table = run.connection, reading.table
    refused = dict(refused or {})
    try:
        stage(connection, reading, relation)
    except duckdb.OutOfMemoryException:
        raise
    except duckdb.Error as error:
        raise StagingError(error) from error
    has_one_line_records = _check_whole(connection, relation, files[0].opened)
    _drop_changed_files(connection, files, refused)
    standardise(connection, reading)
    erased = strip_erased(connection, reading)
    strip_malformed(connection)
    if erased:
        standardise(connection, reading)
    problems = explain(connection, reading, relation)
    if erased:
        problems = reject_unknown(connection)
    if problems and not has_one_line_records:
        _find_lines(connection, reading, files[0].opened)
    repeats = find_repeats(connection, reading, [run.lake.path(part) for part in lake_parts])
    counts = _count(connection, files, problems, repeats)
    codes = _unknown_codes(connection, reading)
    reasons = _commonest_reasons(connection)
    kept_out = _erased_rows(connection) if erased else {}
    retries = _retry_times(connection, reading) if problems else {}

    folder = run.lake.raw / table.system / table.name
    written: list[Path] = []
    outcomes: list[Outcome] = []
    replaced: list[str] = []
    new_parts: list[str] = []
    for number, file in enumerate(files):
        if not file.keeps_parts and file.before is not None:
            replaced += file.before.parts
        if number in refused:
            found = file.opened.file
            outcomes.append(refused_outcome(reading, found, file.opened.sha256, refused[number]))
            continue
        parts = file.before.parts if file.before is not None and file.keeps_parts else ()
        if counts[number].rows_loaded:
            name = _part_name(reading, file.opened.sha256, len(parts))
            unfinished = hidden(folder / name)
            write_part(connection, reading, run.sequence, number, counts[number], unfinished)
            written.append(unfinished)
            new_parts.append(f"{table.system}/{table.name}/{name}")
            parts = (*parts, new_parts[-1])
        unknown = file.opened.match.unknown
        if unknown_keys is not None:
            unknown = unknown_keys.get(number, unknown)
        outcomes.append(
            _outcome(
                reading,
                file,
                counts[number],
                codes[number],
                unknown,
                retries.get(number),
                parts,
                kept_out.get(number, 0),
                reasons.get(number, ""),
            )
        )
    quarantine_part = _write_quarantine(run, reading, files, refused)
    if quarantine_part is not None:
        written.append(hidden(run.lake.path(quarantine_part)))
    make_visible(written)
    return BatchResult(tuple(outcomes), quarantine_part, tuple(replaced), tuple(new_parts))


def _check_whole(
    connection: duckdb.DuckDBPyConnection, relation: RawRelation, file: OpenedFile
) -> bool:
    """Whether every record of a file that DuckDB read is one line; raises StagingError."""
    if relation.bytes_sql is None or file.body is None:
        return True
    is_whole, has_one_line_records = is_read_whole(connection, file.body, len(relation.columns))
    if not is_whole:
        raise StagingError(
            duckdb.InvalidInputException("The reader passed over a part of the file.")
        )
    return has_one_line_records


def _find_lines(connection: duckdb.DuckDBPyConnection, reading: Reading, file: OpenedFile) -> None:
    """Give the problems of a CSV file whose records span lines the lines they begin on."""
    rows = {row for (row,) in connection.execute("SELECT DISTINCT row FROM problems").fetchall()}
    found: list[tuple[int, int]] = []
    with opened(file.readable) as data:
        text = CsvText(data, reading.mapping.csv.delimiter, reading.limits)
        for row, record in enumerate(text.records()):
            if row in rows:
                found.append((row, record.line))
    hold_rows(connection, "lines", (("row", "BIGINT"), ("line", "BIGINT")), found)
    connection.execute(
        "UPDATE problems SET line = lines.line FROM lines WHERE problems.row = lines.row"
    )


def _drop_changed_files(
    connection: duckdb.DuckDBPyConnection,
    files: Sequence[BatchFile],
    refused: dict[int, FileRefusedError],
) -> None:
    """Refuse files that somebody wrote to since they were found."""
    for number, file in enumerate(files):
        found = file.opened.file
        try:
            status = found.path.stat()
            is_same = (status.st_size, status.st_mtime_ns) == (found.size, found.modified_ns)
        except OSError:
            is_same = False
        if not is_same:
            refused[number] = FileRefusedError(
                "unreadable_file",
                "The file was changed while it was being read; the next load reads it again.",
                is_passing=True,
            )
    if refused:
        numbers = ", ".join(map(str, refused))
        connection.execute(f"DELETE FROM staged WHERE _file IN ({numbers})")
        connection.execute(f"DELETE FROM malformed WHERE _file IN ({numbers})")


def _count(
    connection: duckdb.DuckDBPyConnection, files: Sequence[BatchFile], problems: int, repeats: int
) -> dict[int, Counts]:
    """What became of the rows of each file; `problems` and `repeats` are sizes of their tables."""

    def by_file(query: str, among: int = 1) -> defaultdict[int, int]:
        rows = connection.execute(query).fetchall() if among else []
        return defaultdict(int, {number: int(count or 0) for number, count in rows})

    staged = by_file("SELECT _file, count(*) FROM staged GROUP BY _file")
    broken = by_file("SELECT _file, count(*) FROM malformed GROUP BY _file")
    rejected = by_file(
        "SELECT _file, count(*) FROM problems WHERE reason_code <> 'optional_value' GROUP BY _file",
        problems,
    )
    optional = by_file(
        "SELECT _file, count(*) FROM problems WHERE reason_code = 'optional_value' GROUP BY _file",
        problems,
    )
    unchanged = by_file(
        "SELECT _file, count(*) FROM unchanged JOIN staged ON staged.rowid = row GROUP BY _file",
        repeats,
    )
    rounded = by_file(
        """SELECT _file, sum(_rounded) FROM staged
        WHERE _rounded > 0 AND rowid NOT IN (SELECT row FROM rejected) GROUP BY _file"""
    )
    return {
        number: Counts(
            rows_read=staged[number] + broken[number],
            rows_loaded=staged[number] - rejected[number] - unchanged[number],
            rows_quarantined=rejected[number] + broken[number],
            rows_unchanged=unchanged[number],
            optional_values_nulled=optional[number],
            money_rounded=rounded[number],
        )
        for number in range(len(files))
    }


def _unknown_codes(
    connection: duckdb.DuckDBPyConnection, reading: Reading
) -> defaultdict[int, list[tuple[str, str, int]]]:
    found: defaultdict[int, list[tuple[str, str, int]]] = defaultdict(list)
    for number, column, code, count in count_unknown_codes(connection, reading.table):
        found[number].append((column, code, count))
    return found


def _erased_rows(connection: duckdb.DuckDBPyConnection) -> dict[int, int]:
    rows = connection.execute("SELECT _file, count(*) FROM hits GROUP BY _file").fetchall()
    return {number: int(count) for number, count in rows}


def _commonest_reasons(connection: duckdb.DuckDBPyConnection) -> dict[int, str]:
    """Of each file with quarantined rows the reason of most of them, as of the first such row."""
    rows = connection.execute(
        """SELECT _file, arg_min(reason, line) AS reason
        FROM (
            SELECT _file, coalesce(line, row) AS line, reason_code, column_name, reason
            FROM problems
            WHERE reason_code <> 'optional_value'
            UNION ALL
            SELECT _file, line, reason_code, NULL, reason FROM malformed
        )
        GROUP BY _file, reason_code, column_name
        QUALIFY row_number() OVER (
            PARTITION BY _file ORDER BY count(*) DESC, reason_code, column_name
        ) = 1"""
    ).fetchall()
    return {number: str(reason) for number, reason in rows}


def _retry_times(connection: duckdb.DuckDBPyConnection, reading: Reading) -> dict[int, datetime]:
    """When the first quarantined row of each file stops being of the future (UTC, naive)."""
    times = [
        f"CASE WHEN {future_condition(reading, column, 'staged.' + column)} "
        f"THEN CAST(staged.{column} AS TIMESTAMP) END"
        for column in time_columns(reading)
    ]
    if not times:
        return {}
    rows = connection.execute(
        f"""SELECT staged._file, min(greatest({", ".join(times)}))
        FROM problems JOIN staged ON staged.rowid = problems.row
        WHERE reason_code = 'future' GROUP BY ALL"""
    ).fetchall()
    early = timedelta(days=reading.limits.future_days)
    return {number: at - early for number, at in rows if at is not None}


def _outcome(
    reading: Reading,
    file: BatchFile,
    counts: Counts,
    codes: Iterable[tuple[str, str, int]],
    unknown: tuple[str, ...],
    retry_at: datetime | None,
    parts: tuple[str, ...],
    erased: int,
    reason: str,
) -> Outcome:
    codes = list(codes)
    counts = replace(counts, unknown_codes=sum(count for *_, count in codes))
    remarks = []
    if codes:
        told = _told_codes(reading, codes)
        shown = ", ".join(f"{code} ({count})" for code, count in told[:_SHOWN_CODES])
        more = f" and {len(told) - _SHOWN_CODES} more" if len(told) > _SHOWN_CODES else ""
        remarks.append(f"Unknown codes: {shown}{more}.")
    headers = shown_headers(unknown)
    if headers:
        remarks.append(f"Unknown columns: {headers[:300]}.")
    if reason:
        count = counts.rows_quarantined
        beginning = (
            "1 row is quarantined:"
            if count == 1
            else f"{count:,} rows are quarantined, most of them or all because"
        )
        remarks.append(f"{beginning} {reason}")
    if erased:
        remarks.append(f"{erased} rows are of persons who were erased, and say so no more.")
    message = " ".join(remarks) or None
    return Outcome(
        file=file.opened.file,
        sha256=file.opened.sha256,
        entry=LogEntry(
            file_path=file.opened.file.relative,
            status="loaded",
            system=reading.table.system,
            table_name=reading.table.name,
            file_sha256=file.opened.sha256,
            message=message,
            counts=counts,
            unknown_columns=headers,
        ),
        content=KnownContent(
            mapping=reading.fingerprint(),
            status="loaded",
            reason_code=None,
            message=message,
            parts=parts,
            rows_read=counts.rows_read,
            retry_at=retry_at,
        ),
    )


def _told_codes(reading: Reading, codes: Sequence[tuple[str, str, int]]) -> list[tuple[str, int]]:
    """Unknown codes and how many rows have them, unnamed where they may tell of a person."""
    untold = untold_columns(reading.table)
    told: dict[str, int] = defaultdict(int)
    for column, code, count in codes:
        is_told = column not in untold and not is_like_a_value(code)
        told[f"{column} {code[:40]!r}" if is_told else column] += count
    return list(told.items())


def refused_outcome(
    reading: Reading, found: FoundFile, sha256: str, error: FileRefusedError
) -> Outcome:
    """The outcome of a file that is refused whole; `sha256` may be '' where it is unknown."""
    return Outcome(
        file=found,
        sha256=sha256,
        entry=LogEntry(
            file_path=found.relative,
            status="refused",
            system=reading.table.system,
            table_name=reading.table.name,
            file_sha256=sha256 or None,
            message=f"{found.relative}: {error.sentence}",
        ),
        content=None
        if error.is_passing
        else KnownContent(
            mapping=reading.fingerprint(),
            status="refused",
            reason_code=error.reason_code,
            message=error.sentence,
            parts=(),
            rows_read=0,
            retry_at=None,
        ),
        is_passing=error.is_passing,
    )


def _write_quarantine(
    run: LoadRun, reading: Reading, files: Sequence[BatchFile], refused: dict[int, FileRefusedError]
) -> str | None:
    """Write all that this batch sets aside to one unfinished part; None where there is nothing."""
    notes = [
        QuarantineNote(file.opened.file.relative, file.opened.first_line, refused.get(number))
        for number, file in enumerate(files)
    ]
    return write_quarantine(run, reading.table, notes, has_staged=True)


def quarantine_refusals(
    run: LoadRun, reading: Reading, refusals: Sequence[tuple[FoundFile, FileRefusedError]]
) -> str | None:
    """Make a quarantine part of files that were refused before any row was read."""
    empty_tables(run.connection)
    notes = [QuarantineNote(found.relative, 1, error) for found, error in refusals]
    part = write_quarantine(run, reading.table, notes)
    if part is not None:
        make_visible([hidden(run.lake.path(part))])
    return part


def _part_name(reading: Reading, sha256: str, number: int) -> str:
    """The content and the reading name a part; so another reading never overwrites it."""
    suffix = f"-{number + 1}" if number else ""
    return f"{sha256[:32]}-{reading.fingerprint()[:8]}{suffix}.parquet"
