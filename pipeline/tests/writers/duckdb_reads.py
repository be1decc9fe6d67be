"""Prints what DuckDB reads in an output."""

import sys

import duckdb
import rows

result = duckdb.sql(f"SELECT {', '.join(rows.READ)} FROM read_parquet('{sys.argv[1]}')").fetchall()
rows.report(dict(zip(rows.READ, zip(*result, strict=True), strict=True)))
