"""The register of erasures: whom to keep out, what stands for them, and the proof that it was done.

A SQLite file beside the raw lake, without personal data: who is kept out is written down as keyed
tombstones, which only the token key can compare with what is delivered. What stands for an erased
person is random. A tombstone leads to it, for a row that comes again has to become what it became
before: so whoever holds the key, this file and a key of the person finds it, and nobody else. What
nothing needs once an erasure is complete is forgotten then: of whom a request was, the former ids,
and whose the words were.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from orchestration.loading.errors import LoadError
from orchestration.loading.tokens import TOMBSTONE_KEY_VARIABLE
from orchestration.loading.transaction import transaction

_VERSION = 1
_SCHEMA = """
CREATE TABLE tombstones (
    kind TEXT NOT NULL,
    token TEXT NOT NULL,
    from_at TEXT,
    until_at TEXT,
    surrogate TEXT NOT NULL,
    one_id TEXT NOT NULL
);
CREATE INDEX tombstones_by_token ON tombstones (kind, token);
CREATE TABLE erased_records (source_record_key TEXT PRIMARY KEY, one_id TEXT NOT NULL);
CREATE TABLE erasures (
    request_id TEXT PRIMARY KEY,
    one_id TEXT NOT NULL,
    requested_at TEXT,
    completed_at TEXT,
    stores_checked INTEGER,
    rows_removed INTEGER
);
CREATE TABLE removed (
    one_id TEXT NOT NULL, place TEXT NOT NULL, rows INTEGER NOT NULL, PRIMARY KEY (one_id, place)
);
CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""


@dataclass(frozen=True)
class Tombstone:
    """What is kept out, and what stands for it.

    `kind` says what the token is of: `record` (a record key), `phone` and `card_no` (a key by which
    facts name a buyer), `identifier` (what links a record to the person), `word` (what gives a raw
    text away), `name_and_birthday` and `name_and_address` (by which a row without any key is known)
    or `person` (a former one_id). It holds for facts and records dated from `from_at`
    to before `until_at` (UTC; None = always).
    """

    kind: str
    token: str
    surrogate: str
    one_id: str
    from_at: datetime | None = None
    until_at: datetime | None = None


@dataclass(frozen=True)
class Erasure:
    """One request, and who stands for the person: nobody any more once it is complete.

    `completed_at` is None while there are files that could not be searched, even where everything
    else was, which `is_carried_out` tells.
    """

    request_id: str
    one_id: str
    requested_at: datetime | None
    completed_at: datetime | None = None
    stores_checked: int | None = None
    rows_removed: int | None = None

    @property
    def is_carried_out(self) -> bool:
        """Whether every store that can be read is free of the person."""
        return self.stores_checked is not None


