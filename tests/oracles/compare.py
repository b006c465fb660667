"""Hold an oracle's frame beside a table of a built DuckDB file, row by row.

Keys, whole numbers, dates, texts and decimals must be equal; doubles within 1e-9 (relative to
values above 1). Columns that the oracle does not have are not looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import duckdb
import polars as pl

from tests.oracles.everything import Marts
from tests.oracles.landing import Persons

TOLERANCE = 1e-9
SHOWN = 10

# How identity.oneid_map names the records that oracles know by key.
KEY_OF_RECORD: dict[tuple[str, str], str] = {
    ("crm", "members"): "member_no",
    ("mini_program", "users"): "openid",
    ("app", "users"): "app_user_id",
    ("website", "users"): "web_user_id",
    ("marketplace", "buyers"): "buyer_id",
    ("wecom", "contacts"): "external_userid",
}


@dataclass(frozen=True)
class Mart:
    """A table to compare: its key (as the oracle names it) and the oracle's frame."""

    table: str
    key: tuple[str, ...]
    expected: Callable[[Marts], pl.DataFrame]


MARTS: tuple[Mart, ...] = (
    Mart("core.fct_orders", ("order_id",), lambda marts: marts.fct_orders),
    Mart("insight.member_rfm", ("person",), lambda marts: marts.member_rfm),
    Mart("insight.rfm_history", ("as_of_date", "person"), lambda marts: marts.rfm_history),
    Mart("insight.member_lifecycle", ("person",), lambda marts: marts.member_lifecycle),
    Mart(
        "insight.lifecycle_intervals",
        ("person", "sequence"),
        lambda marts: marts.lifecycle_intervals,
    ),
    Mart(
        "insight.lifecycle_transitions",
        ("month", "from_stage", "to_stage"),
        lambda marts: marts.lifecycle_transitions,
    ),
    Mart("insight.member_risk", ("person",), lambda marts: marts.member_risk),
    Mart("insight.risk_reasons", ("person", "reason_code"), lambda marts: marts.risk_reasons),
    Mart("insight.risk_history", ("as_of_date", "person"), lambda marts: marts.risk_history),
    Mart(
        "intermediate.int_insight__warning_figures",
        ("signal", "metric"),
        lambda marts: marts.warning_figures,
    ),
    Mart(
        "insight.churn_reason_profile",
        ("person", "rank"),
        lambda marts: marts.churn_reason_profile,
    ),
    Mart(
        "measurement.retention_cohorts",
        ("cohort_month", "month_number", "segment_type", "segment_value"),
        lambda marts: marts.retention_cohorts,
    ),
    Mart(
        "kpi.kpi_monthly",
        ("period_start_date", "metric_code", "dimension_type", "dimension_value"),
        lambda marts: marts.kpi_monthly,
    ),
    Mart(
        "kpi.kpi_daily",
        ("period_start_date", "metric_code", "dimension_type", "dimension_value"),
        lambda marts: marts.kpi_daily,
    ),
)


def one_ids(
    connection: duckdb.DuckDBPyConnection, marts: Marts, persons: Persons | None = None
) -> dict[str, str]:
    """Return person -> one_id of a build; an error unless each person has one id of its own.

    A person is found by its records in identity.oneid_map; one that only facts name, by an order.
    """
    names = dict(persons or {})
    found: dict[str, set[str | None]] = {}
    records = connection.execute(
        "select source_system, source_table, source_key, one_id from identity.oneid_map"
    ).fetchall()
    for system, table, source_key, one_id in records:
        kind = KEY_OF_RECORD.get((system, table))
        if kind:
            key = f"{kind}:{source_key}"
            person = names.get(key, key)
            if person is not None:
                found.setdefault(person, set()).add(one_id)
    buyers = marts.known.orders.drop_nulls("person").select("order_id", "person").iter_rows()
    person_of_order = dict(buyers)
    for order_id, one_id in connection.execute(
        "select order_id, one_id from core.fct_orders"
    ).fetchall():
        person = person_of_order.get(order_id)
        if person is not None and person not in found:
            found[person] = {one_id}

    wanted = set(marts.known.persons["person"])
    problems = [
        f"{p} has the ids {sorted(map(str, ids))}"
        for p, ids in found.items()
        if p in wanted and (len(ids) != 1 or None in ids)
    ]
    owners: dict[str | None, list[str]] = {}
    for person in wanted & found.keys():
        for one_id in found[person]:
            owners.setdefault(one_id, []).append(person)
    problems += [
        f"{one_id} stands for {sorted(people)}"
        for one_id, people in owners.items()
        if len(people) > 1
    ]
    if problems:
        message = f"{len(problems)} identities differ:\n" + "\n".join(sorted(problems)[:SHOWN])
        raise AssertionError(message)
    return {p: ids.pop() or "" for p, ids in found.items() if p in wanted and len(ids) == 1}


