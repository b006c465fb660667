"""dbt's own unit tests (models/**/*__unit_tests.yml) run on the warehouse of an empty brand.

They bring their own rows; of the build they need nothing but the columns of its tables.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestration.warehouse.build import dbt_files, read_state
from orchestration.warehouse.dbt_run import dbt_environment, failure_message, run_dbt
from tests.conftest import BuildWarehouse, make_workspace

AT_LEAST = 35
"""Fewer unit tests than this mean that a folder of them is no longer found."""


@pytest.mark.slow
def test_all_unit_tests_of_the_models_pass(
    made_once: Callable[[str, Callable[[Path], None]], Path], build_warehouse: BuildWarehouse
) -> None:
    landing = made_once("empty_landing", Path.mkdir)
    build_file = build_warehouse(landing)
    workspace = make_workspace(build_file.parents[1], landing)
    state = read_state(build_file)
    assert state is not None
    files = dbt_files(build_file)
    environment = dbt_environment(workspace.lake, build_file, state.business_zone)

    result = run_dbt(files, ["test", "--select", "test_type:unit"], environment)

    assert result.is_successful, failure_message(result, files)
    manifest = json.loads((files.target / "manifest.json").read_text(encoding="utf-8"))
    declared = len(manifest["unit_tests"])
    assert declared >= AT_LEAST
    assert result.counts == {"pass": declared}
