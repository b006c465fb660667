"""Erased persons are nowhere, everybody else is where they were, and every figure stays."""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
from contextlib import closing
from datetime import timedelta
from typing import Any

import duckdb
import pytest

from orchestration.errors import UsageError
from orchestration.intraday.store import shelf_of
from orchestration.loading.load import load
from orchestration.privacy.erase import erase
from orchestration.privacy.scan import STORES, scan
from orchestration.workspace import BUILD_FILE_NAME, PROJECT
from tests.conftest import TOKEN_KEY, load_brand
from tests.privacy import brand
from tests.privacy.conftest import NOW, Story, kind_of, read_devices

RECORD_KEYS = ("M-", "OPEN-", "APP-", "WEB-", "BUYER-", "EXT-")
"""How the keys of records begin, by which source systems know each other's persons."""


def rows(story: Story, query: str) -> list[Any]:
    """Rows of the published file."""
    file = story.workspace.serving / BUILD_FILE_NAME
    with duckdb.connect(str(file), read_only=True) as connection:
        return connection.execute(query).fetchall()


@pytest.mark.slow
def test_before_everybody_is_found_where_personal_data_may_be(story: Story) -> None:
    everybody = {*brand.ERASED, *brand.STAY}
    spelt_by_the_loader = {f"+86{brand.ANNA_PHONE}", f"+86{brand.EVE_PHONE}"}
    assert everybody - story.before.found_in("landing") == spelt_by_the_loader
    assert everybody - story.before.found_in("raw lake") == set()
    assert {"安娜王", "M-ANNA-1", brand.ANNA_PHONE} <= story.before.found_in("quarantine")
    assert {"安娜王", "卡尔李", "伊芙赵", "anna@shop.cn"} <= story.before.found_in("vault")
    assert {"M-ANNA-2", brand.ANNA_PHONE} <= story.before.found_in("policy")


def test_a_build_holds_personal_data_in_its_vault_alone(story: Story) -> None:
    elsewhere = {
        (one.place, one.identifier)
        for one in story.before.findings
        if one.store == "builds" and one.file.name == BUILD_FILE_NAME
        if one.place not in {"bytes", "ops.quarantine.raw_record"}
        if not one.identifier.startswith((*RECORD_KEYS, "DEVICE-"))
    }
    assert elsewhere == set()


def test_what_is_published_names_nobody_but_by_keys(story: Story) -> None:
    keys = {one for one in (*brand.ERASED, *brand.STAY) if one.startswith(RECORD_KEYS)}
    assert story.before.found_in("published") <= keys


def test_a_device_is_published_under_a_name_that_leaves_with_the_person(story: Story) -> None:
    """Two accounts of one person were seen on it; its id is published nowhere."""
    assert story.devices_before == (DEVICE_NAME,)
    assert {one for one in brand.ERASED if one.startswith("DEVICE-")} == {"DEVICE-ANNA"}
    assert "DEVICE-ANNA" in story.before.found_in("builds")
    assert "DEVICE-ANNA" not in story.before.found_in("published")
    assert read_devices(story.workspace) == ()


DEVICE_NAME = hashlib.md5(b"app.users:APP-ANNA|1", usedforsecurity=False).hexdigest()
"""What the first device of the account that had it first is called."""


def test_what_cannot_be_read_is_rejected_and_published_without_its_values(story: Story) -> None:
    told = set(
        rows(
            story,
            "SELECT table_name, column_name FROM ops.quarantine WHERE file_path LIKE '%odd.jsonl'",
        )
    )
    assert told >= {(table.name, name) for table, *_, odd in brand.odd_rows() for name in odd}
    ((message,),) = rows(
        story, "SELECT message FROM ops.load_log WHERE status = 'refused' AND message IS NOT NULL"
    )
    assert message.startswith(f"{brand.HEADERLESS}: The required columns ")


def test_afterwards_erased_persons_are_nowhere(story: Story) -> None:
    left = [one for one in story.after.findings if one.identifier in brand.ERASED]
    assert left == []


def test_afterwards_everybody_else_is_where_they_were(story: Story) -> None:
    for store in ("landing", "raw lake", "vault", "published"):
        kept = story.before.found_in(store) & set(brand.STAY)
        assert story.after.found_in(store) & set(brand.STAY) == kept


