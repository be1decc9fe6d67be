"""Command line of the export: ``python -m threadloom.export --help``."""

import argparse
import sys

from threadloom.export import ExportError, export


def main() -> int:
    """Parse the arguments and export; 0 done, 2 refused."""
    parser = argparse.ArgumentParser(prog="threadloom.export", description=export.__doc__)
    parser.add_argument(
        "--model",
        help="a sentence-transformers folder or a hub name (default: packaged all-MiniLM-L6-v2)",
    )
    parser.add_argument("--output", required=True, help="the model folder to write")
    parser.add_argument("--name", help="the model's name in the manifest")
    parser.add_argument("--half", action="store_true", help="add a graph in float16, for GPUs")
    args = parser.parse_args()
    try:
        source = export(args.model, args.output, args.name, args.half)
    except ExportError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(
        f"{args.output}: {source.name}, dimension {source.config['hidden_size']},"
        f" max_seq_length {source.max_seq_length}, {source.pooling} pooling"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
