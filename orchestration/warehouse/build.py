"""Builds the warehouse of one brand with dbt: one writer, full refresh when it has to be.

A build for the data's own last business date (or a later one) goes to the brand's build file and
is incremental where models are. A build for an earlier date says what was known then: it is made
from nothing in a file of its own and never touches today's.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Literal, TypedDict, cast

import duckdb
from filelock import FileLock, Timeout

from orchestration.errors import RekindleError, UsageError
from orchestration.warehouse.dbt_run import (
    DbtError,
    DbtFiles,
    NodeResult,
    dbt_environment,
    failure_message,
    run_dbt,
)
from orchestration.warehouse.held_lake import hold_lake
from orchestration.warehouse.lake import LakeState, read_lake
from orchestration.warehouse.policy import check_policies, policies_that_begin
from orchestration.warehouse.spark import METASTORE, WAREHOUSE, spark_version
from orchestration.warehouse.spark_tables import show_tables
from orchestration.workspace import PROJECT, Engine, Workspace

RFM_MODES = ("quantile", "fixed")
LIFECYCLE_MODES = ("fixed", "adaptive")

FINGERPRINT_FILES = (
    ("models", "*.sql"),
    ("macros", "*.sql"),
    ("seeds", "*.csv"),
    ("seeds", "*.yml"),
    (".", "dbt_project.yml"),
)
"""Files of the project on which rows that are already built depend."""

DBT_COMMANDS_THAT_WRITE = {"build", "run", "seed", "snapshot", "run-operation", "clone", "retry"}

UNFINISHED_REFRESH = "unfinished full refresh"
"""Fingerprint of a build file whose tables were only in part made anew."""

Status = Literal["running", "succeeded", "failed", "changed by hand"]


@dataclass(frozen=True)
class BuildOptions:
    """What the user may choose; None is the project's default (and for as_of the data's own)."""

    as_of: date | None = None
    rfm_mode: str | None = None
    lifecycle_mode: str | None = None
    full_refresh: bool = False


@dataclass(frozen=True)
class BuildState:
    """What is known about a build file; kept beside it.

    `as_of` is the latest business date that anything in the file may have been built for,
    `snapshotted_as_of` the latest one that snapshots may have recorded.
    """

    status: Status
    fingerprint: str
    build_id: str
    brand: str
    business_zone: str
    currency: str
    as_of: date | None
    snapshotted_as_of: date | None


@dataclass(frozen=True)
class BuildPlan:
    """What a build will do. `full_refresh` is the reason for one, or None.

    `sources` is the lake it reads: the brand's own, or the one that `building` holds for it.
    """

    sources: Path
    build_file: Path
    aside: date | None
    as_of: date | None
    lake: LakeState
    fingerprint: str
    build_id: str
    full_refresh: str | None
    runs_snapshots: bool
    dbt_arguments: tuple[str, ...]
    engine: Engine


@dataclass(frozen=True)
class BuildResult:
    """A finished build, ready to be published. `counts` maps a dbt status to nodes."""

    build_file: Path
    manifest: Path
    aside: date | None
    state: BuildState
    counts: dict[str, int]


def plan_build(workspace: Workspace, options: BuildOptions, project: Path = PROJECT) -> BuildPlan:
    """Decide where a build goes and whether it is a full refresh; changes nothing.

    Raises UsageError for an unknown mode or a brand that was never loaded.
    """
    _check_mode("rfm_mode", options.rfm_mode, RFM_MODES)
    _check_mode("lifecycle_mode", options.lifecycle_mode, LIFECYCLE_MODES)
    lake = read_lake(workspace.lake)
    aside = aside_date(lake, options.as_of)
    as_of = options.as_of or lake.as_of
    fingerprint = _fingerprint(
        project_fingerprint(project, workspace.engine),
        lake,
        options.rfm_mode,
        options.lifecycle_mode,
    )
    build_file = workspace.build_file(aside)
    state = read_state(build_file)
    reason = "a build for an earlier date starts from nothing" if aside else None
    reason = reason or _refresh_reason(
        build_file, state, fingerprint, as_of, options, workspace.engine
    )
    reason = reason or _begun_policies(project, state, as_of)
    snapshotted = state.snapshotted_as_of if state else None
    runs_snapshots = aside is None and (
        snapshotted is None or (as_of is not None and as_of >= snapshotted)
    )
    return BuildPlan(
        sources=workspace.lake,
        build_file=build_file,
        aside=aside,
        as_of=as_of,
        lake=lake,
        fingerprint=fingerprint,
        build_id=_digest(fingerprint, lake.content, str(as_of))[:16],
        full_refresh=reason,
        runs_snapshots=runs_snapshots,
        dbt_arguments=_dbt_arguments(options, reason is not None, runs_snapshots),
        engine=workspace.engine,
    )


def is_made_by(state: BuildState, lake: LakeState, project: Path, engine: Engine) -> bool:
    """Whether the project as it is now, in any mode, made a build of this lake."""
    files = project_fingerprint(project, engine)
    modes = itertools.product((None, *RFM_MODES), (None, *LIFECYCLE_MODES))
    return state.fingerprint in {_fingerprint(files, lake, *chosen) for chosen in modes}


def aside_date(lake: LakeState, as_of: date | None) -> date | None:
    """`as_of` where it lies before the data's own last business date, else None."""
    if as_of is None or lake.as_of is None or as_of >= lake.as_of:
        return None
    return as_of


