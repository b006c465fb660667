"""Second implementations of every definition, written from the definitions and not from the SQL.

They are slow and obvious on purpose. `landing` reads a clean landing folder as it was known at a
business date; `orders`, `rfm`, `lifecycle`, `cohorts` and `kpis` compute the marts from that;
`compare` holds the result beside a built DuckDB file, row by row.
"""
