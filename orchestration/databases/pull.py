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

from orchestration.databases.cursors import Cursor, Position, Positions, kind_of, put_in_place
from orchestration.databases.deleted import say_deleted
from orchestration.databases.errors import PullError, SettingsError
from orchestration.databases.settings import Source, read_settings, url_of
from orchestration.databases.source import (
    Span,
    before,
    look_at,
    open_database,
    read_rows,
    what_is_there,
)
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
        job = _Pull(landing, Positions(state), brand)
        for database, url in urls.items():
            own = [source for source in sources if source.database == database]
            try:
                engine = open_database(own[0], url)
            except (PullError, SettingsError) as error:
                failures.append(str(error))
                continue
            try:
                for source in own:
                    try:
                        one, said = job.read(engine, source)
                    except (PullError, SettingsError) as error:
                        failures.append(str(error))
                    else:
                        pulled.append(one)
                        remarks += said
            finally:
                engine.dispose()
    return PullSummary(tuple(pulled), tuple(remarks), tuple(failures))


class _Pull:
    """One pull under way."""

    def __init__(self, landing: Path, positions: Positions, brand: Brand) -> None:
        self._landing = landing
        self._positions = positions
        self._brand = brand
        self._started = datetime.now(UTC)

    def read(self, engine: sa.Engine, source: Source) -> tuple[Pulled, list[str]]:
        """Deliver what is new in one table, file after file."""
        mapping = self._brand.mapping(source.table)
        done = Pulled(source.table.full_name, source.label)
        shape = look_at(engine, source, mapping)
        there, remarks = what_is_there(engine, source, shape)
        folder = self._landing / source.table.system / source.table.name
        for unfinished in folder.glob(f".{source.database}-*.parquet.tmp"):
            unfinished.unlink()
        if there is None:
            return done, remarks
        what = f"{source.name} by {source.cursor}"
        left = self._positions.get(source.key, what)
        low, last_file = there.low, ""
        if left is not None and kind_of(left.cursor) == kind_of(there.high):
            low, last_file = self._begin(left.cursor, there, source), left.last_file
        wanted = source.rows_per_file
        is_whole = False
        while not is_whole:
            rows = read_rows(engine, source, Span(low, there.high), wanted)
            is_whole = len(rows) < wanted
            if len(rows) == 0:
                reached, name = there.high, last_file
            else:
                reached = there.high if is_whole else pc.max(rows[source.cursor]).as_py()
                if not is_whole and reached == low:
                    wanted *= 2
                    continue
                if source.deleted is not None:
                    rows = say_deleted(rows, source.table, mapping, source.deleted, source.cursor)
                path = folder / self._file_name(source, done.files + 1)
                name, size = self._deliver(rows, path, last_file)
                if size:
                    done = replace(
                        done,
                        rows=done.rows + len(rows),
                        files=done.files + 1,
                        bytes=done.bytes + size,
                    )
            self._positions.keep(source.key, Position(what, reached, name))
            low, last_file, wanted = reached, name, source.rows_per_file
        return done, remarks

    @staticmethod
    def _begin(left: Cursor, there: Span, source: Source) -> Cursor:
        """Where to begin: behind the end of the last pull, for rows that were late."""
        return before(min(left, there.high), source.overlap)

    def _file_name(self, source: Source, number: int) -> str:
        return f"{source.database}-{self._started:%Y%m%dT%H%M%S%fZ}-{number:04}.parquet"

    def _deliver(self, rows: pa.Table, path: Path, last_file: str) -> tuple[str, int]:
        """Put a file in place whole, unless it would be the last one again: checksum and bytes."""
        aside = path.with_name(f".{path.name}.tmp")
        aside.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(rows, aside)
        checksum = hashlib.sha256(aside.read_bytes()).hexdigest()
        if checksum == last_file:
            aside.unlink()
            return checksum, 0
        size = aside.stat().st_size
        put_in_place(aside, path)
        return checksum, size


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
