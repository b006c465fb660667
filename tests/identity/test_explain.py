"""The path between two records of a person."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from orchestration.errors import RekindleError, UsageError
from orchestration.identity.explain import Step, explain

TABLES = {"card": "crm.members", "app": "app.users", "web": "website.users"}


NO_SUCH_CARD = (
    r"There is no record crm\.members:card-3 in identity\.oneid_map\. "
    r"Did you mean crm\.members:card-1 or crm\.members:card-2\?"
)
NO_RECORD = (
    r"card-1 is no record: write source_system\.source_table:source_key\. "
    r"The tables with records are app\.users, crm\.members, website\.users\."
)


def place(name: str) -> list[str]:
    """System, table and key of `card-1`."""
    return [*TABLES[name.partition("-")[0]].split("."), name]


def record(name: str) -> str:
    """`card-1` is crm.members:card-1."""
    system, table, key = place(name)
    return f"{system}.{table}:{key}"


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """A person of a card, two app accounts and two website accounts, and another card.

    The e-mail leads from the card to web-2 by one account, the phones by two; app-1 and web-1 hang
    on a hub that is neither of them.
    """
    file = tmp_path / "rekindle.duckdb"
    edges = [
        ("card-1", "app-1", "phone", "p1"),
        ("card-1", "web-1", "phone", "p1"),
        ("app-1", "app-2", "unionid", "u1"),
        ("app-2", "web-2", "phone", "p2"),
        ("card-1", "web-2", "email", "e1"),
    ]
    people = dict.fromkeys(("card-1", "app-1", "app-2", "web-1", "web-2"), "one") | {
        "card-2": "other"
    }
    with duckdb.connect(str(file)) as connection:
        connection.execute(
            "create schema identity;"
            "create table identity.oneid_map"
            "(source_system text, source_table text, source_key text, one_id text);"
            "create table identity.oneid_evidence(one_id text, left_source_system text,"
            " left_source_table text, left_source_key text, right_source_system text,"
            " right_source_table text, right_source_key text, identifier_type text,"
            " identifier_token text)"
        )
        for name, one_id in people.items():
            connection.execute(
                "insert into identity.oneid_map values (?, ?, ?, ?)", [*place(name), one_id]
            )
        for left, right, kind, token in edges:
            connection.execute(
                "insert into identity.oneid_evidence values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                ["one", *place(left), *place(right), kind, token],
            )
    return file


def test_the_shortest_path(published: Path) -> None:
    found = explain(published, record("app-2"), record("web-1"))
    assert found.is_one_person
    assert found.steps == (
        Step(record("app-2"), record("app-1"), "unionid", "u1"),
        Step(record("app-1"), record("web-1"), "phone", "p1"),
    )


def test_holders_of_one_identifier_are_one_step_apart(published: Path) -> None:
    found = explain(published, record("web-1"), record("app-1"))
    assert found.steps == (Step(record("web-1"), record("app-1"), "phone", "p1"),)


def test_a_record_and_itself(published: Path) -> None:
    assert explain(published, record("card-2"), record("card-2")).steps == ()


def test_two_persons(published: Path) -> None:
    found = explain(published, record("card-1"), record("card-2"))
    assert not found.is_one_person
    assert (found.left_one_id, found.right_one_id) == ("one", "other")
    assert found.steps == ()


@pytest.mark.parametrize(
    ("name", "sentence"), [("crm.members:card-3", NO_SUCH_CARD), ("card-1", NO_RECORD)]
)
def test_a_record_that_is_not_there(published: Path, name: str, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        explain(published, record("card-1"), name)


def test_nothing_published_yet(tmp_path: Path) -> None:
    with pytest.raises(RekindleError, match="build and publish this brand first"):
        explain(tmp_path / "rekindle.duckdb", "a.b:c", "a.b:d")
