"""What merges and splits restated: the persons they touch, in the former publication and in this.

Two publications of a brand are compared. Every merge or split that only the later one knows is an
event of the report; of each person it names stands what the marts said before and say now. What is
compared follows from what is published: the rows about the person in every table that has a column
one_id, and beside them some figures.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb

from orchestration.errors import UsageError
from orchestration.loading.lake import sql_text

PERSON = "one_id"
EVENTS = "identity.oneid_events"


@dataclass(frozen=True)
class Figure:
    """A figure about a person: an aggregate over its rows in a published table."""

    table: str
    columns: tuple[str, ...]
    aggregate: str


FIGURES = {
    "valid_orders": Figure(
        "core.fct_orders", ("is_valid",), "nullif(count(*) filter (is_valid), 0)"
    ),
    "net_revenue": Figure(
        "core.fct_orders", ("is_valid", "net_revenue"), "sum(net_revenue) filter (is_valid)"
    ),
    "rfm_group": Figure("insight.member_rfm", ("rfm_group",), "min(rfm_group)"),
    "lifecycle_stage": Figure(
        "insight.member_lifecycle", ("lifecycle_stage",), "min(lifecycle_stage)"
    ),
    "consents_granted": Figure(
        "identity.consent_current", ("is_granted",), "nullif(count(*) filter (is_granted), 0)"
    ),
    "ltv_365d": Figure("insight.member_ltv", ("ltv_365d",), "sum(ltv_365d)"),
}
"""What is compared beside the numbers of rows; null where a table or a column is not there."""


@dataclass(frozen=True)
class Restated:
    """How many merges and splits are new, whom they touch, and the file with all of them."""

    merges: int
    splits: int
    persons: int
    changed: dict[str, int]
    """By measure: persons for whom it is another one now."""

    file: Path

    def line(self) -> str:
        """What happened, in a line."""
        return f"{self.merges:,} merges and {self.splits:,} splits of {self.persons:,} persons"


def restated(serving: Path, out: Path) -> Restated:
    """Compare the current publication under `serving` with the former one; writes `out` (CSV).

    Raises UsageError where there are no two publications of one brand, or `out` can't be written.
    """
    former, current = _versions(serving)
    brands = [_brand(version) for version in (former, current)]
    if brands[0] != brands[1]:
        raise UsageError(
            f"The publication before this one is of {brands[0]}, not of {brands[1]}: there is "
            "nothing to compare with until the brand is published again."
        )
    try:
        return _compare(former, current, out)
    except (OSError, duckdb.IOException) as error:
        raise UsageError(f"{out} cannot be written ({error}): give another file.") from error


def restated_since(former: Path | None, current: Path, out: Path) -> Restated | None:
    """Compare two folders of published Parquet files; writes `out` where there is a new event.

    None where there is none, or nothing of the same brand that was published before.
    """
    if former is None or _brand(former) != _brand(current):
        return None
    if not (current / EVENTS.replace(".", "/")).with_suffix(".parquet").is_file():
        return None
    found = _compare(former, current, out, only_events=True)
    return found if found.merges or found.splits else None


def _compare(former: Path, current: Path, out: Path, *, only_events: bool = False) -> Restated:
    """Write `out`: one row per event and person it names.

    event_type, event_id, one_id, caused_by, effective_at, and of each measure <measure>_before and
    <measure>_after (null: not there).
    """
    sides = {"before": _tables(former), "after": _tables(current)}
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(_persons(sides["before"], sides["after"]))
        if only_events and not connection.execute("from persons limit 1").fetchall():
            return Restated(0, 0, 0, {}, out)
        connection.execute("create table measured (one_id text, measure text, value text)")
        measures = list(
            dict.fromkeys(
                name
                for side, tables in sides.items()
                for name in _measure(connection, side, tables)
            )
        )
        connection.execute(_report(measures))
        out.parent.mkdir(parents=True, exist_ok=True)
        connection.execute("copy report to $out (header)", {"out": str(out)})
        changes = "".join(
            f", count(distinct one_id) filter ({name}_before is distinct from {name}_after)"
            for name in measures
        )
        merges, splits, persons, *changed = connection.execute(
            "select count(distinct event_id) filter (event_type = 'merge'),"
            " count(distinct event_id) filter (event_type = 'split'),"
            f" count(distinct one_id){changes} from report"
        ).fetchall()[0]
    return Restated(merges, splits, persons, dict(zip(measures, changed, strict=True)), out)


def _versions(serving: Path) -> tuple[Path, Path]:
    link = serving / "parquet"
    current = link.resolve()
    others = sorted(path for path in current.parent.glob("*") if path.is_dir() and path != current)
    if not link.is_symlink() or not others:
        raise UsageError(
            f"There are no two publications in {serving} to compare: the report needs this one and "
            "the one before it."
        )
    return others[-1], current


def _brand(version: Path) -> str:
    file = version / "ops" / "publication.parquet"
    rows = duckdb.execute("select brand from read_parquet(?)", [str(file)]).fetchall()
    return str(rows[0][0]) if rows else ""


@dataclass(frozen=True)
class _Table:
    file: Path
    columns: frozenset[str]

    @property
    def rows(self) -> str:
        return f"read_parquet({sql_text(str(self.file))})"


def _tables(version: Path) -> dict[str, _Table]:
    """What is published about persons, by <schema>.<name>."""
    found = {}
    for file in sorted(version.glob("*/*.parquet")):
        described = duckdb.execute("describe from read_parquet(?)", [str(file)]).fetchall()
        columns = frozenset(str(row[0]) for row in described)
        if PERSON in columns:
            found[f"{file.parent.name}.{file.stem}"] = _Table(file, columns)
    return found


def _persons(before: Mapping[str, _Table], after: Mapping[str, _Table]) -> str:
    known = f"select event_id from {before[EVENTS].rows}" if EVENTS in before else "select ''"
    return f"""
        create table persons as
        with events as (
            select * from {after[EVENTS].rows}
            where event_type in ('merge', 'split') and event_id not in ({known})
        )
        select event_type, event_id, one_id, caused_by, effective_at from events
        union all
        select event_type, event_id, other_one_id, caused_by, effective_at from events
    """


def _measure(
    connection: duckdb.DuckDBPyConnection, side: str, tables: Mapping[str, _Table]
) -> Iterator[str]:
    """Measure the persons in the tables of a publication; gives the names of the measures."""
    for name, table in tables.items():
        wanted = {f"{name.split('.')[1]}_rows": "count(*)"} | {
            measure: figure.aggregate
            for measure, figure in FIGURES.items()
            if figure.table == name and table.columns.issuperset(figure.columns)
        }
        for measure, aggregate in wanted.items():
            connection.execute(
                f"insert into measured select one_id, '{measure}_{side}', {aggregate}"
                f" from {table.rows} where one_id in (select one_id from persons) group by one_id"
            )
            yield measure


def _report(measures: list[str]) -> str:
    columns = "".join(
        f", max(value) filter (measure = '{name}_{side}') as {name}_{side}"
        for name in measures
        for side in ("before", "after")
    )
    return f"""
        create table report as
        with measured_persons as (
            select one_id{columns} from measured group by one_id
        )
        select persons.*, measured_persons.* exclude (one_id)
        from persons left join measured_persons using (one_id)
        order by effective_at, event_id, one_id
    """
