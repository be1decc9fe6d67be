"""Compare our engine with its peers, from texts to vectors.

    python bench/engine.py [--texts 2000] [--rounds 3] [--set mix|comments|newsgroups]

The time counts from texts to vectors in memory, with tokenising and without Beam, files and the
loading of the model. All embed the same texts, at most 256 tokens of each. Each contender is a
process of its own. Before the first round it has loaded its model and embedded a few texts. In a
round each has one turn, in an order that rotates, while the others wait. `bench/lineup.py` says who
takes part, and `bench/child.py` how the time is measured. Compare only ratios of the same round.

Cosines and the largest difference are to sentence-transformers fp32, the worst of the rounds. The
peak is the best speed of ONNX Runtime's fp32 matrix products of the model's shapes on all cores
(`bench/peak.py`). Our speeds are given as shares of it, without padding.
"""

import argparse
from dataclasses import dataclass, field

import lineup
import nearness
import product
import texts as corpus
from contest import Child, Turn, start_all
from peak import Peak


@dataclass
class Record:
    """What a contender has done, one value for each round."""

    child: Child
    speeds: list[float] = field(default_factory=list)  # texts/s
    ratios: list[float] = field(default_factory=list)  # to the reference in the same round
    nearnesses: list[nearness.Nearness] = field(default_factory=list)
    peak_rss_mb: float = 0


def main() -> None:
    """Run the rounds and print a line for each turn, then the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--texts", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--set", choices=corpus.SETS, default="mix")
    options = parser.parse_args()
    texts = corpus.choose(options.set, options.texts)
    tokens = corpus.lengths(texts)
    print(
        f"{len(texts)} texts of {options.set}, {tokens.sum()} tokens, "
        f"{(tokens == tokens.max()).mean():.0%} of {tokens.max()}"
    )
    records = [Record(child) for child in start_all(lineup.everyone(), texts)]
    try:
        if not records or records[0].child.contender.name != lineup.REFERENCE:
            raise SystemExit(f"error: without {lineup.REFERENCE} there is nothing to compare with")
        peak = rounds(records, texts, options.rounds)
    finally:
        for record in records:
            record.child.close()
    print_table(records)
    print_gains(records)
    print(f"\npeak of fp32 matrix products: {peak / 1e9:.0f} GFLOP/s")
    for record in records:
        if record.child.contender.ours:
            shares = [corpus.flops(tokens) / len(texts) * speed / peak for speed in record.speeds]
            print(f"{record.child.contender.name}: {product.spread(shares, '.0%')} of it")


def rounds(records: list[Record], texts: list[str], number: int) -> float:
    """Run the rounds; return the best peak, in FLOP/s."""
    machine = Peak()
    peaks = []
    for i in range(number):
        peaks.append(machine.measure())
        print(f"round {i + 1}: peak {peaks[-1] / 1e9:.0f} GFLOP/s", flush=True)
        first = i % len(records)
        turns = {}
        for record in records[first:] + records[:first]:
            name = record.child.contender.name
            turns[name] = record.child.embed(texts)
            print(
                f"round {i + 1}: {name}: {len(texts) / turns[name].seconds:.1f} texts/s", flush=True
            )
        for record in records:
            enter(record, turns[record.child.contender.name], turns[lineup.REFERENCE])
    return max(peaks)


def enter(record: Record, turn: Turn, reference: Turn) -> None:
    """Add a turn to a contender's record."""
    record.speeds.append(len(turn.vectors) / turn.seconds)
    record.ratios.append(reference.seconds / turn.seconds)
    record.nearnesses.append(nearness.compare(turn.vectors, reference.vectors))
    record.peak_rss_mb = max(record.peak_rss_mb, turn.peak_rss_mb)


def print_table(records: list[Record]) -> None:
    """Print a line for each contender."""
    wide = max(len(record.child.contender.name) for record in records)
    print(
        f"\n{'':{wide}}  {'texts/s':>22}  {'ratio to the first':>19}  {'peak RSS':>8}"
        f"  {'cosine min / mean':>19}  difference"
    )
    for record in records:
        print(
            f"{record.child.contender.name:{wide}}  {product.spread(record.speeds, '.1f'):>22}"
            f"  {product.spread(record.ratios, '.2f'):>19}  {record.peak_rss_mb:5.0f} MB"
            f"  {nearness.worst(record.nearnesses)}"
        )


def print_gains(records: list[Record]) -> None:
    """Print how many times as fast as each peer our engine was in the same round."""
    print()
    for ours in (r for r in records if r.child.contender.ours):
        for peer in (r for r in records if not r.child.contender.ours):
            gains = [a / b for a, b in zip(ours.ratios, peer.ratios, strict=True)]
            names = f"{ours.child.contender.name} / {peer.child.contender.name}"
            print(f"{names}: {product.spread(gains)}")


if __name__ == "__main__":
    main()
