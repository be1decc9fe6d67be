"""Write the bundled sample as chains files: ``make_sample.py OUTPUT``.

The chains in the .jsonl files beside this script were invented for this project.
OUTPUT becomes a root: subreddits_list.json and chains/sample/{subreddit}/part-N.parquet.
"""

import json
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

ROWS_PER_FILE = 25


def main(output: Path) -> None:
    """Write every subreddit's chains, 25 rows a file."""
    sources = sorted(Path(__file__).parent.glob("*.jsonl"))
    for source in sources:
        rows = [json.loads(line) for line in source.read_text(encoding="utf-8").splitlines()]
        folder = output / "chains" / "sample" / source.stem
        folder.mkdir(parents=True, exist_ok=True)
        for n, start in enumerate(range(0, len(rows), ROWS_PER_FILE)):
            table = pa.Table.from_pylist(rows[start : start + ROWS_PER_FILE])
            pq.write_table(table, folder / f"part-{n:05}.parquet", compression="zstd")
    names = [source.stem for source in sources]
    (output / "subreddits_list.json").write_text(json.dumps(names, indent=1) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