def test_every_figure_stays(story: Story) -> None:
    assert len(story.marts_before) > 10
    differing = [
        name for name, found in story.marts_before.items() if story.marts_after[name] != found
    ]
    assert differing == []


def test_every_kind_of_step_was_killed(story: Story) -> None:
    assert {kind_of(step) for step in story.kills} == {
        "plan", "raw", "raw/rekindle/quarantine", "landing csv", "landing jsonl.gz",
        "landing parquet", "in place", "decisions", "builds", "intraday store",
        "earlier publications", "proof", "export",
    }  # fmt: skip


def test_the_page_says_what_the_scanner_finds_store_by_store(story: Story) -> None:
    page = (PROJECT / "docs" / "privacy.md").read_text(encoding="utf-8")
    _, _, table = page.partition(
        "| store | files | identifiers before | after |\n| --- | --- | --- | --- |\n"
    )
    lines = table.partition("\n\n")[0].splitlines()
    told = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    found = [
        [
            store,
            str(len(story.before.found_in(store) & set(brand.ERASED))),
            str(len(story.after.found_in(store) & set(brand.ERASED))),
        ]
        for store in STORES
    ]
    assert [[store, before, after] for store, _, before, after in told] == found


def test_decisions_about_them_are_forgotten(story: Story) -> None:
    text = (story.policy / "identity_decisions.csv").read_text(encoding="utf-8")
    header, _, _, kept, _ = brand.DECISIONS.splitlines(keepends=True)
    emptied = "2025-02-03,separate,crm.members:M-BEN,app.users:APP-BEN,erased,erased\n"
    assert text == header + kept + emptied


def test_who_holds_the_key_finds_the_rows_of_a_key_and_not_of_a_request(story: Story) -> None:
    """What a delivery needs is kept: the way from a key to what stands for it. Nothing else is."""
    with closing(sqlite3.connect(story.workspace.lake / "erasures.sqlite")) as register:
        tombstones = register.execute(
            "SELECT kind, token, surrogate, one_id FROM tombstones"
        ).fetchall()
        requests = register.execute("SELECT request_id, one_id FROM erasures").fetchall()
    kept = {token: (surrogate, one_id) for _, token, surrogate, one_id in tombstones}
    surrogate, person = kept[brand.token_of("record:crm.members:M-ANNA-1")]
    lake = story.workspace.lake / "raw"
    ((orders,),) = duckdb.execute(
        f"SELECT count(*) FROM '{lake}/commerce/orders/*.parquet' WHERE buyer_key = '{surrogate}'"
    ).fetchall()
    assert orders == 1
    assert {kind for kind, *_ in tombstones} == {
        "record",
        "phone",
        "identifier",
        "name_and_birthday",
        "name_and_address",
        "word",
    }
    assert {tuple(row[2:]) for row in tombstones if row[0] == "word"} == {("", "")}
    assert requests == [(f"R-{number}", "") for number in range(1, 6)]
    asked = duckdb.execute(
        f"SELECT DISTINCT member_no FROM '{lake}/crm/erasure_requests/*.parquet' "
        "WHERE member_no IS NOT NULL"
    ).fetchall()
    assert asked == [("erased",)]
    stand_ins = {row[2] for row in tombstones} - {""} | {person}
    landing = story.workspace.landing / "crm" / "erasure_requests"
    told = [one.read_text(encoding="utf-8") for one in landing.glob("*.csv")]
    assert told
    assert not [one for one in stand_ins for text in told if one in text]


def test_the_map_forgets_them_and_facts_keep_a_person(story: Story) -> None:
    keys = {key for (key,) in rows(story, "SELECT source_key FROM identity.oneid_map")}
    assert not keys & {*brand.ERASED, "erased"}
    assert {"M-BEN", "M-DORA"} <= keys
    persons = rows(
        story,
        "SELECT list(DISTINCT one_id), sum(net_revenue) FROM core.fct_orders "
        "WHERE order_id IN ('O-1', 'O-2', 'O-3', 'O-4', 'O-5', 'O-6', 'O-13')",
    )
    ((ids, revenue),) = persons
    assert len(ids) == 1
    assert float(revenue) == 760.5
    mapped = {one for (one,) in rows(story, "SELECT one_id FROM identity.oneid_map")}
    assert ids[0] not in mapped


def test_an_erased_person_consents_to_nothing(story: Story) -> None:
    found = rows(story, "SELECT count(*), bool_and(is_granted) FROM identity.consent_current")
    assert found == [(1, True)]


