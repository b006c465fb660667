"""One run of the five-minute path: what is new is loaded, and the intraday store made anew.

    run = run_intraday(workspace, datetime.now(UTC))

The store follows from the lake, the publication and the policies alone. So a run that is killed
leaves the former store, and the next one makes what this one would have made; where nothing has
changed, nothing is written.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
from filelock import FileLock, Timeout

from orchestration.clock import utc
from orchestration.intraday.errors import IntradayError
from orchestration.intraday.policy import excluded_identifiers
from orchestration.intraday.store import (
    Clock,
    Status,
    former_files,
    intraday_marts,
    read_status,
    write_store,
)
from orchestration.intraday.window import (
    Window,
    deliveries,
    parts_of,
    signature,
    window_of,
)
from orchestration.loading.discovery import folder_state
from orchestration.loading.errors import LakeBusyError
from orchestration.loading.held_rows import hold_rows
from orchestration.loading.lake import SCHEMA_PART, Lake, appear_whole, sql_paths, sql_text
from orchestration.loading.ledger import Delivered
from orchestration.loading.load import load
from orchestration.loading.register import read_register
from orchestration.loading.summary import LoadSummary
from orchestration.publishing.publish import Publication, read_publication
from orchestration.workspace import BUILD_FILE_NAME, Workspace

ACTIVITIES = (
    ("opened", "打开"),
    ("viewed", "浏览"),
    ("searched", "搜索"),
    ("carted", "加购"),
    ("checked_out", "去结算"),
    ("shared", "分享"),
    ("claimed", "领券"),
    ("checked_in", "签到"),
    ("ordered", "下单"),
    ("returned", "退款"),
    ("other", "其他互动"),
)
"""What people do, with its Chinese name."""

LAKE_PATIENCE = 2.0
"""Seconds to wait for whoever holds the lake; then the run takes what is loaded."""

_TABLES = (
    ("mini_program", "events"),
    ("app", "events"),
    ("website", "events"),
    ("commerce", "orders"),
    ("commerce", "refunds"),
    ("commerce", "carts"),
)
_MEMORY = "4GB"
_TRIALS = 5
_ACTS = Path(__file__).with_name("acts.sql")

OnStep = Callable[[str], None]
"""Told before each step; tests are killed there."""


@dataclass(frozen=True)
class IntradayRun:
    """What a run did: `loaded` is None where the lake was busy, `is_new` says that rows changed."""

    loaded: LoadSummary | None
    is_new: bool
    status: Status


@dataclass(frozen=True)
class _Inputs:
    """What the rows of a store follow from. `erased` are record keys and persons."""

    workspace: Workspace
    lake: Lake
    publication: Publication
    window: Window
    found: Sequence[Delivered]
    erased: Sequence[tuple[str, str]]
    exclusions: Sequence[tuple[str, str]]
    now: datetime

    @property
    def parts(self) -> list[Path]:
        """The parts that are read."""
        return [
            part
            for system, table in _TABLES
            for part in parts_of(self.lake, self.found, f"{system}.{table}")
        ]

    def arrived(self) -> list[Delivered]:
        """The contents whose file arrived within the window's hours, by the clock."""
        since = self.now - (self.window.end_at - self.window.start_at)
        return [
            one
            for one in self.found
            if one.file_path is not None and one.arrived_at is not None and one.arrived_at >= since
        ]

    def files(self) -> list[tuple[object, ...]]:
        """The rows of the table files."""
        return [
            (one.file_path, *one.table.split("."), one.arrived_at, one.loaded_at, one.rows_loaded)
            for one in self.arrived()
        ]

    def content(self) -> str:
        """Changes with whatever the rows follow from.

        Parts are named by their content; an erasure changes them under their names, and tells whom.
        """
        told = [
            self.publication.build_id,
            self.publication.business_zone,
            self.window.start_at.isoformat(),
            self.window.as_of_end_at.isoformat(),
            [list(one) for one in self.exclusions],
            [list(one) for one in self.erased],
            [str(one) for one in self.files()],
            [one.parts for one in self.found],
            _ACTS.read_text("utf-8"),
            *(mart.query for mart in intraday_marts()),
        ]
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:32]


