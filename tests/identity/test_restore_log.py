"""A lost build file: the log of ids comes back from what is published, and ids stay."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner

from orchestration.cli import main
from orchestration.errors import UsageError
from orchestration.identity.restore_log import LOG, restore_log
from orchestration.loading.lake import Lake
from orchestration.loading.register import Erasure, Register
from orchestration.loading.tokens import token_key_id
from orchestration.workspace import Workspace
from tests.conftest import DATA_S_OWN_DATE, TOKEN_KEY, build_brand, hand_over, make_workspace
from tests.scenarios.identity import Record, write_slices

DAYS = ("2025-03-01", "2025-03-02")
PHONE, OTHER_PHONE = "13920491234", "13920495678"
RECORDS = (
    Record("crm", "lost-1", DAYS[0], {"phone": OTHER_PHONE}),
    Record("crm", "lost-2", DAYS[0], {"phone": PHONE}),
    # the third is older than both, which is known too late to be whom they are named after
    Record("crm", "lost-3", DAYS[1], {"phone": PHONE, "registered_at": "2025-01-10T04:00:00Z"}),
    Record("crm", "lost-1", DAYS[1], {"phone": PHONE, "registered_at": f"{DAYS[0]}T01:00:00Z"}),
    *(Record("order", f"lost-{day}", day, {"buyer_key_type": "none"}) for day in DAYS),
)
MARTS = ("--select", "+oneid_history", "+oneid_map", "+oneid_events")


def publication(file: Path, brand: str) -> None:
    """What a published file says of itself."""
    with duckdb.connect(str(file)) as connection:
        connection.execute(
            "create schema if not exists ops; create or replace table ops.publication as"
            f" select '{brand}' as brand, date '{DAYS[-1]}' as as_of_date, 'b' as build_id,"
            " 'Asia/Shanghai' as business_zone, 'CNY' as currency,"
            " timestamp '2025-03-03 12:00:00' as published_at"
        )


def rows(file: Path, query: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(file), read_only=True) as connection:
        return connection.execute(query).fetchall()


@pytest.mark.slow
def test_ids_are_those_that_were_published(
    made_once: Callable[[str, Callable[[Path], None]], Path], tmp_path: Path
) -> None:
    """A build from nothing would name the person after the record that is the oldest."""

    def write(folder: Path) -> None:
        workspace = make_workspace(folder, folder / "landing")
        for day in DAYS:
            write_slices(workspace.landing, RECORDS, [day])
            build_file = hand_over(workspace, *MARTS)
        workspace.serving.mkdir()
        shutil.copy(build_file, workspace.serving / "rekindle.duckdb")
        publication(workspace.serving / "rekindle.duckdb", workspace.brand)

    shutil.copytree(made_once("identity-lost", write), tmp_path / "lost")
    workspace = make_workspace(tmp_path / "lost", tmp_path / "lost" / "landing")
    published = workspace.serving / "rekindle.duckdb"
    marts = ("identity.oneid_map", "identity.oneid_history", "identity.oneid_events")
    before = {mart: rows(published, f"from {mart} order by all") for mart in marts}
    assert len(before["identity.oneid_history"]) == 4
    log = rows(published, f"from {LOG} order by all")
    with pytest.raises(UsageError, match=r"There is a build file .*, which has its log"):
        restore_log(workspace)
    shutil.rmtree(workspace.build)
    assert restore_log(workspace) == 4
    assert rows(workspace.build_file(), f"from {LOG} order by all") == log
    build_file = build_brand(workspace, DATA_S_OWN_DATE, *MARTS)
    assert {mart: rows(build_file, f"from {mart} order by all") for mart in marts} == before
    shutil.rmtree(workspace.build)
    build_file = build_brand(workspace, DATA_S_OWN_DATE, *MARTS)
    assert rows(build_file, "select distinct one_id from identity.oneid_map") != rows(
        published, "select distinct one_id from identity.oneid_map"
    )


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A brand whose build file is lost, and whose publication has three entries."""
    made = make_workspace(tmp_path, tmp_path / "landing")
    made.serving.mkdir()
    made.lake.mkdir()
    file = made.serving / "rekindle.duckdb"
    publication(file, made.brand)
    with duckdb.connect(str(file)) as connection:
        connection.execute(
            "create schema identity; create table identity.oneid_history as"
            " select 'marketplace' as source_system, 'buyers' as source_table,"
            " 'jd:' || range as source_key, range::integer as assignment_number, 'a' as one_id,"
            " 'phone' as caused_by, timestamp '2025-03-01' as effective_at,"
            " timestamp '2025-03-02' as changed_at from range(3)"
        )
    return made


def test_the_command(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestration.cli.resolve_workspace", lambda *_, **__: workspace)
    done = CliRunner().invoke(main, ["identity", "restore-log"])
    assert done.exit_code == 0, done.output
    assert done.output == "3 entries of the log are back: build now (rekindle build).\n"
    first = rows(workspace.build_file(), f"from {LOG} order by all limit 1")[0]
    assert [str(value) for value in first] == [
        "marketplace.buyers:jd:0", "a", "0", "2025-03-01 00:00:00", "2025-03-02 00:00:00", "phone",
    ]  # fmt: skip
    again = CliRunner().invoke(main, ["identity", "restore-log"])
    assert again.exit_code == UsageError.exit_code


@pytest.mark.parametrize("day", ["2025-03-04", None])
def test_persons_who_were_erased_since_do_not_come_back(
    workspace: Workspace, day: str | None
) -> None:
    register = Register(Lake(workspace.lake).register_file)
    register.plan(token_key_id(TOKEN_KEY), [Erasure("R1", "surrogate", None)], [], {})
    if day:
        register.complete(datetime.fromisoformat(day).replace(tzinfo=UTC), 1, is_everything=True)
    register.close()
    with pytest.raises(UsageError, match="Persons were erased after "):
        restore_log(workspace)
    assert not workspace.build_file().exists()


def test_an_erasure_before_the_publication_is_none_to_fear(workspace: Workspace) -> None:
    register = Register(Lake(workspace.lake).register_file)
    register.plan(token_key_id(TOKEN_KEY), [Erasure("R1", "surrogate", None)], [], {})
    register.complete(datetime(2025, 3, 3, tzinfo=UTC), 1, is_everything=True)
    register.close()
    assert restore_log(workspace) == 3


def test_nothing_to_take_it_from(workspace: Workspace) -> None:
    file = workspace.serving / "rekindle.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute("drop table identity.oneid_history")
    with pytest.raises(UsageError, match=r"by a version without identity\.oneid_history: build"):
        restore_log(workspace)
    publication(file, "another")
    with pytest.raises(UsageError, match="holds nothing of landing, so there is no log"):
        restore_log(workspace)
