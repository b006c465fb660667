"""The load: landing files in, raw lake out, exactly once.

    summary = load(Path("landing"), Path("lake"))

The ledger's transaction is what makes a file loaded. Everything before it is undone by the next
load if this one is killed, everything after it is repeated.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import duckdb
from filelock import FileLock, Timeout

from orchestration.loading.batch import (
    BatchFile,
    BatchResult,
    StagingError,
    process_batch,
    quarantine_refusals,
    refused_outcome,
)
from orchestration.loading.brand import read_brand
from orchestration.loading.connection import MEMORY_VARIABLE, connect
from orchestration.loading.contract import load_contract
from orchestration.loading.discovery import FoundFile, IgnoredFile, discover
from orchestration.loading.errors import FileRefusedError, LoadError
from orchestration.loading.export import EXPORTED_PARTS, export
from orchestration.loading.lake import Lake
from orchestration.loading.ledger import Counts, KnownContent, Ledger, LogEntry, Outcome
from orchestration.loading.progress import Progress
from orchestration.loading.quarantine import empty_tables
from orchestration.loading.reading import Reading, reading_of
from orchestration.loading.run import LoadRun
from orchestration.loading.sources import (
    clean_scratch,
    delivered_relation,
    direct_relation,
    open_file,
    unreadable_parquet,
)
from orchestration.loading.summary import LoadSummary
from orchestration.loading.text_files import sha256_of
from orchestration.loading.tokens import read_token_key, token_key_id

_BATCH_FILES = 500
_BATCH_BYTES = 16 << 20


def load(
    landing: Path,
    lake: Path,
    *,
    now: datetime | None = None,
    token_key: bytes | None = None,
    progress: bool | None = None,
    memory_limit: str | None = None,
    threads: int | None = None,
) -> LoadSummary:
    """Load what is new in a landing folder into a raw lake.

    Args:
        landing: the folder with `<system>/<table>/` folders and, if there is one, `brand.yml`.
        lake: the folder of the raw lake; made when it does not exist.
        now: the load time (aware); the clock's unless given.
        token_key: the key of the tokens; the environment's or the lake's own unless given.
        progress: whether to show progress on stderr; only on a terminal unless given.
        memory_limit: what DuckDB may use before it spills to disk, such as '4GB'.
        threads: how many threads DuckDB may use; all cores unless given.

    Returns:
        What was loaded, refused, quarantined and ignored.

    Raises:
        LoadError: the landing folder, brand.yml, the ledger or the token key cannot be used, or
            another load of this lake is running. Bad files do not raise; they are refused.
    """
    started = now or datetime.now(UTC)
    if started.tzinfo is None:
        raise LoadError("The load time needs a time zone; pass an aware datetime.")
    _check_folders(landing, lake)
    contract = load_contract()
    brand = read_brand(landing, contract)
    home = Lake(lake)
    lake.mkdir(parents=True, exist_ok=True)
    with _only_load(home), _explained(home):
        key = token_key or read_token_key(home, os.environ)

        def connection() -> duckdb.DuckDBPyConnection:
            return connect(home, key, memory_limit, threads)

        home.prepare()
        with closing(Ledger(home.ledger_file)) as ledger, closing(connection()) as first:
            _heal(home, ledger)
            home.write_schemas(first, contract)
            run = LoadRun(first, home, _load_id(started), ledger.next_sequence())
            job = _Load(run, ledger, started, connection)
            found = discover(landing, contract)
            with Progress(progress, sum(file.size for file in found.files)) as shown:
                for table in contract:
                    files = [file for file in found.files if file.table is table]
                    reading = reading_of(table, contract, brand, token_key_id(key), started)
                    job.load_table(reading, files, shown)
            job.note_ignored(found.ignored)
            export(connection(), home, ledger, brand, contract)
            return job.summary(found.ignored)


@contextmanager
def _explained(home: Lake) -> Iterator[None]:
    """Turn what the machine is to blame for into a sentence."""
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        raise LoadError(
            "The load needs more memory than it may use; give it more with the environment "
            f"variable {MEMORY_VARIABLE} (such as 8GB), or free disk space below {home.folder}. "
            "Run it again afterwards; nothing is lost."
        ) from error
    except (duckdb.IOException, OSError, sqlite3.OperationalError) as error:
        raise LoadError(
            f"The load could not go on: {str(error).splitlines()[0]}. See to it that {home.folder} "
            "can be written to and has space left, then run it again; nothing is lost."
        ) from error


@dataclass(frozen=True)
class _Pending:
    """A file that is to be read now."""

    file: FoundFile
    sha256: str
    before: KnownContent | None
    keeps_parts: bool


class _Load:
    """One load under way: goes through the tables and keeps what the summary will say."""

    def __init__(
        self,
        run: LoadRun,
        ledger: Ledger,
        now: datetime,
        reconnect: Callable[[], duckdb.DuckDBPyConnection],
    ) -> None:
        self._run = run
        self._ledger = ledger
        self._now = now
        self._reconnect = reconnect
        self._entries: list[LogEntry] = []
        self._unchanged = 0
        self._lake_parts: list[str] = []

    def load_table(self, reading: Reading, files: list[FoundFile], shown: Progress) -> None:
        """Read what is new among the files of one table."""
        if not files:
            return
        shown.describe(reading.table.full_name)
        pending, copies = self._plan(reading, files, shown)
        if pending:
            self._lake_parts = self._parts_that_stay(reading, pending)
            self._read(reading, pending, shown)
        for file, sha256 in copies:
            self._note_copy(reading, file, sha256)

    def _plan(
        self, reading: Reading, files: list[FoundFile], shown: Progress
    ) -> tuple[list[_Pending], list[tuple[FoundFile, str]]]:
        """Which files are to be read, and which hold the same bytes as another one."""
        name, mapping = reading.table.full_name, reading.fingerprint()
        pending: dict[str, _Pending] = {}
        copies: list[tuple[FoundFile, str]] = []
        for file in files:
            try:
                sha256 = self._ledger.known_hash(file) or self._hash(file)
            except OSError as error:
                self._note_unreadable(reading, file, error)
                shown.advance(file.size)
                continue
            content = self._ledger.content(name, sha256)
            is_due = (
                content is not None
                and content.retry_at is not None
                and content.retry_at <= reading.now_utc
            )
            is_known_path = self._ledger.path_hash(file) == sha256
            if sha256 not in pending and (content is None or content.mapping != mapping or is_due):
                keeps = content is not None and content.mapping == mapping
                pending[sha256] = _Pending(file, sha256, content, keeps)
                continue
            shown.advance(file.size)
            if is_known_path:
                self._unchanged += 1
            else:
                copies.append((file, sha256))
        return list(pending.values()), copies

    def _hash(self, file: FoundFile) -> str:
        sha256 = sha256_of(file.path)
        if self._ledger.path_hash(file) == sha256:
            self._ledger.remember_path(file, sha256, time.time_ns())
        return sha256

    def _parts_that_stay(self, reading: Reading, pending: list[_Pending]) -> list[str]:
        """The parts of the table whose rows are known, whatever the pending files say."""
        replaced = {item.sha256 for item in pending if not item.keeps_parts}
        return [
            part
            for (table, sha256), parts in self._ledger.parts().items()
            if table == reading.table.full_name and sha256 not in replaced
            for part in parts
        ]

    def _read(self, reading: Reading, pending: list[_Pending], shown: Progress) -> None:
        """Open the files one after the other and read those of one shape together."""
        waiting: dict[tuple[object, ...], list[BatchFile]] = {}
        refused: list[tuple[_Pending, FileRefusedError]] = []
        weight = 0
        with clean_scratch(self._run.lake.scratch / "files") as scratch:
            for item in pending:
                shown.describe(item.file.relative)
                try:
                    opened = open_file(
                        self._run.connection, reading, item.file, item.sha256, scratch
                    )
                except FileRefusedError as error:
                    refused.append((item, error))
                except OSError as error:
                    refused.append((item, _passing(error)))
                else:
                    batch_file = BatchFile(opened, item.before, item.keeps_parts)
                    if opened.stands_alone:
                        self._read_batch(reading, [batch_file], scratch)
                    else:
                        batch = waiting.setdefault(opened.shape, [])
                        batch.append(batch_file)
                        weight += opened.size
                        if len(batch) >= _BATCH_FILES or weight >= _BATCH_BYTES:
                            for batch in waiting.values():
                                self._read_batch(reading, batch, scratch)
                            waiting, weight = {}, 0
                shown.advance(item.file.size)
            for batch in waiting.values():
                self._read_batch(reading, batch, scratch)
        if refused:
            self._refuse(reading, refused)

    def _read_batch(self, reading: Reading, files: list[BatchFile], scratch: Path) -> None:
        """Read files of one shape; where that fails, find out which of them is to blame."""
        empty_tables(self._run.connection)
        opened = [file.opened for file in files]
        if not opened[0].is_direct:
            self._read_records(reading, files)
            return
        try:
            relation = direct_relation(reading, opened)
            self._commit(
                reading, process_batch(self._run, reading, relation, files, self._lake_parts)
            )
        except StagingError as error:
            self._recover(error)
            if len(files) > 1:
                for file in files:
                    self._read_batch(reading, [file], scratch)
            elif opened[0].file.format == "csv":
                self._read_records(reading, files)
            else:
                self._refuse_opened(reading, files[0], unreadable_parquet(error.cause))

    def _read_records(self, reading: Reading, files: list[BatchFile]) -> None:
        empty_tables(self._run.connection)
        relation, refused, unknown = delivered_relation(
            self._run.connection, reading, [file.opened for file in files]
        )
        result = process_batch(
            self._run, reading, relation, files, self._lake_parts, refused, unknown
        )
        self._commit(reading, result)

    def _recover(self, error: StagingError) -> None:
        """Take a new connection where DuckDB gave up on the old one."""
        if error.is_fatal:
            self._run = replace(self._run, connection=self._reconnect())
        empty_tables(self._run.connection)

    def _refuse_opened(self, reading: Reading, file: BatchFile, error: FileRefusedError) -> None:
        item = _Pending(file.opened.file, file.opened.sha256, file.before, file.keeps_parts)
        self._refuse(reading, [(item, error)])

    def _refuse(self, reading: Reading, refused: list[tuple[_Pending, FileRefusedError]]) -> None:
        part = quarantine_refusals(
            self._run, reading, [(item.file, error) for item, error in refused]
        )
        self._commit(
            reading,
            BatchResult(
                outcomes=tuple(
                    refused_outcome(reading, item.file, item.sha256, error)
                    for item, error in refused
                ),
                quarantine_part=part,
                replaced_parts=tuple(
                    part
                    for item, _ in refused
                    if item.before is not None and not item.keeps_parts
                    for part in item.before.parts
                ),
                new_parts=(),
            ),
        )

    def _commit(self, reading: Reading, result: BatchResult) -> None:
        """The moment at which the files of a batch count as handled."""
        self._ledger.commit(
            self._run.load_id,
            self._run.sequence,
            reading.now_utc,
            time.time_ns(),
            result.outcomes,
            result.quarantine_part,
        )
        self._run.lake.remove(result.replaced_parts)
        self._lake_parts += result.new_parts
        self._entries += [outcome.entry for outcome in result.outcomes]

    def _note_copy(self, reading: Reading, file: FoundFile, sha256: str) -> None:
        """Log a file whose bytes another path of the table had before."""
        content = self._ledger.content(reading.table.full_name, sha256)
        if content is None:
            return
        if content.status == "refused":
            error = FileRefusedError(content.reason_code or "", content.message or "")
            item = _Pending(file, sha256, None, keeps_parts=True)
            self._refuse(reading, [(item, error)])
            return
        entry = LogEntry(
            file_path=file.relative,
            status="duplicate",
            system=reading.table.system,
            table_name=reading.table.name,
            file_sha256=sha256,
            message="The same bytes were loaded before from another path.",
            counts=Counts(rows_read=content.rows_read, rows_unchanged=content.rows_read),
        )
        outcome = Outcome(file, sha256, entry, content=None)
        self._commit(reading, BatchResult((outcome,), None, (), ()))

    def _note_unreadable(self, reading: Reading, file: FoundFile, error: OSError) -> None:
        """Report a file that the system does not let us read; it is tried at every load."""
        refusal = _passing(error)
        report = IgnoredFile(file.relative, refusal.sentence)
        if not self._ledger.is_reported(report):
            self._ledger.report(report)
            self._refuse(reading, [(_Pending(file, "", None, keeps_parts=True), refusal)])

    def note_ignored(self, ignored: Sequence[IgnoredFile]) -> None:
        """Log what is ignored, once for each file and reason."""
        new = [file for file in ignored if not self._ledger.is_reported(file)]
        if new:
            self._ledger.commit_ignored(self._run.load_id, self._run.sequence, self._now, new)

    def summary(self, ignored: Sequence[IgnoredFile]) -> LoadSummary:
        """What this load did."""
        return LoadSummary(
            load_id=self._run.load_id,
            load_sequence=self._run.sequence if self._entries else None,
            entries=tuple(self._entries),
            ignored=tuple(ignored),
            unchanged_files=self._unchanged,
            warnings=tuple(
                f"{entry.file_path}: {entry.message}"
                for entry in self._entries
                if entry.status == "loaded" and entry.message
            ),
        )


def _passing(error: OSError) -> FileRefusedError:
    return FileRefusedError(
        "unreadable_file",
        f"The file cannot be read ({error.strerror or error}); it is tried again at the next load.",
        is_passing=True,
    )


def _heal(home: Lake, ledger: Ledger) -> None:
    """Undo what a killed load left behind, and let contents whose parts are lost be read again."""
    on_disk = home.parts()
    known = ledger.parts()
    named = {part for parts in known.values() for part in parts}
    home.remove(on_disk - named - ledger.quarantine_parts() - EXPORTED_PARTS)
    lost = {
        content: tuple(part for part in parts if part in on_disk)
        for content, parts in known.items()
        if not on_disk.issuperset(parts)
    }
    if lost:
        ledger.forget(lost)


def _check_folders(landing: Path, lake: Path) -> None:
    if not landing.exists():
        raise LoadError(f"There is no landing folder {landing}; give the path of an existing one.")
    if not landing.is_dir():
        raise LoadError(
            f"{landing} is a file; give the folder that holds <system>/<table>/ folders."
        )
    if lake.exists() and not lake.is_dir():
        raise LoadError(f"{lake} is a file; give a folder for the raw lake.")
    inner, outer = lake.resolve(), landing.resolve()
    if inner.is_relative_to(outer) or outer.is_relative_to(inner):
        raise LoadError(
            f"The lake {lake} and the landing folder {landing} are inside one another; "
            "keep them apart."
        )


@contextmanager
def _only_load(home: Lake) -> Iterator[None]:
    lock = FileLock(home.lock_file)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise LoadError(
            f"Another load of the lake {home.folder} is running; wait until it has ended."
        ) from None
    try:
        yield
    finally:
        lock.release()


def _load_id(now: datetime) -> str:
    return f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"
