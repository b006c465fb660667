"""Writing contract landing folders with DuckDB: shared by the adapters of real data sets."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import duckdb

from orchestration.errors import RekindleError


class AdapterError(RekindleError):
    """A data set cannot be turned into a landing folder; the message is a full sentence."""


def package_file(package: str, *parts: str, requirement: str) -> Path:
    """Path of a data file inside an installed package, found without importing the package.

    `requirement` is the name to install when the package is missing. Raises AdapterError when
    the package or the file is not there.
    """
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise AdapterError(
            f"The package {requirement} is not installed, so its data cannot be read; "
            f"install the project's requirements and run this again."
        )
    path = Path(spec.origin).parent.joinpath(*parts)
    if not path.is_file():
        raise AdapterError(
            f"The package {requirement} is installed, but its file {'/'.join(parts)} is missing; "
            f"reinstall the project's requirements and run this again."
        )
    return path


def sql_text(value: Path | str) -> str:
    """`value` as an SQL string literal."""
    return "'" + str(value).replace("'", "''") + "'"


def connect() -> duckdb.DuckDBPyConnection:
    """An in-memory connection whose files come out byte for byte equal in every run."""
    connection = duckdb.connect(":memory:")
    connection.execute("set timezone = 'UTC'")
    connection.execute("set threads = 1")
    connection.execute("set preserve_insertion_order = true")
    return connection


def write_table(
    connection: duckdb.DuckDBPyConnection, target: Path, system: str, table: str, query: str
) -> Path:
    """Write the rows of `query` to `<target>/<system>/<table>/<table>.parquet`, whole or none.

    The query has to order its rows. Returns the path of the file.
    """
    folder = target / system / table
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{table}.parquet"
    temporary = folder / f".{table}.{os.getpid()}.tmp"
    try:
        connection.execute(
            f"copy ({query}) to {sql_text(temporary)} (format parquet, compression zstd)"
        )
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return path


def write_brand(target: Path, *, business_zone: str, currency: str, comment: str) -> Path:
    """Write `<target>/brand.yml`: the brand's zone (IANA name) and currency (ISO 4217 code)."""
    target.mkdir(parents=True, exist_ok=True)
    path = target / "brand.yml"
    temporary = target / f".brand.yml.{os.getpid()}.tmp"
    text = f"# {comment}\nbusiness_zone: {business_zone}\ncurrency: {currency}\n"
    try:
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return path