def differences(
    connection: duckdb.DuckDBPyConnection,
    mart: Mart,
    expected: pl.DataFrame,
    ids: Mapping[str, str],
) -> str:
    """Return what differs between the oracle's frame and the table, in words; empty if nothing."""
    if "person" in expected.columns:
        labels = [p if p is None else ids.get(p, f"(no id) {p}") for p in expected["person"]]
        expected = expected.with_columns(pl.Series("one_id", labels, pl.String)).drop("person")
    key = ["one_id" if column == "person" else column for column in mart.key]
    listed = ", ".join(f'"{column}"' for column in expected.columns)
    actual = connection.sql(f"select {listed} from {mart.table}").pl()
    report = frame_differences(expected, actual, key)
    return f"{mart.table}: {report}" if report else ""


def frame_differences(expected: pl.DataFrame, actual: pl.DataFrame, key: list[str]) -> str:
    """Return how two frames with the same columns differ, row by row along `key`."""
    expected, actual = _comparable(expected), _comparable(actual)
    for name, frame in (("expected", expected), ("actual", actual)):
        twice = frame.filter(pl.struct(key).is_duplicated())
        if twice.height:
            return f"the key {key} is not unique in the {name} rows:\n{_show(twice, key)}"
        if frame.select(pl.any_horizontal(pl.col(key).is_null()).any()).item():
            return f"the key {key} is null in an {name} row"
    missing = expected.join(actual, on=key, how="anti")
    extra = actual.join(expected, on=key, how="anti")
    report = [
        f"{rows.height} rows are {name}:\n{_show(rows, key)}"
        for name, rows in (("missing", missing), ("too many", extra))
        if rows.height
    ]
    both = expected.join(actual, on=key, suffix=" (actual)")
    for column in expected.columns:
        if column in key:
            continue
        wrong = both.filter(_differs(both, column, f"{column} (actual)"))
        if wrong.height:
            shown = wrong.select(*key, column, f"{column} (actual)")
            report.append(f"{column} differs in {wrong.height} rows:\n{_show(shown, key)}")
    if report:
        report.insert(0, f"{expected.height} rows expected, {actual.height} found")
    return "\n".join(report)


def _comparable(frame: pl.DataFrame) -> pl.DataFrame:
    """Bring columns to few types: Int64, Float64, Decimal, text, dates, naive UTC instants."""
    columns = []
    for column in frame.get_columns():
        kind = column.dtype
        if kind.is_integer():
            column = column.cast(pl.Int64)
        elif kind.is_float():
            column = column.cast(pl.Float64)
        elif isinstance(kind, pl.Decimal):
            column = column.cast(pl.Decimal(38, 6))
        elif isinstance(kind, pl.Datetime):
            zoned = kind.time_zone is not None
            column = (
                column.dt.convert_time_zone("UTC").dt.replace_time_zone(None) if zoned else column
            ).dt.cast_time_unit("us")
        elif isinstance(kind, pl.Enum | pl.Categorical):
            column = column.cast(pl.String)
        columns.append(column)
    return pl.DataFrame(columns)


def _differs(frame: pl.DataFrame, left: str, right: str) -> pl.Expr:
    """Return where two columns differ, by the kind of the first."""
    a, b = pl.col(left), pl.col(right)
    kinds = (frame.schema[left], frame.schema[right])
    if any(kind.is_numeric() for kind in kinds) and kinds[0] != kinds[1]:
        # A double on one side: the other is brought to doubles too.
        a, b = a.cast(pl.Float64), b.cast(pl.Float64)
    elif kinds[0] != pl.Float64:
        return a.ne_missing(b)
    scale = pl.max_horizontal(a.abs(), b.abs(), pl.lit(1.0))
    is_apart = ((a - b).abs() > TOLERANCE * scale).fill_null(value=False)
    return (
        (a.is_null() != b.is_null()) | is_apart | (a.is_nan() != b.is_nan()).fill_null(value=False)
    )


def _show(frame: pl.DataFrame, key: list[str]) -> str:
    """Return the first rows as a table that fits into a test report."""
    with pl.Config(
        tbl_rows=SHOWN,
        tbl_cols=-1,
        tbl_width_chars=180,
        fmt_str_lengths=40,
        tbl_hide_dataframe_shape=True,
        tbl_hide_column_data_types=True,
    ):
        return str(frame.sort(key).head(SHOWN))


def check(
    connection: duckdb.DuckDBPyConnection, marts: Marts, persons: Persons | None = None
) -> None:
    """Compare every mart; an AssertionError lists what differs in all of them."""
    ids = one_ids(connection, marts, persons)
    reports = [differences(connection, mart, mart.expected(marts), ids) for mart in MARTS]
    found = [report for report in reports if report]
    assert not found, "\n\n".join(found)
