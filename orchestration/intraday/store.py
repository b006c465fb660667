"""The intraday store: its tables, how they take the place of the former ones, what it says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import yaml

from orchestration.loading.lake import sql_name, sql_text
from orchestration.publishing.shelf import STORAGE_VERSION, Shelf
from orchestration.workspace import Workspace

FILE_NAME = "intraday.duckdb"
"""DuckDB calls an open file by its name: its tables are intraday.member_activity and so on."""
LINK_NAME = "intraday"
_HERE = Path(__file__).parent


@dataclass(frozen=True)
class IntradayMart:
    """A table of the store. Descriptions carry their Chinese label."""

    name: str
    description: str
    columns: tuple[tuple[str, str], ...]
    order_by: tuple[str, ...]

    @property
    def query(self) -> str:
        """The query that makes its rows."""
        return (_HERE / f"{self.name}.sql").read_text("utf-8")


@dataclass(frozen=True)
class Status:
    """The row of intraday.status, as far as programs need it."""

    brand: str
    build_id: str
    content: str
    window_start_at: datetime
    window_end_at: datetime
    made_at: datetime
    people: int
    new_people: int
    acts: int
    acts_of_nobody: int
    files: int
    latency_p50_seconds: float | None
    latency_p95_seconds: float | None

    def line(self) -> str:
        """What the store holds, for people."""
        latency = (
            ""
            if self.latency_p50_seconds is None
            else f"; {self.files:,} files, readable after {self.latency_p50_seconds:.0f} s (p50) "
            f"and {self.latency_p95_seconds:.0f} s (p95)"
        )
        return (
            f"{self.acts:,} acts of {self.people:,} people, {self.new_people:,} of them new, "
            f"from {self.window_start_at:%Y-%m-%d %H:%M} to {self.window_end_at:%Y-%m-%d %H:%M} "
            f"UTC{latency}"
        )


Clock = Callable[[], datetime]
_STATUS_COLUMNS = ", ".join(Status.__dataclass_fields__)


@cache
def intraday_marts() -> tuple[IntradayMart, ...]:
    """The tables of the store in the order in which they are made."""
    return tuple(
        IntradayMart(
            name=one["name"],
            description=f"{one['description']} [{one['label_zh']}]",
            columns=tuple(
                (name, f"{column['text']} [{column['label_zh']}]")
                for name, column in one["columns"].items()
            ),
            order_by=tuple(one["order_by"]),
        )
        for one in yaml.safe_load((_HERE / "marts.yml").read_text("utf-8"))
    )


def shelf_of(workspace: Workspace) -> Shelf:
    """Where readers find the store: `intraday.duckdb`, and `intraday/<table>.parquet`."""
    return Shelf(
        workspace.serving, FILE_NAME, LINK_NAME, ".intraday_versions", ".intraday.publish.lock"
    )


def read_status(workspace: Workspace) -> Status | None:
    """What the store of this brand says about itself; None where there is none, or another's."""
    shelf = shelf_of(workspace)
    if not shelf.file.is_file() or not shelf.link.is_dir():
        return None
    try:
        with duckdb.connect(str(shelf.file), read_only=True) as connection:
            row = connection.execute(
                f"select {_STATUS_COLUMNS} from status where brand = ?", [workspace.brand]
            ).fetchone()
    except duckdb.Error:
        return None
    return Status(*row) if row is not None else None


def former_files(workspace: Workspace) -> Sequence[tuple[str, datetime, datetime]]:
    """Path, arrival and moment of readability of the files in the store of this brand."""
    if read_status(workspace) is None:
        return ()
    with duckdb.connect(str(shelf_of(workspace).file), read_only=True) as connection:
        rows: list[Any] = connection.execute(
            "select file_path, arrived_at, row_at from freshness"
        ).fetchall()
    return rows


def remove_store(workspace: Workspace) -> bool:
    """Take the store away where it is this brand's, every version; whether there was one.

    The next run makes it anew. Nobody may be making it meanwhile.
    """
    shelf = shelf_of(workspace)
    is_of_another = _brand_of(shelf.file) not in {workspace.brand, None}
    if is_of_another or not (shelf.file.exists() or shelf.link.is_symlink()):
        return False
    with shelf.only_writer():
        shelf.remove()
    return True


def write_store(connection: duckdb.DuckDBPyConnection, workspace: Workspace, clock: Clock) -> None:
    """Make all tables from the acts of `connection`, and let them take the former ones' places.

    `clock` says what time it is (UTC, no zone): rows can be read when the last table is there.
    """
    shelf = shelf_of(workspace)
    with shelf.only_writer():
        new_file = shelf.new_file()
        new_version = shelf.new_version(f"{clock():%Y%m%dT%H%M%S}")
        new_version.mkdir(parents=True)
        connection.execute(
            f"attach {sql_text(str(new_file))} as published "
            f"(storage_version {sql_text(STORAGE_VERSION)})"
        )
        for mart in intraday_marts():
            connection.execute("set variable row_at = ?", [clock()])
            _write_mart(connection, mart, new_version)
        connection.execute("checkpoint published")
        connection.execute("detach published")
        shelf.replace(new_file, new_version)


def _write_mart(
    connection: duckdb.DuckDBPyConnection, mart: IntradayMart, new_version: Path
) -> None:
    table = f"published.{mart.name}"
    order = ", ".join(f"{name} nulls first" for name in mart.order_by)
    connection.execute(f"create table {table} as select * from ({mart.query}) order by {order}")
    connection.execute(f"comment on table {table} is {sql_text(mart.description)}")
    for name, text in mart.columns:
        connection.execute(f"comment on column {table}.{sql_name(name)} is {sql_text(text)}")
    target = sql_text(str(new_version / f"{mart.name}.parquet"))
    connection.execute(f"copy {table} to {target} (format parquet, compression zstd)")


def _brand_of(file: Path) -> str | None:
    """Whose store a file is; None where it is none."""
    try:
        with duckdb.connect(str(file), read_only=True) as connection:
            row = connection.execute("select brand from status").fetchone()
    except duckdb.Error:
        return None
    return str(row[0]) if row is not None else None