def test_the_last_hours_are_told_without_them(story: Story) -> None:
    assert story.is_intraday_store_removed
    with duckdb.connect(str(shelf_of(story.workspace).file), read_only=True) as connection:
        ((acts,),) = connection.execute("select acts from status").fetchall()
        people = connection.execute("select * from member_activity").fetchall()
        surrogates = {
            one
            for (one,) in connection.execute(
                "select person_key from member_activity where one_id is null"
            ).fetchall()
        }
    assert acts > 0
    mapped = {one for (one,) in rows(story, "SELECT one_id FROM identity.oneid_map")}
    assert {row[1] for row in people} <= mapped
    assert surrogates == set()


def test_it_is_open_until_every_file_could_be_searched(story: Story) -> None:
    (unsearched,) = story.erased.unsearched
    assert unsearched.startswith(f"{brand.HEADERLESS}: The required columns ")
    assert (story.erased.requests, story.erased.open_requests) == (0, 5), "killed after the plan"
    assert (story.finished.unsearched, story.finished.open_requests) == ((), 0)


def test_the_log_proves_it_without_personal_data(story: Story) -> None:
    log = rows(
        story,
        "SELECT request_id, completed_at IS NOT NULL, stores_checked > 30, rows_removed "
        "FROM identity.erasure_log ORDER BY request_id",
    )
    assert [row[:3] for row in log] == [(f"R-{number}", True, True) for number in range(1, 6)]
    removed = {str(request): int(str(count)) for request, *_, count in log}
    assert removed["R-4"] == 0, "R-1 was of the same person"
    assert removed["R-1"] > 40
    assert removed["R-3"] == 2, "the request itself, in landing and lake"


def test_delivering_it_all_again_brings_nobody_back(story: Story) -> None:
    workspace = story.workspace
    (story.delivered / brand.HEADERLESS).unlink()
    for file in story.delivered.glob("*/*/*"):
        place = workspace.landing / file.relative_to(story.delivered).parent / "dt=again"
        place.mkdir(exist_ok=True)
        if file.suffix == ".csv":
            text = file.read_text(encoding="utf-8") + "\n"
            (place / file.name).write_text(text, encoding="utf-8")
        else:
            shutil.copy(file, place / file.name)
    late = workspace.landing / "app" / "users" / "late.csv"
    late.write_text(
        "app_user_id,phone,created_at,updated_at\n"
        f"APP-LATE,{brand.ANNA_PHONE},2025-02-01T00:00:00Z,2025-02-01T00:00:00Z\n"
        f"APP-NEW,{brand.ANNA_PHONE},2026-03-01T00:00:00Z,2026-03-01T00:00:00Z\n",
        encoding="utf-8",
    )
    lake = workspace.lake / "raw"
    before = _orders(lake)
    summary = load(
        workspace.landing,
        workspace.lake,
        now=NOW + timedelta(days=60),
        token_key=TOKEN_KEY,
        progress=False,
    )
    assert summary.rows_read == (
        summary.rows_loaded + summary.rows_unchanged + summary.rows_quarantined
    )
    assert summary.rows_loaded == 1, "the new member alone"
    assert _orders(lake) == before
    found = scan(workspace, brand.ERASED)
    assert found.found_in("raw lake") == {brand.ANNA_PHONE, f"+86{brand.ANNA_PHONE}"}
    assert found.found_in("quarantine") == set()
    again = erase(workspace, NOW + timedelta(days=61))
    assert not again.needs_build
    assert again.requests == 0
    late.unlink()
    assert scan(workspace, brand.ERASED).found_in("landing") == set()


def test_without_a_build_of_this_lake_nobody_is_erased(story: Story) -> None:
    folder = story.workspace.landing / "crm" / "erasure_requests"
    (folder / "more.csv").write_text(
        "request_id,member_no,requested_at\nR-9,M-BEN,2025-03-04T00:00:00Z\n", encoding="utf-8"
    )
    load_brand(story.workspace)
    with pytest.raises(UsageError, match="loaded after the last build"):
        erase(story.workspace, NOW + timedelta(days=62))


def _orders(lake: object) -> list[tuple[object, ...]]:
    return duckdb.execute(
        f"SELECT count(*), sum(net_amount), count(DISTINCT buyer_key) "
        f"FROM read_parquet('{lake}/commerce/orders/*.parquet')"
    ).fetchall()
