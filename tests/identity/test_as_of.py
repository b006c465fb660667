"""Who a record was on a date, on both clocks: two cards become one person, part, and meet again."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner

from orchestration.cli import main
from orchestration.errors import RekindleError, UsageError
from orchestration.identity.as_of import AsOf, Belief, as_of
from orchestration.workspace import PROJECT
from tests.conftest import hand_over, make_workspace
from tests.scenarios.identity import FIRST_DAY, Record, write_slices

DAYS = ("2025-03-01", "2025-03-02", "2025-03-03", "2025-03-04")
PHONE, OTHER_PHONE = "13920471234", "13920475678"
EARLIER = "2025-02-10T04:00:00Z"
MARTS = ("--select", "+oneid_history", "+oneid_map", "+oneid_events")
FIRST, SECOND = "crm.members:meet-1", "crm.members:meet-2"


def card(key: str, day: str, phone: str, id_token: str = "") -> Record:
    columns = {"phone": phone, "registered_at": f"{FIRST_DAY}T01:00:00Z", "id_token": id_token}
    if key == "meet-1":
        columns["registered_at"] = EARLIER
    return Record("crm", key, day, columns)


RECORDS = (
    card("meet-1", DAYS[0], PHONE),
    card("meet-2", DAYS[0], OTHER_PHONE),
    card("meet-2", DAYS[1], PHONE),  # gives the phone of the other
    card("meet-1", DAYS[2], PHONE, "their-right-token"),
    card("meet-2", DAYS[2], PHONE, "a-mistyped-token"),
    card("meet-2", DAYS[3], PHONE, "their-right-token"),
    *(Record("order", f"meet-{day}", day, {"buyer_key_type": "none"}) for day in DAYS),
)


@pytest.fixture(scope="session")
def published(made_once: Callable[[str, Callable[[Path], None]], Path]) -> Path:
    """The identity marts after the four days, with what a publication says of itself."""

    def write(folder: Path) -> None:
        workspace = make_workspace(folder, folder / "landing")
        for day in DAYS:
            write_slices(workspace.landing, RECORDS, [day])
            build_file = hand_over(workspace, *MARTS)
        shutil.copy(build_file, folder / "published.duckdb")
        with duckdb.connect(str(folder / "published.duckdb")) as connection:
            connection.execute(
                "create schema if not exists ops; create table ops.publication as"
                f" select 'tiny' as brand, date '{DAYS[-1]}' as as_of_date, 'b' as build_id,"
                " 'Asia/Shanghai' as business_zone, 'CNY' as currency,"
                " timestamp '2025-03-05' as published_at"
            )

    return made_once("identity-as-of", write) / "published.duckdb"


def asked(file: Path, record: str, number: int) -> AsOf:
    """The answer for the day of this number, from 1."""
    return as_of(file, record, date(2025, 3, number))


def person_of(file: Path, record: str) -> str:
    return asked(file, record, 4).today


@pytest.mark.slow
def test_what_was_believed_on_each_day(published: Path) -> None:
    """Apart, one, apart, one; the later parting makes no id anew that somebody had."""
    one = person_of(published, FIRST)
    assert person_of(published, SECOND) == one
    believed = [asked(published, SECOND, number).believed for number in (1, 2, 3, 4)]
    assert None not in believed
    found = [belief for belief in believed if belief is not None]
    assert [belief.one_id == one for belief in found] == [False, True, False, True]
    assert found[0].one_id != found[2].one_id
    assert [belief.caused_by for belief in found] == ["first_seen", "phone", "conflict", "id_token"]
    assert [str(belief.learnt_date) for belief in found] == list(DAYS)
    assert {asked(published, FIRST, number).believed for number in (1, 2, 3, 4)} == {
        Belief(one, "first_seen", date(2025, 2, 10), date(2025, 3, 1))
    }


@pytest.mark.slow
def test_what_is_known_now_of_each_day(published: Path) -> None:
    """The other clock: the first card was there before anybody knew of it, and nobody else."""
    one = person_of(published, FIRST)
    before = as_of(published, FIRST, date(2025, 2, 12))
    assert before.believed is None
    assert before.true == Belief(one, "first_seen", date(2025, 2, 10), date(2025, 3, 1))
    assert as_of(published, FIRST, date(2025, 2, 9)).true is None
    now = asked(published, SECOND, 2).true
    assert now is not None
    assert (now.one_id, str(now.effective_date)) == (one, DAYS[1])


@pytest.mark.slow
def test_a_record_is_linked_since_it_joined_its_person(published: Path) -> None:
    with duckdb.connect(str(published), read_only=True) as connection:
        linked = dict(
            connection.execute(
                "select source_key, linked_at = (select arg_max(effective_at, assignment_number)"
                " from identity.oneid_history as history"
                " where history.source_key = links.source_key)"
                " and (linked_at > first_seen_at) = (source_key = 'meet-2')"
                " from identity.oneid_map as links"
            ).fetchall()
        )
    assert linked == {"meet-1": True, "meet-2": True}


@pytest.mark.slow
def test_every_id_of_the_past_resolves_to_one_person(published: Path) -> None:
    question = documented("current_one_id").replace("'0123456789abcdef0123'", "$one_id")
    with duckdb.connect(str(published), read_only=True) as connection:
        ids = connection.execute("select distinct one_id from identity.oneid_history").fetchall()
        answers = {
            one_id: connection.execute(question, {"one_id": one_id}).fetchall() for (one_id,) in ids
        }
    assert len(answers) == 3
    assert set(map(tuple, answers.values())) == {((person_of(published, FIRST),),)}


@pytest.mark.slow
def test_the_documented_questions_answer_like_the_command(published: Path) -> None:
    then = documented("believed_from_date <=")
    now = documented("effective_date <=")
    with duckdb.connect(str(published), read_only=True) as connection:
        for record in (FIRST, SECOND):
            for day in ("2025-02-12", *DAYS):
                found = as_of(published, record, date.fromisoformat(day))
                for query, answer in ((then, found.believed), (now, found.true)):
                    about = re.sub(r"date '[\d-]+'", f"date '{day}'", query)
                    about = re.sub(r"source_key = '\w+'", f"source_key = '{record[12:]}'", about)
                    rows = connection.execute(about).fetchall()
                    assert [row[0] for row in rows] == ([answer.one_id] if answer else [])


def documented(part: str) -> str:
    """The query of docs/identity_scenarios.md that holds this."""
    text = (PROJECT / "docs" / "identity_scenarios.md").read_text("utf-8")
    queries = re.findall(r"```sql\n(.*?)```", text, re.DOTALL)
    (query,) = [found for found in queries if part in found]
    return str(query)


@pytest.mark.slow
def test_the_command(published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(published, tmp_path / "rekindle.duckdb")
    monkeypatch.setenv("REKINDLE_SERVING", str(tmp_path))
    done = CliRunner().invoke(main, ["identity", "as-of", SECOND, DAYS[2]])
    assert done.exit_code == 0, done.output
    said = " ".join(done.output.split())
    assert f"On {DAYS[2]} {SECOND} was believed to be person " in said
    assert f"(learnt on {DAYS[2]}: conflict)" in said
    assert f"Today it is person {person_of(published, FIRST)}." in said
    early = CliRunner().invoke(main, ["identity", "as-of", FIRST, "2025-02-09"])
    assert f"On 2025-02-09 nothing was known of {FIRST}." in early.output
    assert "it was not there on 2025-02-09." in early.output
    for arguments, sentence in (
        ((FIRST, "2025-03-05"), "2025-03-05 is after 2025-03-04, the business date of "),
        ((FIRST, "yesterday"), "'yesterday' is not a date"),
        (("crm.members:meet-3", DAYS[0]), "There is no record crm.members:meet-3"),
    ):
        refused = CliRunner().invoke(main, ["identity", "as-of", *arguments])
        assert refused.exit_code == UsageError.exit_code
        assert refused.output.startswith(sentence)


def test_a_publication_without_history_is_a_sentence(tmp_path: Path) -> None:
    duckdb.connect(str(tmp_path / "rekindle.duckdb")).close()
    with pytest.raises(UsageError, match=r"by a version without identity\.oneid_history: build"):
        as_of(tmp_path / "rekindle.duckdb", FIRST, date(2025, 3, 1))


def test_nothing_published_yet(tmp_path: Path) -> None:
    with pytest.raises(RekindleError, match="build and publish this brand first"):
        as_of(tmp_path / "rekindle.duckdb", FIRST, date(2025, 3, 1))
