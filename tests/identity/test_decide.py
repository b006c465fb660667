"""A pair of the review queue becomes a decision, once."""

from __future__ import annotations

import csv
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner, Result

from orchestration.cli import main
from orchestration.errors import RekindleError, UsageError
from orchestration.identity.decide import COLUMNS, decide
from orchestration.warehouse.policy import check_policies
from orchestration.workspace import PROJECT

HEADER = f"{','.join(COLUMNS)}\n"
MAP = {
    "crm.members:1": "a",
    "app.users:1": "a",
    "crm.members:2": "b",
    "marketplace.buyers:jd:3": "c",
    "crm.members:4": "d",
}


def parts(record: str) -> list[str]:
    """System, table and key of a record."""
    place, _, key = record.partition(":")
    return [*place.split("."), key]


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """Persons a to d; a and c, b and a wait in the queue; e was merged into d."""
    file = tmp_path / "serving" / "rekindle.duckdb"
    file.parent.mkdir()
    with duckdb.connect(str(file)) as connection:
        connection.execute(
            "create schema identity; create schema ops;"
            "create table ops.publication as select date '2025-06-30' as as_of_date;"
            "create table identity.oneid_map"
            "(source_system text, source_table text, source_key text, one_id text);"
            "create table identity.oneid_review_queue(left_one_id text, right_one_id text,"
            " left_source_system text, left_source_table text, left_source_key text,"
            " right_source_system text, right_source_table text, right_source_key text);"
            "create table identity.dim_member as select unnest(['a', 'b', 'c', 'd']) as one_id;"
            "create table identity.oneid_events as"
            " select one_id, null::text as other_one_id, one_id as current_one_id,"
            " timestamp '2025-01-01' as changed_at from identity.dim_member"
            " union all select 'e', null, 'd', timestamp '2025-01-01'"
            " union all select 'd', 'e', 'd', timestamp '2025-02-01'"
        )
        for record, one_id in MAP.items():
            connection.execute(
                "insert into identity.oneid_map values (?, ?, ?, ?)", [*parts(record), one_id]
            )
        for left, right, left_record, right_record in (
            ("a", "c", "app.users:1", "marketplace.buyers:jd:3"),
            ("a", "b", "crm.members:1", "crm.members:2"),
        ):
            connection.execute(
                "insert into identity.oneid_review_queue values (?, ?, ?, ?, ?, ?, ?, ?)",
                [left, right, *parts(left_record), *parts(right_record)],
            )
    return file


@pytest.fixture
def decisions(tmp_path: Path) -> Path:
    file = tmp_path / "identity_decisions.csv"
    file.write_text(HEADER, "utf-8")
    return file


def test_a_decision_names_the_records_and_is_policy(published: Path, decisions: Path) -> None:
    decide(published, decisions, ("c", "a"), is_same=True, by="Ann", why='Shown, "twice"')
    decide(published, decisions, ("a", "b"), is_same=False, by="Bob ", why="Sisters")
    assert decisions.read_text("utf-8") == (
        f"{HEADER}2025-06-30,link,app.users:1,marketplace.buyers:jd:3,Ann,"
        '"Shown, ""twice"""\n2025-06-30,separate,crm.members:1,crm.members:2,Bob,Sisters\n'
    )
    assert check_policies(PROJECT / "seeds/policy", [decisions])["identity_decisions"] == 2


def test_a_last_line_without_an_end_stays_whole(published: Path, decisions: Path) -> None:
    decisions.write_text(f"{HEADER}2025-01-01,link,crm.members:8,crm.members:9,Ann,One", "utf-8")
    decide(published, decisions, ("a", "b"), is_same=False, by="Bob", why="Sisters")
    with decisions.open(encoding="utf-8") as lines:
        assert [row["reason"] for row in csv.DictReader(lines)] == ["One", "Sisters"]


