"""What merges and splits restated: the persons they touch, in the former publication and in this.

Two publications of a brand are compared, the current one and the one before it. Every merge or
split that only the current one knows is an event of the report; of each person it names stands what
the marts said before and say now.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb

from orchestration.errors import UsageError

MEASURES = {
    "records": "select one_id, count(*) as value from {identity.oneid_map} group by one_id",
    "valid_orders": (
        "select one_id, count(*) as value from {core.fct_orders} where is_valid group by one_id"
    ),
    "net_revenue": (
        "select one_id, sum(net_revenue) as value from {core.fct_orders} where is_valid"
        " group by one_id"
    ),
    "rfm_group": "select one_id, rfm_group as value from {insight.member_rfm}",
    "lifecycle_stage": ("select one_id, lifecycle_stage as value from {insight.member_lifecycle}"),
    "consents_granted": (
        "select one_id, count(*) as value from {identity.consent_current} where is_granted"
        " group by one_id"
    ),
}
"""What is compared: rows of (one_id, value); a table in braces is its Parquet file."""


@dataclass(frozen=True)
class Restated:
    """How many merges and splits are new, whom they touch, and the file with all of them."""

    merges: int
    splits: int
    persons: int
    changed: dict[str, int]
    """By measure: persons for whom it is another one now."""

    file: Path


def restated(serving: Path, out: Path) -> Restated:
    """Compare the current publication under `serving` with the former one; writes `out` (CSV).

    One row per event and person it names: event_type, event_id, one_id, caused_by, effective_at,
    and of each measure <measure>_before and <measure>_after (null: not there).
    Raises UsageError where there are no two publications of one brand, or `out` can't be written.
    """
    former, current = _versions(serving)
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        brands = [_brand(connection, version) for version in (former, current)]
        if brands[0] != brands[1]:
            raise UsageError(
                f"The publication before this one is of {brands[0]}, not of {brands[1]}: there is "
                "nothing to compare with until the brand is published again."
            )
        connection.execute(_report(former, current))
        try:
            out.parent.mkdir(parents=True, exist_ok=True)
            connection.execute("copy report to $out (header)", {"out": str(out)})
        except (OSError, duckdb.IOException) as error:
            raise UsageError(f"{out} cannot be written ({error}): give another file.") from error
        changes = ", ".join(
            f"count(distinct one_id) filter ({name}_before is distinct from {name}_after)"
            for name in MEASURES
        )
        row = connection.execute(
            "select count(distinct event_id) filter (event_type = 'merge'),"
            " count(distinct event_id) filter (event_type = 'split'),"
            f" count(distinct one_id), {changes} from report"
        ).fetchone()
    assert row is not None
    return Restated(row[0], row[1], row[2], dict(zip(MEASURES, row[3:], strict=True)), out)


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


def _brand(connection: duckdb.DuckDBPyConnection, version: Path) -> str:
    row = connection.execute(
        "select brand from read_parquet($file)", {"file": str(version / "ops/publication.parquet")}
    ).fetchone()
    return str(row[0]) if row is not None else ""


def _report(former: Path, current: Path) -> str:
    columns, joins = [], []
    for name, query in MEASURES.items():
        for when, version in (("before", former), ("after", current)):
            alias = f"{name}_{when}"
            columns.append(f"{alias}.value as {alias}")
            joins.append(f"left join ({_of(version, query)}) as {alias} using (one_id)")
    events = _of(
        current,
        "select * from {identity.oneid_events} where event_type in ('merge', 'split')",
    )
    known = _of(former, "select event_id from {identity.oneid_events}")
    return f"""
        create table report as
        with events as (
            select * from ({events}) where event_id not in ({known})
        ),
        persons as (
            select event_type, event_id, one_id, caused_by, effective_at from events
            union all
            select event_type, event_id, other_one_id, caused_by, effective_at from events
        )
        select event_type, event_id, one_id, caused_by, effective_at, {", ".join(columns)}
        from persons {" ".join(joins)}
        order by effective_at, event_id, one_id
    """


def _of(version: Path, query: str) -> str:
    """`query` over the Parquet files of a publication."""
    for part in query.split("{")[1:]:
        table = part.split("}", maxsplit=1)[0]
        file = str(version / f"{table.replace('.', '/')}.parquet").replace("'", "''")
        query = query.replace(f"{{{table}}}", f"read_parquet('{file}')")
    return query
