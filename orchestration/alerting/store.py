"""What is remembered about alerts: evaluations, events, and messages with their fate.

A SQLite file of the brand. Its transaction is the moment at which an evaluation counts: events and
the messages about them are written together or not at all. A message is pending until it counts as
delivered or lies among the dead letters, so one whose delivery was cut off is taken up again.
"""

from __future__ import annotations

import json
import sqlite3
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, astuple, dataclass, fields
from datetime import date, datetime
from pathlib import Path

from orchestration.alerting.wording import Entry
from orchestration.errors import RekindleError
from orchestration.loading.transaction import transaction

_VERSION = 1
_SCHEMA = """
CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE evaluations (
    evaluation INTEGER PRIMARY KEY,
    build_id TEXT NOT NULL,
    as_of_date TEXT NOT NULL,
    evaluated_at TEXT NOT NULL
);
CREATE TABLE alerts (
    alert_id TEXT PRIMARY KEY,
    rule_code TEXT NOT NULL,
    dimension_type TEXT NOT NULL,
    dimension_value TEXT NOT NULL,
    since TEXT NOT NULL,
    opened_at TEXT NOT NULL,
    is_open INTEGER NOT NULL
);
CREATE UNIQUE INDEX one_open_alert ON alerts (rule_code, dimension_type, dimension_value)
    WHERE is_open = 1;
CREATE TABLE events (
    alert_id TEXT NOT NULL REFERENCES alerts,
    evaluation INTEGER NOT NULL REFERENCES evaluations,
    state TEXT NOT NULL,
    severity TEXT NOT NULL,
    metric_code TEXT NOT NULL,
    period TEXT NOT NULL,
    period_start_date TEXT,
    value REAL,
    denominator REAL,
    threshold REAL,
    expected_value REAL,
    owner TEXT NOT NULL,
    title_en TEXT NOT NULL,
    title_zh TEXT NOT NULL,
    text_en TEXT NOT NULL,
    text_zh TEXT NOT NULL,
    PRIMARY KEY (alert_id, evaluation)
);
CREATE TABLE told (
    rule_code TEXT NOT NULL,
    dimension_type TEXT NOT NULL,
    dimension_value TEXT NOT NULL,
    channel TEXT NOT NULL,
    alert_id TEXT NOT NULL REFERENCES alerts,
    told_at TEXT NOT NULL,
    PRIMARY KEY (rule_code, dimension_type, dimension_value, channel)
);
CREATE TABLE messages (
    message_id TEXT PRIMARY KEY,
    channel TEXT NOT NULL,
    created_at TEXT NOT NULL,
    entries TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    delivered_at TEXT
);
CREATE TABLE message_events (
    message_id TEXT NOT NULL REFERENCES messages,
    alert_id TEXT NOT NULL,
    evaluation INTEGER NOT NULL,
    PRIMARY KEY (message_id, alert_id),
    FOREIGN KEY (alert_id, evaluation) REFERENCES events
);
CREATE TABLE dead_letters (
    message_id TEXT PRIMARY KEY REFERENCES messages,
    reason TEXT NOT NULL,
    died_at TEXT NOT NULL
);
"""

_EVENT_COLUMNS = """
    alerts.alert_id, evaluations.evaluation, events.state, alerts.rule_code, events.severity,
    events.metric_code, events.period, alerts.dimension_type, alerts.dimension_value,
    evaluations.as_of_date, events.period_start_date, events.value, events.denominator,
    events.threshold, events.expected_value, alerts.since, alerts.opened_at,
    evaluations.evaluated_at, evaluations.build_id, events.owner, events.title_en,
    events.title_zh, events.text_en, events.text_zh
"""


class AlertStoreError(RekindleError):
    """The store of alerts cannot be used."""


@dataclass(frozen=True)
class Evaluation:
    """The judging of one build. `evaluated_at` is UTC without a zone."""

    evaluation: int
    build_id: str
    as_of_date: date
    evaluated_at: datetime


