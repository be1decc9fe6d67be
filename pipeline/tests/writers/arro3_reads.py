"""Prints what arrow-rs reads in an output."""

import sys
from pathlib import Path

import pyarrow as pa
import rows
from arro3.io import read_parquet

rows.report(pa.table(read_parquet(Path(sys.argv[1])).read_all()).to_pydict())
