"""The DuckDB connection of a load: in memory, spilling to the scratch folder, in UTC."""

from __future__ import annotations

import os
from contextlib import closing

import duckdb

from orchestration.loading.erased_rows import install_tombstones
from orchestration.loading.errors import LoadError
from orchestration.loading.lake import Lake, sql_text
from orchestration.loading.register import Register
from orchestration.loading.tokens import install_tokens, token_key_id, tombstone_key
from orchestration.loading.typing_sql import MACROS

MEMORY_VARIABLE = "REKINDLE_LOAD_MEMORY"
_DEFAULT_MEMORY = "4GB"


def connect(
    lake: Lake, key: bytes, memory_limit: str | None, threads: int | None
) -> duckdb.DuckDBPyConnection:
    """A new connection that knows the reading rules and the token key. Raises LoadError."""
    limit = memory_limit or os.environ.get(MEMORY_VARIABLE) or _DEFAULT_MEMORY
    connection = duckdb.connect()
    try:
        connection.execute(f"SET memory_limit = {sql_text(limit)}")
    except duckdb.Error as error:
        connection.close()
        raise LoadError(
            f"{limit!r} is no amount of memory; write {MEMORY_VARIABLE} like 4GB."
        ) from error
    for setting, value in (
        ("TimeZone", "'UTC'"),
        ("temp_directory", sql_text(str(lake.scratch / "spill"))),
        ("preserve_insertion_order", "true"),
        ("enable_external_file_cache", "false"),
        ("enable_progress_bar", "false"),
        ("disabled_optimizers", "'in_clause'"),
        ("autoinstall_known_extensions", "false"),
        ("autoload_known_extensions", "false"),
    ):
        connection.execute(f"SET {setting} = {value}")
    if threads is not None:
        connection.execute(f"SET threads = {int(threads)}")
    for macro in MACROS:
        connection.execute(f"CREATE MACRO {macro}")
    of_erased = tombstone_key(key, os.environ)
    install_tokens(connection, key, of_erased)
    install_tombstones(connection, _tombstones(lake, of_erased))
    return connection


def _tombstones(lake: Lake, key: bytes) -> list[tuple[object, ...]]:
    if not lake.register_file.is_file():
        return []
    with closing(Register(lake.register_file)) as register:
        register.check_key(token_key_id(key))
        return list(register.tombstones())
