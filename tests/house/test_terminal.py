"""What a person sees of a dbt run: numbers that go up, and what fails."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from orchestration.terminal import Terminal
from orchestration.warehouse.dbt_run import NodeResult


def test_operations_before_a_run_are_told_only_where_they_fail(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("orchestration.terminal.SECONDS_BETWEEN_LINES", 0.0)
    out = StringIO()
    terminal = Terminal(1, Console(file=out, width=110))
    hook = "rekindle-on-run-start-0"
    with terminal.dbt_progress() as progress:
        progress(NodeResult(1, 1, "operation", hook, "started", 0))
        progress(NodeResult(1, 1, "operation", hook, "success", 0))
        progress(NodeResult(1, 2, "model", "fct_orders", "success", 0))
        progress(NodeResult(1, 1, "operation", hook, "error", 0))
        progress(NodeResult(2, 2, "test", "primary_key", "fail", 0))
    said = [line.strip() for line in out.getvalue().splitlines()]
    assert said[0] == "1 of 2: fct_orders"
    assert f"error: operation {hook}" in said
    assert "fail: test primary_key" in said
    assert not any("started" in line or "1 of 1" in line for line in said)
