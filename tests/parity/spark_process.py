"""One Spark session in which builds follow one another, as `SparkProcess` asks for them.

    python -m tests.parity.spark_process <process that asks> <folder for the warehouse>

Reads a task a line from standard input, a list of its name and its arguments, and answers each with
a line. Views hold no rows of their own, so what each shows is written to <build folder>/views/.
"""

from __future__ import annotations

import importlib
import json
import os
import shutil
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from dbt.cli.main import dbtRunner

from orchestration.warehouse.build import (
    BuildOptions,
    building,
    dbt_files,
    finish_build,
    manifest_path,
)
from orchestration.warehouse.dbt_process import end_with_parent
from orchestration.warehouse.dbt_run import DbtFiles, dbt_environment, read_results, with_folders
from orchestration.warehouse.spark import spark_environment
from tests.parity.builds import VIEWS, spark_workspace

EXECUTORS = "local-cluster[2,1,1024]"
"""Two executor processes with a core and a gigabyte each, so that rows travel between them."""

JAVA_OPTIONS = "-XX:+UseSerialGC"

DEFAULTS = """\
spark.executor.defaultJavaOptions -XX:TieredStopAtLevel=1
spark.sql.ui.explainMode simple
spark.sql.codegen.wholeStage false
spark.sql.codegen.factoryMode NO_CODEGEN
"""
"""What would pay off on many rows only is left out: Java of executors that is compiled further,
plans that are written down anew after each stage (a third of the driver's work), and queries as
Java classes. Macros are tested with such classes (`test_macros_on_spark.py`)."""

THREADS = 3
"""Statements at once: while Spark plans one, its executors work at another."""


def build(root: str, project: str, modes: str) -> str | None:
    """Build and keep the state like `rekindle build --engine spark`, without dbt's tests.

    Returns the reason for a full refresh, or None.
    """
    workspace = spark_workspace(Path(root))
    options = BuildOptions(**json.loads(modes))
    with building(workspace, options, project=Path(project)) as plan:
        files = dbt_files(plan.build_file, Path(project))
        environment = dbt_environment(
            plan.sources, plan.build_file, plan.lake.business_zone, "spark"
        )
        arguments = list(plan.dbt_arguments)
        arguments.insert(arguments.index("resource_type:unit_test"), "resource_type:test")
        _run_dbt(files, environment, arguments)
        finish_build(plan, files, dict(read_results(files).counts))
    _write_views(manifest_path(plan.build_file), workspace.build_folder() / VIEWS)
    return plan.full_refresh


def dbt(work: str, project: str, *arguments: str) -> Mapping[str, int]:
    """Run dbt with another project on the brand that was built last.

    Returns how many nodes ended with each status.
    """
    files = DbtFiles(project=Path(project), work=Path(work))
    _run_dbt(files, os.environ, arguments)
    return read_results(files).counts


def forget() -> None:
    """Drop all tables."""
    session = _session()
    for row in session.sql("show schemas").collect():
        if row[0] != "default":
            session.sql(f"drop schema {row[0]} cascade")


def _run_dbt(files: DbtFiles, environment: Mapping[str, str], arguments: Sequence[str]) -> None:
    os.environ.update(with_folders(environment, files))
    done = dbtRunner().invoke(list(arguments))
    if not done.success:
        raise RuntimeError("dbt failed") from done.exception


def _write_views(manifest: Path, target: Path) -> None:
    shutil.rmtree(target, ignore_errors=True)
    nodes = json.loads(manifest.read_text(encoding="utf-8"))["nodes"].values()
    views = [
        (node["schema"], node["alias"])
        for node in nodes
        if node["resource_type"] in {"model", "snapshot"}
        and node["config"].get("materialized") in {"view", "snapshot"}
    ]
    session = _session()

    def write(view: tuple[str, str]) -> None:
        rows = session.table(".".join(view))
        rows.coalesce(1).write.parquet(str(target.joinpath(*view)))

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(write, views))


def _session() -> Any:
    return importlib.import_module("pyspark.sql").SparkSession.builder.getOrCreate()


def serve(folder: Path) -> None:
    """Do one task after the other until there are no more."""
    os.environ.setdefault("REKINDLE_SPARK_MASTER", EXECUTORS)
    os.environ.setdefault("REKINDLE_SPARK_JAVA_OPTIONS", JAVA_OPTIONS)
    os.environ.setdefault("REKINDLE_SPARK_THREADS", str(THREADS))
    os.environ["SPARK_CONF_DIR"] = str(folder)
    (folder / "spark-defaults.conf").write_text(DEFAULTS, encoding="utf-8")
    os.environ.update(spark_environment(folder))
    tasks: dict[str, Callable[..., Any]] = {"build": build, "dbt": dbt, "forget": forget}
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        task, *arguments = json.loads(line)
        try:
            answer = {"is": tasks[task](*arguments)}
        except Exception as error:
            traceback.print_exc()
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    end_with_parent(int(sys.argv[1]))
    serve(Path(sys.argv[2]))
