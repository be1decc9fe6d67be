"""Compare the engine on one core with the engine on all, and time a run's start.

    python bench/cores.py [--texts 600] [--rounds 5]

In each round the engine embeds the same texts on one core and on all, in an order that rotates.
Then the whole program runs on one file of one text. That takes longer than the start up to the
first batch, for which there is a target.
"""

import argparse
import os
from functools import partial

import lineup
import product
import pyarrow as pa
import pyarrow.parquet as pq
import texts as corpus
from contest import Contender, start_all


def main() -> None:
    """Run the rounds and print the ratios, then the seconds of the shortest run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--texts", type=int, default=600)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    texts = corpus.choose("mix", options.texts)
    for precision in ("fp32", "bf16"):
        engines = [
            Contender(f"{precision}, {n} cores", partial(lineup.engine, precision, n))
            for n in (1, os.cpu_count())
        ]
        gains = compare(start_all(engines, texts), texts, options.rounds)
        if gains:
            print(f"{precision}: all {os.cpu_count()} cores / one: {product.spread(gains)}")
    product.build()
    print(f"a run over one text: {product.spread([shortest_run() for _ in range(5)])} s")


def compare(children: list, texts: list[str], rounds: int) -> list[float]:
    """Return how many times as fast the second is, round by round."""
    gains = []
    for number in range(rounds if len(children) == 2 else 0):
        steps = {child.contender.name: partial(child.embed, texts) for child in children}
        one, every = product.in_turn(steps, number).values()
        gains.append(one.seconds / every.seconds)
    for child in children:
        child.close()
    return gains


def shortest_run() -> float:
    """Run the program on one text; return its seconds."""
    with product.scratch() as root:
        chains = product.new_root(root, "bench", "one")
        pq.write_table(pa.table({"text": ["a single text"]}), chains / "one" / "one.parquet")
        _, seconds, _ = product.measured("--root", root, "--suffix=bench", "--cluster=false")
        return seconds


if __name__ == "__main__":
    main()
