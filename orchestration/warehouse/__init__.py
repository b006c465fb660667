"""Builds the warehouse: policy checks, then dbt on one DuckDB file with one writer."""
