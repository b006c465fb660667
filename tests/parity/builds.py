"""Builds a landing folder on both engines, without dbt's own tests: rows are compared instead."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from orchestration.warehouse.build import manifest_path
from orchestration.workspace import PROJECT, Workspace
from tests.conftest import hand_over, make_workspace
from tests.parity.rows import Compared, compare_models

VIEWS = "views"


def build_both(root: Path) -> list[Compared]:
    """Load and build what lies in `<root>/landing`; returns the comparison of every model."""
    workspace = make_workspace(root, root / "landing")
    duckdb_file = hand_over(workspace)
    on_spark = replace(workspace, engine="spark")
    build_on_spark(root)
    folder = on_spark.build_folder()
    manifest = manifest_path(on_spark.build_file())
    return compare_models(manifest, duckdb_file, folder, folder / VIEWS)


def build_on_spark(root: Path) -> None:
    """Build in a process of its own, with which Spark ends."""
    command = [sys.executable, "-m", "tests.parity.spark_build", str(root)]
    log = root / "spark_build.log"
    with log.open("a", encoding="utf-8") as output:
        ended = subprocess.run(
            command, cwd=PROJECT, stdout=output, stderr=subprocess.STDOUT, check=False
        )
    if ended.returncode != 0:
        tail = log.read_text(encoding="utf-8", errors="replace")[-6000:]
        raise AssertionError(f"The build on Spark failed (see {log}):\n{tail}")


def spark_workspace(root: Path) -> Workspace:
    """Where the build on Spark of `<root>/landing` is."""
    return replace(make_workspace(root, root / "landing"), engine="spark")
