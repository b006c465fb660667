"""A load under way: table by table, which files are new, read together, recorded."""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import duckdb

from orchestration.loading.batch import (
    BatchFile,
    BatchResult,
    StagingError,
    process_batch,
    quarantine_refusals,
    refused_outcome,
)
from orchestration.loading.discovery import FoundFile, IgnoredFile
from orchestration.loading.errors import FileRefusedError, LoadError
from orchestration.loading.ledger import Counts, KnownContent, Ledger, LogEntry, Outcome
from orchestration.loading.progress import Progress
from orchestration.loading.quarantine import empty_tables
from orchestration.loading.reading import Reading
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

MACHINE_ERRORS = (
    LoadError,
    OSError,
    duckdb.IOException,
    duckdb.OutOfMemoryException,
    sqlite3.Error,
)
"""What no file is to blame for: it ends the load, and the next one goes on from there."""

_BATCH_FILES = 500
_BATCH_BYTES = 16 << 20
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Pending:
    """A file that is to be read now."""

    file: FoundFile
    sha256: str
    before: KnownContent | None
    keeps_parts: bool


class LoadJob:
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
        self._unchanged = self._handed_over = 0
        self._refused_before: list[str] = []
        self._said_before: list[str] = []
        self._lake_parts: list[str] = []

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """The connection in use, which is another one after a fatal error."""
        return self._run.connection

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
        name, mappings = reading.table.full_name, reading.fingerprints()
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
            mapping = reading.of_file(file.relative).fingerprint()
            # Of equal bytes in two folders, those count that came last: they may have been moved.
            is_read = content is not None and (
                content.mapping in mappings if is_known_path else content.mapping == mapping
            )
            if sha256 not in pending and (not is_read or is_due):
                keeps = content is not None and content.mapping == mapping
                pending[sha256] = _Pending(file, sha256, content, keeps)
                continue
            shown.advance(file.size)
            if is_known_path:
                self._unchanged += 1
                self._note_unchanged(file, content)
            else:
                copies.append((file, sha256))
        return list(pending.values()), copies

    def _note_unchanged(self, file: FoundFile, content: KnownContent | None) -> None:
        if content is not None:
            self._handed_over += content.says_something
            if content.message:
                told = self._refused_before if content.status == "refused" else self._said_before
                told.append(f"{file.relative}: {content.message}")

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
        waiting: dict[tuple[object, ...], tuple[Reading, list[BatchFile]]] = {}
        refused: dict[str, tuple[Reading, list[tuple[_Pending, FileRefusedError]]]] = {}
        weight = 0

        def refuse(own: Reading, item: _Pending, error: FileRefusedError) -> None:
            refused.setdefault(own.fingerprint(), (own, []))[1].append((item, error))

        with clean_scratch(self._run.lake.scratch / "files") as scratch:
            for item in pending:
                shown.describe(item.file.relative)
                own = reading.of_file(item.file.relative)
                try:
                    opened = open_file(self._run.connection, own, item.file, item.sha256, scratch)
                except FileRefusedError as error:
                    refuse(own, item, error)
                except OSError as error:
                    refuse(own, item, _passing(error))
                except MACHINE_ERRORS:
                    raise
                except Exception as error:
                    refuse(own, item, _unforeseen(error))
                else:
                    batch_file = BatchFile(opened, item.before, item.keeps_parts)
                    if opened.stands_alone:
                        self._read_batch(own, [batch_file])
                    else:
                        _, batch = waiting.setdefault((own.mapping, opened.shape), (own, []))
                        batch.append(batch_file)
                        weight += opened.size
                        if len(batch) >= _BATCH_FILES or weight >= _BATCH_BYTES:
                            for own, batch in waiting.values():
                                self._read_batch(own, batch)
                            waiting, weight = {}, 0
                shown.advance(item.file.size)
            for own, batch in waiting.values():
                self._read_batch(own, batch)
        for own, items in refused.values():
            self._refuse(own, items)

    def _read_batch(self, reading: Reading, files: list[BatchFile]) -> None:
        """Read files of one shape; where that fails, find out which of them is to blame."""
        try:
            self._read_together(reading, files)
        except MACHINE_ERRORS:
            raise
        except Exception as error:
            if isinstance(error, StagingError) and error.is_fatal:
                self._run = replace(self._run, connection=self._reconnect())
            if len(files) > 1:
                for file in files:
                    self._read_batch(reading, [file])
            else:
                self._refuse_opened(reading, files[0], _refusal(error, files[0]))

    def _read_together(self, reading: Reading, files: list[BatchFile]) -> None:
        connection, opened = self._run.connection, [file.opened for file in files]
        empty_tables(connection)
        if opened[0].is_direct:
            relation = direct_relation(reading, opened)
            try:
                result = process_batch(self._run, reading, relation, files, self._lake_parts)
            except StagingError as error:
                if error.is_fatal or opened[0].file.format != "csv":
                    raise
            else:
                self._commit(reading, result)
                return
            empty_tables(connection)
        relation, refused, unknown = delivered_relation(connection, reading, opened)
        result = process_batch(
            self._run, reading, relation, files, self._lake_parts, refused, unknown
        )
        self._commit(reading, result)

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
            self._refuse(reading.of_file(file.relative), [(item, error)])
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
        new = [one for one in self._entries if one.status == "refused" or one.counts.rows_read]
        astray = sum(file.is_data for file in ignored)
        has_rows = any(self._ledger.parts().values())
        said = [
            f"{entry.file_path}: {entry.message}"
            for entry in self._entries
            if entry.status == "loaded" and entry.message
        ]
        return LoadSummary(
            load_id=self._run.load_id,
            load_sequence=self._run.sequence if self._entries else None,
            entries=tuple(self._entries),
            ignored=tuple(ignored),
            unchanged_files=self._unchanged,
            warnings=(*said, *(() if has_rows else self._said_before)),
            refused_before=tuple(self._refused_before),
            in_vain=0 if has_rows else len(new) + self._handed_over + astray,
        )


def _refusal(error: Exception, file: BatchFile) -> FileRefusedError:
    if isinstance(error, StagingError) and file.opened.file.format == "parquet":
        return unreadable_parquet(error.cause)
    return _unforeseen(error)


def _unforeseen(error: Exception) -> FileRefusedError:
    """The refusal of a file that the loader stumbles over; the log gets the details."""
    _LOG.error("a file could not be read", exc_info=error)
    return FileRefusedError(
        "unreadable_file",
        "The file cannot be read, for a reason that the loader was not prepared for. Deliver it "
        "again in another form, and report it with the log; it is tried again at the next load.",
        is_passing=True,
    )


def _passing(error: OSError) -> FileRefusedError:
    return FileRefusedError(
        "unreadable_file",
        f"The file cannot be read ({error.strerror or error}); it is tried again at the next load.",
        is_passing=True,
    )