def build(
    workspace: Workspace,
    options: BuildOptions = BuildOptions(),
    *,
    project: Path = PROJECT,
    on_plan: Callable[[BuildPlan], None] | None = None,
    on_result: Callable[[NodeResult], None] | None = None,
) -> BuildResult:
    """Check the policies, then build the brand's warehouse with dbt.

    Raises PolicyError before anything is built, DbtError when a model or a test fails, and
    RekindleError when another process is building the same file.
    """
    with building(workspace, options, project=project) as plan:
        if on_plan is not None:
            on_plan(plan)
        files = dbt_files(plan.build_file, project)
        environment = dbt_environment(
            plan.sources, plan.build_file, plan.lake.business_zone, plan.engine
        )
        result = run_dbt(files, plan.dbt_arguments, environment, on_result)
        if not result.is_successful:
            raise DbtError(failure_message(result, files))
        return finish_build(plan, files, dict(result.counts))


@contextmanager
def building(
    workspace: Workspace, options: BuildOptions, *, project: Path = PROJECT
) -> Iterator[BuildPlan]:
    """Hold build file and lake while dbt runs, whoever runs it, and keep the file's state true.

    Leaving the block without `finish_build` marks the build as failed; being killed inside it
    makes the next build start with a full refresh.
    """
    check_policies(project / "seeds" / "policy")
    probe = plan_build(workspace, options, project)
    with only_writer(probe.build_file):
        held = hold_lake(workspace.lake, probe.build_file.parent / "lake")
        plan = plan_build(replace(workspace, lake=held), options, project)
        if plan.aside is not None:
            _remove_build(plan.build_file)
        former = read_state(plan.build_file)
        started = BuildState(
            status="running",
            fingerprint=plan.fingerprint,
            build_id=plan.build_id,
            brand=workspace.brand,
            business_zone=plan.lake.business_zone,
            currency=plan.lake.currency,
            as_of=plan.as_of,
            snapshotted_as_of=(
                plan.as_of
                if plan.runs_snapshots
                else former.snapshotted_as_of
                if former is not None
                else None
            ),
        )
        write_state(plan.build_file, started)
        owed = UNFINISHED_REFRESH if plan.full_refresh else plan.fingerprint
        failed = replace(started, status="failed", fingerprint=owed)
        try:
            yield plan
        except (Exception, KeyboardInterrupt):
            write_state(plan.build_file, failed)
            raise
        if read_state(plan.build_file) == started:
            write_state(plan.build_file, failed)