@pytest.mark.parametrize(
    ("pair", "sentence"),
    [
        (("b", "c"), "b and c do not wait in identity.oneid_review_queue: "),
        (("a", "a"), "a and a do not wait in identity.oneid_review_queue: "),
        (("a", "z"), "There is no person z: give two ids of the review queue."),
        (("e", "a"), "Person e is d by now: look at the queue again."),
    ],
)
def test_a_pair_that_does_not_wait(
    published: Path, decisions: Path, pair: tuple[str, str], sentence: str
) -> None:
    with pytest.raises(UsageError) as refused:
        decide(published, decisions, pair, is_same=True, by="Ann", why="One")
    assert str(refused.value).startswith(sentence)
    assert decisions.read_text("utf-8") == HEADER


def test_a_pair_that_is_decided_already(published: Path, decisions: Path) -> None:
    """Whichever of their records the decision names, and in whichever order."""
    text = f"{HEADER}2025-01-01,separate,crm.members:2,app.users:1,Ann,Two\n"
    decisions.write_text(text, "utf-8")
    sentence = r"^Line 2 of identity_decisions\.csv decides about a and b already \(separate, Ann, "
    with pytest.raises(UsageError, match=sentence):
        decide(published, decisions, ("b", "a"), is_same=True, by="Ann", why="One")
    assert decisions.read_text("utf-8") == text
    decide(published, decisions, ("a", "c"), is_same=True, by="Ann", why="One")


def test_a_file_that_is_something_else(published: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.csv"
    for text, sentence in ((None, "There is no file"), ("a,b\n", "does not begin with valid_from")):
        if text:
            other.write_text(text, "utf-8")
        with pytest.raises(UsageError, match=sentence):
            decide(published, other, ("a", "b"), is_same=True, by="Ann", why="One")


def test_nothing_published_yet(tmp_path: Path, decisions: Path) -> None:
    with pytest.raises(RekindleError, match="build and publish this brand first"):
        decide(tmp_path / "no.duckdb", decisions, ("a", "b"), is_same=True, by="Ann", why="One")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["match", "decide", *arguments])


def test_the_command(published: Path, decisions: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REKINDLE_SERVING", str(published.parent))
    where = ("a", "b", "--decisions", str(decisions))
    who = ("--by", "Ann", "--why", "Sisters")
    undecided = run(*where, *who)
    assert undecided.exit_code == 2
    assert undecided.output == "What is decided is missing: give --same or --different.\n"
    refused = run(*where, "--same", "--by", " ", "--why", "One")
    assert refused.exit_code == 2
    assert refused.output == "--by is ' ': give a line of 1 to 500 characters.\n"
    done = run(*where, "--different", *who, "--valid-from", "2025-07-01")
    assert done.exit_code == 0, done.output
    assert "crm.members:1 and crm.members:2 are two persons" in " ".join(done.output.split())
    assert decisions.read_text("utf-8").endswith(
        "\n2025-07-01,separate,crm.members:1,crm.members:2,Ann,Sisters\n"
    )
    assert run(*where, "--same", *who).exit_code == 2


def test_the_command_does_not_decide_about_another_brand(
    published: Path, decisions: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REKINDLE_SERVING", str(published.parent))
    with duckdb.connect(str(published)) as connection:
        connection.execute(
            "create or replace table ops.publication as select 'shop' as brand,"
            " date '2025-06-30' as as_of_date, 'b' as build_id, 'UTC' as business_zone,"
            " 'CNY' as currency, timestamp '2025-07-01' as published_at"
        )
    (tmp_path / "tea").mkdir()
    pair = ("a", "b", "--decisions", str(decisions), "--different", "--by", "Ann", "--why", "One")
    refused = run(*pair, "--data", str(tmp_path / "tea"))
    assert refused.exit_code == 2
    assert " holds the brand shop, not tea-" in refused.output
    assert decisions.read_text("utf-8") == HEADER
    assert run(*pair).exit_code == 0
