"""Measure the program's memory on inputs of extreme shapes.

    python bench/memory.py [--rows 2000000]

The inputs repeat the corpus's comments, below build/bench: a tenth of the rows in one file, all
rows in one file, all rows in one row group, and 20,000 files of 3 rows.

For the large files a cache keeps the vectors of all comments (--dedup_cache_mb=96, of which 75 MB
are used), so that hours become minutes. After the first 43,000 rows they are only read, tokenised
and written. The small files are embedded with the defaults.

Then the same 6,000 different rows are embedded as one file and as files of 128 rows, in turn,
without a large cache. The shape of the input must not change the speed.
"""

import argparse
from pathlib import Path

import product
import pyarrow as pa
import pyarrow.parquet as pq

SUFFIX = "comments"
CACHE = "--dedup_cache_mb=96"
DIFFERENT = 6000
ROUNDS = 4


def main() -> None:
    """Run each shape and print a line for it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=2_000_000)
    rows = parser.parse_args().rows
    comments = read_comments(product.corpus(SUFFIX))
    product.build()
    shapes = {
        f"one file of {rows // 10:,} rows": lambda f: one_file(f, comments, rows // 10, 100_000),
        f"one file of {rows:,} rows": lambda f: one_file(f, comments, rows, 100_000),
        f"one row group of {rows:,} rows": lambda f: one_file(f, comments, rows, rows),
        "20,000 files of 3 rows": lambda f: small_files(f, comments, 20_000, 3),
    }
    for name, make in shapes.items():
        with product.scratch("memory-") as root:
            expected = make(new_folder(root))
            summary, seconds, peak = run(root, *([CACHE] if expected >= rows // 10 else []))
            assert summary["rows"] == expected, summary
            print(f"{name}: peak {peak:.0f} MB, {expected / seconds:.0f} rows/s", flush=True)
    compare_speed(comments)


def read_comments(corpus: Path) -> pa.Table:
    """Return all comments of the corpus."""
    files = sorted((corpus / "chains" / SUFFIX).glob("*/*.parquet"))
    return pa.concat_tables([pq.read_table(f) for f in files])


def new_folder(root: Path) -> Path:
    """Make a root with one subreddit; return its folder."""
    return product.new_root(root, SUFFIX, "all") / "all"


def one_file(folder: Path, comments: pa.Table, rows: int, group: int) -> int:
    """Write so many rows into one file with row groups of so many; return the rows."""
    times = -(-rows // len(comments))
    with pq.ParquetWriter(folder / "all.parquet", comments.schema) as writer:
        if group >= rows:
            whole = pa.concat_tables([comments] * times).slice(0, rows)
            writer.write_table(whole.combine_chunks(), row_group_size=rows)
            return rows
        left = rows
        while left > 0:
            part = comments.slice(0, left)
            writer.write_table(part, row_group_size=group)
            left -= len(part)
    return rows


def small_files(folder: Path, comments: pa.Table, files: int, rows: int) -> int:
    """Write files of a few rows each; return the rows of all."""
    for i in range(files):
        part = comments.slice(i * rows % (len(comments) - rows), rows)
        pq.write_table(part, folder / f"part-{i:05d}.parquet")
    return files * rows


def run(root: Path, *flags: str) -> tuple[dict, float, float]:
    """Run the program; return the summary, the seconds and the peak MB."""
    return product.measured("--root", root, "--suffix", SUFFIX, "--cluster=false", *flags)


def compare_speed(comments: pa.Table) -> None:
    """Embed the same rows as one file and as several, in turn, and print the ratio."""
    unique = comments.take(pa.array(first_of_each(comments["text"].to_pylist())))
    ratios = []
    for _ in range(ROUNDS):
        speeds = []
        for rows in (DIFFERENT, 128):  # of a file
            with product.scratch("memory-") as root:
                folder = new_folder(root)
                for start in range(0, DIFFERENT, rows):
                    part = unique.slice(start, min(rows, DIFFERENT - start))
                    pq.write_table(part, folder / f"part-{start:05d}.parquet")
                summary, _, _ = run(root)
                assert summary["rows"] == DIFFERENT, summary
                speeds.append(summary["texts_per_second"])
        ratios.append(speeds[0] / speeds[1])
    print(f"one file of {DIFFERENT} rows / files of 128, texts/s: {product.spread(ratios)}")


def first_of_each(texts: list[str]) -> list[int]:
    """Return the first index of each different text, in order."""
    return list({text: i for i, text in reversed(list(enumerate(texts)))}.values())[::-1]


if __name__ == "__main__":
    main()
