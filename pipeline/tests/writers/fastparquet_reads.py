"""Prints what fastparquet reads in an output."""

import sys

import fastparquet
import pandas as pd
import rows

frame = fastparquet.ParquetFile(sys.argv[1]).to_pandas(list(rows.READ))
columns = {"embedding": [list(map(float, v)) for v in frame.pop("embedding")]}
for name in frame:
    values = frame[name].astype(object).tolist()
    columns[name] = [None if pd.isna(v) else v for v in values]
# It makes floating-point numbers of decimal ones.
columns["decimal9"] = [v if v is None else f"{v:.2f}" for v in columns["decimal9"]]
rows.report(columns)
