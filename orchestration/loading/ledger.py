"""The ledger: which contents have been read, into which parts, and the log of all loads.

A SQLite file beside the raw lake. Its transaction is the moment at which a file counts as loaded:
parts that the ledger does not name are leftovers of a load that was killed, and go away.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path

from orchestration.loading.discovery import FoundFile, IgnoredFile
from orchestration.loading.errors import LoadError
from orchestration.loading.transaction import transaction

_VERSION = 3
_SCHEMA = """
CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE loads (
    load_id TEXT PRIMARY KEY,
    load_sequence INTEGER NOT NULL,
    has_loaded INTEGER NOT NULL
);
CREATE TABLE readings (
    table_name TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    mapping TEXT NOT NULL,
    status TEXT NOT NULL,
    reason_code TEXT,
    message TEXT,
    parts TEXT NOT NULL,
    rows_read INTEGER NOT NULL,
    retry_at TEXT,
    PRIMARY KEY (table_name, sha256)
);
CREATE TABLE paths (
    table_name TEXT NOT NULL,
    path TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    size INTEGER NOT NULL,
    modified_ns INTEGER NOT NULL,
    seen_ns INTEGER NOT NULL,
    PRIMARY KEY (table_name, path)
);
CREATE TABLE quarantine_parts (part TEXT PRIMARY KEY);
CREATE TABLE reported (path TEXT PRIMARY KEY, message TEXT NOT NULL);
CREATE TABLE log (
    load_id TEXT NOT NULL REFERENCES loads,
    system TEXT,
    table_name TEXT,
    file_path TEXT NOT NULL,
    file_sha256 TEXT,
    status TEXT NOT NULL,
    message TEXT,
    rows_read INTEGER NOT NULL,
    rows_loaded INTEGER NOT NULL,
    rows_quarantined INTEGER NOT NULL,
    rows_unchanged INTEGER NOT NULL,
    optional_values_nulled INTEGER NOT NULL,
    money_rounded INTEGER NOT NULL,
    unknown_codes INTEGER NOT NULL,
    unknown_columns TEXT,
    loaded_at TEXT NOT NULL
);
"""
FORGOTTEN_TEXT = "What was said here named a person who has been erased."
# A file that was changed this shortly before it was looked at may change again unnoticed.
_RACE_NS = 2_000_000_000


@dataclass(frozen=True)
class Counts:
    """What became of the rows of one file: read = loaded + quarantined + unchanged."""

    rows_read: int = 0
    rows_loaded: int = 0
    rows_quarantined: int = 0
    rows_unchanged: int = 0
    optional_values_nulled: int = 0
    money_rounded: int = 0
    unknown_codes: int = 0


@dataclass(frozen=True)
class KnownContent:
    """A content that has been read: how, with what outcome, and into which parts."""

    mapping: str
    status: str
    reason_code: str | None
    message: str | None
    parts: tuple[str, ...]
    rows_read: int
    retry_at: datetime | None

    @property
    def says_something(self) -> bool:
        """Whether something was handed over in it, rather than a header alone."""
        return self.status == "refused" or self.rows_read > 0


@dataclass(frozen=True)
class Delivered:
    """A content that has parts, and the file it came from as far as the log knows.

    `arrived_at` is when the file was last changed, `loaded_at` when the load that read it began
    (both UTC). After an erasure the file of a content that had an erased person is not known.
    """

    table: str
    parts: tuple[str, ...]
    file_path: str | None
    arrived_at: datetime | None
    loaded_at: datetime | None
    rows_loaded: int | None


@dataclass(frozen=True)
class LogEntry:
    """One line of the load log."""

    file_path: str
    status: str
    system: str | None = None
    table_name: str | None = None
    file_sha256: str | None = None
    message: str | None = None
    counts: Counts = Counts()
    unknown_columns: str | None = None


@dataclass(frozen=True)
class Outcome:
    """What is recorded about one file at once.

    `content` is None where it was known already, `is_passing` where only the log shall know.
    """

    file: FoundFile
    sha256: str
    entry: LogEntry
    content: KnownContent | None
    is_passing: bool = False


class Ledger:
    """The open ledger of a lake."""

    def __init__(self, path: Path) -> None:
        try:
            self._connection = sqlite3.connect(path, isolation_level=None)
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = FULL")
            self._prepare(path)
        except sqlite3.DatabaseError as error:
            raise LoadError(
                f"The ledger {path} cannot be used ({error}). Restore it from a backup; or remove "
                "the whole lake folder and load again."
            ) from error

    def _prepare(self, path: Path) -> None:
        (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        if version == 0:
            self._connection.executescript(
                f"BEGIN; {_SCHEMA} PRAGMA user_version = {_VERSION}; COMMIT;"
            )
        elif version != _VERSION:
            raise LoadError(
                f"The lake was written by another version of the loader (ledger {version}, "
                f"expected {_VERSION}). Remove {path} and load again: every landing file is read "
                "anew. Keep token.key and erasures.sqlite beside it, or persons get other ids and "
                "who was erased comes back."
            )

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def setting(self, name: str) -> str | None:
        """What was set under a name."""
        row = self._connection.execute(
            "SELECT value FROM settings WHERE name = ?", (name,)
        ).fetchone()
        return str(row[0]) if row else None

    def keep_setting(self, name: str, value: str) -> None:
        """Keep a value under a name."""
        self._connection.execute("INSERT OR REPLACE INTO settings VALUES (?, ?)", (name, value))

    def next_sequence(self) -> int:
        """The number of the load that is about to load something."""
        (last,) = self._connection.execute(
            "SELECT coalesce(max(load_sequence), 0) FROM loads WHERE has_loaded = 1"
        ).fetchone()
        return int(last) + 1

    def known_hash(self, file: FoundFile) -> str | None:
        """The hash of a file that has not been touched since it was hashed, else None."""
        row = self._connection.execute(
            """SELECT sha256 FROM paths WHERE table_name = ? AND path = ? AND size = ?
            AND modified_ns = ? AND seen_ns > modified_ns + ?""",
            (file.table.full_name, file.relative, file.size, file.modified_ns, _RACE_NS),
        ).fetchone()
        return str(row[0]) if row else None

    def path_hash(self, file: FoundFile) -> str | None:
        """The hash that this path had when it was last handled."""
        row = self._connection.execute(
            "SELECT sha256 FROM paths WHERE table_name = ? AND path = ?",
            (file.table.full_name, file.relative),
        ).fetchone()
        return str(row[0]) if row else None

    def content(self, table: str, sha256: str) -> KnownContent | None:
        """What is known about a content of a table (`<system>.<table>`)."""
        row = self._connection.execute(
            """SELECT mapping, status, reason_code, message, parts, rows_read, retry_at
            FROM readings WHERE table_name = ? AND sha256 = ?""",
            (table, sha256),
        ).fetchone()
        if row is None:
            return None
        mapping, status, reason_code, message, parts, rows_read, retry_at = row
        return KnownContent(
            mapping=mapping,
            status=status,
            reason_code=reason_code,
            message=message,
            parts=tuple(json.loads(parts)),
            rows_read=rows_read,
            retry_at=datetime.fromisoformat(retry_at) if retry_at else None,
        )

    def parts(self) -> dict[tuple[str, str], tuple[str, ...]]:
        """The parts of every content, by (table, hash)."""
        rows = self._connection.execute("SELECT table_name, sha256, parts FROM readings").fetchall()
        return {(table, sha256): tuple(json.loads(parts)) for table, sha256, parts in rows}

    def delivered(self, since: datetime | None) -> list[Delivered]:
        """The contents that were loaded at or after `since` (UTC, no zone), or nobody knows when.

        All of them where it is None; in order of their tables and hashes.
        """
        rows = self._connection.execute(
            """WITH told AS (
                SELECT system || '.' || table_name AS table_name, file_sha256, file_path,
                    rows_loaded, max(loaded_at) AS loaded_at
                FROM log WHERE status = 'loaded' GROUP BY system, table_name, file_sha256
            )
            SELECT readings.table_name, readings.parts, told.file_path, paths.modified_ns,
                told.loaded_at, told.rows_loaded
            FROM readings
            LEFT JOIN told
                ON told.table_name = readings.table_name AND told.file_sha256 = readings.sha256
            LEFT JOIN paths
                ON paths.table_name = readings.table_name AND paths.path = told.file_path
                AND paths.sha256 = readings.sha256
            WHERE readings.parts <> '[]' AND (told.loaded_at IS NULL OR told.loaded_at >= ?)
            ORDER BY readings.table_name, readings.sha256""",
            (since.isoformat() if since is not None else "",),
        ).fetchall()
        return [
            Delivered(
                table=table,
                parts=tuple(json.loads(parts)),
                file_path=path,
                arrived_at=_instant(modified),
                loaded_at=datetime.fromisoformat(loaded_at) if loaded_at else None,
                rows_loaded=rows_loaded,
            )
            for table, parts, path, modified, loaded_at, rows_loaded in rows
        ]

    def quarantine_parts(self) -> set[str]:
        """The parts of the quarantine."""
        rows = self._connection.execute("SELECT part FROM quarantine_parts").fetchall()
        return {part for (part,) in rows}

    def forget(self, contents: Mapping[tuple[str, str], Sequence[str]]) -> None:
        """Let contents that lost parts be read again, if they are still delivered.

        `contents` gives the parts that are left of each.
        """
        with transaction(self._connection):
            self._connection.executemany(
                "UPDATE readings SET mapping = '', parts = ? WHERE table_name = ? AND sha256 = ?",
                [(json.dumps(left), *content) for content, left in contents.items()],
            )

    def commit(
        self,
        load_id: str,
        sequence: int,
        now: datetime,
        seen_ns: int,
        outcomes: Sequence[Outcome],
        quarantine_part: str | None = None,
    ) -> None:
        """Record the outcomes of some files, all or none. From here on they count as handled."""
        has_loaded = any(outcome.entry.counts.rows_loaded for outcome in outcomes)
        with transaction(self._connection):
            self._begin_load(load_id, sequence, has_loaded)
            for outcome in outcomes:
                self._record(outcome, seen_ns)
                self._log(load_id, now, outcome.entry)
            if quarantine_part is not None:
                self._connection.execute(
                    "INSERT INTO quarantine_parts VALUES (?)", (quarantine_part,)
                )

    def commit_ignored(
        self, load_id: str, sequence: int, now: datetime, files: Sequence[IgnoredFile]
    ) -> None:
        """Log files that are not read, and remember that they have been reported."""
        with transaction(self._connection):
            self._begin_load(load_id, sequence, has_loaded=False)
            for file in files:
                self.report(file)
                entry = LogEntry(
                    file.relative, "ignored", file.system, file.table_name, message=file.message
                )
                self._log(load_id, now, entry)

    def report(self, file: IgnoredFile) -> None:
        """Remember that a file was reported with its message."""
        self._connection.execute(
            "INSERT OR REPLACE INTO reported VALUES (?, ?)", (file.relative, file.message)
        )

    def _begin_load(self, load_id: str, sequence: int, has_loaded: bool) -> None:
        self._connection.execute(
            """INSERT INTO loads VALUES (?, ?, ?)
            ON CONFLICT DO UPDATE SET has_loaded = max(has_loaded, excluded.has_loaded)""",
            (load_id, sequence, int(has_loaded)),
        )

    def _record(self, outcome: Outcome, seen_ns: int) -> None:
        file, content = outcome.file, outcome.content
        if outcome.is_passing:
            return
        self.remember_path(file, outcome.sha256, seen_ns)
        if content is not None:
            self._connection.execute(
                "INSERT OR REPLACE INTO readings VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    file.table.full_name,
                    outcome.sha256,
                    content.mapping,
                    content.status,
                    content.reason_code,
                    content.message,
                    json.dumps(content.parts),
                    content.rows_read,
                    content.retry_at.isoformat() if content.retry_at else None,
                ),
            )

    def replace_content(self, table: str, former: str, now: str) -> None:
        """Let a content of a table stand for all that another one was read into.

        The former stays known, without parts: whoever delivers it again delivers a copy.
        """
        if former == now:
            return
        with transaction(self._connection):
            self._connection.execute(
                """INSERT OR IGNORE INTO readings
                SELECT table_name, ?, mapping, status, reason_code, message, parts, rows_read,
                    retry_at
                FROM readings WHERE table_name = ? AND sha256 = ?""",
                (now, table, former),
            )
            self._connection.execute(
                """UPDATE readings SET parts = '[]', retry_at = NULL
                WHERE table_name = ? AND sha256 = ?""",
                (table, former),
            )

    def texts(self) -> list[str]:
        """All that was said of files, each text once: in the log, and of contents to say again."""
        rows = self._connection.execute(
            """SELECT message FROM log WHERE message IS NOT NULL
            UNION SELECT unknown_columns FROM log WHERE unknown_columns IS NOT NULL
            UNION SELECT message FROM readings WHERE message IS NOT NULL"""
        ).fetchall()
        return [text for (text,) in rows]

    def forget_texts(self, texts: Sequence[str]) -> None:
        """Take some texts away wherever they were said, from the disk too."""
        self._connection.execute("PRAGMA secure_delete = ON")
        self._connection.execute("PRAGMA temp_store = MEMORY")
        self._connection.execute("CREATE TEMPORARY TABLE IF NOT EXISTS told (text TEXT)")
        with transaction(self._connection):
            self._connection.executemany("INSERT INTO told VALUES (?)", [(text,) for text in texts])
            for table in ("log", "readings"):
                self._connection.execute(
                    f"UPDATE {table} SET message = ? WHERE message IN (SELECT text FROM told)",
                    (FORGOTTEN_TEXT,),
                )
            self._connection.execute(
                """UPDATE log SET unknown_columns = NULL
                WHERE unknown_columns IN (SELECT text FROM told)"""
            )
            self._connection.execute("DELETE FROM told")
        self._connection.execute("VACUUM")
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def remember_path(self, file: FoundFile, sha256: str, seen_ns: int) -> None:
        """Keep the hash of a path, so that an untouched file need not be hashed again."""
        self._connection.execute(
            "INSERT OR REPLACE INTO paths VALUES (?, ?, ?, ?, ?, ?)",
            (file.table.full_name, file.relative, sha256, file.size, file.modified_ns, seen_ns),
        )

    def _log(self, load_id: str, now: datetime, entry: LogEntry) -> None:
        counts = [getattr(entry.counts, field.name) for field in fields(Counts)]
        self._connection.execute(
            f"INSERT INTO log VALUES ({', '.join('?' * 16)})",
            (
                load_id,
                entry.system,
                entry.table_name,
                entry.file_path,
                entry.file_sha256,
                entry.status,
                entry.message,
                *counts,
                entry.unknown_columns,
                now.isoformat(),
            ),
        )

    def is_reported(self, file: IgnoredFile) -> bool:
        """Whether this file was reported as ignored, for this reason, by an earlier load."""
        row = self._connection.execute(
            "SELECT 1 FROM reported WHERE path = ? AND message = ?", (file.relative, file.message)
        ).fetchone()
        return row is not None

    def log_rows(self) -> list[tuple[object, ...]]:
        """All lines of the load log in order, with the columns of the lake's load_log."""
        return self._connection.execute(
            """SELECT load_id, load_sequence, system, table_name, file_path, file_sha256, status,
                message, rows_read, rows_loaded, rows_quarantined, rows_unchanged,
                optional_values_nulled, money_rounded, unknown_codes, unknown_columns, loaded_at
            FROM log JOIN loads USING (load_id) ORDER BY log.rowid"""
        ).fetchall()


def _instant(nanoseconds: int | None) -> datetime | None:
    if nanoseconds is None:
        return None
    return datetime.fromtimestamp(nanoseconds / 1e9, UTC).replace(tzinfo=None)
