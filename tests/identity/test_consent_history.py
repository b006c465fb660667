"""Who consented at an instant: the documented query beside a calculation of what was last said."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import duckdb
import pytest

from orchestration.workspace import PROJECT
from tests.macros.engine import connect, render
from tests.privacy.test_consent import START, Brand, calculate, make_brand

MODELS = ("intermediate/identity/int_identity__consents", "marts/identity/consent_history")


def documented() -> str:
    text = (PROJECT / "docs" / "privacy.md").read_text("utf-8")
    queries = re.findall(r"```sql\n(.*?)```", text, re.DOTALL)
    (query,) = [found for found in queries if "identity.consent_history" in found]
    return str(query)


def history(brand: Brand) -> duckdb.DuckDBPyConnection:
    """A database with the mart of a brand's answers."""
    connection = connect({})
    connection.execute(
        "create schema identity; create table ref.stg_crm__consents (member_no text, purpose text,"
        " channel text, is_granted boolean, policy_version text, changed_at timestamp)"
    )
    connection.executemany(
        "insert into ref.stg_crm__consents values (?, ?, ?, ?, 'v1', ?)",
        [
            (one.member_no, one.purpose, one.channel, one.is_granted, one.changed_at)
            for one in brand.answers
        ],
    )
    for table, rows in (
        ("int_identity__record_persons", list(brand.persons.items())),
        ("stg_rekindle__erased_records", [(member, "r") for member in brand.erased]),
    ):
        connection.execute(f"create table ref.{table} (source_record_key text, one_id text)")
        connection.executemany(f"insert into ref.{table} values ('crm.members:' || ?, ?)", rows)
    for model in MODELS:
        sql = render((PROJECT / "models" / f"{model}.sql").read_text("utf-8"))
        connection.execute(f"create table ref.{model.rpartition('/')[2]} as {sql}")
    connection.execute("create table identity.consent_history as from ref.consent_history")
    return connection


@pytest.mark.parametrize("seed", range(3))
def test_the_documented_query_is_what_was_last_said_by_then(seed: int) -> None:
    brand = make_brand(seed)
    changes = set()
    with history(brand) as connection:
        keys = "member_no, purpose, channel, answer_number"
        assert connection.execute(
            f"select count(*) = count(distinct ({keys})) from identity.consent_history"
        ).fetchall() == [(True,)]
        for day in range(14):
            instant = START + timedelta(days=day)
            said = tuple(one for one in brand.answers if one.changed_at <= instant)
            expected = {
                person: is_granted
                for (person, *question), (is_granted, _) in calculate(
                    replace(brand, answers=said)
                ).items()
                if question == ["marketing", "sms"]
            }
            query = re.sub(r"timestamp '[^']*'", f"timestamp '{instant}'", documented())
            assert dict(connection.execute(query).fetchall()) == expected
            changes.add(frozenset(expected.items()))
    assert len(changes) > 5
