"""A brand's lake and its full build, as the rods time them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from benchmarks.dbt_times import Node, read_nodes, span
from benchmarks.measuring import ChildrenMemory
from orchestration.errors import RekindleError
from orchestration.loading.load import load
from orchestration.warehouse.build import BuildOptions, building, dbt_files, finish_build
from orchestration.warehouse.dbt_run import (
    DbtError,
    dbt_environment,
    failure_message,
    run_dbt,
)
from orchestration.workspace import Workspace

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Built:
    """One build: its wall time, and that of dbt's nodes without dbt's start-up, both in seconds.

    `span` is from the begin of the first node to the end of the last; `peak` is memory in bytes.
    """

    seconds: float
    span: float
    peak: int
    nodes: tuple[Node, ...]


def workspace_in(folder: Path, landing: Path, lake: Path | None = None) -> Workspace:
    """A workspace that writes below `folder` only; the lake may be somewhere else."""
    return Workspace(
        brand=landing.name,
        landing=landing,
        lake=lake or folder / "lake",
        build=folder / "build",
        serving=folder / "serving",
        has_adapter=False,
    )


def load_into(workspace: Workspace) -> int:
    """Load what is new in the landing folder; rows loaded."""
    return said(lambda: load(workspace.landing, workspace.lake, progress=False).rows_loaded)


def build_in(
    workspace: Workspace,
    *,
    full_refresh: bool,
    with_tests: bool = True,
    environment: Mapping[str, str] = MappingProxyType({}),
    selection: Sequence[str] = (),
    keeps_log: bool = False,
) -> Built:
    """What `rekindle build` does, with or without data tests.

    A full refresh starts from nothing; with `keeps_log` it keeps the ids of persons, as users' do.

    Dbt's parsed project stays for the next build, as it does for users. `environment` adds to that
    of dbt; of a `selection` only these models are built.
    """
    if full_refresh and not keeps_log and workspace.build.is_dir():
        for file in workspace.build.iterdir():
            if file.is_file():
                file.unlink()
    start = time.perf_counter()
    with ChildrenMemory() as memory:
        options = BuildOptions(full_refresh=full_refresh)
        nodes = said(lambda: _build(workspace, options, with_tests, environment, selection))
    return Built(time.perf_counter() - start, span(nodes), memory.peak, nodes)


def _build(
    workspace: Workspace,
    options: BuildOptions,
    with_tests: bool,
    added: Mapping[str, str],
    selection: Sequence[str],
) -> tuple[Node, ...]:
    with building(workspace, options) as plan:
        files = dbt_files(plan.build_file)
        arguments = list(plan.dbt_arguments)
        if not with_tests:
            arguments.insert(arguments.index("--exclude") + 1, "resource_type:test")
        if selection:
            arguments += ["--select", *selection]
        environment = dbt_environment(
            plan.sources, plan.build_file, plan.lake.business_zone, plan.engine
        )
        result = run_dbt(files, arguments, {**environment, **added})
        if not result.is_successful:
            raise DbtError(failure_message(result, files))
        finish_build(plan, files, dict(result.counts))
    return read_nodes(files.target)


def said(call: Callable[[], Answer]) -> Answer:
    """What the call returns; where it raises a sentence of Rekindle, end with that."""
    try:
        return call()
    except RekindleError as error:
        raise SystemExit(str(error)) from error
