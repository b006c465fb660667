"""dbt's own unit tests (models/**/*__unit_tests.yml) run on the warehouse of a small brand.

They bring their own rows; of the build they need nothing but the columns of its tables.
"""

from __future__ import annotations

import json
import shutil
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.warehouse.build import dbt_files
from orchestration.warehouse.dbt_run import DbtFiles, DbtResult, dbt_environment, failure_message
from orchestration.warehouse.lake import DEFAULT_ZONE
from tests.conftest import BuildWarehouse
from tests.dbt_forks import run_dbt
from tests.warehouse.moved_limits import unnoticed

AT_LEAST = 35
"""Fewer unit tests than this mean that a folder of them is no longer found."""

ANOTHER_FILTER = "a stretch that is empty is left out further down"
A_CASE_OF_THE_MACRO = "as_money: tests/macros/cases.yml"
MAY_MOVE: Mapping[str, Mapping[str, str]] = {
    "int_insight__lifecycle_points": {
        "< next_order_date": "that day is a point already, for the order on it",
    },
    "int_insight__profile_orders": {
        "999.99": A_CASE_OF_THE_MACRO,
        "orders.order_date > (": "each judged day leaves out what is not in its own window",
    },
    "int_insight__rfm_values": {"999.99": A_CASE_OF_THE_MACRO},
    "int_insight__replenishment_expectations": {
        "> closed.closed_log_days": "of equals the difference is nothing",
        "closed.own_gaps >= 1": "the squares of one gap are the square of their sum",
    },
    "int_insight__value_trials": {
        "later_purchases > 0": "nothing divided by nothing weighs nothing"
    },
    "int_insight__waiting_warnings": {
        "interests.view_date < free_days.to_date": ANOTHER_FILTER,
        "interests.to_date > free_days.from_date": ANOTHER_FILTER,
        "interests.view_date < interests.to_date": ANOTHER_FILTER,
    },
    "int_insight__warned_lapses": {
        "watched.to_date > order_days.order_date": "nobody lapses on the day of an order",
        "watched.to_date <= order_days.until_date": "nobody lapses on the day of an order",
    },
    "int_insight__warning_segments": {
        "findings.from_date < watched.to_date": ANOTHER_FILTER,
        "findings.to_date > watched.from_date": ANOTHER_FILTER,
    },
}
"""Parts of lines whose limit changes nothing where it moves, and why, by model."""


@dataclass(frozen=True)
class UnitTests:
    """A run of all unit tests."""

    files: DbtFiles
    result: DbtResult

    @property
    def declared(self) -> list[dict[str, Any]]:
        """The unit tests of the project."""
        manifest = json.loads((self.files.target / "manifest.json").read_text(encoding="utf-8"))
        return list(manifest["unit_tests"].values())

    def statements(self, folder: str) -> dict[str, list[str]]:
        """What dbt sent to DuckDB, by model, for unit tests below a folder of models."""
        models = {one["name"]: one["model"] for one in self.declared}
        found = defaultdict(list)
        for path in sorted(self.files.target.glob(f"run/**/{folder}/*.yml/**/*.sql")):
            if path.stem in models:
                found[models[path.stem]].append(path.read_text(encoding="utf-8"))
        return dict(found)


@pytest.fixture(scope="module")
def unit_tests(
    tmp_path_factory: pytest.TempPathFactory,
    cdnow_sample_landing: Path,
    loaded: Callable[[Path], Path],
    build_warehouse: BuildWarehouse,
) -> UnitTests:
    build_file = tmp_path_factory.mktemp("unit_tests") / "rekindle.duckdb"
    shutil.copyfile(build_warehouse(cdnow_sample_landing, date(1998, 2, 14)), build_file)
    files = dbt_files(build_file)
    environment = dbt_environment(loaded(cdnow_sample_landing) / "lake", build_file, DEFAULT_ZONE)
    return UnitTests(files, run_dbt(files, ["test", "--select", "test_type:unit"], environment))


@pytest.mark.slow
def test_all_unit_tests_of_the_models_pass(unit_tests: UnitTests) -> None:
    assert unit_tests.result.is_successful, failure_message(unit_tests.result, unit_tests.files)
    declared = len(unit_tests.declared)
    assert declared >= AT_LEAST
    # the success is that of the hook that runs before every command
    assert unit_tests.result.counts == {"pass": declared, "success": 1}


@pytest.mark.slow
def test_no_limit_of_insight_can_move_without_failing_a_unit_test(unit_tests: UnitTests) -> None:
    found = {}
    with duckdb.connect(config={"threads": 1}) as connection:
        for model, statements in unit_tests.statements("insight").items():
            if lines := unnoticed(statements, connection):
                found[model] = lines
    assert found.keys() == MAY_MOVE.keys()
    for model, lines in found.items():
        assert all(any(part in line for part in MAY_MOVE[model]) for line in lines), (model, lines)
        assert all(any(part in line for line in lines) for part in MAY_MOVE[model]), model