@dataclass(frozen=True)
class Alert:
    """Something that is not as it should be, from its opening to its recovery."""

    alert_id: str
    rule_code: str
    dimension_type: str
    dimension_value: str
    since: date
    opened_at: datetime


@dataclass(frozen=True)
class Event:
    """What an evaluation says of an alert. Numbers are None where its rule has ended."""

    alert_id: str
    evaluation: int
    state: str
    severity: str
    metric_code: str
    period: str
    period_start_date: date | None
    value: float | None
    denominator: float | None
    threshold: float | None
    expected_value: float | None
    owner: str
    title_en: str
    title_zh: str
    text_en: str
    text_zh: str


@dataclass(frozen=True)
class AlertEvent:
    """A row of ops.alert_events."""

    alert_id: str
    evaluation: int
    state: str
    rule_code: str
    severity: str
    metric_code: str
    period: str
    dimension_type: str
    dimension_value: str
    as_of_date: date
    period_start_date: date | None
    value: float | None
    denominator: float | None
    threshold: float | None
    expected_value: float | None
    since: date
    opened_at: datetime
    evaluated_at: datetime
    build_id: str
    owner: str
    title_en: str
    title_zh: str
    text_en: str
    text_zh: str
    delivered_to: str | None
    delivered_at: datetime | None


@dataclass(frozen=True)
class Letter:
    """A message to a channel. Its id is the same however often it has to be sent."""

    message_id: str
    channel: str
    entries: tuple[Entry, ...]
    attempts: int


@dataclass(frozen=True)
class DeadLetter:
    """A message that could not be delivered, and why."""

    message_id: str
    channel: str
    reason: str
    died_at: datetime


