"""Embed the files below a root with sentence-transformers, as one would write it by hand.

Prints the seconds from opening the first file to writing the last one.
"""

import sys
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from sentence_transformers import SentenceTransformer

from threadloom.export.source import packaged

root = Path(sys.argv[1])
model = SentenceTransformer(str(packaged()), device="cpu")
model.encode(["warm up"] * 32)
start = time.perf_counter()
for file in sorted((root / "chains").glob("*/*/*.parquet")):
    table = pq.read_table(file)
    vectors = model.encode(table["text"].to_pylist(), show_progress_bar=False)
    column = pa.array(list(vectors), pa.list_(pa.float32()))
    output = root / "embeddings" / file.relative_to(root / "chains")
    output.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table.drop_columns(["text"]).append_column("embedding", column), output)
print(time.perf_counter() - start)
