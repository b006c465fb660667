"""Who would be whom under a changed policy: the identity models run aside, nothing is touched.

The last build is compared with the same lake, business date and id log under the policies as they
would be, so that the policy alone makes the difference. docs/definitions.md defines the changes.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
from filelock import FileLock, Timeout

from orchestration.errors import RekindleError, UsageError
from orchestration.warehouse.build import (
    BuildOptions,
    BuildState,
    dbt_variables,
    is_made_by,
    only_writer,
    read_state,
)
from orchestration.warehouse.dbt_run import (
    DbtError,
    DbtFiles,
    dbt_environment,
    failure_message,
    run_dbt,
)
from orchestration.warehouse.held_lake import share_lake
from orchestration.warehouse.lake import LakeState, read_lake
from orchestration.warehouse.policy import check_policies
from orchestration.workspace import PROJECT, Workspace

CHANGES = ("new", "moved", "merged", "split", "gone")
PERSONS = "intermediate.int_identity__record_persons"
LOG = "intermediate.int_identity__assignments"
SELECTED = "+int_identity__record_persons"
POLICY_FOLDER = Path("seeds") / "policy"
_SHOWN = 10


@dataclass(frozen=True)
class Example:
    """Records that go the same way: how many, and the first of them."""

    change: str
    one_id_before: str | None
    one_id_after: str | None
    records: int
    record: str


@dataclass(frozen=True)
class DryRun:
    """What a changed policy would do. `people` and `records` have every change, nought included."""

    people: dict[str, int]
    records: dict[str, int]
    persons_before: int
    persons_after: int
    examples: tuple[Example, ...]
    files: tuple[Path, ...]


def changed_policies(policy: Path) -> tuple[Path, ...]:
    """The CSV files of a folder, or the one file that was given.

    Raises UsageError where there is none.
    """
    found = tuple(sorted(policy.glob("*.csv"))) if policy.is_dir() else (policy,)
    if not found or not all(path.is_file() and path.suffix == ".csv" for path in found):
        raise UsageError(
            f"There is no policy file in {policy}: give a changed CSV file of seeds/policy, or a "
            "folder of some."
        )
    return found


def dry_run(workspace: Workspace, policy: Path, out: Path, *, project: Path = PROJECT) -> DryRun:
    """Compare the persons of the last build with those under changed policy files.

    Writes every record that would change hands to `out`, as changes.csv and changes.parquet.
    Raises PolicyError for a bad row, UsageError where there is no build to compare with or `out`
    cannot be written, RekindleError where a build or another dry run is running, DbtError when a
    model fails.
    """
    changed = changed_policies(policy)
    check_policies(project / POLICY_FOLDER, changed)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"{out} cannot be written ({error.strerror or error}): give another folder."
        ) from error
    build_file = workspace.build_file()
    state = _last_build(build_file)
    with _own_folder(workspace.build / ".dry_run") as work:
        target = work / "rekindle.duckdb"
        with only_writer(build_file):
            lake = _same_lake(build_file, state, work / "lake", project, workspace)
            _copy_log(build_file, target)
        _build_persons(_changed_project(project, changed, work / "project"), work, lake, state)
        return _compare(target, out)


@contextmanager
def _own_folder(folder: Path) -> Iterator[Path]:
    """An empty folder that is gone afterwards; what a killed dry run left goes first."""
    lock = FileLock(folder.with_name(f"{folder.name}.lock"))
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise RekindleError(
            f"Another dry run works in {folder}. Wait until it has finished, then run this again."
        ) from error
    try:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        lock.release()


def _last_build(build_file: Path) -> BuildState:
    state = read_state(build_file)
    if state is None or state.status != "succeeded" or not build_file.is_file():
        raise UsageError(
            f"There is no complete build in {build_file.parent} to compare with: build first "
            "(rekindle build)."
        )
    return state


def _same_lake(
    build_file: Path, state: BuildState, target: Path, project: Path, workspace: Workspace
) -> LakeState:
    """The lake that the build was made from, linked to `target`."""
    lake = read_lake(share_lake(build_file.parent / "lake", target))
    if not is_made_by(state, lake, project, workspace.engine):
        raise UsageError(
            f"Models or policies have changed since the build in {build_file.parent}: build first "
            "(rekindle build), so that the policy alone makes the difference."
        )
    return lake


def _copy_log(build_file: Path, target: Path) -> None:
    """Who is who today, and the log that keeps ids, into a database of their own."""
    with duckdb.connect(str(target)) as connection:
        connection.execute(f"attach '{_quoted(build_file)}' as build (read_only)")
        connection.execute("create schema intermediate; create schema before")
        connection.execute(f"create table {LOG} as from build.{LOG}")
        connection.execute(
            "create table before.record_persons as"
            f" select source_record_key, one_id from build.{PERSONS}"
        )


def _changed_project(project: Path, changed: Sequence[Path], target: Path) -> Path:
    """The dbt project, linked, with its policies copied and the changed ones in their place."""
    (target / POLICY_FOLDER).mkdir(parents=True)
    for path in project.iterdir():
        if path.name in {"models", "macros", "snapshots", "tests"} or path.suffix == ".yml":
            (target / path.name).symlink_to(path)
    for path in (*(project / POLICY_FOLDER).iterdir(), *changed):
        shutil.copyfile(path, target / POLICY_FOLDER / path.name)
    return target


def _build_persons(project: Path, work: Path, lake: LakeState, state: BuildState) -> None:
    files = DbtFiles(project=project, work=work / "dbt")
    variables = dbt_variables(BuildOptions(as_of=state.as_of))
    arguments = ["build", "--select", SELECTED, "--exclude", "resource_type:test"]
    arguments += ["resource_type:unit_test", "--vars", json.dumps(variables)]
    environment = dbt_environment(work / "lake", work / "rekindle.duckdb", lake.business_zone)
    result = run_dbt(files, arguments, environment)
    if not result.is_successful:
        raise DbtError(failure_message(result, files))


def _compare(target: Path, out: Path) -> DryRun:
    with duckdb.connect(str(target)) as connection:
        connection.execute(
            f"""
            create temp table changes as
            with changed_records as (
                select
                    coalesce(lefts.source_record_key, rights.source_record_key) as record,
                    lefts.one_id as one_id_before,
                    rights.one_id as one_id_after
                from before.record_persons as lefts
                full join {PERSONS} as rights using (source_record_key)
                where lefts.one_id is distinct from rights.one_id
            )

            select
                case
                    when one_id_before is null then 'new'
                    when one_id_after is null then 'gone'
                    when one_id_after not in (select one_id from before.record_persons)
                        then 'split'
                    when one_id_before not in (select one_id from {PERSONS}) then 'merged'
                    else 'moved'
                end as change,
                one_id_before,
                one_id_after,
                record
            from changed_records
            """
        )
        counted = {
            change: (people, records)
            for change, people, records in connection.execute(
                "select change, count(distinct if(change = 'new', one_id_after, one_id_before)),"
                " count(*) from changes group by change"
            ).fetchall()
        }
        examples = connection.execute(
            """
            select change, one_id_before, one_id_after, count(*), min(record)
            from changes
            group by change, one_id_before, one_id_after
            qualify row_number() over (
                partition by change order by count(*) desc, one_id_before, one_id_after
            ) <= ?
            order by all
            """,
            [_SHOWN],
        ).fetchall()
        before, after = connection.execute(
            "select (select count(distinct one_id) from before.record_persons),"
            f" (select count(distinct one_id) from {PERSONS})"
        ).fetchall()[0]
        files = (out / "changes.csv", out / "changes.parquet")
        for file in files:
            connection.execute(
                "copy (select * from changes order by change, one_id_before, one_id_after, record)"
                f" to '{_quoted(file)}'"
            )
    return DryRun(
        {change: counted.get(change, (0, 0))[0] for change in CHANGES},
        {change: counted.get(change, (0, 0))[1] for change in CHANGES},
        before,
        after,
        tuple(Example(*row) for row in examples),
        files,
    )


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
