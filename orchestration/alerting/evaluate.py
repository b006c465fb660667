"""Judges a finished build: which alerts open, stay open or recover, and who is to be told.

Nothing is sent here. Events and messages are written in one transaction; a build that was the last
one judged is not judged again.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb

from orchestration.alerting.judge import Verdict, judge_all
from orchestration.alerting.rules import (
    Labels,
    Rule,
    labels_in_force,
    rules_in_force,
    tables_of,
    units_in_force,
)
from orchestration.alerting.series import read_series
from orchestration.alerting.store import Alert, AlertStore, Evaluation, Event, Letter
from orchestration.alerting.wording import Entry, State, closing_sentences, sentences

MOST_SINGLE_MESSAGES = 3
"""From one more on, all that a channel is told by an evaluation comes in one message."""


@dataclass(frozen=True)
class BuildFacts:
    """The build that is judged; `as_of` is its business date."""

    build_id: str
    as_of: date
    currency: str


def evaluate_build(
    build_file: Path,
    store: AlertStore,
    facts: BuildFacts,
    channels: Collection[str],
    now: datetime,
) -> bool:
    """Judge a build; False where it was the last one judged already.

    `channels` are those that can be told, `now` is UTC without a zone. Raises duckdb.Error where
    the build cannot be read.
    """
    last = store.last_evaluation()
    if last is not None and last.build_id == facts.build_id:
        return False
    with duckdb.connect(str(build_file), read_only=True) as build:
        tables = tables_of(build)
        rules = rules_in_force(build, tables, facts.as_of)
        units = units_in_force(build, tables, facts.as_of)
        labels = labels_in_force(build, tables, facts.as_of)
        verdicts = judge_all(rules, read_series(build, tables, rules))
    number = last.evaluation + 1 if last is not None else 1
    with store.transaction():
        store.add_evaluation(Evaluation(number, facts.build_id, facts.as_of, now))
        changes = [
            *_changes(store, verdicts, units, labels, facts, number, now),
            *_ended(store, rules, labels, number),
        ]
        for change in changes:
            store.add_event(change.event)
        for letter, events in _letters(store, changes, channels, now):
            store.add_message(letter, now, events)
    return True


@dataclass(frozen=True)
class _Change:
    """An event of an alert; `rule` is None where it has ended."""

    alert: Alert
    rule: Rule | None
    event: Event


def _changes(
    store: AlertStore,
    verdicts: Sequence[Verdict],
    units: dict[str, str],
    labels: Labels,
    facts: BuildFacts,
    number: int,
    now: datetime,
) -> Iterator[_Change]:
    """What became of each rule and dimension value that could be judged."""
    open_alerts = {_key(alert): alert for alert in store.open_alerts()}
    for verdict in verdicts:
        rule = verdict.rule
        key = (rule.rule_code, rule.dimension_type, verdict.dimension_value)
        alert, state = open_alerts.get(key), _state(verdict, is_open=key in open_alerts)
        if state is None:
            continue
        if alert is None:
            alert = Alert(_digest(*key, str(number))[:16], *key, verdict.since, now)
            store.open(alert)
        elif state == "recovered":
            store.recover(alert)
        text_en, text_zh = sentences(
            verdict,
            state,
            alert.since.isoformat(),
            units.get(rule.metric_code, "count"),
            facts.currency,
            labels,
        )
        yield _Change(
            alert,
            rule,
            Event(
                alert_id=alert.alert_id,
                evaluation=number,
                state=state,
                severity=rule.severity,
                metric_code=rule.metric_code,
                period=rule.period,
                period_start_date=verdict.period_start,
                value=verdict.value,
                denominator=verdict.denominator,
                threshold=verdict.bound.threshold,
                expected_value=verdict.bound.expected,
                owner=rule.owner,
                title_en=rule.text_en,
                title_zh=rule.text_zh,
                text_en=text_en,
                text_zh=text_zh,
            ),
        )


def _ended(
    store: AlertStore, rules: Sequence[Rule], labels: Labels, number: int
) -> Iterator[_Change]:
    """Open alerts that no rule in force looks at any more."""
    for alert in store.open_alerts():
        if any(
            rule.rule_code == alert.rule_code
            and rule.watches(alert.dimension_type, alert.dimension_value)
            for rule in rules
        ):
            continue
        store.recover(alert)
        last = store.last_event(alert)
        text_en, text_zh = closing_sentences(
            last.title_en, last.title_zh, alert.dimension_type, alert.dimension_value, labels
        )
        yield _Change(
            alert,
            None,
            Event(
                alert_id=alert.alert_id,
                evaluation=number,
                state="recovered",
                severity=last.severity,
                metric_code=last.metric_code,
                period=last.period,
                period_start_date=None,
                value=None,
                denominator=None,
                threshold=None,
                expected_value=None,
                owner=last.owner,
                title_en=last.title_en,
                title_zh=last.title_zh,
                text_en=text_en,
                text_zh=text_zh,
            ),
        )


def _letters(
    store: AlertStore, changes: Sequence[_Change], channels: Collection[str], now: datetime
) -> Iterator[tuple[Letter, list[Event]]]:
    """The messages about these changes: a few single ones, or one about all."""
    due: dict[str, list[_Change]] = defaultdict(list)
    for change in changes:
        named = change.rule.channels if change.rule is not None else tuple(sorted(channels))
        for channel in named:
            if channel in channels and _is_due(store, change, channel, now):
                due[channel].append(change)
                store.tell(change.alert, channel, now)
    for channel, told in sorted(due.items()):
        bundles = [[one] for one in told] if len(told) <= MOST_SINGLE_MESSAGES else [told]
        for bundle in bundles:
            events = [change.event for change in bundle]
            place = [f"{event.alert_id} {event.evaluation}" for event in events]
            message_id = _digest(store.store_id(), channel, *place)[:32]
            yield Letter(message_id, channel, tuple(map(_entry, events)), 0), events


def _is_due(store: AlertStore, change: _Change, channel: str, now: datetime) -> bool:
    """Whether a channel is told of a change.

    Of an opening or an alert that is still open, unless it was told of this rule and dimension
    value within the cool-down; of a recovery, if it was told that this very alert was open.
    """
    told = store.told(change.alert, channel)
    if change.event.state == "recovered":
        return told is not None and told[0] == change.alert.alert_id
    if told is None or change.rule is None:
        return told is None
    return now - told[1] >= timedelta(hours=change.rule.cooldown_hours)


def _entry(event: Event) -> Entry:
    return Entry(
        state=event.state,  # type: ignore[arg-type]
        severity=event.severity,  # type: ignore[arg-type]
        title_en=event.title_en,
        title_zh=event.title_zh,
        text_en=event.text_en,
        text_zh=event.text_zh,
        owner=event.owner,
    )


def _state(verdict: Verdict, *, is_open: bool) -> State | None:
    if verdict.is_breach:
        return "still_open" if is_open else "opened"
    return "recovered" if is_open else None


def _key(alert: Alert) -> tuple[str, str, str]:
    return alert.rule_code, alert.dimension_type, alert.dimension_value


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
