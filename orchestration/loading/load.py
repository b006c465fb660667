"""The load: landing files in, raw lake out, exactly once.

    summary = load(Path("landing"), Path("lake"))

The ledger's transaction is what makes a file loaded. Everything before it is undone by the next
load if this one is killed, everything after it is repeated.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import duckdb
from filelock import FileLock, Timeout

from orchestration.loading.brand import read_brand
from orchestration.loading.connection import MEMORY_VARIABLE, connect
from orchestration.loading.contract import Contract, load_contract
from orchestration.loading.discovery import discover
from orchestration.loading.errors import LakeBusyError, LoadError
from orchestration.loading.export import export, unfinished_parts
from orchestration.loading.job import LoadJob
from orchestration.loading.lake import OPS_TABLES, Lake
from orchestration.loading.ledger import Ledger
from orchestration.loading.progress import Progress
from orchestration.loading.reading import reading_of
from orchestration.loading.run import LoadRun
from orchestration.loading.summary import LoadSummary
from orchestration.loading.tokens import read_token_key, token_key_id

PATIENCE = 600.0
"""Seconds that a load which stands for itself waits for one of the five-minute path."""

_SCHEMAS = "contract of the schema parts"


def load(
    landing: Path,
    lake: Path,
    *,
    now: datetime | None = None,
    token_key: bytes | None = None,
    progress: bool | None = None,
    memory_limit: str | None = None,
    threads: int | None = None,
    patience: float = 0,
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
        patience: how many seconds to wait for another load of this lake.

    Returns:
        What was loaded, refused, quarantined and ignored.

    Raises:
        LoadError: the landing folder, brand.yml, the ledger or the token key cannot be used, or
            another load of this lake is running (LakeBusyError). Bad files do not raise; they are
            refused.
    """
    started = now or datetime.now(UTC)
    if started.tzinfo is None:
        raise LoadError("The load time needs a time zone; pass an aware datetime.")
    _check_folders(landing, lake)
    contract = load_contract()
    brand = read_brand(landing, contract)
    home = Lake(lake)
    with _explained(home), _only_load(home, patience):
        key = token_key or read_token_key(home, os.environ)

        def connection() -> duckdb.DuckDBPyConnection:
            return connect(home, key, memory_limit, threads)

        home.prepare()
        with closing(Ledger(home.ledger_file)) as ledger, closing(connection()) as first:
            heal(home, ledger)
            _write_schemas(home, ledger, first, contract)
            run = LoadRun(first, home, _load_id(started), ledger.next_sequence())
            job = LoadJob(run, ledger, started, connection)
            found = discover(landing, contract)
            with Progress(progress, sum(file.size for file in found.files)) as shown:
                for table in contract:
                    files = [file for file in found.files if file.table is table]
                    reading = reading_of(table, contract, brand, token_key_id(key), started)
                    job.load_table(reading, files, shown)
            job.note_ignored(found.ignored)
            export(job.connection, home, ledger, brand, contract)
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


def heal(home: Lake, ledger: Ledger) -> None:
    """Undo what a killed load left behind, and let contents whose parts are lost be read again."""
    home.remove(unfinished_parts(home, ledger))
    on_disk = home.parts()
    lost = {
        content: tuple(part for part in parts if part in on_disk)
        for content, parts in ledger.parts().items()
        if not on_disk.issuperset(parts)
    }
    if lost:
        ledger.forget(lost)


def _write_schemas(
    home: Lake, ledger: Ledger, connection: duckdb.DuckDBPyConnection, contract: Contract
) -> None:
    """See to it that every table has its empty part, without opening them all at every load."""
    fingerprint = f"{contract.fingerprint()} {OPS_TABLES}"
    if ledger.setting(_SCHEMAS) != fingerprint or not home.has_schemas(contract):
        home.write_schemas(connection, contract)
        ledger.keep_setting(_SCHEMAS, fingerprint)


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
def _only_load(home: Lake, patience: float) -> Iterator[None]:
    home.folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(home.lock_file)
    try:
        lock.acquire(timeout=patience)
    except Timeout:
        raise LakeBusyError(
            f"Another load of the lake {home.folder} is running; wait until it has ended."
        ) from None
    try:
        yield
    finally:
        lock.release()


def _load_id(now: datetime) -> str:
    return f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"