def finish_build(plan: BuildPlan, files: DbtFiles, counts: dict[str, int]) -> BuildResult:
    """Mark the build that `building` holds as complete and keep the manifest that describes it.

    After a build on Spark the build file is written here: views over the tables.
    """
    state = read_state(plan.build_file)
    if state is None:
        raise RekindleError(f"The state of {plan.build_file} is gone; build again.")
    manifest = manifest_path(plan.build_file)
    _write_text(manifest, (files.target / "manifest.json").read_text(encoding="utf-8"))
    if plan.engine == "spark":
        show_tables(plan.build_file, manifest)
    done = replace(state, status="succeeded")
    write_state(plan.build_file, done)
    return BuildResult(plan.build_file, manifest, plan.aside, done, counts)


def note_partial_build(plan: BuildPlan) -> None:
    """Mark that only some models were built: not to be published, all made anew next time."""
    state = read_state(plan.build_file)
    if state is not None:
        write_state(plan.build_file, replace(state, status="changed by hand", fingerprint=""))


@contextmanager
def only_writer(build_file: Path) -> Iterator[None]:
    """Be the only process that uses this build file; raises RekindleError when another is."""
    build_file.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(build_file.with_name(f".{build_file.name}.lock"))
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise RekindleError(
            f"Another process is building or publishing {build_file}. "
            f"Wait until it has finished, then run this again."
        ) from error
    try:
        yield
    finally:
        lock.release()


def dbt_files(build_file: Path, project: Path = PROJECT) -> DbtFiles:
    """Dbt's by-products stand beside the build file, so that brands never share them."""
    return DbtFiles(project=project, work=build_file.parent / "dbt")


def manifest_path(build_file: Path) -> Path:
    """The manifest of the last complete build of this file."""
    return build_file.with_name("manifest.json")


def note_dbt_command(build_file: Path, arguments: Sequence[str]) -> None:
    """Remember that a hand-run dbt command changed the build file, so that it is not published."""
    state = read_state(build_file)
    if state is not None and DBT_COMMANDS_THAT_WRITE & set(arguments):
        write_state(build_file, replace(state, status="changed by hand"))