class Register:
    """The open register of a lake; a lake that never erased anybody has none until `plan`."""

    def __init__(self, path: Path) -> None:
        try:
            self._connection = sqlite3.connect(path, isolation_level=None)
            self._connection.execute("PRAGMA synchronous = FULL")
            self._connection.execute("PRAGMA secure_delete = ON")
            (version,) = self._connection.execute("PRAGMA user_version").fetchone()
            if version == 0:
                self._connection.executescript(
                    f"BEGIN; {_SCHEMA} PRAGMA user_version = {_VERSION}; COMMIT;"
                )
        except sqlite3.DatabaseError as error:
            raise LoadError(
                f"The register of erasures {path} cannot be used ({error}). Restore it from a "
                "backup: without it erased persons would come back with the next delivery."
            ) from error
        if version not in {0, _VERSION}:
            raise LoadError(
                f"The register of erasures {path} was written by another version of Rekindle; "
                "use that version, or a newer one."
            )

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def check_key(self, key_id: str) -> None:
        """Raise LoadError where the tombstones were made with another key than the one named."""
        row = self._connection.execute("SELECT value FROM settings WHERE name = 'key'").fetchone()
        if row is not None and row[0] != key_id:
            raise LoadError(
                "The persons who were erased are known under another key, and would come back: put "
                f"the key that was in force then into {TOMBSTONE_KEY_VARIABLE}. Where it is lost "
                "for good: docs/operations.md, Something is lost or broken."
            )

    def plan(
        self,
        key_id: str,
        erasures: Iterable[Erasure],
        tombstones: Iterable[Tombstone],
        records: Mapping[str, str],
    ) -> None:
        """Write down whom to erase, all or nothing. From here on they are kept out.

        `key_id` names the key of the tombstones; `records` are the record keys that stand for
        records of the persons, with their one_id.
        """
        with transaction(self._connection):
            self._connection.executemany(
                "INSERT OR IGNORE INTO erasures (request_id, one_id, requested_at) "
                "VALUES (?, ?, ?)",
                [(one.request_id, one.one_id, _text(one.requested_at)) for one in erasures],
            )
            self._connection.executemany(
                "INSERT INTO tombstones VALUES (?, ?, ?, ?, ?, ?)",
                [
                    (
                        one.kind,
                        one.token,
                        _text(one.from_at),
                        _text(one.until_at),
                        one.surrogate,
                        one.one_id,
                    )
                    for one in tombstones
                ],
            )
            self._connection.executemany(
                "INSERT OR IGNORE INTO erased_records VALUES (?, ?)", list(records.items())
            )
            self._connection.executemany(
                "INSERT OR REPLACE INTO settings VALUES (?, ?)",
                [("is_published", ""), ("key", key_id)],
            )

    def tombstones(self) -> list[tuple[str, str, datetime | None, datetime | None, str, str]]:
        """All tombstones: kind, token, from, until, what stands for it, its person."""
        rows = self._connection.execute(
            "SELECT kind, token, from_at, until_at, surrogate, one_id FROM tombstones"
        ).fetchall()
        return [
            (kind, token, _time(from_at), _time(until_at), surrogate, one_id)
            for kind, token, from_at, until_at, surrogate, one_id in rows
        ]

    def erased_records(self) -> list[tuple[str, str]]:
        """The record keys that stand for erased records, with their persons, in order."""
        return self._connection.execute(
            "SELECT source_record_key, one_id FROM erased_records ORDER BY source_record_key"
        ).fetchall()

    def erasures(self) -> list[Erasure]:
        """All requests that were taken up, in order of their ids."""
        rows = self._connection.execute(
            "SELECT request_id, one_id, requested_at, completed_at, stores_checked, rows_removed "
            "FROM erasures ORDER BY request_id"
        ).fetchall()
        return [
            Erasure(request, one_id, _time(asked), _time(done), stores, removed)
            for request, one_id, asked, done, stores, removed in rows
        ]

    def note_removed(self, place: str, rows: Mapping[str, int]) -> None:
        """Remember how many rows of a file are about to lose which persons.

        Noted before the file is written: a run that is killed between the two counts them again.
        """
        with transaction(self._connection):
            self._connection.executemany(
                "INSERT OR REPLACE INTO removed VALUES (?, ?, ?)",
                [(one_id, place, count) for one_id, count in rows.items()],
            )

    def complete(self, now: datetime, stores_checked: int, *, is_everything: bool) -> int:
        """Note that all open requests were carried out, and mark them as done where that is so.

        They stay open where not `is_everything` could be searched. The counts go to the first
        request of each person. From where they are done on a request leads to nobody, nor do a
        former id and a word. Returns how many requests are open still.
        """
        with transaction(self._connection):
            done = self._connection.execute(
                """UPDATE erasures SET completed_at = ?, stores_checked = ?, rows_removed =
                    coalesce(rows_removed, 0) + CASE WHEN request_id = (
                        SELECT min(request_id) FROM erasures AS others
                        WHERE others.one_id = erasures.one_id
                    ) THEN coalesce(
                        (SELECT sum(rows) FROM removed WHERE removed.one_id = erasures.one_id), 0
                    ) ELSE 0 END
                WHERE completed_at IS NULL""",
                (_text(now) if is_everything else None, stores_checked),
            ).rowcount
            self._connection.execute("DELETE FROM removed")
            if done and is_everything:
                self._connection.execute(
                    "INSERT OR REPLACE INTO settings VALUES ('is_published', '')"
                )
            if is_everything:
                self._connection.execute("UPDATE erasures SET one_id = ''")
                self._connection.execute("DELETE FROM tombstones WHERE kind = 'person'")
                self._connection.execute(
                    "UPDATE tombstones SET surrogate = '', one_id = '' WHERE kind = 'word'"
                )
        return 0 if is_everything else done

    @property
    def is_published(self) -> bool:
        """Whether what is published was made after the last erasure."""
        row = self._connection.execute(
            "SELECT value FROM settings WHERE name = 'is_published'"
        ).fetchone()
        return row is None or bool(row[0])

    def note_published(self, is_published: bool) -> None:
        """Remember whether what is published was made after the last erasure."""
        self._connection.execute(
            "INSERT OR REPLACE INTO settings VALUES ('is_published', ?)",
            ("yes" if is_published else "",),
        )


def read_register(path: Path) -> tuple[Sequence[Erasure], Sequence[tuple[str, str]]]:
    """The erasures and the erased records of a register; nothing where there is none."""
    if not path.is_file():
        return (), ()
    register = Register(path)
    try:
        return register.erasures(), register.erased_records()
    finally:
        register.close()


def _text(value: datetime | None) -> str | None:
    return value.isoformat() if value is not None else None


def _time(value: str | None) -> datetime | None:
    return datetime.fromisoformat(value) if value is not None else None
