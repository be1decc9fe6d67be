"""Prints what fastparquet reads in an output. It reads no lists in pages of version 2."""

import sys

import fastparquet
import pandas as pd
import rows

names = [name for name in rows.READ if name != "embedding"]
frame = fastparquet.ParquetFile(sys.argv[1]).to_pandas(names)
columns = {name: frame[name].astype(object).tolist() for name in names}
# Decimal numbers become floating-point numbers.
columns["decimal9"] = [v if v is None else f"{v:.2f}" for v in columns["decimal9"]]
rows.report({n: [None if pd.isna(v) else v for v in values] for n, values in columns.items()})
