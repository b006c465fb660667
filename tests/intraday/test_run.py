"""The five-minute path: what its rows mean, that they come once, and that nobody waits."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from filelock import FileLock

from orchestration.clock import utc
from orchestration.errors import RekindleError
from orchestration.intraday import policy, run
from orchestration.intraday.run import run_intraday, why_not_due
from orchestration.intraday.store import FILE_NAME, intraday_marts, remove_store, shelf_of
from orchestration.intraday.window import signature
from orchestration.loading.lake import Lake
from orchestration.loading.load import load
from orchestration.loading.register import Erasure, Register
from orchestration.loading.tokens import token_key_id
from orchestration.warehouse.build import only_writer
from orchestration.workspace import BUILD_FILE_NAME, PROJECT, Workspace
from tests.conftest import TOKEN_KEY
from tests.intraday.brand import (
    APP_EVENTS,
    EVENTS,
    EXPECTED,
    MEMBER_ACTIVITY,
    NOW,
    OF_NOBODY,
    ORDER_ROWS,
    deliver,
    deliver_a_day,
    everything,
    make_workspace,
    publish_by_hand,
    rows,
    told,
)


class KilledError(BaseException):
    """What a test throws where a process would be killed."""


def test_a_day_says_what_the_definitions_say(day: Workspace) -> None:
    assert told(rows(day, MEMBER_ACTIVITY)) == EXPECTED
    of_others = "select person_key from member_activity where one_id <> person_key"
    assert rows(day, of_others) == []
    assert rows(
        day,
        "select distinct one_id, lifecycle_stage, rfm_group from member_activity "
        "where one_id is not null order by all",
    ) == [
        ("ann", "active", "champions"), ("bob", "dormant", None), ("cyd", "new", None),
        ("dee", "new", None),
    ]  # fmt: skip


def test_hours_count_people_and_what_nobody_did(day: Workspace) -> None:
    hours = {
        row[1:4]: row[4:]
        for row in rows(
            day,
            "select business_date, business_hour, channel, activity, people, new_people, times, "
            "amount::double from activity_hourly where business_date = '2025-06-30'",
        )
    }
    assert hours[18, "pos", "ordered"] == (1, 1, 4, 29.0)
    assert hours[15, "pos", "ordered"] == (1, 0, 1, 3.0)
    assert hours[19, "pos", "returned"] == (0, 0, 1, 4.0)
    assert hours[19, "mini_program", "carted"] == (1, 0, 1, None)
    assert hours[18, "website", "carted"] == (1, 0, 1, None)
    named = sum(times for _, _, times, *_ in EXPECTED.values())
    nobody = sum(times for times, _ in OF_NOBODY.values())
    assert rows(day, "select sum(times) from activity_hourly") == [(named + nobody,)]
    assert rows(day, "select people, new_people, acts, acts_of_nobody from status") == [
        (7, 3, named + nobody, nobody)
    ]


START, END = "getvariable('window_start_at')", "getvariable('as_of_end_at')"
MUTATIONS = (
    (f"occurred_at >= {START}", f"occurred_at > {START}"),
    (f"and occurred_at < {END}", ""),
    ("channel, event_id order by occurred_at desc", "channel, event_id order by occurred_at"),
    ("coalesce(order_kind, 'sale') = 'sale'", "true"),
    ("and not coalesce(is_test, false)", ""),
    ("and not (paid_at is null and status in ('created', 'cancelled'))", ""),
    (f"and not coalesce(paid_at >= {END}, false)", ""),
    ("case when is_known then updated_at end desc nulls last", "updated_at"),
    ("and refunds.order_id not in (select order_id from orders)", ""),
    ("published_orders.is_valid", "true"),
    ("where versions.action = 'add'", ""),
    ("all_acts.occurred_at >= known_records.first_seen_at", "true"),
    ("when persons.is_placeholder then null", ""),
    (
        "where identifier_type = 'phone'\n                )\n                then null",
        "where false\n                )\n                then null",
    ),
    ("members.is_test or members.is_staff", "members.is_test"),
    ("and told.product_id = judged.product_id", ""),
    ("and named.occurred_at = judged.occurred_at", "and false"),
    ("when 'add_to_cart' then 'carted'", "when 'view' then 'carted'"),
)
"""What somebody might get wrong in acts.sql."""


def test_a_mistake_in_the_query_is_seen(
    day: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (PROJECT / "orchestration" / "intraday" / "acts.sql").read_text("utf-8")
    right = acts_by(text, day, tmp_path, monkeypatch)
    assert len(right) == 26
    unseen = []
    for good, bad in MUTATIONS:
        assert good in text
        if acts_by(text.replace(good, bad, 1), day, tmp_path, monkeypatch) == right:
            unseen.append(good)
    assert unseen == []


def acts_by(
    query: str, day: Workspace, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> list[tuple[object, ...]]:
    """The acts of the day as a changed acts.sql would have them."""
    changed = folder / "acts.sql"
    changed.write_text(query, encoding="utf-8")
    monkeypatch.setattr(run, "_ACTS", changed)
    with duckdb.connect() as connection:
        connection.execute(f"attach '{day.serving / 'rekindle.duckdb'}' as marts (read_only)")
        publication = run._publication(day)
        inputs = run._inputs(connection, day, Lake(day.lake), publication, utc(NOW))
        run._read_acts(connection, inputs, "content")
        return connection.execute(
            "select activity, channel, occurred_at, amount, product_id, person_key from acts "
            "order by all"
        ).fetchall()


def test_files_that_come_again_change_nothing(day: Workspace) -> None:
    before, file = everything(day), shelf_of(day).file
    written = file.stat().st_ino
    assert not run_intraday(day, NOW + timedelta(seconds=1)).is_new
    for copy in list(day.landing.glob("*/*/*.csv")):
        shutil.copy2(copy, copy.with_name(f"again-{copy.name}"))
    again = run_intraday(day, NOW + timedelta(seconds=2))
    assert again.loaded is not None
    assert len(again.loaded.files("duplicate")) == 7
    assert not again.is_new
    assert file.stat().st_ino == written
    assert everything(day) == before


def test_killed_runs_are_made_up_by_the_next(
    day: Workspace, published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = everything(day)
    text = EVENTS + "e9,openNew,open,,2025-06-30T11:40:00Z,\n"
    deliver(day, "mini_program/events/3", text)
    for step in ("load", "read", "write", "shelf", "note"):

        def kill(found: str, step: str = step) -> None:
            if found == step:
                raise KilledError

        with monkeypatch.context() as patch:
            if step == "shelf":  # between the swap of the link and that of the file
                patch.setattr(Path, "replace", _killed_at(FILE_NAME, Path.replace))
            with pytest.raises(KilledError):
                run_intraday(day, NOW, kill)
        assert (everything(day) == before) == (step != "note")
        assert why_not_due(day) is None
    assert not run_intraday(day, NOW).is_new
    assert why_not_due(day) is not None
    shutil.copytree(published, tmp_path / "other", symlinks=True)
    other = make_workspace(tmp_path / "other")
    deliver_a_day(other)
    deliver(other, "mini_program/events/3", text)
    run_intraday(other, NOW)
    assert everything(day) == everything(other)
    shown = sorted(path.name for path in (day.serving / "intraday").iterdir())
    assert shown == sorted(f"{mart.name}.parquet" for mart in intraday_marts())
    assert not list(day.serving.glob(".*.tmp"))
    assert len(list((day.serving / ".intraday_versions").iterdir())) <= 2


def _killed_at(name: str, replace: Callable[[Path, Path], Path]) -> Callable[[Path, Path], Path]:
    def replace_or_die(path: Path, target: Path) -> Path:
        if Path(target).name == name:
            raise KilledError
        return replace(path, target)

    return replace_or_die


def test_no_build_and_no_publication_is_waited_for(day: Workspace) -> None:
    deliver(day, "app/events/2", APP_EVENTS + "e2,appBob,open,,2025-06-30T11:00:00Z\n")
    with only_writer(day.build_file()), FileLock(day.serving / ".publish.lock"):
        assert run_intraday(day, NOW).is_new
    with duckdb.connect(str(shelf_of(day).file), read_only=True):
        publish_by_hand(day, build_id="build-2")
        assert run_intraday(day, NOW).is_new
    assert rows(day, "select build_id from status") == [("build-2",)]


def test_where_a_load_runs_what_is_loaded_is_taken(
    day: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "LAKE_PATIENCE", 0.01)
    deliver(day, "app/events/2", APP_EVENTS + "e2,appBob,open,,2025-06-30T11:00:00Z\n")
    with FileLock(Lake(day.lake).lock_file):
        # a part that a load has written and not yet put into its ledger
        parts = sorted((day.lake / "raw/app/events").glob("[!.]*-*.parquet"))
        shutil.copy(parts[0], parts[0].with_name("unfinished-0.parquet"))
        done = run_intraday(day, NOW)
        assert (done.loaded, done.is_new) == (None, False)
        assert told(rows(day, MEMBER_ACTIVITY)) == EXPECTED
        assert why_not_due(day) is None
    run_intraday(day, NOW)
    assert (1,) in rows(
        day, "select times from member_activity where one_id = 'bob' and activity = 'opened'"
    )
    assert why_not_due(day) is not None


def test_a_lake_that_changes_while_it_is_read_is_read_again(
    day: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    trials = []

    def read_acts(*arguments: Any) -> None:
        trials.append(1)
        reading(*arguments)
        if len(trials) == 1:
            part = next((day.lake / "raw/app/events").glob("[!.s]*.parquet"))
            shutil.copy2(part, part.with_name(".copy"))
            part.with_name(".copy").replace(part)

    publish_by_hand(day, build_id="build-2")
    reading = run._read_acts
    monkeypatch.setattr(run, "_read_acts", read_acts)
    run_intraday(day, NOW)
    assert len(trials) == 2
    assert told(rows(day, MEMBER_ACTIVITY)) == EXPECTED


def test_a_part_that_goes_while_it_is_read_is_no_error(
    day: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    trials = []

    def read_acts(*arguments: Any) -> None:
        trials.append(1)
        if len(trials) == 1:
            raise duckdb.IOException("no such file")
        reading(*arguments)

    publish_by_hand(day, build_id="build-2")
    reading = run._read_acts
    monkeypatch.setattr(run, "_read_acts", read_acts)
    run_intraday(day, NOW)
    assert told(rows(day, MEMBER_ACTIVITY)) == EXPECTED
    monkeypatch.setattr(run, "_read_acts", _broken)
    publish_by_hand(day, build_id="build-3")
    with pytest.raises(RekindleError, match="could not be made; what was there before is still"):
        run_intraday(day, NOW)
    assert rows(day, "select build_id from status") == [("build-2",)]


def _broken(*_: object) -> None:
    raise duckdb.IOException("the disk is gone")


def test_a_load_waits_for_that_of_a_run(day: Workspace) -> None:
    lock = FileLock(Lake(day.lake).lock_file, thread_local=False)
    lock.acquire()
    with pytest.raises(RekindleError, match="Another load of the lake"):
        load(day.landing, day.lake, now=NOW, progress=False)
    threading.Timer(0.2, lock.release).start()
    assert load(day.landing, day.lake, now=NOW, progress=False, patience=30).unchanged_files == 7


def test_two_runs_do_not_overlap(day: Workspace) -> None:
    with run.only_run(day):
        with pytest.raises(RekindleError, match="Another intraday run or an erasure of tiny is"):
            run_intraday(day, NOW)
        assert "under way" in str(why_not_due(day))


def test_the_window_passes(workspace: Workspace) -> None:
    opened = EVENTS + "e1,openAnn,open,,2025-06-30T10:00:00Z,\n"
    deliver(workspace, "mini_program/events/1", opened)
    run_intraday(workspace, NOW)
    assert rows(workspace, "select window_start_at, window_end_at from status") == [
        (_at("2025-06-29 10:00"), _at("2025-06-30 10:00"))
    ]
    for instant, seen in (
        ("2025-07-01T10:59:59Z", ["ann", "bob"]),
        ("2025-07-01T11:00:00Z", ["bob"]),
    ):
        at = datetime.fromisoformat(instant)
        deliver(workspace, f"app/events/{at:%S}", APP_EVENTS + f"{at:%S},appBob,open,,{instant}\n")
        run_intraday(workspace, at + timedelta(hours=1))
        people = rows(workspace, "select person_key from member_activity order by all")
        assert [person for (person,) in people] == seen


def test_a_fast_clock_does_not_push_the_window(workspace: Workspace) -> None:
    deliver(
        workspace,
        "mini_program/events/1",
        EVENTS
        + "e1,openAnn,open,,2025-06-29T12:00:00Z,\n"
        + "e2,openAnn,view,,2025-07-01T11:00:00Z,\n",
    )
    run_intraday(workspace, NOW)
    assert rows(workspace, "select activity from member_activity") == [("opened",)]


def test_the_policy_says_how_many_hours(
    day: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(policy.POLICIES, tmp_path / "policy")
    (tmp_path / "policy" / "intraday_policy.csv").write_text(
        "valid_from,window_hours\n1900-01-01,24\n2025-06-30,1\n2025-07-01,9\n"
    )
    assert policy.window_hours(NOW.date(), tmp_path / "policy") == 1
    monkeypatch.setattr("orchestration.intraday.window.window_hours", lambda _: 1)
    run_intraday(day, NOW)
    assert rows(day, "select min(first_at) from member_activity") == [(_at("2025-06-30 10:00"),)]
    (tmp_path / "policy" / "intraday_policy.csv").write_text("valid_from,window_hours\n")
    with pytest.raises(RekindleError, match=r"has no window that is in force on 2025-06-30: rekin"):
        policy.window_hours(NOW.date(), tmp_path / "policy")


def test_parts_of_before_are_not_looked_at(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    month = timedelta(days=30)
    deliver(
        workspace,
        "mini_program/events/1",
        EVENTS + "e1,openAnn,open,,2025-05-31T10:00:00Z,\n",
        at=NOW - month,
    )
    load(workspace.landing, workspace.lake, now=NOW - month, progress=False)
    deliver(
        workspace,
        "mini_program/events/2",
        EVENTS + "e2,openAnn,view,,2025-06-30T10:00:00Z,\n",
    )
    read: list[Path] = []

    def noted(parts: Iterable[Path]) -> object:
        listed = list(parts)
        read.extend(listed)
        return signature(listed)

    monkeypatch.setattr(run, "signature", noted)
    run_intraday(workspace, NOW)
    assert len(set(read)) == 1
    assert rows(workspace, "select activity from member_activity") == [("viewed",)]


def test_latency_runs_from_arrival_to_readable_rows(day: Workspace) -> None:
    ((low, high, files),) = rows(
        day, "select min(latency_seconds), max(latency_seconds), count(*) from freshness"
    )
    assert files == 7
    assert 60 < float(str(low)) <= float(str(high)) < 120
    first = rows(day, "select file_path, row_at from freshness where file_path like 'app/%'")
    deliver(day, "app/events/2", APP_EVENTS + "e2,appBob,open,,2025-06-30T11:00:00Z\n")
    later = NOW + timedelta(minutes=5)
    run_intraday(day, later)
    found = rows(
        day,
        "select file_path, row_at from freshness where file_path like 'app/%' order by file_path",
    )
    assert found[0] == first[0]
    assert str(found[1][1]) >= f"{later:%Y-%m-%d %H:%M:%S}"
    ((middle, most),) = rows(day, "select latency_p50_seconds, latency_p95_seconds from status")
    assert 60 < float(str(middle)) < 120 < float(str(most)) < 420
    run_intraday(day, NOW + timedelta(days=3))
    assert rows(day, "select files, latency_p95_seconds from status") == [(0, None)]


def test_erased_persons_never_appear(day: Workspace) -> None:
    register = Register(Lake(day.lake).register_file)
    register.plan(
        token_key_id(TOKEN_KEY),
        [Erasure("R1", "surrogate", NOW)],
        [],
        {"mini_program.users:openAnn": "surrogate", "crm.members:M1": "surrogate"},
    )
    with pytest.raises(RekindleError, match="An erasure of tiny was interrupted"):
        run_intraday(day, NOW)
    assert "was interrupted" in str(why_not_due(day))
    register.complete(NOW, 1, is_everything=False)
    register.close()
    assert why_not_due(day) is None
    assert remove_store(day)
    assert not list(day.serving.glob("*intraday*[!k]"))
    # what a build publishes then: facts under the random person, no record of the erased one
    with duckdb.connect(str(day.serving / "rekindle.duckdb")) as published:
        published.execute("delete from identity.oneid_map where one_id = 'ann'")
        published.execute(
            "update core.fct_orders set one_id = 'surrogate' where order_id = 'old-3'"
        )
    run_intraday(day, NOW)
    assert not {"ann", "surrogate"} & {
        str(value)
        for row in rows(day, "from member_activity")
        for value in row
    }  # fmt: skip
    assert not [row for row in rows(day, "from member_activity") if "openAnn" in str(row[0])]
    assert rows(
        day, "select sum(times) from activity_hourly where activity = 'opened'"
    ) == [(4,)]  # fmt: skip


def test_a_store_without_its_link_is_taken_away_too(day: Workspace) -> None:
    shelf_of(day).link.unlink()
    assert remove_store(day)
    assert not list(day.serving.glob("*intraday*[!k]"))


def test_another_brands_store_is_left_alone(day: Workspace, tmp_path: Path) -> None:
    other = make_workspace(tmp_path, "other")
    with pytest.raises(RekindleError, match="Nothing of other is published in"):
        run_intraday(other, NOW)
    assert not remove_store(other)
    assert shelf_of(day).file.is_file()


def test_a_brand_without_a_publication_is_a_sentence(tmp_path: Path) -> None:
    nothing = make_workspace(tmp_path)
    with pytest.raises(RekindleError, match=r"Nothing of tiny is published in .*: build and publ"):
        run_intraday(nothing, NOW)
    assert "is published" in str(why_not_due(nothing))


def test_a_publication_of_another_version_is_a_sentence(day: Workspace) -> None:
    run_intraday(day, NOW)
    before = everything(day)
    publish_by_hand(day, build_id="build-2")
    with duckdb.connect(str(day.serving / BUILD_FILE_NAME)) as published:
        published.execute("alter table insight.member_rfm rename column rfm_group to rfm_code")
    with pytest.raises(RekindleError, match=r"another version of Rekindle .*rfm_group.*: build"):
        run_intraday(day, NOW)
    assert everything(day) == before


def test_an_empty_brand_has_empty_tables(workspace: Workspace) -> None:
    empty = workspace
    publish_by_hand(empty, as_of=None)
    run_intraday(empty, NOW)
    found = everything(empty)
    assert [len(found[mart.name]) for mart in intraday_marts()] == [0, 0, 0, 1]
    ((acts, end),) = rows(empty, "select acts, window_end_at from status")
    assert acts == 0
    assert str(end) >= f"{NOW:%Y-%m-%d %H:%M}"
    parquet = empty.serving / "intraday" / "member_activity.parquet"
    assert duckdb.execute("select count(*) from read_parquet(?)", [str(parquet)]).fetchall() == [
        (0,)
    ]


def test_a_broken_file_stops_nobody(day: Workspace) -> None:
    deliver(day, "app/events/2", "event_id,occurred_at\n1,2025-06-30T11:00:00Z\n")
    done = run_intraday(day, NOW)
    assert done.loaded is not None
    assert len(done.loaded.refused) == 1
    assert told(rows(day, MEMBER_ACTIVITY)) == EXPECTED


def test_tables_are_those_that_are_described(day: Workspace) -> None:
    page = (PROJECT / "docs" / "intraday.md").read_text("utf-8")
    (example,) = re.findall(r"```sql\n(.*?)```", page, re.DOTALL)
    # bob and cyd ordered after they had put something into the cart
    assert [row[0] for row in rows(day, example)] == ["ann"]
    for mart in intraday_marts():
        described = rows(day, f"describe {mart.name}")
        assert [row[0] for row in described] == [name for name, _ in mart.columns]
        comments = rows(
            day,
            "select comment from duckdb_columns() "
            f"where table_name = '{mart.name}' and comment is null",
        )
        assert comments == []
        assert f"`{mart.name}`" in page
        for name, _ in mart.columns:
            assert f"`{name}`" in page


READER = """
import sys
from pathlib import Path
import duckdb