class AlertStore:
    """The open store of a brand."""

    def __init__(self, path: Path) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(path, isolation_level=None, timeout=60)
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = FULL")
            self._connection.execute("PRAGMA foreign_keys = ON")
            self._prepare()
        except (sqlite3.DatabaseError, OSError) as error:
            raise AlertStoreError(
                f"The store of alerts {path} cannot be used ({error}). Restore it from a backup; "
                "or remove it, and alerts that are open are told anew."
            ) from error

    def _prepare(self) -> None:
        with transaction(self._connection):
            (version,) = self._connection.execute("PRAGMA user_version").fetchone()
            if version == 0:
                for statement in _SCHEMA.split(";\n"):
                    self._connection.execute(statement)
                self._connection.execute(
                    "INSERT INTO settings VALUES ('store_id', ?)", (uuid.uuid4().hex,)
                )
                self._connection.execute(f"PRAGMA user_version = {_VERSION}")
            elif version != _VERSION:
                raise AlertStoreError(
                    f"The store of alerts was written by another version ({version}, expected "
                    f"{_VERSION}); move it away, and alerts that are open are told anew."
                )

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing of what is written inside."""
        with transaction(self._connection):
            yield

    def store_id(self) -> str:
        """A random text that no other store has."""
        (value,) = self._connection.execute(
            "SELECT value FROM settings WHERE name = 'store_id'"
        ).fetchone()
        return str(value)

    # ------------------------------------------------------------------------------- evaluating

    def last_evaluation(self) -> Evaluation | None:
        """The newest evaluation, or None before the first."""
        row = self._connection.execute(
            """SELECT evaluation, build_id, as_of_date, evaluated_at FROM evaluations
            ORDER BY evaluation DESC LIMIT 1"""
        ).fetchone()
        if row is None:
            return None
        number, build_id, as_of, at = row
        return Evaluation(
            int(number), str(build_id), date.fromisoformat(as_of), datetime.fromisoformat(at)
        )

    def add_evaluation(self, evaluation: Evaluation) -> None:
        """Note that a build has been judged."""
        self._connection.execute(
            "INSERT INTO evaluations VALUES (?, ?, ?, ?)", _texts(astuple(evaluation))
        )

    def open_alerts(self) -> tuple[Alert, ...]:
        """The alerts that are open, by rule and dimension value."""
        rows = self._connection.execute(
            """SELECT alert_id, rule_code, dimension_type, dimension_value, since, opened_at
            FROM alerts WHERE is_open = 1
            ORDER BY rule_code, dimension_type, dimension_value"""
        ).fetchall()
        return tuple(
            Alert(
                alert_id=str(alert_id),
                rule_code=str(rule_code),
                dimension_type=str(dimension_type),
                dimension_value=str(dimension_value),
                since=date.fromisoformat(since),
                opened_at=datetime.fromisoformat(opened_at),
            )
            for alert_id, rule_code, dimension_type, dimension_value, since, opened_at in rows
        )

    def open(self, alert: Alert) -> None:
        """Add an open alert."""
        self._connection.execute(
            "INSERT INTO alerts VALUES (?, ?, ?, ?, ?, ?, 1)", _texts(astuple(alert))
        )

    def recover(self, alert: Alert) -> None:
        """Close an alert."""
        self._connection.execute(
            "UPDATE alerts SET is_open = 0 WHERE alert_id = ?", (alert.alert_id,)
        )

    def add_event(self, event: Event) -> None:
        """Add what an evaluation says of an alert."""
        places = ", ".join("?" * len(fields(Event)))
        self._connection.execute(f"INSERT INTO events VALUES ({places})", _texts(astuple(event)))

    def last_event(self, alert: Alert) -> Event:
        """The newest event of an alert."""
        row = self._connection.execute(
            "SELECT * FROM events WHERE alert_id = ? ORDER BY evaluation DESC LIMIT 1",
            (alert.alert_id,),
        ).fetchone()
        values = dict(zip((column.name for column in fields(Event)), row, strict=True))
        start = values["period_start_date"]
        values["period_start_date"] = date.fromisoformat(start) if start else None
        return Event(**values)

    def told(self, alert: Alert, channel: str) -> tuple[str, datetime] | None:
        """Which alert of this rule and dimension value a channel was last told of, and when."""
        row = self._connection.execute(
            """SELECT alert_id, told_at FROM told WHERE rule_code = ? AND dimension_type = ?
            AND dimension_value = ? AND channel = ?""",
            (alert.rule_code, alert.dimension_type, alert.dimension_value, channel),
        ).fetchone()
        return (str(row[0]), datetime.fromisoformat(row[1])) if row else None

    def tell(self, alert: Alert, channel: str, at: datetime) -> None:
        """Remember that a channel is told of an alert."""
        self._connection.execute(
            "INSERT OR REPLACE INTO told VALUES (?, ?, ?, ?, ?, ?)",
            (
                alert.rule_code,
                alert.dimension_type,
                alert.dimension_value,
                channel,
                alert.alert_id,
                at.isoformat(),
            ),
        )

    def add_message(self, letter: Letter, at: datetime, events: Sequence[Event] = ()) -> None:
        """Add a message that waits to be sent; one that is known is left as it is."""
        entries = json.dumps([asdict(entry) for entry in letter.entries], ensure_ascii=False)
        added = self._connection.execute(
            """INSERT INTO messages (message_id, channel, created_at, entries)
            VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING""",
            (letter.message_id, letter.channel, at.isoformat(), entries),
        )
        if added.rowcount:
            self._connection.executemany(
                "INSERT INTO message_events VALUES (?, ?, ?)",
                [(letter.message_id, event.alert_id, event.evaluation) for event in events],
            )

    # ------------------------------------------------------------------------------- delivering

    def waiting(self, *, with_dead: bool = False) -> tuple[Letter, ...]:
        """The messages that are to be sent, the oldest first; dead letters only on wish."""
        rows = self._connection.execute(
            f"""SELECT message_id, channel, entries, attempts FROM messages
            WHERE delivered_at IS NULL
            {"" if with_dead else "AND message_id NOT IN (SELECT message_id FROM dead_letters)"}
            ORDER BY created_at, rowid"""
        ).fetchall()
        return tuple(
            Letter(
                str(message_id),
                str(channel),
                tuple(Entry(**entry) for entry in json.loads(entries)),
                int(attempts),
            )
            for message_id, channel, entries, attempts in rows
        )

    def begin_attempt(self, letter: Letter) -> None:
        """Count an attempt before it is made."""
        self._connection.execute(
            "UPDATE messages SET attempts = attempts + 1 WHERE message_id = ?",
            (letter.message_id,),
        )

    def mark_delivered(self, letter: Letter, at: datetime) -> None:
        """From here on a message is not sent again, nor is it a dead letter."""
        self._connection.execute(
            "UPDATE messages SET delivered_at = ? WHERE message_id = ?",
            (at.isoformat(), letter.message_id),
        )

    def mark_dead(self, letter: Letter, reason: str, at: datetime) -> None:
        """Put a message among the dead letters."""
        self._connection.execute(
            "INSERT OR REPLACE INTO dead_letters VALUES (?, ?, ?)",
            (letter.message_id, reason, at.isoformat()),
        )

    def dead_letters(self) -> tuple[DeadLetter, ...]:
        """The messages that could not be delivered, the oldest first."""
        rows = self._connection.execute(
            """SELECT message_id, channel, reason, died_at FROM dead_letters JOIN messages
            USING (message_id) WHERE delivered_at IS NULL ORDER BY died_at, message_id"""
        ).fetchall()
        return tuple(
            DeadLetter(message_id, channel, reason, datetime.fromisoformat(died_at))
            for message_id, channel, reason, died_at in rows
        )

    # -------------------------------------------------------------------------------- publishing

    def events(self, *, until: date | None = None, only_open: bool = False) -> list[AlertEvent]:
        """Every event up to a business date, with the channels that have been told of it.

        `only_open` gives the newest event of each alert that is open.
        """
        rows = self._connection.execute(
            f"""SELECT {_EVENT_COLUMNS},
                (SELECT group_concat(channel, ' ') FROM (
                    SELECT messages.channel FROM message_events JOIN messages USING (message_id)
                    WHERE message_events.alert_id = events.alert_id
                    AND message_events.evaluation = events.evaluation
                    AND messages.delivered_at IS NOT NULL
                    ORDER BY messages.channel
                )),
                (SELECT max(messages.delivered_at) FROM message_events
                    JOIN messages USING (message_id)
                    WHERE message_events.alert_id = events.alert_id
                    AND message_events.evaluation = events.evaluation)
            FROM events JOIN alerts USING (alert_id) JOIN evaluations USING (evaluation)
            WHERE (? IS NULL OR evaluations.as_of_date <= ?)
            AND (? = 0 OR alerts.is_open = 1 AND events.evaluation = (
                SELECT max(newer.evaluation) FROM events AS newer
                WHERE newer.alert_id = events.alert_id
            ))
            ORDER BY events.alert_id, events.evaluation""",
            (
                until.isoformat() if until else None,
                until.isoformat() if until else None,
                int(only_open),
            ),
        ).fetchall()
        return [_alert_event(row) for row in rows]


def _alert_event(row: Sequence[object]) -> AlertEvent:
    values = list(row)
    names = [column.name for column in fields(AlertEvent)]
    for place, name in enumerate(names):
        value = values[place]
        if isinstance(value, str) and name in {"as_of_date", "period_start_date", "since"}:
            values[place] = date.fromisoformat(value)
        elif isinstance(value, str) and name.endswith("_at"):
            values[place] = datetime.fromisoformat(value)
    return AlertEvent(*values)  # type: ignore[arg-type]


def _texts(values: Sequence[object]) -> tuple[object, ...]:
    """Dates and times as SQLite keeps them here: ISO 8601."""
    return tuple(
        value.isoformat() if isinstance(value, date | datetime) else value for value in values
    )
