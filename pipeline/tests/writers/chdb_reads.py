"""Prints what ClickHouse reads in an output."""

import json
import sys

import chdb
import rows

exact = [f"toDecimalString({n}, 2) AS {n}" if n == "decimal9" else n for n in rows.READ]
query = f"SELECT {', '.join(exact)} FROM file('{sys.argv[1]}', Parquet)"
lines = str(chdb.query(query, "JSONEachRow")).splitlines()
listed = [json.loads(line) for line in lines]
rows.report({n: [row[n] for row in listed] for n in rows.READ})