def run_intraday(
    workspace: Workspace, now: datetime, on_step: OnStep = lambda _: None
) -> IntradayRun:
    """Load what is new, and make the intraday store anew where its rows change.

    `now` is an aware time. Waits for no build and no publication; where another load holds the
    lake, takes what is loaded. Raises IntradayError where nothing of the brand is published, an
    erasure was interrupted, or another run is under way.
    """
    begun = time.monotonic()

    def clock() -> datetime:
        return utc(now) + timedelta(seconds=time.monotonic() - begun)

    with only_run(workspace):
        publication = _publication(workspace)
        _refuse_open_erasure(workspace)
        seen = seen_state(workspace)
        on_step("load")
        loaded = _load(workspace, now)
        try:
            is_new = _make(workspace, publication, clock, on_step)
        except (duckdb.BinderException, duckdb.CatalogException) as error:
            raise IntradayError(
                f"{workspace.serving / BUILD_FILE_NAME} was published by another version of "
                f"Rekindle ({str(error).splitlines()[0]}): build and publish again (rekindle "
                "build, rekindle publish). What was there before is still there."
            ) from error
        except (duckdb.Error, OSError) as error:
            raise IntradayError(
                f"The intraday store in {workspace.serving} could not be made; what was there "
                f"before is still there. {str(error).splitlines()[0]}"
            ) from error
        status = read_status(workspace)
        if status is None:
            raise IntradayError(f"Somebody took the intraday store in {workspace.serving} away.")
        on_step("note")
        if loaded is not None:
            _note_seen(workspace, seen)
        return IntradayRun(loaded, is_new, status)


@contextmanager
def only_run(workspace: Workspace, patience: float = 0) -> Iterator[None]:
    """Let nobody else make or remove the intraday store of a brand; raises IntradayError."""
    folder = workspace.lake.parent
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / ".intraday.lock")
    try:
        lock.acquire(timeout=patience)
    except Timeout:
        raise IntradayError(
            f"Another intraday run or an erasure of {workspace.brand} is under way; the next run "
            "takes what is new."
        ) from None
    try:
        yield
    finally:
        lock.release()


def why_not_due(workspace: Workspace) -> str | None:
    """Why a run would change nothing, or could not begin; None where one is due."""
    try:
        _publication(workspace)
        _refuse_open_erasure(workspace)
        with only_run(workspace):
            pass
    except IntradayError as error:
        return str(error)
    if read_status(workspace) is not None and _noted(workspace) == seen_state(workspace):
        return "No landing file has changed since the last run, and nothing was published."
    return None


def seen_state(workspace: Workspace) -> str:
    """What a run looks at before it begins: landing files, the publication, erasures."""
    publication = read_publication(workspace.serving / BUILD_FILE_NAME)
    erasures, _ = read_register(Lake(workspace.lake).register_file)
    landing = folder_state(workspace.landing) if workspace.landing.is_dir() else ""
    done = sum(one.is_carried_out for one in erasures)
    return f"{landing}/{publication.build_id if publication else ''}/{done}"


def _publication(workspace: Workspace) -> Publication:
    file = workspace.serving / BUILD_FILE_NAME
    publication = read_publication(file)
    if publication is None or publication.brand != workspace.brand:
        raise IntradayError(
            f"Nothing of {workspace.brand} is published in {file}, so nobody knows who is who: "
            "build and publish it first (rekindle demo does everything)."
        )
    return publication


def _refuse_open_erasure(workspace: Workspace) -> None:
    erasures, _ = read_register(Lake(workspace.lake).register_file)
    if not all(one.is_carried_out for one in erasures):
        raise IntradayError(
            f"An erasure of {workspace.brand} was interrupted, so an erased person might still be "
            "in the lake: finish it first (rekindle erase)."
        )


def _load(workspace: Workspace, now: datetime) -> LoadSummary | None:
    try:
        return load(
            workspace.landing, workspace.lake, now=now, progress=False, patience=LAKE_PATIENCE
        )
    except LakeBusyError:
        if not Lake(workspace.lake).ledger_file.is_file():
            raise
        return None


