"""The path between two records of a person."""

from __future__ import annotations

import random
import re
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner

from orchestration.cli import main
from orchestration.errors import RekindleError, UsageError
from orchestration.identity.explain import Step, explain
from orchestration.workspace import PROJECT

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
    on a hub that is neither of them. A fourth website account is alike, a fifth was decided to be
    that one.
    """
    file = tmp_path / "rekindle.duckdb"
    edges: list[Edge] = [
        ("card-1", "app-1", "phone", "p1"),
        ("card-1", "web-1", "phone", "p1"),
        ("app-1", "app-2", "unionid", "u1"),
        ("app-2", "web-2", "phone", "p2"),
        ("card-1", "web-2", "email", "e1"),
        ("card-1", "web-4", "likeness", "l1", 0.97, "name:exact place:city"),
        ("web-4", "web-5", "decision", "d1", None, "Ann, from 2025-06-30 on: Shown"),
    ]
    people = dict.fromkeys(
        ("card-1", "app-1", "app-2", "web-1", "web-2", "web-4", "web-5"), "one"
    ) | {"card-2": "other"}
    write(file, people, edges)
    return file


Edge = tuple[str, str, str, str] | tuple[str, str, str, str, float | None, str | None]


def write(file: Path, people: dict[str, str], edges: list[Edge]) -> None:
    """A published file of records with their persons, and edges between records of `one`."""
    with duckdb.connect(str(file)) as connection:
        connection.execute(
            "create schema identity;"
            "create table identity.oneid_map"
            "(source_system text, source_table text, source_key text, one_id text);"
            "create table identity.oneid_evidence(one_id text, left_source_system text,"
            " left_source_table text, left_source_key text, right_source_system text,"
            " right_source_table text, right_source_key text, identifier_type text,"
            " identifier_token text, match_probability double, reasons text)"
        )
        connection.execute(
            "create table identity.oneid_review_queue(left_one_id text, right_one_id text,"
            " match_probability double, reasons text)"
        )
        for name, one_id in people.items():
            connection.execute(
                "insert into identity.oneid_map values (?, ?, ?, ?)", [*place(name), one_id]
            )
        for left, right, *shared in edges:
            judged = shared if len(shared) == 4 else [*shared, None, None]
            connection.execute(
                "insert into identity.oneid_evidence values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                ["one", *place(left), *place(right), *judged],
            )


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


def test_a_likeness_and_a_decision_say_why(
    published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = explain(published, record("card-1"), record("web-5"))
    assert found.steps == (
        Step(record("card-1"), record("web-4"), "likeness", "l1", 0.97, "name:exact place:city"),
        Step(
            record("web-4"),
            record("web-5"),
            "decision",
            "d1",
            None,
            "Ann, from 2025-06-30 on: Shown",
        ),
    )
    monkeypatch.setenv("REKINDLE_SERVING", str(published.parent))
    said = CliRunner().invoke(main, ["explain", record("card-1"), record("web-5")]).output
    text = " ".join(said.split())
    assert (
        "crm.members:card-1 and website.users:web-4 are alike with probability 0.97: "
        "name:exact place:city website.users:web-4 and website.users:web-5 were decided to be one: "
        "Ann, from 2025-06-30 on: Shown"
    ) in text


def said_of(file: Path, left: str, right: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """What the command says of two records."""
    monkeypatch.setenv("REKINDLE_SERVING", str(file.parent))
    answer = CliRunner().invoke(main, ["explain", record(left), record(right)])
    assert answer.exit_code == 0, answer.output
    return " ".join(answer.output.split())


def test_a_device_is_told_and_is_no_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two accounts were seen on the card's device; a shorter way by it joins nobody."""
    file = tmp_path / "rekindle.duckdb"
    edges: list[Edge] = [
        ("app-1", "app-2", "phone", "p1"),
        ("app-2", "app-3", "email", "e1"),
        ("app-1", "app-3", "device", "d1"),
        ("app-1", "app-4", "device", "d1"),
        ("app-3", "app-4", "unionid", "u1"),
        ("app-1", "app-2", "device", "d2"),
    ]
    write(file, dict.fromkeys(("app-1", "app-2", "app-3", "app-4"), "one"), edges)
    found = explain(file, record("app-4"), record("app-3"))
    assert found.steps == (Step(record("app-4"), record("app-3"), "unionid", "u1"),)
    assert found.devices == (Step(record("app-4"), record("app-3"), "device", "d1"),)
    far = explain(file, record("app-1"), record("app-3"))
    assert [step.identifier_type for step in far.steps] == ["phone", "email"]
    assert documented_path(file, record("app-1"), record("app-3")) == list(far.steps)
    assert explain(file, record("app-2"), record("app-3")).devices == ()
    assert explain(file, record("app-1"), record("app-1")).devices == ()
    assert said_of(file, "app-4", "app-3", monkeypatch).endswith(
        "app.users:app-4 and app.users:app-3 were seen on device d1, which joins nobody"
    )


