"""Splink's clustering of a table of record keys and identifiers; run by a Python that has Splink.

    python splink_clustering.py EDGES.parquet CLUSTERS.parquet MEMORY_LIMIT

Splink clusters pairs of records, so each record is paired with the smallest one that holds its
identifier: fewer edges than all pairs, and about twice as fast as records and identifiers as nodes.
Timed from the table of texts in a DuckDB file to the table of clusters in it. Prints
{"seconds": …, "peak": bytes}.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
import time
from pathlib import Path

import duckdb
from splink import DuckDBAPI
from splink.clustering import cluster_pairwise_predictions_at_threshold

PAIRS = """
CREATE TABLE pairs AS
WITH smallest AS (
    SELECT identifier, min(record_key) AS record_key FROM edges GROUP BY identifier
)
SELECT edges.record_key AS record_key_l, smallest.record_key AS record_key_r
FROM edges INNER JOIN smallest ON edges.identifier = smallest.identifier
WHERE edges.record_key <> smallest.record_key
"""
RECORDS = "CREATE TABLE records AS SELECT record_key FROM edges GROUP BY record_key"


def main(edges: str, clusters: str, memory_limit: str) -> None:
    """Cluster, write, print the seconds and the peak memory."""
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder) / "splink.duckdb")
        with duckdb.connect(file) as connection:
            connection.execute(f"CREATE TABLE edges AS FROM '{edges}'")
        start = time.perf_counter()
        connection = duckdb.connect(file)
        connection.execute("SET enable_progress_bar = false")
        connection.execute(f"SET memory_limit = '{memory_limit}'")
        connection.execute("SET preserve_insertion_order = false")
        connection.execute(PAIRS)
        connection.execute(RECORDS)
        clustered = cluster_pairwise_predictions_at_threshold(
            connection.table("records"),
            connection.table("pairs"),
            DuckDBAPI(connection=connection),
            node_id_column_name="record_key",
        )
        connection.execute("CHECKPOINT")
        seconds = time.perf_counter() - start
        connection.execute(
            f"COPY (SELECT record_key, cluster_id FROM {clustered.physical_name}) TO '{clusters}'"
        )
        connection.close()
    high = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="utf-8"))
    print(json.dumps({"seconds": seconds, "peak": int(high[1]) * 1024 if high else 0}))


if __name__ == "__main__":
    main(*sys.argv[1:])
