"""dbt reads a project beside other work, once, and the build begins with what it read."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from orchestration.errors import UsageError
from orchestration.warehouse.build import BuildOptions, build, dbt_files
from orchestration.warehouse.dbt_run import READ
from orchestration.warehouse.read_ahead import project_read_ahead
from orchestration.workspace import Workspace
from tests.orchestration.fakes import workspace_in, write_lake, write_project

DEFAULT = BuildOptions()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write_project(tmp_path / "project")


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    made = workspace_in(tmp_path)
    write_lake(made.lake, {"1": "2025-03-01 10:00:00"})
    return made


def left_of(workspace: Workspace) -> list[str]:
    return [path.name for path in workspace.build.parent.glob(".read_ahead-*")]


@pytest.mark.slow
def test_the_build_begins_with_what_was_read(
    workspace: Workspace, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DBT_LOG_LEVEL_FILE", "debug")
    files = dbt_files(workspace.build_file(), project)
    with project_read_ahead(workspace, DEFAULT, project):
        assert not (files.target / READ).exists()
        assert left_of(workspace) != []
        shutil.rmtree(workspace.build, ignore_errors=True)  # as writing a data set anew does
    assert (files.target / READ).exists()
    assert left_of(workspace) == []
    build(workspace, project=project)
    log = (files.logs / "dbt.log").read_text("utf-8")
    assert "Partial parsing enabled: 0 files deleted, 0 files added, 0 files changed." in log
    assert "Unable to do partial parsing" not in log


def test_a_project_that_was_read_is_not_read_again(workspace: Workspace, project: Path) -> None:
    read = dbt_files(workspace.build_file(), project).target / READ
    read.parent.mkdir(parents=True)
    read.write_bytes(b"read before")
    with project_read_ahead(workspace, DEFAULT, project):
        assert left_of(workspace) == []
    assert read.read_bytes() == b"read before"


def test_a_project_that_cannot_be_read_is_left_to_the_build(
    workspace: Workspace, project: Path
) -> None:
    (project / "dbt_project.yml").write_text("name: [")
    with project_read_ahead(workspace, DEFAULT, project):
        pass
    assert not (dbt_files(workspace.build_file(), project).target / READ).exists()
    assert left_of(workspace) == []


def test_a_mistake_beside_it_ends_the_reading(workspace: Workspace, project: Path) -> None:
    with (
        pytest.raises(UsageError, match="no such folder"),
        project_read_ahead(workspace, DEFAULT, project),
    ):
        raise UsageError("no such folder")
    assert left_of(workspace) == []
