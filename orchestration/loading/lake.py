"""The folders of the raw lake: where parts are, how they appear whole, how orphans go away."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from orchestration.loading.contract import Contract

SCHEMA_PART = "schema.parquet"
LOAD_LOG_COLUMNS = (
    ("load_id", "VARCHAR"),
    ("load_sequence", "BIGINT"),
    ("system", "VARCHAR"),
    ("table_name", "VARCHAR"),
    ("file_path", "VARCHAR"),
    ("file_sha256", "VARCHAR"),
    ("status", "VARCHAR"),
    ("message", "VARCHAR"),
    ("rows_read", "BIGINT"),
    ("rows_loaded", "BIGINT"),
    ("rows_quarantined", "BIGINT"),
    ("rows_unchanged", "BIGINT"),
    ("optional_values_nulled", "BIGINT"),
    ("money_rounded", "BIGINT"),
    ("unknown_codes", "BIGINT"),
    ("unknown_columns", "VARCHAR"),
    ("loaded_at", "TIMESTAMP"),
)
QUARANTINE_COLUMNS = (
    ("load_id", "VARCHAR"),
    ("load_sequence", "BIGINT"),
    ("system", "VARCHAR"),
    ("table_name", "VARCHAR"),
    ("file_path", "VARCHAR"),
    ("line_number", "BIGINT"),
    ("reason_code", "VARCHAR"),
    ("column_name", "VARCHAR"),
    ("reason", "VARCHAR"),
    ("raw_record", "VARCHAR"),
    ("recorded_at", "TIMESTAMP"),
)
BRAND_COLUMNS = (
    ("business_zone", "VARCHAR"),
    ("currency", "VARCHAR"),
    ("fingerprint", "VARCHAR"),
)
ERASED_RECORD_COLUMNS = (
    ("source_record_key", "VARCHAR"),
    ("one_id", "VARCHAR"),
)
ERASURE_COLUMNS = (
    ("request_id", "VARCHAR"),
    ("requested_at", "TIMESTAMP"),
    ("completed_at", "TIMESTAMP"),
    ("stores_checked", "BIGINT"),
    ("rows_removed", "BIGINT"),
)
OPS_TABLES = {
    "load_log": LOAD_LOG_COLUMNS,
    "quarantine": QUARANTINE_COLUMNS,
    "brand": BRAND_COLUMNS,
    "erased_records": ERASED_RECORD_COLUMNS,
    "erasures": ERASURE_COLUMNS,
}
OPS_SYSTEM = "rekindle"


@dataclass(frozen=True)
class Lake:
    """The folder of a raw lake; all names are relative to `<lake>/raw`, '/'-separated."""

    folder: Path

    @property
    def raw(self) -> Path:
        """What dbt reads."""
        return self.folder / "raw"

    @property
    def scratch(self) -> Path:
        """Unpacked files, spilled memory and unfinished parts of the running load."""
        return self.folder / ".loading"

    @property
    def ledger_file(self) -> Path:
        """The SQLite file that says what has been read."""
        return self.folder / "ledger.sqlite"

    @property
    def token_key_file(self) -> Path:
        """Where the key lives when the environment names none."""
        return self.folder / "token.key"

    @property
    def register_file(self) -> Path:
        """The SQLite file that says whom to keep out: keyed tombstones, no personal data."""
        return self.folder / "erasures.sqlite"

    @property
    def lock_file(self) -> Path:
        """Held by the one running load."""
        return self.folder / ".load.lock"

    def path(self, name: str) -> Path:
        """The path of a part."""
        return self.raw / name

    def prepare(self) -> None:
        """Make the folders and empty the scratch folder, left over from a load that was killed."""
        self.raw.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(self.scratch, ignore_errors=True)
        self.scratch.mkdir()

    def parts(self) -> set[str]:
        """The names of all parts, schema parts left out, unfinished ones included."""
        found: set[str] = set()
        for system in _folders(self.raw):
            for table in _folders(system):
                prefix = f"{system.name}/{table.name}/"
                found.update(
                    prefix + entry.name
                    for entry in os.scandir(table)
                    if entry.name != SCHEMA_PART and entry.is_file(follow_symlinks=False)
                )
        return found

    def remove(self, names: Iterable[str]) -> None:
        """Delete parts; one that is gone already is no error."""
        for name in names:
            self.path(name).unlink(missing_ok=True)

    def write_schemas(self, connection: duckdb.DuckDBPyConnection, contract: Contract) -> None:
        """Write the empty typed part of every table where it is missing or has other columns.

        The loader's own records, which nobody delivers again, get the columns they lack.
        """
        for table in contract:
            self._write_schema(connection, table.system, table.name, table.lake_columns())
        for name, columns in OPS_TABLES.items():
            self._widen_parts(connection, self.raw / OPS_SYSTEM / name, columns)
            self._write_schema(connection, OPS_SYSTEM, name, columns)

    def has_schemas(self, contract: Contract) -> bool:
        """Whether every table has its empty part."""
        folders = [self.raw / table.system / table.name for table in contract]
        folders += [self.raw / OPS_SYSTEM / name for name in OPS_TABLES]
        return all((folder / SCHEMA_PART).exists() for folder in folders)

    def _widen_parts(
        self,
        connection: duckdb.DuckDBPyConnection,
        folder: Path,
        columns: Sequence[tuple[str, str]],
    ) -> None:
        schema = folder / SCHEMA_PART
        if not schema.exists() or _columns_of(connection, schema) == list(columns):
            return
        for part in folder.glob("[!.]*.parquet"):
            there = [name for name, _ in _columns_of(connection, part)]
            if part != schema and there != [name for name, _ in columns]:
                values = ", ".join(
                    f"CAST({name if name in there else 'NULL'} AS {kind}) AS {name}"
                    for name, kind in columns
                )
                source = f"read_parquet({sql_path(part)})"
                write_parquet(connection, f"SELECT {values} FROM {source}", part)

    def _write_schema(
        self,
        connection: duckdb.DuckDBPyConnection,
        system: str,
        table: str,
        columns: Sequence[tuple[str, str]],
    ) -> None:
        folder = self.raw / system / table
        folder.mkdir(parents=True, exist_ok=True)
        target = folder / SCHEMA_PART
        if target.exists() and _columns_of(connection, target) == list(columns):
            return
        casts = ", ".join(f'CAST(NULL AS {kind}) AS "{name}"' for name, kind in columns)
        write_parquet(connection, f"SELECT {casts} WHERE false", target)


def write_parquet(connection: duckdb.DuckDBPyConnection, query: str, target: Path) -> None:
    """Write the rows of `query` to `target`, which appears whole or not at all."""

    def copy(path: Path) -> None:
        connection.execute(f"COPY ({query}) TO {sql_text(str(path))} (FORMAT parquet)")

    appear_whole(target, copy)


def hidden(target: Path) -> Path:
    """Where a part stands while it is unfinished."""
    return target.with_name(f".{target.name}")


def make_visible(unfinished: Iterable[Path]) -> None:
    """Make unfinished parts durable, then let them appear under their names."""
    parts = list(unfinished)
    for part in parts:
        sync_file(part)
    for part in parts:
        os.replace(part, part.with_name(part.name.removeprefix(".")))
    for folder in {part.parent for part in parts}:
        sync_folder(folder)


def appear_whole(target: Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a hidden file beside `target`, make it durable, then rename it."""
    unfinished = hidden(target)
    try:
        write(unfinished)
        make_visible([unfinished])
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


