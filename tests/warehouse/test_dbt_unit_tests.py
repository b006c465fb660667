"""dbt's own unit tests (models/**/*__unit_tests.yml) run on the warehouse of an empty brand.

They bring their own rows; of the build they need nothing but the columns of its tables.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from orchestration.warehouse.build import dbt_files, read_state
from orchestration.warehouse.dbt_run import failure_message
from tests.conftest import hand_over, make_workspace, waiting_dbt

AT_LEAST = 35
"""Fewer unit tests than this mean that a folder of them is no longer found."""


@pytest.mark.slow
def test_all_unit_tests_of_the_models_pass(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path, tmp_path / "landing")
    workspace.landing.mkdir()
    build_file = hand_over(workspace)
    state = read_state(build_file)
    assert state is not None
    files = dbt_files(build_file)
    arguments = ["test", "--select", "test_type:unit"]

    result = waiting_dbt().run(files, arguments, state.business_zone, workspace.lake, build_file)

    assert result.is_successful, failure_message(result, files)
    manifest = json.loads((files.target / "manifest.json").read_text(encoding="utf-8"))
    declared = len(manifest["unit_tests"])
    assert declared >= AT_LEAST
    # the success is that of the hook that runs before every command
    assert result.counts == {"pass": declared, "success": 1}
