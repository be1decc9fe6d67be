"""Prints what fastparquet reads in an output. It has no BYTE_STREAM_SPLIT, so no vectors."""

import sys

import fastparquet
import pandas as pd
import rows

names = [name for name in rows.READ if name != "embedding"]
frame = fastparquet.ParquetFile(sys.argv[1]).to_pandas(names)
columns = {}
for name in names:
    values = frame[name].astype(object).tolist()
    columns[name] = [None if pd.isna(v) else v for v in values]
# It makes floating-point numbers of decimal ones.
columns["decimal9"] = [v if v is None else f"{v:.2f}" for v in columns["decimal9"]]
rows.report(columns)
