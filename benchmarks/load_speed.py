"""How fast the loader is, against DuckDB copying the same files to Parquet without any checks.

    python -m benchmarks.load_speed [--rows 2000000] [--runs 5] [--threads 2]

Makes an events file (13 columns) and an orders file (21 columns), each as CSV and as Parquet, in a
temporary folder; runs the copy and the load in turn; prints the medians, and the ratio last:
speed of the load / speed of the copy, the lowest of the four files.
"""

from __future__ import annotations

import shutil
import time
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import duckdb

from benchmarks.measuring import Row, finish, in_turn, median, options_of, rod_parser, work_folder
from orchestration.loading.load import load

NOW = datetime(2026, 1, 1, tzinfo=UTC)
EVENTS = """
SELECT 'ev' || lpad(i::VARCHAR, 10, '0') AS event_id,
    'oU' || md5((i * 7 % 200_000)::VARCHAR) AS openid,
    CASE WHEN i % 4 > 0 THEN 'd' || (i * 7 % 300_000) END AS device_id,
    's' || (i // 7) AS session_id,
    ['open', 'view', 'search', 'add_to_cart', 'share'][1 + i % 5] AS event_type,
    CASE WHEN i % 5 IN (1, 3) THEN 'P' || (i * 13 % 5_000) END AS product_id,
    CASE WHEN i % 5 IN (1, 3) THEN 'C' || (i * 13 % 60) END AS category_id,
    CASE WHEN i % 11 = 0 THEN 'ct' || (i % 900) END AS content_id,
    CASE WHEN i % 11 = 0 THEN 'article' END AS content_type,
    CAST(NULL AS VARCHAR) AS live_session_id,
    CASE WHEN i % 5 = 2 THEN '面霜 ' || (i % 400) END AS keyword,
    CASE WHEN i % 5 = 3 THEN (i % 1_000) / 10.0 END AS value,
    TIMESTAMPTZ '2024-01-01 00:00:00+00' + to_seconds(i * 7) AS occurred_at
FROM range({rows}) AS numbers (i)
"""
ORDERS = """
SELECT 'O' || lpad(i::VARCHAR, 10, '0') AS order_id,
    ['website', 'mini_program', 'app', 'tmall', 'pos'][1 + i % 5] AS order_channel,
    CASE WHEN i % 5 < 4 THEN 'member_no' ELSE 'phone' END AS buyer_key_type,
    CASE WHEN i % 5 < 4 THEN 'M' || (i * 7 % 300_000)
        ELSE '139' || lpad((i * 7919 % 90_000_000 + 1_000_000)::VARCHAR, 8, '0') END AS buyer_key,
    CASE WHEN i % 5 = 4 THEN 'S' || (i % 300) END AS store_id,
    CASE WHEN i % 5 = 4 THEN 'E' || (i % 2_000) END AS staff_id,
    ['paid', 'shipped', 'completed', 'completed', 'cancelled'][1 + i % 5] AS status,
    'sale' AS order_kind, false AS is_test, i % 50 = 0 AS is_gift,
    CAST(NULL AS VARCHAR) AS group_buy_id,
    TIMESTAMPTZ '2024-01-01 00:00:00+00' + to_seconds(i * 7) AS ordered_at,
    TIMESTAMPTZ '2024-01-01 00:01:00+00' + to_seconds(i * 7) AS paid_at,
    CASE WHEN i % 5 = 4 THEN TIMESTAMPTZ '2024-01-02 00:00:00+00' + to_seconds(i * 7) END
        AS cancelled_at,
    ((i * 31 % 90_000) / 100.0 + 100)::DECIMAL(18,2) AS gross_amount,
    ((i * 31 % 9_000) / 100.0)::DECIMAL(18,2) AS discount_amount,
    CASE WHEN i % 9 = 0 THEN i % 500 END AS points_used,
    ((i * 31 % 90_000) / 100.0 + 10)::DECIMAL(18,2) AS net_amount,
    CASE WHEN i % 6 = 0 THEN 'CP' || (i % 90_000) END AS coupon_code,
    CASE WHEN i % 8 = 0 THEN 'K' || (i % 40) END AS campaign_id,
    TIMESTAMPTZ '2024-01-03 00:00:00+00' + to_seconds(i * 7) AS updated_at
FROM range({rows}) AS numbers (i)
"""
TABLES = {"mini_program/events": EVENTS, "commerce/orders": ORDERS}


def make_files(folder: Path, rows: int) -> dict[str, Path]:
    """A landing folder for each file, by its name: `<system>/<table>.<format>`."""
    landings = {}
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    for table, query in TABLES.items():
        for form in ("csv", "parquet"):
            landing = folder / f"{table.replace('/', '-')}-{form}"
            target = landing / table / f"delivery.{form}"
            target.parent.mkdir(parents=True)
            connection.execute(f"COPY ({query.format(rows=rows)}) TO '{target}'")
            landings[f"{table}.{form}"] = landing
    return landings


def copy_seconds(landing: Path, target: Path, threads: int) -> float:
    """DuckDB reads the file as it sees fit and writes Parquet."""
    (file,) = (path for path in landing.rglob("*") if path.is_file())
    start = time.perf_counter()
    connection = duckdb.connect()
    connection.execute("SET enable_progress_bar = false")
    connection.execute(f"SET threads = {threads}")
    connection.execute(f"COPY (FROM '{file}') TO '{target}' (FORMAT parquet)")
    connection.close()
    return time.perf_counter() - start


def load_seconds(landing: Path, lake: Path, rows: int, threads: int) -> float:
    """The load of one file into a new lake."""
    shutil.rmtree(lake, ignore_errors=True)
    start = time.perf_counter()
    summary = load(landing, lake, now=NOW, progress=False, threads=threads)
    seconds = time.perf_counter() - start
    if summary.rows_loaded != rows:
        raise SystemExit("\n".join(summary.lines()))
    return seconds


def main() -> None:
    """Measure and print."""
    parser = rod_parser(__doc__)
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--only", default="", help="part of a file's name")
    values = parser.parse_args()
    options = options_of(values)
    ratios = {}
    with work_folder() as folder:
        for what, landing in make_files(folder, values.rows).items():
            if values.only not in what:
                continue
            copy = partial(copy_seconds, landing, folder / "copy.parquet", values.threads)
            one_load = partial(load_seconds, landing, folder / "lake", values.rows, values.threads)
            seconds = in_turn({f"{what}: copy": copy, f"{what}: load": one_load}, options.runs)
            copied, loaded = map(median, seconds.values())
            ratios[what] = copied / loaded
            print(f"{what}: copy {copied:.2f} s, load {loaded:.2f} s, ratio {copied / loaded:.2f}")
    figures = ", ".join(f"{what} {ratio:.2f}" for what, ratio in ratios.items())
    size = f"{values.rows:,} rows a file, {values.threads} threads"
    finish(Row("load speed", size, figures, f"{min(ratios.values()):.2f}"), options)


if __name__ == "__main__":
    main()