def _make(workspace: Workspace, publication: Publication, clock: Clock, on_step: OnStep) -> bool:
    """Read the acts and write the store; False where it would have the rows it has."""
    lake = Lake(workspace.lake)
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        connection.execute(f"set memory_limit = '{_MEMORY}'")
        connection.execute(
            f"attach {sql_text(str(workspace.serving / BUILD_FILE_NAME))} as marts (read_only)"
        )
        on_step("read")
        for trial in range(1, _TRIALS + 1):
            inputs = _inputs(connection, workspace, lake, publication, clock())
            parts = signature(inputs.parts)
            content = inputs.content()
            former = read_status(workspace)
            if former is not None and former.content == content:
                return False
            try:
                _read_acts(connection, inputs, content)
            except duckdb.IOException:
                if trial == _TRIALS:
                    raise
                continue
            if signature(inputs.parts) == parts:
                break
        else:
            raise IntradayError(
                f"The lake {lake.folder} changed whenever it was read; the next run tries again."
            )
        on_step("write")
        write_store(connection, workspace, clock)
        return True


def _inputs(
    connection: duckdb.DuckDBPyConnection,
    workspace: Workspace,
    lake: Lake,
    publication: Publication,
    now: datetime,
) -> _Inputs:
    window = window_of(connection, lake, publication.as_of_date, publication.business_zone, now)
    since = min(window.start_at, now - (window.end_at - window.start_at))
    _, erased = read_register(lake.register_file)
    exclusions = excluded_identifiers(window.as_of_end_at.date())
    found = deliveries(lake, since)
    return _Inputs(workspace, lake, publication, window, found, erased, exclusions, now)


def _read_acts(connection: duckdb.DuckDBPyConnection, inputs: _Inputs, content: str) -> None:
    """Fill the temporary tables from which the tables of the store are made."""
    publication, window = inputs.publication, inputs.window
    for name, value in {
        "brand": publication.brand,
        "business_zone": publication.business_zone,
        "currency": publication.currency,
        "build_id": publication.build_id,
        "as_of_date": publication.as_of_date,
        "window_start_at": window.start_at,
        "window_end_at": window.end_at,
        "as_of_end_at": window.as_of_end_at,
        "content": content,
    }.items():
        connection.execute(f"set variable {name} = ?", [value])
    for system, table in _TABLES:
        schema_part = inputs.lake.raw / system / table / SCHEMA_PART
        parts = [schema_part, *parts_of(inputs.lake, inputs.found, f"{system}.{table}")]
        connection.execute(
            f"create or replace temp view lake_{system}_{table} as select * from "
            f"read_parquet({sql_paths(parts)}, union_by_name = true, filename = true)"
        )
    for name, columns, rows in (
        ("activities", ("activity", "activity_zh"), ACTIVITIES),
        ("exclusions", ("identifier_type", "identifier_value"), inputs.exclusions),
        ("erased_records", ("source_record_key", "one_id"), inputs.erased),
        (
            "files",
            ("file_path", "system", "table_name", "arrived_at", "loaded_at", "rows_loaded"),
            inputs.files(),
        ),
        (
            "file_parts",
            ("file_path", "part"),
            [
                (one.file_path, str(inputs.lake.path(part)))
                for one in inputs.arrived()
                for part in one.parts
            ],
        ),
        (
            "former_files",
            ("file_path", "arrived_at", "row_at"),
            former_files(inputs.workspace),
        ),
    ):
        _fill(connection, name, columns, rows)
    connection.execute(_ACTS.read_text("utf-8"))


def _fill(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[object]],
) -> None:
    """A temporary table of rows; instants are those named `_at`, everything counted `rows_`."""
    hold_rows(connection, name, [(title, _type_of(title)) for title in columns], rows)


def _type_of(column: str) -> str:
    if column.endswith("_at"):
        return "TIMESTAMP"
    return "BIGINT" if column.startswith("rows_") else "VARCHAR"


def _note_file(workspace: Workspace) -> Path:
    return workspace.lake.parent / "intraday.json"


def _noted(workspace: Workspace) -> str | None:
    try:
        return str(json.loads(_note_file(workspace).read_text("utf-8"))["seen"])
    except (OSError, ValueError, KeyError):
        return None


def _note_seen(workspace: Workspace, seen: str) -> None:
    told = json.dumps({"seen": seen})
    appear_whole(_note_file(workspace), lambda path: path.write_text(told, encoding="utf-8"))
