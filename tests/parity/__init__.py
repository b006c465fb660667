"""The same models on DuckDB and on Spark: row for row, on two days with changed data."""
