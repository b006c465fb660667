"""What was believed of a person ends when the person is none any more, on both engines alike."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import pytest

from tests.conftest import hand_over, make_workspace
from tests.macros.engine import BUSINESS_ZONE, _make_environment, macro_texts
from tests.scenarios.identity import Record, write_slices

DAYS = ("2025-03-01", "2025-03-02")
PHONE, OTHER_PHONE = "13920481234", "13920485678"
RECORDS = (
    Record("crm", "ends-1", DAYS[0], {"phone": PHONE, "registered_at": "2025-02-10T04:00:00Z"}),
    Record("crm", "ends-2", DAYS[0], {"phone": OTHER_PHONE}),
    Record("crm", "ends-2", DAYS[1], {"phone": PHONE, "registered_at": f"{DAYS[0]}T01:00:00Z"}),
    *(Record("order", f"ends-{day}", day, {"buyer_key_type": "none"}) for day in DAYS),
)


@pytest.mark.slow
def test_a_merge_ends_what_was_believed_of_who_is_gone(
    made_once: Callable[[str, Callable[[Path], None]], Path],
) -> None:
    """One card is merged into the other on the second day: in the same build its belief ends."""

    def write(folder: Path) -> None:
        workspace = make_workspace(folder, folder / "landing")
        for day in DAYS:
            write_slices(workspace.landing, RECORDS, [day])
            hand_over(workspace, "--select", "+member_lifecycle_beliefs", "+oneid_events")

    build_file = make_workspace(made_once("beliefs-end", write), Path()).build_file()
    with duckdb.connect(str(build_file), read_only=True) as connection:
        ((gone, one),) = connection.execute(
            "select other_one_id, one_id from identity.oneid_events where event_type = 'merge'"
        ).fetchall()
        beliefs = dict(
            connection.execute(
                "select one_id, list(dbt_valid_to::date::text order by dbt_valid_from)"
                " from snapshots.member_lifecycle_beliefs group by one_id"
            ).fetchall()
        )
    assert beliefs.keys() == {gone, one}
    assert beliefs[gone] == [DAYS[1]]
    assert beliefs[one][-1] is None


# Both engines' SQL over the same random days ------------------------------------------------------


class Relation:
    """A relation of dbt, as far as the macros look at it."""

    def __init__(self, name: str) -> None:
        self.identifier = name

    def incorporate(self, path: Mapping[str, str], type: str) -> Relation:  # noqa: A002
        assert type == "table"
        return Relation(path["identifier"])

    def __str__(self) -> str:
        return self.identifier


def environment(connection: duckdb.DuckDBPyConnection, engine: str) -> Any:
    """The macros of an engine for a snapshot of the mart `mart`, over a database."""
    made = _make_environment(False, BUSINESS_ZONE, engine, macro_texts())
    settings = {"unique_key": "one_id", "updated_at": "believed_at", "check_cols": ["stage"]}
    adapter: Any = made.globals["adapter"]
    adapter.get_columns_in_relation = lambda relation: [
        SimpleNamespace(name=row[0])
        for row in connection.execute(f"describe {relation}").fetchall()
    ]
    made.globals.update(config=SimpleNamespace(require=settings.__getitem__), this=Relation("told"))
    return made


SNAPSHOT = "select one_id, stage, cast(as_of_date as timestamp) as believed_at from mart"
COLUMNS = "one_id, stage, believed_at, dbt_valid_from, dbt_valid_to"


def on_spark(days: list[dict[str, str]]) -> list[list[tuple[Any, ...]]]:
    """What the snapshot tells after each day by the log of Spark's materialization."""
    found = []
    with duckdb.connect() as connection:
        made = environment(connection, "spark")

        def run(call: str) -> None:
            connection.execute(made.from_string("{{ " + call + " }}").render())

        for number, persons in enumerate(days):
            make_mart(connection, number, persons)
            if number == 0:
                first = made.from_string(f"{{{{ beliefs_first_sql('{SNAPSHOT}') }}}}").render()
                connection.execute(f"create table told__log as {first}")
                # a log of a version that knew no ends
                connection.execute("alter table told__log drop column _is_end")
                connection.execute("alter table told__log add column _is_end boolean")
            else:
                run(f"beliefs_append_sql('told__log', '{SNAPSHOT}')")
            told = made.from_string("{{ beliefs_told_sql('told__log') }}").render()
            connection.execute(f"create or replace view told as {told}")
            run("end_beliefs('mart')")
            found.append(connection.execute(f"select {COLUMNS} from told order by all").fetchall())
    return found


def on_duckdb(days: list[dict[str, str]]) -> list[list[tuple[Any, ...]]]:
    """What dbt's own snapshot (strategy check) and the hook after it leave after each day."""
    found = []
    with duckdb.connect() as connection:
        made = environment(connection, "duckdb")
        connection.execute(
            "create table told (one_id text, stage text, believed_at timestamp,"
            " dbt_valid_from timestamp, dbt_valid_to timestamp)"
        )
        for number, persons in enumerate(days):
            make_mart(connection, number, persons)
            connection.execute(
                f"create or replace temp table changed as select source.* from ({SNAPSHOT})"
                " as source left join told on source.one_id = told.one_id and"
                " dbt_valid_to is null where told.one_id is null or told.stage <> source.stage"
            )
            connection.execute(
                "update told set dbt_valid_to = changed.believed_at from changed"
                " where told.one_id = changed.one_id and dbt_valid_to is null"
            )
            connection.execute("insert into told select *, believed_at, null from changed")
            connection.execute(made.from_string("{{ end_beliefs('mart') }}").render())
            found.append(connection.execute(f"select {COLUMNS} from told order by all").fetchall())
    return found


def make_mart(connection: duckdb.DuckDBPyConnection, number: int, persons: dict[str, str]) -> None:
    day = date(2025, 3, 1) + timedelta(days=number)
    connection.execute(
        "create or replace table mart as select unnest($ids) as one_id, unnest($stages) as stage,"
        " $day::date as as_of_date",
        {"ids": list(persons), "stages": list(persons.values()), "day": day},
    )


def test_both_engines_end_the_same_beliefs() -> None:
    """Persons come, change, go and are there again; on a day without anybody nothing ends."""
    draw = random.Random(3)
    days = [
        {who: draw.choice(("new", "active")) for who in "abcdefgh" if draw.random() < 0.6}
        for _ in range(12)
    ]
    days[5] = {}
    spark, duck = on_spark(days), on_duckdb(days)
    assert spark == duck
    for number, (persons, beliefs) in enumerate(zip(days, duck, strict=True)):
        open_now = {row[0]: row[1] for row in beliefs if row[4] is None}
        if persons:
            assert open_now == persons, number
    again = [row[0] for row in duck[-1]]
    assert len(again) > len(set(again))
