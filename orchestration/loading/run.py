"""What the steps of one load share."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from orchestration.loading.lake import Lake


@dataclass(frozen=True)
class LoadRun:
    """A running load: its connection, its lake, its name and number, and the rules it reads by."""

    connection: duckdb.DuckDBPyConnection
    lake: Lake
    load_id: str
    sequence: int
