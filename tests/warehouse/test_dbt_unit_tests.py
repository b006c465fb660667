"""dbt's own unit tests (models/**/*__unit_tests.yml) run on the warehouse of a small brand.

They bring their own rows; of the build they need nothing but the columns of its tables.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from orchestration.warehouse.build import dbt_files
from orchestration.warehouse.dbt_run import dbt_environment, failure_message
from orchestration.warehouse.lake import DEFAULT_ZONE
from tests.conftest import BuildWarehouse
from tests.dbt_forks import run_dbt

AT_LEAST = 35
"""Fewer unit tests than this mean that a folder of them is no longer found."""


@pytest.mark.slow
def test_all_unit_tests_of_the_models_pass(
    tmp_path: Path,
    cdnow_sample_landing: Path,
    loaded: Callable[[Path], Path],
    build_warehouse: BuildWarehouse,
) -> None:
    build_file = tmp_path / "rekindle.duckdb"
    shutil.copyfile(build_warehouse(cdnow_sample_landing, date(1998, 2, 14)), build_file)
    files = dbt_files(build_file)
    environment = dbt_environment(loaded(cdnow_sample_landing) / "lake", build_file, DEFAULT_ZONE)

    result = run_dbt(files, ["test", "--select", "test_type:unit"], environment)

    assert result.is_successful, failure_message(result, files)
    manifest = json.loads((files.target / "manifest.json").read_text(encoding="utf-8"))
    declared = len(manifest["unit_tests"])
    assert declared >= AT_LEAST
    # the success is that of the hook that runs before every command
    assert result.counts == {"pass": declared, "success": 1}
