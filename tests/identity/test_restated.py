"""What merges and splits restated between two publications."""

from __future__ import annotations

import csv
from pathlib import Path

import duckdb
import pytest

from orchestration.errors import UsageError
from orchestration.identity.restated import FIGURES, restated
from tests.publishing.test_member_page import contracts, value

TABLES = {
    "ops.publication": "brand text",
    "identity.oneid_map": "source_key text, one_id text",
    "identity.oneid_events": (
        "event_id text, event_type text, one_id text, other_one_id text, caused_by text,"
        " effective_at timestamp"
    ),
    "identity.consent_current": "one_id text, is_granted boolean",
    "core.fct_orders": "one_id text, is_valid boolean, net_revenue decimal(18, 2)",
    "insight.member_rfm": "one_id text, rfm_group text",
    "insight.member_lifecycle": "one_id text, lifecycle_stage text",
}
Rows = dict[str, list[str]]
AT = "timestamp '2025-03-01'"
EVENTS = [
    f"('e1', 'create', 'ann', null, 'first_seen', {AT})",
    f"('e2', 'merge', 'old', 'older', 'phone', {AT})",
]
BEFORE: Rows = {
    "ops.publication": ["('shop')"],
    "identity.oneid_map": ["('a', 'ann')", "('b', 'bob')", "('c', 'bob')", "('s', 'sue')"],
    "identity.oneid_events": EVENTS,
    "identity.consent_current": ["('ann', true)", "('bob', true)"],
    "core.fct_orders": ["('ann', true, 10)", "('bob', true, 5)", "('bob', false, 99)"],
    "insight.member_rfm": ["('ann', 'general_develop')", "('bob', 'general_develop')"],
    "insight.member_lifecycle": ["('ann', 'active')", "('bob', 'new')", "('sue', 'new')"],
}
AFTER: Rows = {
    **BEFORE,
    "identity.oneid_map": ["('a', 'ann')", "('b', 'ann')", "('c', 'ann')", "('s', 'sue')"],
    "identity.oneid_events": [
        *EVENTS,
        f"('e3', 'merge', 'ann', 'bob', 'phone', {AT})",
    ],
    "identity.consent_current": ["('ann', false)"],
    "core.fct_orders": ["('ann', true, 10)", "('ann', true, 5)", "('ann', false, 99)"],
    "insight.member_rfm": ["('ann', 'champions')"],
    "insight.member_lifecycle": ["('ann', 'active')", "('sue', 'dormant')"],
}


def publish(serving: Path, number: int, rows: Rows) -> None:
    """A publication as Parquet, with the link to it."""
    folder = serving / ".versions" / f"{number:04d}-build"
    with duckdb.connect() as connection:
        for table, columns in TABLES.items():
            file = folder / f"{table.replace('.', '/')}.parquet"
            file.parent.mkdir(parents=True, exist_ok=True)
            connection.execute(f"create or replace table rows ({columns})")
            connection.execute(f"insert into rows values {', '.join(rows[table])}")
            connection.execute(f"copy rows to '{file}'")
    link = serving / "parquet"
    link.unlink(missing_ok=True)
    link.symlink_to(folder.relative_to(serving))


def test_persons_of_a_merge_before_and_after(tmp_path: Path) -> None:
    publish(tmp_path, 1, BEFORE)
    publish(tmp_path, 2, AFTER)
    found = restated(tmp_path, tmp_path / "out" / "restated.csv")
    assert (found.merges, found.splits, found.persons) == (1, 0, 2)
    assert found.changed == {
        "oneid_map_rows": 2,
        "oneid_events_rows": 1,
        "consent_current_rows": 1,
        "consents_granted": 2,
        "fct_orders_rows": 2,
        "valid_orders": 2,
        "net_revenue": 2,
        "member_rfm_rows": 1,
        "rfm_group": 2,
        "member_lifecycle_rows": 1,
        "lifecycle_stage": 1,
    }
    assert found.line() == "1 merges and 0 splits of 2 persons"
    with found.file.open(encoding="utf-8") as lines:
        ann, bob = list(csv.DictReader(lines))
    assert (ann["one_id"], ann["event_type"], ann["caused_by"]) == ("ann", "merge", "phone")
    assert (ann["oneid_map_rows_before"], ann["oneid_map_rows_after"]) == ("1", "3")
    assert (ann["valid_orders_before"], ann["valid_orders_after"]) == ("1", "2")
    assert (ann["net_revenue_before"], ann["net_revenue_after"]) == ("10.00", "15.00")
    assert (ann["rfm_group_before"], ann["rfm_group_after"]) == ("general_develop", "champions")
    assert (ann["consents_granted_before"], ann["consents_granted_after"]) == ("1", "")
    assert (bob["lifecycle_stage_before"], bob["lifecycle_stage_after"]) == ("new", "")


