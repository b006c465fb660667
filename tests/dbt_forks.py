"""A dbt that has read the project: each command runs in a fork of one process that waits.

The imports and the project take dbt longer than a small brand's rows. A build of a user starts a
process of its own (`orchestration.warehouse.dbt_run`), as it does in the tests of the command line
and of the daily job; a fork of the waiting process ends with the same rows.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import shutil
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml

from orchestration.warehouse.dbt_run import (
    DbtFiles,
    DbtResult,
    dbt_environment,
    read_results,
    with_folders,
)
from orchestration.warehouse.lake import DEFAULT_ZONE
from orchestration.workspace import PROJECT

SILENT = {"DBT_LOG_LEVEL": "none", "DBT_LOG_LEVEL_FILE": "none"}


class WaitingDbt:
    """The processes that wait: one for each set of variables that choose other refs.

    The path of the lake is written into a project as dbt reads it; it is the same for every brand
    where each command runs in the folder that holds the lake.
    """

    def __init__(self) -> None:
        self._projects: dict[str, _ReadProject] = {}

    def run(
        self, files: DbtFiles, arguments: Sequence[str], zone: str, lake: Path, build_file: Path
    ) -> DbtResult:
        """Run a dbt command on a brand and wait for it, as `run_dbt` does."""
        variables = variables_that_choose(arguments)
        if variables not in self._projects:
            self._projects[variables] = _ReadProject(variables)
        return self._projects[variables].run(files, arguments, zone, lake, build_file)

    def close(self) -> None:
        """Let the processes end."""
        for project in self._projects.values():
            project.close()


class _ReadProject:
    """A process that has read the project with some variables."""

    def __init__(self, variables: str) -> None:
        self._files = DbtFiles(project=PROJECT, work=Path(tempfile.mkdtemp(prefix="rekindle-dbt-")))
        self._process = subprocess.Popen(
            [sys.executable, "-P", __file__, variables],
            cwd=self._files.work,
            env=_environment(self._files, DEFAULT_ZONE, "lake", Path("rekindle.duckdb")),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(
        self, files: DbtFiles, arguments: Sequence[str], zone: str, lake: Path, build_file: Path
    ) -> DbtResult:
        files.target.mkdir(parents=True, exist_ok=True)
        (files.target / "run_results.json").unlink(missing_ok=True)
        command = {
            "folder": str(lake.parent),
            "environment": _environment(files, zone, lake.name, build_file),
            "arguments": arguments,
        }
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        return_code = self._process.stdout.readline()
        assert return_code, "dbt could not read the project; what it said stands above"
        shutil.copy(self._files.target / "manifest.json", files.target)
        return read_results(files, int(return_code))

    def close(self) -> None:
        self._process.communicate()
        shutil.rmtree(self._files.work, ignore_errors=True)


def _environment(files: DbtFiles, zone: str, lake: str, build_file: Path) -> dict[str, str]:
    return {**with_folders(dbt_environment(Path(lake), build_file, zone), files), **SILENT}


def serve(variables: str) -> None:
    """Read the project, then run each command that comes in a fork, one after the other.

    A fork ends before garbage is worth collecting, and looking for it would copy every page of the
    project: this takes a quarter of a small build.
    """
    from dbt.cli.main import dbtRunner
    from dbt.contracts.graph.manifest import Manifest

    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    parsed = dbtRunner().invoke(["parse", "--vars", variables])
    if parsed.exception is not None:
        raise parsed.exception
    project = parsed.result
    assert isinstance(project, Manifest)
    gc.collect()
    gc.freeze()
    gc.disable()
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            sys.exit(run(dbtRunner(project), **json.loads(line)))
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), file=answers, flush=True)


def variables_that_choose(arguments: Sequence[str]) -> str:
    """The variables of a command that choose other refs than those of the project, as JSON."""
    usual = yaml.safe_load((PROJECT / "dbt_project.yml").read_text(encoding="utf-8"))["vars"]
    given = [json.loads(after) for option, after in pairwise(arguments) if option == "--vars"]
    chosen = {name: value for each in given for name, value in each.items()}
    others = {name for name, value in chosen.items() if value != usual[name]} - {"as_of_date"}
    return json.dumps({name: chosen[name] for name in sorted(others)})


def run(dbt: Any, folder: str, environment: Mapping[str, str], arguments: list[str]) -> int:
    """Run a dbt command in this process; returns its exit code."""
    try:
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environment)
        done = dbt.invoke(arguments)
    except BaseException:
        traceback.print_exc()
        return 2
    if done.exception is not None:
        print(done.exception, file=sys.stderr, flush=True)
        return 2
    return 0 if done.success else 1


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        serve(sys.argv[1])
