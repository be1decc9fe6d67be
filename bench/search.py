"""Compare 'search' with brute force in float32; measure its time and memory on a million chains.

    python bench/search.py [--questions 400] [--rounds 5] [--only reddit|titles]

- On `reddit`, which it embeds first if that is not done yet (in build/bench), random titles are the
  questions. Brute force is a matrix product in numpy, with the vectors of the outputs and with
  vectors of the questions that a run made. It prints how often the chain of the title is the first,
  among three and among ten, and how far the two agree.
- The 1.1 million chains of `titles` get invented vectors: those of `reddit`, each a little off. So
  nobody waits for them to be embedded. It makes the search file, and compares the time with a loop
  that only reads the vectors with pyarrow, on all cores. Then it searches for one question,
  for many, and for a chain, and adds the files of a few subreddits. Memory is what the process has
  of its own (RssAnon), without the pages of mapped files.
"""

import argparse
import json
import os
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import product
import pyarrow as pa
import pyarrow.parquet as pq

EMBEDDINGS = product.RESULTS / "embeddings"
KEY = b"threadloom.fingerprint"
TOP = 10
SEED = 7


def main() -> None:
    """Run the comparisons and print their figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--questions", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", choices=("reddit", "titles"))
    options = parser.parse_args()
    product.build()
    with product.scratch("search-") as folder:
        if options.only != "titles":
            agreement(folder, options.questions)
        if options.only != "reddit":
            scale(folder, options.questions, options.rounds)


class Corpus:
    """A suffix of the corpus with its outputs."""

    def __init__(self, suffix: str, embeddings: Path, clusters: Path):
        """Find the chains; outputs are below `embeddings`."""
        self.suffix, self.root = suffix, product.corpus(suffix)
        self.embeddings = embeddings
        self.list = self.root / f"subreddits_list.{suffix}.json"
        self.flags = [
            *("--root", self.root, "--suffix", suffix),
            *("--embeddings_dir", embeddings, "--clusters_dir", clusters),
        ]

    @property
    def outputs(self) -> list[Path]:
        """The outputs, in order."""
        names = sorted(json.loads(self.list.read_text()))
        folder = self.embeddings / self.suffix
        return [path for name in names for path in sorted((folder / name).glob("*.parquet"))]

    def embed(self) -> None:
        """Embed what is missing."""
        product.run(*self.flags, "--subreddits", self.list, "--cluster=false", "--runner=prism")

    def input(self, output: Path) -> Path:
        """Return the chains file of an output."""
        return self.root / "chains" / self.suffix / output.parent.name / output.name

    def search(self, *flags: object, names: Path | None = None) -> tuple[dict, float, float]:
        """Search; return the result, the seconds, and the most memory of its own in MB."""
        command = [product.BUILT, "search", "--json", "--progress=none", *self.flags]
        command += ["--subreddits", names or self.list, *flags]
        out, seconds, peak = product.watched(
            command, partial(product.memory, kind="RssAnon"), 0.005
        )
        return json.loads(out), seconds, peak


def embed(folder: Path, texts: list[str]) -> np.ndarray:
    """Return the vectors of texts, which a run makes."""
    folder.mkdir()
    chains = product.new_root(folder, "questions", "asked")
    pq.write_table(pa.table({"text": texts}), chains / "asked" / "asked.parquet")
    product.run("--root", folder, "--suffix=questions", "--cluster=false", "--runner=prism")
    return product.vectors(folder / "embeddings" / "questions" / "asked" / "asked.parquet")


def agreement(folder: Path, count: int) -> None:
    """Print how often a title finds its chain, and how far search agrees with brute force."""
    corpus = Corpus("reddit", EMBEDDINGS, folder / "clusters")
    corpus.embed()
    matrix = np.concatenate([product.vectors(p) for p in corpus.outputs])
    tables = [pq.read_table(p, columns=["chain_id", "title"]) for p in corpus.outputs]
    table = pa.concat_tables(tables)
    ids, titles = table["chain_id"].to_pylist(), table["title"].to_pylist()
    titles = [" ".join((title or "").split()) for title in titles]
    rng = np.random.default_rng(SEED)
    rows = [r for r in rng.permutation(len(ids)) if titles[r]][:count]
    asked = [titles[r] for r in rows]
    questions = folder / "questions.txt"
    questions.write_text("\n".join(asked))
    scores = embed(folder / "asked", asked) @ matrix.T
    order = np.argsort(-scores, axis=1, kind="stable")[:, :TOP]
    found, _, _ = corpus.search("--questions", questions, f"--k={TOP}")
    place = {key: row for row, key in enumerate(ids)}
    ours = np.array([[place[h["chain_id"]] for h in a["hits"]] for a in found["answers"]])
    print(f"{len(ids):,} chains, {len(rows)} titles as questions\n")
    print("| the chain of the title is | brute force | search |\n|---|---|---|")
    for most, name in ((1, "the first"), (3, "among three"), (TOP, "among ten")):
        share = [
            np.mean([r in o[:most] for r, o in zip(rows, k, strict=True)]) for k in (order, ours)
        ]
        print(f"| {name} | {share[0]:.3f} | {share[1]:.3f} |")
    shared = np.mean([len(set(a) & set(b)) / TOP for a, b in zip(order, ours, strict=True)])
    said = np.array([[h["score"] for h in a["hits"]] for a in found["answers"]])
    off = np.abs(said - np.take_along_axis(scores, ours, axis=1)).max()
    same = np.mean([list(a) == list(b) for a, b in zip(order, ours, strict=True)])
    print(f"\nof the first {TOP}, search has {shared:.4f} of those of brute force;")
    print(f"the same {TOP} in the same order for {same:.4f} of the questions;")
    print(f"a score differs by {off:.1e} at most")


def scale(folder: Path, count: int, rounds: int) -> None:
    """Print times and memory on the titles."""
    corpus = invented(folder)
    reading = [read_all(corpus.outputs)]
    first = pq.read_table(corpus.outputs[0], columns=["chain_id"])["chain_id"][0].as_py()
    like = f"--like={first}"  # needs no model
    made, seconds, peak = corpus.search(like)
    reading.append(read_all(corpus.outputs))
    size = Path(made["file"]).stat().st_size / 1e6
    print(f"\n{made['rows']:,} chains in {len(corpus.outputs):,} outputs\n")
    print(f"reading the vectors with pyarrow: {', '.join(f'{s:.1f}' for s in reading)} s")
    print(f"making the search file ({size:.0f} MB): {seconds:.1f} s, {peak:.0f} MB of memory")
    grow(corpus, folder, like)
    texts = [
        pq.read_table(corpus.input(p), columns=["text"])["text"][0].as_py() for p in corpus.outputs
    ]
    texts = [" ".join((text or "").split()) for text in texts]
    questions = folder / "many.txt"
    questions.write_text("\n".join([t for t in texts if t][:count]))
    asked = len(questions.read_text().splitlines())
    runs = {"one question": [], f"{asked} questions": [], "a chain": []}
    for _ in range(rounds):
        runs["one question"].append(corpus.search("bearings that squeal when wet"))
        runs[f"{asked} questions"].append(corpus.search("--questions", questions))
        runs["a chain"].append(corpus.search(like))
    print("\n| | seconds | of them the scan | memory, MB |\n|---|---|---|---|")
    for name, results in runs.items():
        seconds = product.spread([r[1] for r in results])
        scans = product.spread([r[0]["seconds"]["scan"] for r in results], ".3f")
        print(f"| {name} | {seconds} | {scans} | {max(r[2] for r in results):.0f} |")
    each = statistics.median(r[1] for r in runs[f"{asked} questions"]) / asked
    print(f"\neach of {asked} questions: {each:.3f} s")


def invented(folder: Path) -> Corpus:
    """Return the titles with outputs whose vectors are those of `reddit`, each a little off."""
    reddit = Corpus("reddit", EMBEDDINGS, folder / "clusters")
    reddit.embed()
    known = np.concatenate([product.vectors(p) for p in reddit.outputs])
    said = json.loads(pq.read_schema(reddit.outputs[0]).metadata[KEY])
    titles = Corpus("titles", folder / "embeddings", folder / "clusters")
    rng = np.random.default_rng(SEED)
    for chains in sorted((titles.root / "chains" / "titles").glob("*/*.parquet")):
        table = pq.read_table(chains, columns=["chain_id", "subreddit", "created_utc"])
        drawn = known[rng.integers(len(known), size=len(table))]
        drawn = drawn + rng.normal(0, 0.02, drawn.shape).astype(np.float32)
        drawn /= np.linalg.norm(drawn, axis=1, keepdims=True)
        ends = np.arange(len(table) + 1, dtype=np.int32) * drawn.shape[1]
        table = table.append_column("embedding", pa.ListArray.from_arrays(ends, drawn.ravel()))
        footer = {KEY: json.dumps(said | {"input_rows": len(table)})}
        output = folder / "embeddings" / "titles" / chains.parent.name / chains.name
        output.parent.mkdir(parents=True, exist_ok=True)
        table = table.replace_schema_metadata(footer)
        pq.write_table(table, output, compression="zstd", compression_level=1, use_dictionary=False)
    return titles


def read_all(outputs: list[Path]) -> float:
    """Return the seconds that it takes to read the vectors of all outputs, and nothing else."""
    start = time.perf_counter()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for _ in pool.map(
            lambda p: pq.read_table(p, columns=["embedding"], use_threads=False), outputs
        ):
            pass
    return time.perf_counter() - start


def grow(corpus: Corpus, folder: Path, like: str) -> None:
    """Print how long it takes to add the files of every twentieth subreddit."""
    names = sorted(json.loads(corpus.list.read_text()))
    shorter = folder / "shorter.json"
    shorter.write_text(json.dumps([n for i, n in enumerate(names) if i % 20 != 19]))
    corpus.search(like, names=shorter)
    grown, seconds, _ = corpus.search(like)
    scanned = grown["seconds"]["update"]
    print(
        f"adding {grown['outputs_read']} outputs: {seconds:.1f} s, {scanned:.1f} of them the update"
    )


if __name__ == "__main__":
    main()
