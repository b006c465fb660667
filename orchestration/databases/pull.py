"""What is new in a brand's databases becomes files of its landing folder.

    summary = pull(Path("landing"), Path("var/brand/databases"))

The files are in place before it is remembered how far a table has been read. Whatever ends a pull
between the two, the next one reads some rows again, which are `unchanged` to the loader.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import sqlalchemy as sa
from filelock import FileLock, Timeout

from orchestration.databases.cursors import Position, Positions, kind_of, put_in_place
from orchestration.databases.deleted import say_deleted
from orchestration.databases.errors import PullError, SettingsError
from orchestration.databases.settings import Source, read_settings, url_of
from orchestration.databases.source import (
    Span,
    before,
    files_of,
    look_at,
    open_database,
    read_rows,
    what_is_there,
)
from orchestration.databases.values import Emptied
from orchestration.loading.brand import Brand, read_brand
from orchestration.loading.contract import load_contract


@dataclass(frozen=True)
class Pulled:
    """What was read of one table: rows, and files of how many bytes."""

    table: str
    source: str
    rows: int = 0
    files: int = 0
    bytes: int = 0


@dataclass(frozen=True)
class PullSummary:
    """What a pull did. `failures` are sentences about what could not be read."""

    pulled: tuple[Pulled, ...]
    remarks: tuple[str, ...]
    failures: tuple[str, ...]

    def lines(self) -> list[str]:
        """The summary for a person, a line for each table and remark."""
        return [
            *(
                f"{one.table} from {one.source}: {one.rows:,} rows in {one.files} files"
                if one.files
                else f"{one.table} from {one.source}: nothing new"
                for one in self.pulled
            ),
            *self.remarks,
        ]

    def check(self) -> None:
        """Raise PullError where a table could not be read."""
        if self.failures:
            raise PullError("\n".join(self.failures))


def pull(
    landing: Path,
    state: Path,
    *,
    environment: Mapping[str, str] = os.environ,
) -> PullSummary:
    """Read what is new in the tables that databases.yml names, and deliver it.

    Args:
        landing: the brand's landing folder, with databases.yml in it.
        state: the folder that remembers how far each table has been read.
        environment: where the addresses are; the process's own unless given.

    Returns:
        What was read of each table. A table that cannot be read does not stop the others.

    Raises:
        SettingsError: databases.yml is wrong, or an address is missing.
        PullError: another pull is running.
    """
    contract = load_contract()
    sources = read_settings(landing, contract)
    brand = read_brand(landing, contract)
    urls = {source.database: url_of(source, environment) for source in sources}
    pulled: list[Pulled] = []
    remarks: list[str] = []
    failures: list[str] = []
    with _only_pull(state):
        emptied = Emptied()
        job = _Pull(landing, Positions(state), brand, emptied)
        for database, url in urls.items():
            own = [source for source in sources if source.database == database]
            try:
                engine = open_database(own[0], url, emptied)
            except (PullError, SettingsError) as error:
                failures.append(str(error))
                continue
            try:
                for source in own:
                    try:
                        one, said = job.read(engine, source)
                    except (PullError, SettingsError) as error:
                        failures.append(str(error))
                    except OSError as error:
                        failures.append(
                            f"{source.label}: what was read cannot be written ({error}). Make "
                            "room, or give the process the right to write there; the next pull "
                            "goes on where the last one ended."
                        )
                    else:
                        pulled.append(one)
                        remarks += said
            finally:
                engine.dispose()
    return PullSummary(tuple(pulled), tuple(remarks), tuple(failures))


class _Pull:
    """One pull under way."""

    def __init__(self, landing: Path, positions: Positions, brand: Brand, emptied: Emptied) -> None:
        self._landing = landing
        self._positions = positions
        self._brand = brand
        self._emptied = emptied
        self._started = datetime.now(UTC)

    def read(self, engine: sa.Engine, source: Source) -> tuple[Pulled, list[str]]:
        """Deliver what is new in one table, file after file."""
        mapping = self._brand.mapping(source.table)
        done = Pulled(source.table.full_name, source.label)
        shape = look_at(engine, source, mapping)
        there, remarks = what_is_there(engine, source, shape)
        for unfinished in self._folder(source).glob(f".{source.database}-*.parquet.tmp"):
            unfinished.unlink()
        if there is None:
            return done, remarks
        position = Position(f"{source.name} by {source.cursor}", there.low)
        left = self._positions.get(source.key, position.source)
        if left is not None and kind_of(left.cursor) == kind_of(there.high):
            begin = before(min(left.cursor, there.high), source.overlap, shape.zone)
            position = replace(left, cursor=begin)
        self._emptied.taken()
        is_open, is_whole = False, False
        while not is_whole:
            span = Span(position.cursor, there.high, is_open)
            rows = read_rows(engine, source, span, source.rows_per_file)
            is_whole = len(rows) < source.rows_per_file
            reached = there.high if is_whole else pc.max(rows[source.cursor]).as_py()
            # A file may end amid rows of one instant, which are read again, unless they fill it.
            is_open = not is_whole and reached == position.cursor
            parts = (
                files_of(engine, source, Span(reached, reached))
                if is_open
                else iter([rows] if len(rows) else [])
            )
            for part in parts:
                done, position = self._deliver(part, source, done, position)
            position = replace(position, cursor=reached)
            self._positions.keep(source.key, position)
        if emptied := self._emptied.taken():
            remarks.append(
                f"{source.label}: {emptied:,} values that are no dates of the years 1 to 9999 or "
                "no finite numbers were delivered empty."
            )
        return done, remarks

    def _deliver(
        self, rows: pa.Table, source: Source, done: Pulled, position: Position
    ) -> tuple[Pulled, Position]:
        """Put a file in place whole, unless it would be one of the last ones again."""
        if source.deleted is not None:
            mapping = self._brand.mapping(source.table)
            rows = say_deleted(rows, source.table, mapping, source.deleted, source.cursor)
        path = self._folder(source) / self._file_name(source, done.files + 1)
        aside = path.with_name(f".{path.name}.tmp")
        aside.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(rows, aside)
        with aside.open("rb") as written:
            checksum = hashlib.file_digest(written, "sha256").hexdigest()
        if checksum in position.files:
            aside.unlink()
            return done, position.with_file(checksum)
        size = aside.stat().st_size
        put_in_place(aside, path)
        done = replace(
            done, rows=done.rows + len(rows), files=done.files + 1, bytes=done.bytes + size
        )
        return done, position.with_file(checksum)

    def _folder(self, source: Source) -> Path:
        return self._landing / source.table.system / source.table.name

    def _file_name(self, source: Source, number: int) -> str:
        return f"{source.database}-{self._started:%Y%m%dT%H%M%S%fZ}-{number:04}.parquet"


@contextmanager
def _only_pull(state: Path) -> Iterator[None]:
    state.mkdir(parents=True, exist_ok=True)
    lock = FileLock(state / "pull.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise PullError(
            "Another pull of this brand's databases is running; wait until it has ended."
        ) from None
    try:
        yield
    finally:
        lock.release()
