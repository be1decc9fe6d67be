"""Compare our engine's vectors with those of sentence-transformers, in each precision.

    python bench/fidelity.py [--texts 1000] [--set mix|comments|newsgroups] [--alone 200]

The reference is sentence-transformers fp32 on the same texts. The figures are the least and the
mean cosine, the largest difference of a number, and the share of each text's 10 nearest texts that
both have in common. Then some of the texts are embedded alone, and compared with their vectors from
the batches. A precision that this machine lacks is skipped.
"""

import argparse

import lineup
import nearness
import numpy as np
import texts as corpus
from contest import Child, Skipped, spread


def main() -> None:
    """Print a line for each precision."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--texts", type=int, default=1000)
    parser.add_argument("--set", choices=corpus.SETS, default="mix")
    parser.add_argument("--alone", type=int, default=200, help="texts to embed alone, too")
    options = parser.parse_args()
    texts = corpus.choose(options.set, options.texts)
    print(f"{len(texts)} texts of {options.set}")
    child = Child(lineup.reference())
    wanted = child.embed(texts).vectors
    child.close()
    for contender in lineup.ours():
        try:
            child = Child(contender)
        except Skipped as reason:
            print(f"{contender.name}: skipped: {reason}", flush=True)
            continue
        show(child, texts, wanted, options.alone)
        child.close()


def show(child: Child, texts: list[str], wanted: np.ndarray, alone: int) -> None:
    """Print the figures of one precision."""
    vectors = child.embed(texts).vectors
    n = nearness.compare(vectors, wanted)
    rows = spread(list(range(len(texts))), alone)
    apart = np.concatenate([child.embed([texts[row]]).vectors for row in rows])
    company = nearness.compare(apart, vectors[rows])
    print(
        f"{child.contender.name} ({child.description}):\n"
        f"  cosine min {n.least:.6f}, mean {n.mean:.6f}; largest difference {n.difference:.1e}; "
        f"nearest {nearness.NEAREST} in common {nearness.overlap(vectors, wanted):.3f}\n"
        f"  {len(rows)} texts alone compared with in a batch: largest difference "
        f"{company.difference:.1e}, cosine min {company.least:.7f}",
        flush=True,
    )


if __name__ == "__main__":
    main()
