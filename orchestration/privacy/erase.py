"""Carries out the erasure requests of a brand: plan, strip every store, prove it.

Planning writes tombstones and random surrogates into the register, in one transaction. From then on
every step follows from the register alone, rewrites one file at a time (whole or not at all) and
finds nothing to do where it was done before: an erasure that is killed is finished by the next one.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb
from filelock import FileLock, Timeout

from orchestration.adapters.catalogue import note_changed_files
from orchestration.errors import RekindleError, UsageError
from orchestration.intraday.run import only_run
from orchestration.intraday.store import remove_store
from orchestration.loading.brand import read_brand
from orchestration.loading.connection import connect
from orchestration.loading.contract import Table, load_contract
from orchestration.loading.discovery import FoundFile, discover
from orchestration.loading.erased_rows import install_tombstones, telling_rows
from orchestration.loading.errors import FileRefusedError
from orchestration.loading.export import export_log, export_register
from orchestration.loading.held_rows import hold_rows
from orchestration.loading.lake import SCHEMA_PART, Lake
from orchestration.loading.ledger import Ledger
from orchestration.loading.load import heal
from orchestration.loading.reading import Reading, reading_of
from orchestration.loading.register import Register
from orchestration.loading.text_files import sha256_of
from orchestration.loading.tokens import read_token_key, token_key_id, tombstone_key
from orchestration.privacy.builds import (
    check_spark,
    is_published,
    out_of_reach,
    reduce_builds,
    remove_earlier_publications,
    remove_former_versions,
)
from orchestration.privacy.decisions import forget_decisions
from orchestration.privacy.lake_parts import quarantine_parts, strip_part, strip_quarantine
from orchestration.privacy.landing_copies import strip_file
from orchestration.privacy.plan import Request, pending_requests, plan_erasure
from orchestration.warehouse.build import only_writer, read_state
from orchestration.warehouse.lake import read_lake
from orchestration.workspace import DECISIONS, Workspace

PATIENCE = 600.0
"""Seconds that an erasure waits for a running load."""

OnStep = Callable[[str], None]
"""Told before each file that is rewritten, and before each step; tests are killed there."""


REQUESTS = "crm.erasure_requests"


def _unheard(_: str) -> None:
    """Nobody listens."""


@dataclass(frozen=True)
class Erased:
    """What an erasure did.

    `needs_build` says that what is published still has to be made anew; `unsearched` are landing
    files that could not be read and so not be searched, and stores out of reach, with the reason,
    and `open_requests` the requests that stay open for it; `earlier_dates` are publications for
    earlier dates that were removed; `decisions` counts rows of the file of decisions that went or
    lost their words; `not_loaded` are files of requests that no load has read.
    """

    requests: int
    persons: int
    rows: int
    files: int
    needs_build: bool
    unsearched: tuple[str, ...] = ()
    open_requests: int = 0
    earlier_dates: tuple[str, ...] = ()
    decisions: int = 0
    not_loaded: tuple[str, ...] = ()

    def left_to_do(self) -> tuple[str, ...]:
        """Sentences about the files that could not be searched, and what is to be done."""
        notes = [f"not searched: {one}" for one in self.unsearched]
        if self.open_requests:
            notes.append(
                f"{self.open_requests:,} requests stay open until the files above are looked at: "
                "mend or remove them, then erase again."
            )
        return (*notes, *_first_to_load(self.not_loaded))

    def about_decisions(self, file: Path | str) -> tuple[str, ...]:
        """A sentence about the file of decisions, where it told of an erased person."""
        if not self.decisions:
            return ()
        told = (
            f"{self.decisions:,} rows of {file} named erased persons: they are gone, or have lost"
        )
        return (f"{told} their words",)


@dataclass(frozen=True)
class Preview:
    """What an erasure would concern: requests, persons of the last build, their records."""

    requests: int
    persons: int
    records: int
    not_loaded: tuple[str, ...] = ()

    def left_to_do(self) -> tuple[str, ...]:
        """Sentences about requests that are not known yet, and what is to be done."""
        return _first_to_load(self.not_loaded)


def _first_to_load(files: Sequence[str]) -> tuple[str, ...]:
    what = "is not loaded yet, so nobody knows what it asks for: load and build, then erase again."
    return tuple(f"{file} {what}" for file in files)


def preview(workspace: Workspace, now: datetime) -> Preview:
    """Count what `erase` would concern, without changing anything."""
    with _session(workspace, now) as session:
        known = dict(session.register.erased_records()) if session.has_register else {}
        requests = session.pending()
        not_loaded = session.not_loaded()
        if not requests:
            return Preview(0, 0, 0, not_loaded)
        _check_build(workspace)
        plan = plan_erasure(
            session.connection, session.lake, workspace.build_file(), requests, known, now
        )
        persons = len(set(plan.records.values()))
        return Preview(len(requests), persons, len(plan.records), not_loaded)


def erase(
    workspace: Workspace,
    now: datetime,
    on_step: OnStep = _unheard,
    decisions_file: Path = DECISIONS,
) -> Erased:
    """Carry out the pending requests, and finish what an earlier run began.

    Persons who were erased before are searched for again: a file that was delivered anew is
    stripped. `now` is an aware time. Afterwards the caller builds, publishes and calls
    `note_published` where `needs_build` says so.

    Raises UsageError where the last build does not say who is whom in the lake as it is, and
    RekindleError where a load or a build is running.
    """
    with (
        only_writer(workspace.build_file()),
        only_run(workspace, PATIENCE),
        _session(workspace, now) as session,
    ):
        requests, not_loaded = session.pending(), session.not_loaded()
        if not requests and not session.has_register:
            return Erased(0, 0, 0, 0, needs_build=False, not_loaded=not_loaded)
        check_spark(workspace)
        if requests:
            _check_build(workspace)
            known = dict(session.register.erased_records())
            plan = plan_erasure(
                session.connection, session.lake, workspace.build_file(), requests, known, now
            )
            on_step("plan")
            session.register.plan(session.key_id, plan.erasures, plan.tombstones, plan.records)
            install_tombstones(session.connection, list(session.register.tombstones()))
        opened = [one for one in session.register.erasures() if one.completed_at is None]
        is_open = not all(one.is_carried_out for one in opened)
        in_lake = session.strip_lake(on_step)
        in_landing = session.strip_landing(on_step)
        on_step("decisions")
        decided = forget_decisions(
            session.connection, decisions_file, lambda: session.register.note_published(False)
        )
        dates: list[str] = []
        if is_open or in_lake or not session.register.is_published:
            on_step("builds")
            reduce_builds(session.connection, workspace)
            session.unsearched += out_of_reach(workspace)
            on_step("intraday store")
            remove_store(workspace)
            on_step("earlier publications")
            dates = remove_earlier_publications(workspace)
        on_step("proof")
        is_everything = not session.unsearched
        still_open = session.register.complete(now, session.files, is_everything=is_everything)
        on_step("export")
        session.export_log()
        export_register(session.connection, session.lake)
        if in_landing:
            note_changed_files(workspace.landing)
        return Erased(
            requests=len(requests),
            persons=len({one.one_id for one in opened}),
            rows=in_lake + in_landing,
            files=session.files,
            needs_build=not session.register.is_published,
            unsearched=tuple(session.unsearched),
            open_requests=still_open,
            earlier_dates=tuple(dates),
            decisions=decided,
            not_loaded=not_loaded,
        )


def note_published(workspace: Workspace) -> None:
    """Say that what is published was made after the erasure, and remove what was before it."""
    lake = Lake(workspace.lake)
    if is_published(workspace):
        remove_former_versions(workspace)
    with closing(Register(lake.register_file)) as register:
        register.note_published(True)


class _Session:
    """The open stores of a brand while nothing is loaded or built."""

    def __init__(
        self,
        workspace: Workspace,
        lake: Lake,
        connection: duckdb.DuckDBPyConnection,
        ledger: Ledger,
        key: bytes,
        now: datetime,
    ) -> None:
        self.workspace = workspace
        self.lake = lake
        self.connection = connection
        self.files = 0
        self.unsearched: list[str] = []
        self._ledger = ledger
        self._contract = load_contract()
        self._brand = read_brand(workspace.landing, self._contract)
        self._token_key_id = token_key_id(key)
        self.key_id = token_key_id(tombstone_key(key, os.environ))
        self._now = now
        self._opened: Register | None = None

    @property
    def has_register(self) -> bool:
        """Whether anybody was erased before."""
        return self.lake.register_file.is_file()

    @property
    def register(self) -> Register:
        """The register, made on first use."""
        if self._opened is None:
            self._opened = Register(self.lake.register_file)
        return self._opened

    def close(self) -> None:
        if self._opened is not None:
            self._opened.close()

    def pending(self) -> list[Request]:
        """The requests that were never taken up."""
        done = [one.request_id for one in self.register.erasures()] if self.has_register else []
        return pending_requests(self.connection, self.lake, done)

    def not_loaded(self) -> tuple[str, ...]:
        """The landing files of requests that no load has read."""
        return tuple(
            file.relative
            for file in discover(self.workspace.landing, self._contract).files
            if file.table.full_name == REQUESTS
            and self._ledger.path_hash(file) != sha256_of(file.path)
        )

    def strip_lake(self, on_step: OnStep) -> int:
        """Strip all parts, the quarantine and the load log; returns the rows that had a person."""
        rows = 0
        for table in self._contract:
            reading = self._reading(table)
            folder = self.lake.raw / table.system / table.name
            for part in sorted(folder.glob("[!.]*.parquet")):
                if part.name == SCHEMA_PART:
                    continue
                self.files += 1
                place = part.relative_to(self.lake.folder).as_posix()
                rows += strip_part(self.connection, reading, part, place, self._noting(on_step))
        for part in quarantine_parts(self.lake):
            self.files += 1
            place = part.relative_to(self.lake.folder).as_posix()
            rows += strip_quarantine(
                self.connection,
                part,
                place,
                self._reading_of,
                self.lake.scratch / "files",
                self._noting(on_step),
            )
        self._strip_log(on_step)
        return rows

    def strip_landing(self, on_step: OnStep) -> int:
        """Strip all landing files; returns the rows that had a person."""
        rows = 0
        scratch = self.lake.scratch / "files"
        for file in discover(self.workspace.landing, self._contract).files:
            self.files += 1
            reading = self._reading(file.table).of_file(file.relative)
            try:
                stripped = strip_file(
                    self.connection, reading, file, scratch, self._noting(on_step)
                )
            except FileRefusedError as error:
                self.files -= 1
                self.unsearched.append(f"{file.relative}: {error.sentence}")
                continue
            if stripped is not None:
                former = sha256_of(file.path)
                now = sha256_of(stripped.unfinished)
                self._ledger.replace_content(file.table.full_name, former, now)
                on_step(f"in place {file.relative}")
                placed: FoundFile = stripped.take_place()
                self._ledger.remember_path(placed, now, placed.modified_ns)
                rows += stripped.rows
        return rows

    def export_log(self) -> None:
        """Write the load log where models can read it, without what `strip_lake` took away."""
        export_log(self.connection, self.lake, self._ledger)

    def _strip_log(self, on_step: OnStep) -> None:
        texts = self._ledger.texts()
        columns = (("line", "BIGINT"), ("text", "VARCHAR"))
        hold_rows(self.connection, "log_texts", columns, list(enumerate(texts)))
        told = self.connection.execute(telling_rows("log_texts", "line", "text")).fetchall()
        if told:
            self.register.note_published(False)
            on_step("load log")
            self._ledger.forget_texts([texts[line] for line, _ in told])

    def _reading(self, table: Table) -> Reading:
        return reading_of(table, self._contract, self._brand, self._token_key_id, self._now)

    def _reading_of(self, system: str, name: str) -> Reading | None:
        table = self._contract.table(system, name)
        return self._reading(table) if table is not None else None

    def _noting(self, on_step: OnStep) -> Callable[[str, dict[str, int]], None]:
        def note(place: str, rows: dict[str, int]) -> None:
            self.register.note_removed(place, rows)
            if place.startswith("raw/"):
                self.register.note_published(False)
            on_step(place)

        return note


@contextmanager
def _session(workspace: Workspace, now: datetime) -> Iterator[_Session]:
    read_lake(workspace.lake)
    lake = Lake(workspace.lake)
    lock = FileLock(lake.lock_file)
    try:
        lock.acquire(timeout=PATIENCE)
    except Timeout:
        raise RekindleError(
            f"A load of the lake {lake.folder} is running; erase when it has ended."
        ) from None
    try:
        lake.prepare()
        key = read_token_key(lake, os.environ)
        with (
            closing(Ledger(lake.ledger_file)) as ledger,
            closing(connect(lake, key, None, None)) as connection,
            closing(
                _Session(workspace, lake, connection, ledger, key, now.astimezone(UTC))
            ) as session,
        ):
            heal(lake, ledger)
            yield session
    except (OSError, duckdb.IOException, sqlite3.OperationalError) as error:
        raise RekindleError(
            f"The erasure could not go on: {str(error).splitlines()[0]}. See to it that landing, "
            "lake, build and seeds/policy can be written to, then run it again; it goes on where "
            "it was."
        ) from error
    finally:
        lock.release()


def _check_build(workspace: Workspace) -> None:
    build_file = workspace.build_file()
    state = read_state(build_file)
    held = build_file.parent / "lake"
    if state is None or state.status != "succeeded" or not held.is_dir():
        raise UsageError(
            f"There is no complete build in {build_file.parent}, so nobody knows which records are "
            "one person: build first (rekindle build), then erase."
        )
    if read_lake(held).content != read_lake(workspace.lake).content:
        raise UsageError(
            "Files were loaded after the last build, so nobody knows whose they are: build first "
            "(rekindle build), then erase."
        )
