"""Prints what dask reads in an output, with the newer pyarrow of its environment."""

import sys

import dask.dataframe as dd
import pyarrow as pa
import rows

frame = dd.read_parquet(sys.argv[1], dtype_backend="pyarrow").compute()
columns = pa.Table.from_pandas(frame[list(rows.READ)]).to_pydict()
rows.report(columns)
