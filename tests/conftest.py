"""Warehouses built for tests: one build per landing folder, business date and mode, shared by all
test processes of a run."""

from __future__ import annotations

import gc
import hashlib
import os
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Literal, Protocol

import pytest
from filelock import FileLock

from orchestration.adapters import cdnow, complete_journey
from orchestration.loading.load import load
from orchestration.warehouse import dbt_run
from orchestration.warehouse.build import BuildOptions, building, dbt_files, finish_build
from orchestration.warehouse.dbt_run import dbt_environment, failure_message
from orchestration.workspace import PROJECT, Workspace
from tests.dbt_forks import run_dbt

LOADED_AT = datetime(2026, 1, 1, tzinfo=UTC)
TOKEN_KEY = b"a key for tests, not a secret"
DATA_S_OWN_DATE = BuildOptions()
WHAT_LASTS = ("--select", "+config.materialized:incremental")
"""The models that keep rows from build to build, and what they read. A build makes all others anew,
so of several builds in a row only the last one has to make them."""
WHAT_GROWS = (*WHAT_LASTS, "--exclude", "config.materialized:view", "resource_type:seed")
"""Of these, what a further day can change: views and policies are those of the build before."""

# A process of tests holds dbt, Dagster and polars; looking through them for garbage as often as
# Python does takes a tenth of its time.
gc.set_threshold(100_000, 50, 100)


class BuildWarehouse(Protocol):
    """Loads a landing folder and builds it, or what `marts` need; returns the DuckDB build file."""

    def __call__(
        self,
        landing: Path,
        as_of: date | None = None,
        rfm_mode: Literal["quantile", "fixed"] = "quantile",
        lifecycle_mode: Literal["fixed", "adaptive"] = "fixed",
        marts: Sequence[str] = (),
    ) -> Path: ...


def make_workspace(root: Path, landing: Path) -> Workspace:
    """A workspace whose every file is under `root`, for a landing folder that stays in place."""
    return Workspace(
        brand=landing.name,
        landing=landing,
        lake=root / "lake",
        build=root / "build",
        serving=root / "serving",
        has_adapter=False,
    )


def hand_over(workspace: Workspace, *selection: str, project: Path = PROJECT) -> Path:
    """Load a landing folder and build its warehouse; returns the build file."""
    load_brand(workspace)
    return build_brand(workspace, DATA_S_OWN_DATE, *selection, project=project)


def load_brand(workspace: Workspace) -> None:
    """Load a landing folder into the raw lake."""
    load(workspace.landing, workspace.lake, now=LOADED_AT, token_key=TOKEN_KEY, progress=False)


def build_brand(
    workspace: Workspace,
    options: BuildOptions = DATA_S_OWN_DATE,
    *selection: str,
    project: Path = PROJECT,
) -> Path:
    """Build the warehouse of a loaded brand; returns the build file.

    A project other than the repository's may have other policies, not other models.

    The tests of dbt stay out: they run in every build that users make, and the tests that call this
    compare rows with something stronger.
    """
    with building(workspace, options, project=project) as plan:
        files = dbt_files(plan.build_file, project)
        arguments = list(plan.dbt_arguments)
        arguments.insert(arguments.index("resource_type:unit_test"), "resource_type:test")
        arguments += selection
        zone = plan.lake.business_zone
        environment = dbt_environment(plan.sources, plan.build_file, zone, plan.engine)
        run = run_dbt if plan.engine == "duckdb" else dbt_run.run_dbt  # forks know DuckDB only
        result = run(files, arguments, environment)
        assert result.is_successful, failure_message(result, files)
        return finish_build(plan, files, dict(result.counts)).build_file


@pytest.fixture
def forked_dbt(monkeypatch: pytest.MonkeyPatch) -> None:
    """Builds and dry runs of the product run dbt in a fork."""
    monkeypatch.setattr("orchestration.warehouse.build.run_dbt", run_dbt)
    monkeypatch.setattr("orchestration.identity.dry_run.run_dbt", run_dbt)
    monkeypatch.setattr("orchestration.cli.project_read_ahead", lambda *_: nullcontext())


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Slow tests first, so that no process is left alone with one at the end."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all processes of this test run share."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base) / "shared"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def made_once(shared_folder: Path) -> Callable[[str, Callable[[Path], None]], Path]:
    """Make a folder by name the first time any process asks for it."""

    def make(name: str, write: Callable[[Path], None]) -> Path:
        folder = shared_folder / name
        with FileLock(shared_folder / f".{name}.lock"):
            done = shared_folder / f".{name}.done"
            if not done.exists():
                write(folder)
                done.touch()
        return folder

    return make


@pytest.fixture(scope="session")
def complete_journey_landing(made_once: Callable[[str, Callable[[Path], None]], Path]) -> Path:
    """Landing folder of The Complete Journey."""
    return made_once("complete_journey", complete_journey.write_landing)


@pytest.fixture(scope="session")
def cdnow_landing(made_once: Callable[[str, Callable[[Path], None]], Path]) -> Path:
    """Landing folder of CDNOW (the master file)."""
    return made_once("cdnow", cdnow.write_landing)


@pytest.fixture(scope="session")
def cdnow_sample_landing(made_once: Callable[[str, Callable[[Path], None]], Path]) -> Path:
    """Landing folder of CDNOW's published tenth."""
    return made_once("cdnow_sample", partial(cdnow.write_landing, sample=True))


@pytest.fixture(scope="session")
def loaded(made_once: Callable[[str, Callable[[Path], None]], Path]) -> Callable[[Path], Path]:
    """Load a landing folder at most once; returns the folder that holds its lake.

    Views of the build files of `build_warehouse` find their rows from there only.
    """

    def load_once(landing: Path) -> Path:
        name = f"loaded-{digest(str(landing))}"
        return made_once(name, lambda folder: load_brand(make_workspace(folder, landing)))

    return load_once


@pytest.fixture(scope="session")
def build_warehouse(
    made_once: Callable[[str, Callable[[Path], None]], Path], loaded: Callable[[Path], Path]
) -> BuildWarehouse:
    """Load a landing folder at most once, build it at most once per date and modes."""

    def build_once(
        landing: Path,
        as_of: date | None = None,
        rfm_mode: Literal["quantile", "fixed"] = "quantile",
        lifecycle_mode: Literal["fixed", "adaptive"] = "fixed",
        marts: Sequence[str] = (),
    ) -> Path:
        options = BuildOptions(as_of=as_of, rfm_mode=rfm_mode, lifecycle_mode=lifecycle_mode)
        name = f"warehouse-{digest(str(landing), str(options), *marts)}"
        selection = ("--select", *(f"+{mart}" for mart in marts)) if marts else ()
        answer = "build_file.txt"
        lake = make_workspace(loaded(landing), landing).lake

        def write(folder: Path) -> None:
            workspace = replace(make_workspace(folder, landing), lake=lake)
            build_file = build_brand(workspace, options, *selection)
            (folder / answer).write_text(str(build_file), encoding="utf-8")

        return Path((made_once(name, write) / answer).read_text(encoding="utf-8"))

    return build_once


def digest(*parts: str) -> str:
    """A short name for some texts."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the figures that tests have measured."""
    figures = [
        (name.removeprefix("figure: "), value)
        for outcome in ("passed", "failed")
        for report in terminalreporter.stats.get(outcome, [])
        for name, value in report.user_properties
        if name.startswith("figure: ")
    ]
    if figures:
        terminalreporter.section("figures")
        for name, value in figures:
            terminalreporter.write_line(f"{name}: {value}")
