"""Command line of the export: ``python -m threadloom.export --help``."""

import argparse
import sys

from threadloom.export import ExportError, export

DESCRIPTION = """Turn a sentence-transformers folder into a model folder for ONNX Runtime. It
replaces an earlier export, and refuses a folder with other files."""


def main() -> int:
    """Parse the arguments and export; return the exit code: 0, or 2 if the model is refused."""
    parser = argparse.ArgumentParser(prog="threadloom.export", description=DESCRIPTION)
    parser.add_argument(
        "--model",
        help="a sentence-transformers folder or a name on the Hugging Face hub (default: the"
        " packaged all-MiniLM-L6-v2)",
    )
    parser.add_argument("--output", required=True, help="the model folder to write")
    parser.add_argument(
        "--name",
        help="the model's name in the manifest (default: that of the folder or on the hub)",
    )
    parser.add_argument(
        "--half", action="store_true", help="add a graph in float16, which a GPU can run"
    )
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