def project_fingerprint(project: Path, engine: Engine = "duckdb") -> str:
    """Digest of the engine and every project file that rows which are already built depend on."""
    version = duckdb.__version__ if engine == "duckdb" else spark_version()
    digest = hashlib.sha256(f"{engine} {version}\n".encode())
    for folder, pattern in FINGERPRINT_FILES:
        root = project / folder
        found = root.glob(pattern) if folder == "." else root.rglob(pattern)
        for path in sorted(found):
            digest.update(f"{path.relative_to(project).as_posix()}\n".encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


class _StateText(TypedDict):
    status: Status
    fingerprint: str
    build_id: str
    brand: str
    business_zone: str
    currency: str
    as_of: str | None
    snapshotted_as_of: str | None


def read_state(build_file: Path) -> BuildState | None:
    """State of a build file, or None where there is none that can be read."""
    try:
        text = cast("_StateText", json.loads(_state_path(build_file).read_text(encoding="utf-8")))
        return BuildState(
            status=text["status"],
            fingerprint=text["fingerprint"],
            build_id=text["build_id"],
            brand=text["brand"],
            business_zone=text["business_zone"],
            currency=text["currency"],
            as_of=_date(text["as_of"]),
            snapshotted_as_of=_date(text["snapshotted_as_of"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write_state(build_file: Path, state: BuildState) -> None:
    """Write the state beside the build file, whole or not at all."""
    text: _StateText = {
        "status": state.status,
        "fingerprint": state.fingerprint,
        "build_id": state.build_id,
        "brand": state.brand,
        "business_zone": state.business_zone,
        "currency": state.currency,
        "as_of": _text(state.as_of),
        "snapshotted_as_of": _text(state.snapshotted_as_of),
    }
    _write_text(_state_path(build_file), json.dumps(text, indent=2) + "\n")


def parse_as_of(text: str) -> date:
    """A business date from `YYYY-MM-DD`. Raises UsageError for anything else."""
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            pass
    raise UsageError(f"{text!r} is not a date: write AS_OF as YYYY-MM-DD, for example 2017-12-31.")


def _check_mode(name: str, value: str | None, allowed: tuple[str, ...]) -> None:
    if value is not None and value not in allowed:
        raise UsageError(f"{name} is {value!r}; it can be {' or '.join(allowed)}.")


def _refresh_reason(
    build_file: Path,
    state: BuildState | None,
    fingerprint: str,
    as_of: date | None,
    options: BuildOptions,
    engine: Engine,
) -> str | None:
    if options.full_refresh:
        return "asked for"
    if not build_file.is_file():
        return "first build"
    if state is None:
        return "nothing is known about the build file"
    if state.status == "running":
        return "the last build was interrupted"
    if state.status == "failed" and engine == "spark":
        return "the last build failed, and Spark cannot undo half of a table's changes"
    if state.fingerprint == UNFINISHED_REFRESH:
        return "the last full refresh failed"
    if state.fingerprint != fingerprint:
        return "models, macros, policies, the brand's mapping or its raw lake changed"
    if state.as_of is not None and (as_of is None or as_of < state.as_of):
        return f"the business date goes back from {state.as_of} to {as_of or 'none'}"
    return None


def _begun_policies(project: Path, state: BuildState | None, as_of: date | None) -> str | None:
    """Rows that were kept follow the policies of their day, so others make them anew."""
    if state is None or state.as_of is None or as_of is None:
        return None
    begun = policies_that_begin(project / "seeds" / "policy", state.as_of, as_of)
    return f"rows of {', '.join(begun)} come into force by {as_of}" if begun else None


def _dbt_arguments(
    options: BuildOptions, full_refresh: bool, runs_snapshots: bool
) -> tuple[str, ...]:
    arguments = ["build", "--exclude", "resource_type:unit_test"]
    if not runs_snapshots:
        arguments += ["--exclude", "resource_type:snapshot"]  # Dagster takes one value after each
    variables = dbt_variables(options)
    if variables:
        arguments += ["--vars", json.dumps(variables, sort_keys=True)]
    if full_refresh:
        arguments.append("--full-refresh")
    return tuple(arguments)


def dbt_variables(options: BuildOptions) -> dict[str, str]:
    """The dbt variables that the user chose; what is left out keeps the project's default."""
    chosen = {
        "as_of_date": options.as_of.isoformat() if options.as_of else None,
        "rfm_mode": options.rfm_mode,
        "lifecycle_mode": options.lifecycle_mode,
    }
    return {name: value for name, value in chosen.items() if value is not None}


def _remove_build(build_file: Path) -> None:
    for path in (build_file, build_file.with_name(f"{build_file.name}.wal")):
        path.unlink(missing_ok=True)
    for folder in (WAREHOUSE, METASTORE):  # of a build on Spark
        shutil.rmtree(build_file.with_name(folder), ignore_errors=True)
    _state_path(build_file).unlink(missing_ok=True)


def _state_path(build_file: Path) -> Path:
    return build_file.with_name("build.json")


def _write_text(path: Path, text: str) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)


def _fingerprint(
    files: str, lake: LakeState, rfm_mode: str | None, lifecycle_mode: str | None
) -> str:
    """What rows that are already built depend on: the project, how the lake was loaded, modes."""
    modes = f"{rfm_mode or ''}/{lifecycle_mode or ''}"
    return _digest(files, lake.mapping, lake.business_zone, lake.first_load, modes)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _date(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _text(day: date | None) -> str | None:
    return day.isoformat() if day else None


def table_rows(build_file: Path) -> dict[tuple[str, str], int]:
    """The rows of every table of a build file, by schema and name; none where it cannot be read."""
    try:
        with duckdb.connect(str(build_file), read_only=True) as build:
            tables = build.execute(
                "select schema_name, table_name from duckdb_tables() where not internal"
            ).fetchall()
            if not tables:
                return {}
            counts = build.execute(
                " union all ".join(
                    f"select '{schema}', '{name}', count(*) from \"{schema}\".\"{name}\""
                    for schema, name in tables
                )
            ).fetchall()
    except duckdb.Error:
        return {}
    return {(schema, name): rows for schema, name, rows in counts}
