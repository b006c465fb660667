"""Builds brands on both engines, without dbt's own tests: rows are compared instead."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from orchestration.warehouse.build import manifest_path
from orchestration.warehouse.spark import WAREHOUSE
from orchestration.workspace import PROJECT, Workspace
from tests.conftest import build_brand, load_brand, make_workspace
from tests.parity.brands import Brand
from tests.parity.rows import Compared, compare_models

VIEWS = "views"


class SparkProcess:
    """A process with one Spark session, in which builds follow one another.

    Starting Spark, and running its code for the first time, takes longer than a small brand's rows.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self.warehouse = folder / WAREHOUSE
        self._log = folder / "log.txt"
        module = "tests.parity.spark_process"
        with self._log.open("w", encoding="utf-8") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", module, str(os.getpid()), str(folder)],
                cwd=PROJECT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )

    def begin(self, task: str, *arguments: str) -> None:
        """Begin a task of `tests.parity.spark_process`."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([task, *arguments]) + "\n")
        self._process.stdin.flush()

    def answer(self) -> Any:
        """Wait for the end of the task that was begun; returns its answer."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        answer = json.loads(line) if line else {"error": "the process has ended"}
        if "error" in answer:
            tail = self._log.read_text(encoding="utf-8", errors="replace")[-6000:]
            raise AssertionError(f"Spark: {answer['error']} (see {self._log}):\n{tail}")
        return answer["is"]

    def close(self) -> None:
        """Let the process end."""
        self._process.communicate()


class BothEngines:
    """One brand after the other, each built day by day on DuckDB and on Spark."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._spark = SparkProcess(root / "spark")
        self._brand = ""
        self._days: list[list[Compared]] = []
        self.months: list[dict[str, set[str]]] = []
        """After each delivery of the brand: tables that Spark cuts by month, and their months."""
        self._is_empty = True

    def days(self, brand: Brand) -> list[list[Compared]]:
        """The comparison of every model after each delivery of a brand."""
        if self._brand != brand.name:
            self._forget()
            project = brand.project(self._root / "brand" / "project")
            for deliver in brand.deliveries:
                deliver(self._root / "brand" / "landing")
                self._days.append(self._build(brand, project))
                self.months.append(self._months())
            self._brand = brand.name
        return self._days

    def rebuilt_on_spark(self, project: Path, model: str) -> tuple[dict[str, int], Compared]:
        """Build one model of another project on Spark, on what was built last, with dbt's tests.

        Returns how many nodes ended with each of dbt's statuses, and the comparison of the model.
        """
        arguments = ["build", "-s", model.split(".")[1], "--exclude", "resource_type:unit_test"]
        self._spark.begin("dbt", str(self._root / "dbt"), str(project), *arguments)
        counts = self._spark.answer()
        self._brand = ""
        (compared,) = self._compare(model)
        return counts, compared

    def close(self) -> None:
        """End Spark and remove all that was built."""
        self._spark.close()
        shutil.rmtree(self._root)

    def _build(self, brand: Brand, project: Path) -> list[Compared]:
        workspace = self._workspace
        load_brand(workspace)
        self._is_empty = False
        modes = json.dumps(asdict(brand.options))
        self._spark.begin("build", str(self._root / "brand"), str(project), modes)
        build_brand(workspace, brand.options, project=project)
        assert self._spark.answer() == (None if self._days else "first build")
        return self._compare()

    def _compare(self, only: str = "") -> list[Compared]:
        on_spark = replace(self._workspace, engine="spark")
        return compare_models(
            manifest_path(on_spark.build_file()),
            self._workspace.build_file(),
            self._spark.warehouse,
            on_spark.build_folder() / VIEWS,
            only,
        )

    def _months(self) -> dict[str, set[str]]:
        months: dict[str, set[str]] = {}
        for part in self._spark.warehouse.glob("*.db/*/_month=*"):
            table = f"{part.parents[1].stem}.{part.parent.name}"
            months.setdefault(table, set()).add(part.name)
        return months

    def _forget(self) -> None:
        self._brand = ""
        self._days, self.months = [], []
        if not self._is_empty:
            shutil.rmtree(self._root / "brand", ignore_errors=True)
            self._spark.begin("forget")
            self._spark.answer()
            self._is_empty = True

    @property
    def _workspace(self) -> Workspace:
        return make_workspace(self._root / "brand", self._root / "brand" / "landing")


def spark_workspace(root: Path) -> Workspace:
    """Where the build on Spark of `<root>/landing` is."""
    return replace(make_workspace(root, root / "landing"), engine="spark")