file, stop = Path(sys.argv[1]), Path(sys.argv[2])
seen, reads = set(), 0
while not stop.exists():
    connection = duckdb.connect(str(file), read_only=True)
    people, acts = connection.execute("select people, acts from status").fetchone()
    found = connection.execute("select count(distinct person_key) from member_activity").fetchone()
    times = connection.execute("select sum(times) from activity_hourly").fetchone()
    connection.close()
    assert (people, acts) == (found[0], times[0]), (people, acts, found, times)
    seen.add(acts)
    reads += 1
print(reads, len(seen))
"""


@pytest.mark.slow
def test_a_reader_without_pause_never_fails_and_never_sees_a_mix(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [f"{hour},new{hour},open,,2025-06-30T{hour:02}:30:00Z,\n" for hour in range(12)]
    deliver(workspace, "mini_program/events/1", EVENTS + "".join(lines))
    run_intraday(workspace, NOW)
    monkeypatch.setattr(run, "_load", lambda *_: None)
    stop = workspace.serving.parent / "stop"
    reader = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(READER), str(shelf_of(workspace).file), str(stop)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        for hours in range(1, 7):  # each window has other people
            monkeypatch.setattr(
                "orchestration.intraday.window.window_hours", lambda _, hours=hours: hours
            )
            assert run_intraday(workspace, NOW).is_new
            time.sleep(0.05)
    finally:
        stop.touch()
        output, errors = reader.communicate(timeout=60)
    assert reader.returncode == 0, errors
    reads, seen = map(int, output.split())
    assert reads >= 10
    assert seen >= 3


def test_orders_of_an_unknown_kind_of_key_are_kept_with_it(workspace: Workspace) -> None:
    at = "2025-06-30T10:00:00Z"
    deliver(
        workspace,
        "commerce/orders/1",
        ORDER_ROWS + f"o1,jd,loyalty_id,L7,paid,sale,,{at},{at},,5,0,5,{at}\n",
    )
    run_intraday(workspace, NOW)
    assert rows(workspace, "select person_key, one_id, last_channel from member_activity") == [
        ("commerce.orders:other:loyalty_id:L7", None, "jd")
    ]


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)