def sync_file(path: Path) -> None:
    """Wait until the content of a file is on disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_folder(path: Path) -> None:
    """Wait until the names in a folder are on disk."""
    sync_file(path)


def sql_text(value: str) -> str:
    """A text as an SQL literal."""
    return "'" + value.replace("'", "''") + "'"


def sql_path(path: Path) -> str:
    """The path of one file as an SQL literal whose characters all stand for themselves."""
    return sql_text("".join(f"[{one}]" if one in "[?*" else one for one in str(path)))


def sql_paths(paths: Iterable[Path]) -> str:
    """Paths of files as an SQL list."""
    return f"[{', '.join(map(sql_path, paths))}]"


def sql_name(value: str) -> str:
    """A name as a quoted SQL identifier."""
    return '"' + value.replace('"', '""') + '"'


def _columns_of(connection: duckdb.DuckDBPyConnection, path: Path) -> list[tuple[str, str]]:
    try:
        rows = connection.execute(
            f"DESCRIBE SELECT * FROM read_parquet({sql_path(path)})"
        ).fetchall()
    except duckdb.Error:
        return []
    return [(name, kind) for name, kind, *_ in rows]


def _folders(folder: Path) -> list[Path]:
    return [Path(entry.path) for entry in os.scandir(folder) if entry.is_dir()]


def count_of(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    """The one number that a query returns."""
    ((count,),) = connection.execute(query).fetchall()
    return int(count)