def test_what_the_former_publication_knew_is_not_told_again(tmp_path: Path) -> None:
    publish(tmp_path, 1, AFTER)
    publish(tmp_path, 2, AFTER)
    found = restated(tmp_path, tmp_path / "restated.csv")
    assert (found.merges, found.splits, found.persons) == (0, 0, 0)
    assert set(found.changed.values()) == {0}


def test_nothing_to_compare_with_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="There are no two publications in "):
        restated(tmp_path, tmp_path / "restated.csv")
    publish(tmp_path, 1, BEFORE)
    with pytest.raises(UsageError, match="There are no two publications in "):
        restated(tmp_path, tmp_path / "restated.csv")
    publish(tmp_path, 2, {**AFTER, "ops.publication": ["('another')"]})
    with pytest.raises(UsageError, match="The publication before this one is of shop, not of ano"):
        restated(tmp_path, tmp_path / "restated.csv")


def add_table(serving: Path, number: int, table: str, query: str) -> None:
    """A further table of a publication."""
    file = serving / ".versions" / f"{number:04d}-build" / f"{table.replace('.', '/')}.parquet"
    file.parent.mkdir(parents=True, exist_ok=True)
    duckdb.execute(f"copy ({query}) to '{file}'")


def test_whatever_is_published_about_persons_is_compared(tmp_path: Path) -> None:
    """A mart that is added tomorrow, one that the former publication had, none without persons."""
    publish(tmp_path, 1, BEFORE)
    publish(tmp_path, 2, AFTER)
    add_table(tmp_path, 1, "economy.bygone", "select 'bob' as one_id, 1 as value")
    add_table(tmp_path, 2, "economy.tomorrows", "select 'ann' as one_id from range(3)")
    add_table(tmp_path, 2, "kpi.figures", "select 1 as value")
    found = restated(tmp_path, tmp_path / "restated.csv")
    assert found.changed.items() >= {"bygone_rows": 1, "tomorrows_rows": 1}.items()
    assert not [name for name in found.changed if name.startswith("figures")]
    with found.file.open(encoding="utf-8") as lines:
        ann, bob = list(csv.DictReader(lines))
    assert (ann["tomorrows_rows_before"], ann["tomorrows_rows_after"]) == ("", "3")
    assert (bob["bygone_rows_before"], bob["bygone_rows_after"]) == ("1", "")


def test_every_published_mart_about_persons_is_compared(tmp_path: Path) -> None:
    """By the contracts of the marts, and with the columns that the figures need."""
    marts = contracts()
    for number in (1, 2):
        for mart, columns in marts.items():
            values = (f"{value(kind, name, 'ann')} as {name}" for name, kind in columns.items())
            add_table(tmp_path, number, mart, f"select {', '.join(values)}")
        event = (
            f"select '{number}' as event_id, 'merge' as event_type, 'ann' as one_id,"
            f" 'bob' as other_one_id, 'phone' as caused_by, {AT} as effective_at"
        )
        add_table(tmp_path, number, "identity.oneid_events", event)
        add_table(tmp_path, number, "ops.publication", "select 'shop' as brand")
    (tmp_path / "parquet").symlink_to(".versions/0002-build")
    found = restated(tmp_path, tmp_path / "restated.csv")
    about_persons = {
        f"{mart.split('.')[1]}_rows" for mart, columns in marts.items() if "one_id" in columns
    }
    assert len(about_persons) > 20
    assert found.changed.keys() == about_persons | FIGURES.keys()
