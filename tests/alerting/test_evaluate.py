"""What evaluations make of builds in turn: opened, still open, recovered, and who is told when."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from orchestration.alerting.evaluate import BuildFacts, evaluate_build
from orchestration.alerting.store import AlertEvent, AlertStore, AlertStoreError
from tests.alerting.builds import AS_OF, LIMIT_RULE, Row, channel_days, days, make_build, months

NOW = datetime(2025, 7, 1, 3)  # noqa: DTZ001


@pytest.fixture
def store(tmp_path: Path) -> Iterator[AlertStore]:
    opened = AlertStore(tmp_path / "alerts.sqlite")
    yield opened
    opened.close()


class Brand:
    """Evaluates one build after the other, a day apart."""

    def __init__(self, folder: Path, store: AlertStore) -> None:
        self.folder, self.store, self.builds = folder, store, 0

    def next(
        self,
        daily: list[Row],
        *,
        rules: list[dict[str, Any]] | None = None,
        hours: float | None = None,
        channels: tuple[str, ...] = ("operations",),
        monthly: list[Row] | None = None,
    ) -> list[AlertEvent]:
        """The events of the build after; `hours` after the first one, by default a day each."""
        self.builds += 1
        file = make_build(
            self.folder / "build.duckdb",
            daily=daily,
            monthly=monthly or [],
            rules=[LIMIT_RULE] if rules is None else rules,
        )
        facts = BuildFacts(f"build-{self.builds}", AS_OF + timedelta(days=self.builds), "CNY")
        now = NOW + timedelta(hours=24 * self.builds if hours is None else hours)
        assert evaluate_build(file, self.store, facts, channels, now)
        return [event for event in self.store.events() if event.build_id == facts.build_id]

    def told(self) -> list[tuple[str, list[tuple[str, str]]]]:
        """Channel, and state and English sentence of each entry, of all messages so far."""
        return [
            (letter.channel, [(entry.state, entry.text_en) for entry in letter.entries])
            for letter in self.store.waiting()
        ]


@pytest.fixture
def brand(tmp_path: Path, store: AlertStore) -> Brand:
    return Brand(tmp_path, store)


def states(events: list[AlertEvent]) -> dict[str, str]:
    return {event.dimension_value: event.state for event in events}


def test_opened_still_open_recovered(brand: Brand) -> None:
    day = AS_OF + timedelta(days=1)
    (opened,) = brand.next(channel_days({"app": 80, "pos": 100}, day))
    (still,) = brand.next(channel_days({"app": 90, "pos": 120}, day + timedelta(days=1)))
    last = brand.next(channel_days({"app": 100, "pos": 99.9}, day + timedelta(days=2)))
    (recovered,) = [event for event in last if event.dimension_value == "app"]
    assert states(last) == {"app": "recovered", "pos": "opened"}
    assert [opened.state, still.state, recovered.state] == ["opened", "still_open", "recovered"]
    assert opened.alert_id == still.alert_id == recovered.alert_id
    assert (opened.value, opened.threshold, opened.denominator) == (80, 100, 100)
    assert {event.since for event in (opened, still, recovered)} == {day}
    assert {event.opened_at for event in (opened, still, recovered)} == {NOW + timedelta(days=1)}
    assert opened.text_en == (
        "The order value is low: 80.00 CNY on 2025-07-01, 20.0% below the limit 100.00 CNY; "
        "since 2025-07-01; register channel app."
    )
    assert opened.text_zh == (
        "客单价偏低：2025-07-01 为 80.00 CNY，低于限值 100.00 CNY（差 20.0%）；自 2025-07-01 起；"
        "注册渠道 app。"
    )
    assert recovered.text_en.startswith("The order value is low: back to 100.00 CNY on 2025-07-03")


def test_one_alert_recovers_while_another_opens(brand: Brand) -> None:
    assert states(brand.next(channel_days({"app": 80, "pos": 100}))) == {"app": "opened"}
    events = brand.next(channel_days({"app": 100, "pos": 99}))
    assert states(events) == {"app": "recovered", "pos": "opened"}
    again = brand.next(channel_days({"app": 80, "pos": 99}))
    assert states(again) == {"app": "opened", "pos": "still_open"}
    assert len({event.alert_id for event in brand.store.events()}) == 3


def test_the_same_build_again_changes_nothing(brand: Brand, tmp_path: Path) -> None:
    brand.next(channel_days({"app": 80}))
    before = (brand.store.events(), brand.store.waiting())
    facts = BuildFacts("build-1", AS_OF, "CNY")
    later = NOW + timedelta(days=90)
    assert not evaluate_build(tmp_path / "build.duckdb", brand.store, facts, ("operations",), later)
    assert (brand.store.events(), brand.store.waiting()) == before


def test_what_cannot_be_judged_is_left_as_it_is(brand: Brand) -> None:
    brand.next(channel_days({"app": 80}))
    too_few = channel_days({"app": 100}, denominator=9)
    elsewhere = channel_days({"pos": 100})
    no_value: list[Row] = [(AS_OF, "aov", "register_channel", "app", None, 0, True)]
    for rows in (too_few, elsewhere, no_value + elsewhere, []):
        assert brand.next(rows) == []
    assert [alert.dimension_value for alert in brand.store.open_alerts()] == ["app"]
    assert states(brand.next(channel_days({"app": 100}, denominator=10))) == {"app": "recovered"}


def test_an_incomplete_period_is_never_judged(brand: Brand) -> None:
    rule = {
        **LIMIT_RULE,
        "period": "month",
        "metric_code": "repurchase_rate",
        "dimension_type": "all",
        "threshold": 0.4,
    }
    place = ("repurchase_rate", "all", "all")
    rows: list[Row] = [(start, *place, 0.5, 1000, True) for start in months(6, date(2025, 5, 1))]
    running: Row = (date(2025, 6, 1), *place, None, 1000, False)
    lying: Row = (date(2025, 6, 1), *place, 0.1, 1000, False)
    assert brand.next([], rules=[rule], monthly=[*rows, running]) == []
    assert brand.next([], rules=[rule], monthly=[*rows, lying]) == []
    (event,) = brand.next([], rules=[rule], monthly=[*rows, (*lying[:-1], True)])
    assert (event.state, event.period_start_date) == ("opened", date(2025, 6, 1))


def test_since_is_the_first_period_in_a_row(brand: Brand) -> None:
    values = [100, 90, 100, 80, 85, 99]
    rows = [
        row
        for day, value in zip(days(6), values, strict=True)
        for row in channel_days({"app": value}, day)
    ]
    (event,) = brand.next(rows)
    assert event.since == AS_OF - timedelta(days=2)


def test_a_rule_that_ends_closes_its_alerts(brand: Brand) -> None:
    brand.next(channel_days({"app": 80, "pos": 70}))
    only_app = {**LIMIT_RULE, "valid_from": AS_OF + timedelta(days=2), "dimension_value": "app"}
    rules = [LIMIT_RULE, only_app]
    events = brand.next(channel_days({"app": 80, "pos": 70}), rules=rules)
    assert states(events) == {"app": "still_open", "pos": "recovered"}
    ended = {**LIMIT_RULE, "valid_from": AS_OF + timedelta(days=3), "is_active": False}
    (event,) = brand.next(channel_days({"app": 80}), rules=[*rules, ended])
    assert (event.state, event.value, event.threshold) == ("recovered", None, None)
    assert event.text_en == (
        "The order value is low: the rule is no longer in force; register channel app."
    )
    assert brand.store.open_alerts() == ()


def test_a_rule_waits_for_its_day(brand: Brand) -> None:
    later = {**LIMIT_RULE, "valid_from": AS_OF + timedelta(days=2)}
    assert brand.next(channel_days({"app": 80}), rules=[later]) == []
    assert states(brand.next(channel_days({"app": 80}), rules=[later])) == {"app": "opened"}


def test_both_limit_and_band_have_to_be_breached(brand: Brand) -> None:
    rule = {
        **LIMIT_RULE,
        "kind": "both",
        "threshold": 90.0,
        "band_width": 3.0,
        "min_change": 0.05,
        "least_history": 28,
    }

    def rows(usual: float, last: float) -> list[Row]:
        return [
            row
            for day in days(70)
            for row in channel_days({"app": last if day == AS_OF else usual}, day)
        ]

    assert brand.next(rows(100, 92), rules=[rule]) == [], "beyond the band alone"
    assert brand.next(rows(88, 87), rules=[rule]) == [], "beyond the limit alone"
    (event,) = brand.next(rows(100, 89), rules=[rule])
    assert (event.threshold, event.expected_value) == (90, 100)
    assert "(expected 100.00 CNY)" in event.text_en
    assert brand.next(rows(100, 89)[-30:], rules=[rule]) == [], "too little history"
    assert len(brand.store.open_alerts()) == 1


def test_no_repeat_within_the_cool_down(brand: Brand) -> None:
    low, high = channel_days({"app": 80}), channel_days({"app": 120})
    brand.next(low, hours=0)
    brand.next(low, hours=24)
    brand.next(low, hours=47.9)
    assert [entries[0][0] for _, entries in brand.told()] == ["opened"]
    brand.next(low, hours=48)
    assert [entries[0][0] for _, entries in brand.told()] == ["opened", "still_open"]
    brand.next(high, hours=49)
    assert [entries[0][0] for _, entries in brand.told()][-1] == "recovered"
    brand.next(low, hours=60)
    brand.next(high, hours=70)
    assert len(brand.told()) == 3, "it flaps within the cool-down"
    brand.next(low, hours=97)
    assert [entries[0][0] for _, entries in brand.told()][-1] == "opened"


def test_a_channel_that_comes_later_is_told_what_is_open(brand: Brand) -> None:
    low = channel_days({"app": 80})
    brand.next(low, channels=())
    assert brand.told() == []
    brand.next(low)
    assert [(channel, entries[0][0]) for channel, entries in brand.told()] == [
        ("operations", "still_open")
    ]


def test_every_channel_of_a_rule_is_told_and_no_other(brand: Brand) -> None:
    rule = {**LIMIT_RULE, "channels": "operations sales absent"}
    brand.next(channel_days({"app": 80}), rules=[rule], channels=("data", "operations", "sales"))
    assert [channel for channel, _ in brand.told()] == ["operations", "sales"]
    assert len({letter.message_id for letter in brand.store.waiting()}) == 2


@pytest.mark.parametrize(("alerts", "messages"), [(1, 1), (3, 3), (4, 1), (60, 1)])
def test_a_storm_is_one_message(brand: Brand, alerts: int, messages: int) -> None:
    brand.next(channel_days({f"channel_{number}": 50 for number in range(alerts)}))
    told = brand.told()
    assert len(told) == messages
    assert sum(len(entries) for _, entries in told) == alerts


def test_events_up_to_a_date(brand: Brand) -> None:
    brand.next(channel_days({"app": 80}))
    brand.next(channel_days({"app": 120}))
    until = AS_OF + timedelta(days=1)
    assert [event.state for event in brand.store.events(until=until)] == ["opened"]


def test_a_broken_store_is_a_sentence(tmp_path: Path) -> None:
    file = tmp_path / "alerts.sqlite"
    file.write_bytes(b"no database" * 1000)
    with pytest.raises(AlertStoreError, match=r"cannot be used .* remove it, and alerts"):
        AlertStore(file)
