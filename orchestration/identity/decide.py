"""Turns a pair of the review queue into a decision: a row of identity_decisions.csv."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from orchestration.errors import RekindleError, UsageError
from orchestration.identity.explain import RECORD

COLUMNS = ("valid_from", "decision", "left_record", "right_record", "decided_by", "reason")
MOST_CHARACTERS = 500


@dataclass(frozen=True)
class Decision:
    """A row of identity_decisions.csv."""

    valid_from: date
    decision: str
    left_record: str
    right_record: str
    decided_by: str
    reason: str


def decide(
    file: Path,
    decisions_file: Path,
    persons: tuple[str, str],
    *,
    is_same: bool,
    by: str,
    why: str,
    valid_from: date | None = None,
) -> Decision:
    """Decide about two persons of the review queue of a published file, and write it down.

    The row names the two records that are compared, so that it outlives the ids, and is in force
    from `valid_from` on, by default the business date of the file. Raises UsageError for a pair
    that does not wait in the queue or is decided already, and where `by` or `why` say nothing;
    RekindleError where there is no file.
    """
    for option, text in (("--by", by), ("--why", why)):
        if not text.strip() or len(text) > MOST_CHARACTERS or "\n" in text:
            raise UsageError(
                f"{option} is {text[:20]!r}: give a line of 1 to {MOST_CHARACTERS} characters."
            )
    if not file.exists():
        raise RekindleError(f"There is no {file} yet; build and publish this brand first.")
    with duckdb.connect(str(file), read_only=True) as connection:
        left, right = sorted(persons)
        _check_decided(connection, decisions_file, (left, right))
        records = _waiting(connection, left, right)
        (as_of,) = connection.execute("select as_of_date from ops.publication").fetchall()[0]
    decision = Decision(
        valid_from or as_of, "link" if is_same else "separate", *records, by.strip(), why.strip()
    )
    _append(decisions_file, decision)
    return decision


def _waiting(connection: duckdb.DuckDBPyConnection, left: str, right: str) -> tuple[str, str]:
    """The records of a pair that waits for a decision."""
    columns = ", ".join(RECORD.replace("source_", f"{side}_source_") for side in ("left", "right"))
    found = connection.execute(
        f"select {columns} from identity.oneid_review_queue"
        " where left_one_id = ? and right_one_id = ?",
        [left, right],
    ).fetchall()
    if found:
        left_record, right_record = found[0]
        return str(left_record), str(right_record)
    for one_id in (left, right):
        current = connection.execute(
            "select current_one_id from identity.oneid_events where one_id = ? or other_one_id = ?"
            " order by changed_at desc limit 1",
            [one_id, one_id],
        ).fetchall()
        if not current:
            raise UsageError(f"There is no person {one_id}: give two ids of the review queue.")
        if current[0][0] != one_id and not _is_person(connection, one_id):
            raise UsageError(f"Person {one_id} is {current[0][0]} by now: look at the queue again.")
    raise UsageError(
        f"{left} and {right} do not wait in identity.oneid_review_queue: only a pair of the queue "
        "can be decided here. Other records stand in seeds/policy/identity_decisions.csv by name."
    )


def _is_person(connection: duckdb.DuckDBPyConnection, one_id: str) -> bool:
    return bool(
        connection.execute(
            "select 1 from identity.dim_member where one_id = ?", [one_id]
        ).fetchall()
    )


def _check_decided(
    connection: duckdb.DuckDBPyConnection, decisions_file: Path, pair: tuple[str, str]
) -> None:
    """No decision names a record of one person and a record of the other."""
    if not decisions_file.is_file():
        raise UsageError(f"There is no file {decisions_file}: give identity_decisions.csv.")
    with decisions_file.open(encoding="utf-8-sig", newline="") as lines:
        reader = csv.DictReader(lines)
        if tuple(reader.fieldnames or ()) != COLUMNS:
            raise UsageError(
                f"{decisions_file} does not begin with {','.join(COLUMNS)}: give "
                "identity_decisions.csv."
            )
        rows = [(reader.line_num, row) for row in reader]
    for line, row in rows:
        owners = connection.execute(
            f"select one_id from identity.oneid_map where {RECORD} in (?, ?)",
            [row["left_record"], row["right_record"]],
        ).fetchall()
        if {one_id for (one_id,) in owners} == set(pair):
            raise UsageError(
                f"Line {line} of {decisions_file.name} decides about {pair[0]} and {pair[1]} "
                f"already ({row['decision']}, {row['decided_by']}, from {row['valid_from']} on): "
                "build and publish, or change the file."
            )


def _append(decisions_file: Path, decision: Decision) -> None:
    text = decisions_file.read_text(encoding="utf-8-sig")
    row = io.StringIO()
    csv.writer(row, lineterminator="\n").writerow([getattr(decision, column) for column in COLUMNS])
    end = "" if text.endswith("\n") else "\n"
    temporary = decisions_file.with_name(f".{decisions_file.name}.tmp")
    temporary.write_text(f"{text}{end}{row.getvalue()}", encoding="utf-8")
    temporary.replace(decisions_file)