@pytest.mark.parametrize(
    ("probability", "said"),
    [(None, "same_device:1"), (0.6512, "same_device:1, probability 0.651")],
)
def test_two_persons_who_wait_for_a_decision(
    published: Path, monkeypatch: pytest.MonkeyPatch, probability: float | None, said: str
) -> None:
    """In whichever order they are named."""
    assert explain(published, record("card-2"), record("card-1")).waiting is None
    with duckdb.connect(str(published)) as connection:
        connection.execute(
            "insert into identity.oneid_review_queue values ('one', 'other', ?, 'same_device:1')",
            [probability],
        )
    assert explain(published, record("card-2"), record("card-1")).waiting == said
    assert said_of(published, "card-1", "card-2", monkeypatch).endswith(
        f"The two persons wait for `rekindle match decide`: {said}"
    )


def documented_path(file: Path, left: str, right: str) -> list[Step]:
    """What the query of docs/identity_scenarios.md answers about two records."""
    text = (PROJECT / "docs" / "identity_scenarios.md").read_text("utf-8")
    (query,) = re.findall(r"```sql\n(set variable left_record.*?)```", text, re.DOTALL)
    for name, value in (("left", left), ("right", right)):
        query, replaced = re.subn(rf"{name}_record = '.*?'", f"{name}_record = '{value}'", query)
        assert replaced == 1
    with duckdb.connect(str(file), read_only=True) as connection:
        *settings, question = query.split(";")
        for setting in settings:
            connection.execute(setting)
        return [Step(*row) for row in connection.execute(question).fetchall()]


def test_the_documented_query_answers_like_the_command(published: Path) -> None:
    for left in ("card-1", "app-2", "web-1", "web-5"):
        for right in ("web-5", "web-1", "card-1", "app-1"):
            steps = documented_path(published, record(left), record(right))
            assert steps == list(explain(published, record(left), record(right)).steps)
    assert documented_path(published, record("card-1"), record("card-2")) == []


def test_the_documented_query_finds_a_shortest_path(tmp_path: Path) -> None:
    """Random persons: as many steps as the command, and every step is evidence of both records."""
    draw = random.Random(11)
    longest = 0
    for number in range(4):
        names = [f"web-{count}" for count in range(30)]
        edges: list[Edge] = [
            (
                names[draw.randrange(max(0, at - 3), at)],
                names[at],
                "phone",
                f"p{draw.randrange(25)}",
            )
            for at in range(1, len(names))
        ]
        file = tmp_path / f"{number}.duckdb"
        write(file, dict.fromkeys(names, "one"), edges)
        holders: dict[str, set[str]] = {}
        for left, right, _, token, *_ in edges:
            holders.setdefault(token, set()).update((record(left), record(right)))
        for _ in range(9):
            one, other = (record(name) for name in draw.sample(names, 2))
            steps = documented_path(file, one, other)
            assert len(steps) == len(explain(file, one, other).steps)
            assert [one, *(step.right for step in steps)] == [
                *(step.left for step in steps), other,
            ]  # fmt: skip
            assert all({step.left, step.right} <= holders[step.identifier_token] for step in steps)
            longest = max(longest, len(steps))
    assert longest > 3
