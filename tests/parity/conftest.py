"""Prints which models were compared, and how many rows of each."""

from __future__ import annotations

from dataclasses import astuple
from typing import Any

import pytest

from tests.parity.rows import Compared

REPORT: dict[tuple[str, int], list[Compared]] = {}
"""(brand, day) -> the comparison of every model."""


@pytest.fixture(scope="session")
def report() -> dict[tuple[str, int], list[Compared]]:
    """Where comparisons go that are to be printed at the end."""
    return REPORT


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A process of several hands its comparisons to the one that prints them."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["rows"] = [
            (*key, [astuple(one) for one in models]) for key, models in REPORT.items()
        ]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take the comparisons of a process that has ended; one that was killed has none."""
    for brand, day, models in getattr(node, "workeroutput", {}).get("rows", []):
        REPORT[brand, day] = [Compared(*one) for one in models]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """A line a model: rows compared and rows differing, by brand and day."""
    if not REPORT:
        return
    headings = [f"{brand}, day {day}" for brand, day in REPORT]
    by_name = [{one.name: one for one in models} for models in REPORT.values()]
    terminalreporter.section("rows compared on DuckDB and Spark")
    width = max(len(name) for models in by_name for name in models)
    terminalreporter.write_line(f"{'':{width}}  " + "  ".join(f"{one:>28}" for one in headings))
    for name in sorted({name for models in by_name for name in models}):
        cells = [_cell(models.get(name)) for models in by_name]
        terminalreporter.write_line(f"{name:{width}}  " + "  ".join(f"{one:>28}" for one in cells))
    for (brand, day), models in REPORT.items():
        terminalreporter.write_line(
            f"{brand}, day {day}: {len(models)} models, {sum(one.rows for one in models):,} rows, "
            f"{sum(one.differing for one in models):,} differing"
        )


def _cell(compared: Compared | None) -> str:
    if compared is None:
        return "-"
    if compared.is_equal:
        return f"{compared.rows:,}" if compared.rows else "no rows"
    return f"{compared.rows:,} ({compared.differing:,} DIFFER)"
