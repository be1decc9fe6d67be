"""Prints what fastparquet reads in an output."""

import sys

import fastparquet
import pandas as pd
import rows

frame = fastparquet.ParquetFile(sys.argv[1]).to_pandas(list(rows.READ))
columns = {}
for name in rows.READ:
    values = frame[name].astype(object).tolist()
    columns[name] = [None if not isinstance(v, list) and pd.isna(v) else v for v in values]
rows.report(columns)
