"""Builds one brand on Spark and writes down what its views show, in one Spark session.

    python -m tests.parity.spark_build <folder with landing/ and lake/>

Views hold no rows of their own, so what each shows is written to <build folder>/views/.
"""

from __future__ import annotations

import importlib
import json
import os
import shutil
import sys
from pathlib import Path

from dbt.cli.main import dbtRunner

from orchestration.warehouse.build import (
    BuildOptions,
    building,
    dbt_files,
    finish_build,
    manifest_path,
)
from orchestration.warehouse.dbt_run import dbt_environment, read_results, with_folders
from tests.parity.builds import VIEWS, spark_workspace

EXECUTORS = "local-cluster[2,1,1024]"
"""Two executor processes with a core and a gigabyte each, so that rows travel between them."""

SHORT_LIVED = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
"""Java that compiles less: a build of a small brand ends before more would pay off."""


def build(root: Path) -> None:
    """Build and keep the state like `rekindle build --engine spark`, without dbt's tests."""
    workspace = spark_workspace(root)
    os.environ.setdefault("REKINDLE_SPARK_MASTER", EXECUTORS)
    os.environ.setdefault("REKINDLE_SPARK_JAVA_OPTIONS", SHORT_LIVED)
    with building(workspace, BuildOptions()) as plan:
        files = dbt_files(plan.build_file)
        environment = dbt_environment(
            plan.sources, plan.build_file, plan.lake.business_zone, "spark"
        )
        os.environ.update(with_folders(environment, files))
        arguments = list(plan.dbt_arguments)
        arguments.insert(arguments.index("resource_type:unit_test"), "resource_type:test")
        print(f"full refresh: {plan.full_refresh}", flush=True)
        if not dbtRunner().invoke(arguments).success:
            raise SystemExit("dbt failed on Spark")
        finish_build(plan, files, dict(read_results(files).counts))
    _write_views(manifest_path(plan.build_file), workspace.build_folder() / VIEWS)


def _write_views(manifest: Path, target: Path) -> None:
    session = importlib.import_module("pyspark.sql").SparkSession.builder.getOrCreate()
    shutil.rmtree(target, ignore_errors=True)
    for node in json.loads(manifest.read_text(encoding="utf-8"))["nodes"].values():
        is_view = node["config"].get("materialized") in {"view", "snapshot"}
        if node["resource_type"] in {"model", "snapshot"} and is_view:
            rows = session.table(f"{node['schema']}.{node['alias']}")
            rows.coalesce(1).write.parquet(str(target / node["schema"] / node["alias"]))


if __name__ == "__main__":
    build(Path(sys.argv[1]))
