"""The figures of docs/models.md, from the builds of the data sets.

make demo; make demo DATA=complete_journey; make demo DATA=cdnow; python -m benchmarks.models_page

Tests hold the columns of the brands they build to the same figures (`differences`).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import duckdb

from orchestration.errors import UsageError
from orchestration.workspace import PROJECT, resolve_workspace

PAGE = PROJECT / "docs" / "models.md"
BRANDS = {
    "complete_journey": "The Complete Journey",
    "demo_brand": "demo brand",
    "cdnow": "CDNOW",
}
NOT_BEATEN = "✗"
"""Stands behind a figure that is no better than its baseline."""

Figure = tuple[float | str | None, float | None]
"""A figure and that of its baseline."""

_SCORECARD = (
    "select model_name || '/' || metric, value, baseline_value from insight.model_scorecard"
)
_BEYOND = {
    "replenishment/hit_rate_of_first": """
        select avg(case when abs(gap_days - expected_days) <= 7 then 1.0 else 0.0 end), null
        from intermediate.int_insight__replenishment_expectations
        where purchase_number = 1 and not is_open
    """,
    "churn/people": """
        select count(*), null from intermediate.int_insight__churn_scores where step = 1
    """,
    "churn/churned_surely_alive": """
        select avg(case when scores.p_alive = 1 then 1.0 else 0.0 end), null
        from intermediate.int_insight__churn_scores as scores
        inner join insight.member_lifecycle as lifecycle using (one_id)
        where scores.step = 0 and lifecycle.lifecycle_stage = 'churned'
    """,
    "recommendations/recall_of_new": """
        with ten as (
            select one_id, product_id from intermediate.int_insight__product_candidates
            where step = 1
        ),

        popular as (
            select product_id from intermediate.int_insight__product_popularity
            where step = 1 and popularity_rank <= 10
        )

        select
            avg(case when ten.product_id is null then 0.0 else 1.0 end),
            avg(case when popular.product_id is null then 0.0 else 1.0 end)
        from intermediate.int_insight__product_histories as histories
        left join ten using (one_id, product_id)
        left join popular on histories.product_id = popular.product_id
        where histories.step = 1 and histories.is_bought_later and histories.purchases = 0
            and histories.one_id in (select one_id from ten)
    """,
    "version/churn": """
        select version_code || ', ' || kind, null from intermediate.int_insight__churn_trials
        where rank_of_all = 1
    """,
    "version/p_alive": """
        select version_code, null from intermediate.int_insight__churn_trials
        where rank_of_kind = 1 and kind = 'bg_nbd'
    """,
    "version/value": """
        select version_code, null from intermediate.int_insight__value_trials where version_rank = 1
    """,
}
"""What no mart holds, asked of the build file."""


@dataclass(frozen=True)
class Line:
    """A line of a table: its figure, how it is written, and when it beats its baseline."""

    label: str
    figure: str
    unit: Literal["percent", "whole", "text"] | int
    """A number has so many decimals."""
    better: Literal["higher", "lower", "nearer to 1", ""] = ""
    shows: Literal["both", "value", "baseline"] = "both"


@dataclass(frozen=True)
class Table:
    """A table of the page."""

    head: str
    brands: tuple[str, ...]
    lines: tuple[Line, ...]


_TWO = ("complete_journey", "demo_brand")
TABLES = {
    "replenishment": Table(
        "figure (baseline)",
        _TWO,
        (
            Line(
                "next purchase within 7 days (the category's median)",
                "replenishment/hit_rate", "percent", "higher",
            ),
            Line(
                "the same (the median of all gaps)",
                "replenishment/hit_rate_over_all", "percent", "higher",
            ),
            Line(
                "mean miss in days (the category's median)",
                "replenishment/mean_absolute_error_days", 1, "lower",
            ),
            Line(
                "next purchase inside the interval (promised)",
                "replenishment/interval_coverage", "percent",
            ),
            Line("expectations tried", "replenishment/trials", "whole", shows="value"),
            Line(
                "after the first purchase, within 7 days",
                "replenishment/hit_rate_of_first", "percent", shows="value",
            ),
        ),
    ),
    "churn": Table(
        "figure (baseline: BG/NBD's probability of the same)",
        (*_TWO, "cdnow"),
        (
            Line("people", "churn/people", "whole", shows="value"),
            Line("of them gone", "churn/gone_share", "percent", shows="value"),
            Line("AUC", "churn/auc", 3, "higher"),
            Line("PR-AUC", "churn/pr_auc", 3, "higher"),
            Line("Brier", "churn/brier", 4, "lower"),
            Line("log loss", "churn/log_loss", 3, "lower"),
            Line("calibration error", "churn/calibration_error", 3, "lower"),
            Line("lift in the first tenth", "churn/lift_at_10", 2, "higher"),
            Line("AUC of 1 − P(alive)", "churn/auc_over_p_alive", 3, shows="baseline"),
            Line(
                "of the stage churned, those whose P(alive) is 1",
                "churn/churned_surely_alive", "percent", shows="value",
            ),
            Line("`churn_probability` is told by", "version/churn", "text", shows="value"),
            Line("`p_alive` is told by", "version/p_alive", "text", shows="value"),
        ),
    ),
    "ltv": Table(
        "figure (baseline)",
        _TWO,
        (
            Line(
                "expected over actual purchases", "ltv/purchases_over_actual", 3, "nearer to 1"
            ),
            Line("expected over actual revenue", "ltv/revenue_over_actual", 3, "nearer to 1"),
            Line("mean absolute error per person", "ltv/mean_absolute_error", 2, "lower"),
            Line("root mean square error per person", "ltv/root_mean_square_error", 2, "lower"),
            Line(
                "error of ten groups, of all revenue", "ltv/tenth_error_share", "percent", "lower"
            ),
            Line(
                "revenue that the best tenth holds",
                "ltv/top_tenth_revenue_share", "percent", "higher",
            ),
            Line("purchases are told by", "version/p_alive", "text", shows="value"),
            Line("what one is worth is told by", "version/value", "text", shows="value"),
        ),
    ),
    "recommendations": Table(
        "figure (baseline)",
        _TWO,
        (
            Line(
                "recall of 10 products (the most popular ten)",
                "recommendations/recall_at_10", "percent", "higher",
            ),
            Line(
                "the same (the ten last bought)",
                "recommendations/recall_at_10_over_last", "percent", "higher",
            ),
            Line(
                "persons with a hit (the most popular ten)",
                "recommendations/hit_rate_at_10", "percent", "higher",
            ),
            Line(
                "the same (the ten last bought)",
                "recommendations/hit_rate_at_10_over_last", "percent", "higher",
            ),
            Line(
                "coverage of the products sold (the most popular ten)",
                "recommendations/coverage", "percent", "higher",
            ),
            Line(
                "the same (the ten last bought)",
                "recommendations/coverage_over_last", "percent", "higher",
            ),
            Line(
                "of what was new to its buyer, among the ten (the most popular ten)",
                "recommendations/recall_of_new", "percent", "higher",
            ),
            Line("people", "recommendations/people", "whole", shows="value"),
        ),
    ),
}  # fmt: skip


def figures(connection: duckdb.DuckDBPyConnection) -> dict[str, Figure]:
    """The figures of a build file by name."""
    found = {name: (value, base) for name, value, base in connection.execute(_SCORECARD).fetchall()}
    for name, query in _BEYOND.items():
        rows = connection.execute(query).fetchall()
        found[name] = rows[0] if rows else (None, None)
    return found


def cell(line: Line, of_brand: Mapping[str, Figure]) -> str:
    """A figure as it stands on the page, its baseline in brackets."""
    value, baseline = of_brand[line.figure]
    if line.shows != "both" or baseline is None:
        return _written(line, baseline if line.shows == "baseline" else value)
    mark = "" if not line.better or _beats(line, value, baseline) else f" {NOT_BEATEN}"
    return f"{_written(line, value)} ({_written(line, baseline)}){mark}"


def column(table: Table, of_brand: Mapping[str, Figure]) -> list[str]:
    """The cells of a brand."""
    return [cell(line, of_brand) for line in table.lines]


def differences(connection: duckdb.DuckDBPyConnection, brand: str) -> Iterator[str]:
    """What the page says otherwise than the build file of a brand."""
    of_brand = figures(connection)
    text = PAGE.read_text(encoding="utf-8")
    for name, table in TABLES.items():
        if brand in table.brands:
            place = 1 + table.brands.index(brand)
            rows = _block(text, name).strip().splitlines()[2:]
            shown = [row.strip("| ").split(" | ")[place] for row in rows]
            for line, there, here in zip(table.lines, shown, column(table, of_brand), strict=True):
                if there != here:
                    yield f"{name}, {line.label}: the page says {there}, the build {here}"


def written(text: str, of_brands: Mapping[str, Mapping[str, Figure]]) -> str:
    """The page with the tables of these figures."""
    for name, table in TABLES.items():
        columns = [column(table, of_brands[brand]) for brand in table.brands]
        rows = [[table.head, *(BRANDS[brand] for brand in table.brands)]]
        rows.append(["---", *("---:" for _ in table.brands)])
        rows += [[line.label, *cells] for line, *cells in zip(table.lines, *columns, strict=True)]
        lines = "\n".join("| " + " | ".join(row) + " |" for row in rows)
        before, begin, rest = text.partition(f"<!-- {name} -->")
        _, end, after = rest.partition(f"<!-- end of {name} -->")
        text = f"{before}{begin}\n{lines}\n{end}{after}"
    return text


def _block(text: str, name: str) -> str:
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    return text.partition(begin)[2].partition(end)[0]


def _written(line: Line, value: float | str | None) -> str:
    if value is None:
        return "–"
    if isinstance(value, str):
        return value
    if line.unit == "percent":
        return f"{100 * value:.1f} %"
    return f"{value:,.{line.unit if isinstance(line.unit, int) else 0}f}"


def _beats(line: Line, value: float | str | None, baseline: float) -> bool:
    if not isinstance(value, int | float):
        return False
    if line.better == "nearer to 1":
        value, baseline = -abs(value - 1), -abs(baseline - 1)
    elif line.better == "lower":
        value, baseline = -value, -baseline
    return value > baseline + 1e-9


def main(arguments: Sequence[str]) -> None:
    """Write the tables from the builds of `make demo`, or from files named brand=path."""
    named = dict(argument.split("=", 1) for argument in arguments)
    of_brands = {}
    for brand in BRANDS:
        file = Path(named[brand]) if brand in named else resolve_workspace(brand).build_file()
        if not file.is_file():
            raise UsageError(f"{file} is not there: make demo DATA={brand} makes it.")
        with duckdb.connect(str(file), read_only=True) as connection:
            of_brands[brand] = figures(connection)
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8"), of_brands), encoding="utf-8")
    sys.stdout.write(f"{PAGE} holds the figures of today's builds.\n")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except UsageError as error:
        sys.exit(str(error))
