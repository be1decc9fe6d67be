"""The files of a clustering: pairs of chains and embeddings files, and their footers.

Files are in the order of `open_sources`, sorted by path, so that the results do not depend on the
order in which Beam delivers them. `Findings` names each file that cannot take part.
"""

import json
import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property

import pyarrow as pa
import pyarrow.parquet as pq

from threadloom.cluster.files import columns
from threadloom.cluster.files.columns import Unreadable
from threadloom.cluster.files.left_out import Findings, shown

EMBEDDING = "embedding"
# What the embedding step adds; all other columns were kept from the chains file.
ADDED = ("n_tokens", "truncated", "n_chunks", EMBEDDING)
FINGERPRINT = b"threadloom.fingerprint"
# Only if these are the same can the vectors of two files be compared.
_SAME = ("model_sha256", "precision", "dimension")


@dataclass(frozen=True, order=True)
class Source:
    """One pair of files: row i of `embeddings` is row i of `chains`."""

    subreddit: str = field(compare=False)
    chains: str = field(compare=False)
    embeddings: str

    @classmethod
    def from_job(cls, job: dict) -> "Source":
        r"""Read the Go pipeline's job: an object with `subreddit`, `input` and `output`.

        A byte of a path that is not UTF-8, such as \xe9, is "\udce9" in the job, as Python's own
        functions for files have it. Raises ValueError if a key is missing.
        """
        try:
            return cls(job["subreddit"], job["input"], job["output"])
        except (KeyError, TypeError) as error:
            raise ValueError(f"a job without {error}: {json.dumps(job)}") from None


@dataclass(frozen=True)
class Opened:
    """A source whose footers have been read: its row count, schema and model.

    text_leaf: the number of the text column's leaf in the chains file; None if there are no texts
    to read. no_texts: why they cannot be read; None if they can, or if the column is all nulls.
    """

    source: Source
    rows: int
    schema: pa.Schema
    model: dict
    text_leaf: int | None = None
    no_texts: Unreadable | None = None

    @cached_property
    def embedding_leaf(self) -> int:
        """The number of the vectors' leaf: the last column of that name, which is ours."""
        names = self.schema.names
        last = len(names) - 1 - names[::-1].index(EMBEDDING)
        return columns.first_leaves(self.schema)[last]

    @cached_property
    def key_columns(self) -> dict[str, tuple[int, pa.DataType]]:
        """The scalar columns kept from the chains file, by name: leaf and type.

        If several have one name, it is the first.
        """
        found: dict[str, tuple[int, pa.DataType]] = {}
        for leaf, column in zip(columns.first_leaves(self.schema), self.schema, strict=True):
            nested = pa.types.is_nested(columns.storage(column.type))
            if column.name not in ADDED and not nested:
                found.setdefault(column.name, (leaf, column.type))
        return found


def open_sources(sources: Iterable[Source], text_column: str, findings: Findings) -> list[Opened]:
    """Read the footers and return the sources by path of the embeddings, each once.

    Leaves out a file that is missing, is not a Parquet file, has no vectors, or has another number
    of rows than its chains file. A file whose texts cannot be read takes part.
    """
    opened = []
    for source in sorted({os.path.abspath(s.embeddings): s for s in sources}.values()):
        try:
            file = _open_embeddings(source)
            opened.append(_with_texts(file, text_column))
        except Unreadable as error:
            findings.leave_out(source.embeddings, error)
    return opened


def _open_embeddings(source: Source) -> Opened:
    """Read the footer of an embeddings file."""
    with columns.opened(source.embeddings) as file:
        rows, schema = file.metadata.num_rows, file.schema_arrow
        model = _model((file.metadata.metadata or {}).get(FINGERPRINT))
        if sum(columns.leaves(f.type) for f in schema) != file.metadata.num_columns:
            raise Unreadable("its columns cannot be told apart")
        kinds = [f.type for f in schema if f.name == EMBEDDING]
    if not kinds:
        raise Unreadable(f"no column {EMBEDDING!r}")
    if not _is_vector(kinds[-1]):
        raise Unreadable(f"column {EMBEDDING!r} is {kinds[-1]}, not a list of numbers")
    opened = Opened(source, rows, schema, model)
    if rows and model["dimension"] is None:
        # The footer does not say it, so the first vector decides.
        first = next(columns.batches(source.embeddings, opened.embedding_leaf, 1), None)
        length = len(first[0]) if first is not None and first[0].is_valid else None
        opened = replace(opened, model=model | {"dimension": length})
    return opened


def _is_vector(kind: pa.DataType) -> bool:
    is_list = pa.types.is_list(kind) or pa.types.is_large_list(kind)
    if not (is_list or pa.types.is_fixed_size_list(kind)):
        return False
    return pa.types.is_floating(kind.value_type)


def _with_texts(file: Opened, text_column: str) -> Opened:
    """Return the file with what the footer of its chains file says about the texts."""
    rows = file.rows
    try:
        with columns.opened(file.source.chains) as chains:
            rows = chains.metadata.num_rows
            found = replace(file, text_leaf=_text_leaf(chains, text_column))
    except Unreadable as error:
        found = replace(file, no_texts=error)
    if rows != file.rows:
        where = shown(file.source.chains)
        raise Unreadable(f"{file.rows} rows, but {rows} in {where}: embed this again")
    return found


def _text_leaf(chains: pq.ParquetFile, name: str) -> int | None:
    """Return the number of the text column's leaf; None for a column of nulls."""
    schema = chains.schema_arrow
    found = [i for i, field in enumerate(schema) if field.name == name]
    if not found:
        raise Unreadable(f"no text column {name!r}")
    if len(found) > 1:
        raise Unreadable(f"{len(found)} columns are called {name!r}: rename all but one")
    kind = columns.storage(schema.field(found[0]).type)
    if pa.types.is_null(kind):
        return None
    if not columns.is_bytes(kind):
        raise Unreadable(f"column {name!r} is {kind}, not text")
    return columns.first_leaves(schema)[found[0]]


def models(files: list[Opened]) -> list[dict]:
    """Return the models that made the vectors, each with its number of `files`, most first."""
    seen = Counter(json.dumps(f.model, sort_keys=True) for f in files)
    order = sorted(seen.items(), key=lambda item: (-item[1], item[0]))
    return [{**json.loads(model), "files": count} for model, count in order]


def of_one_model(files: list[Opened], findings: Findings) -> list[Opened]:
    """Return the files of the model and precision that most rows have; the name decides a tie.

    A file without rows has no vectors of any model, and stays.
    """
    rows: Counter[str] = Counter()
    named: dict[str, dict] = {}
    for file in files:
        identity = _identity(file.model)
        rows[identity] += file.rows
        named.setdefault(identity, file.model)
    if not rows.total():
        return files
    most = min(rows, key=lambda i: (-rows[i], str(named[i]["model"]), i))
    remedy = "embed it with that model and precision (--check=fingerprint)"
    return _of_model(files, named[most], "most rows", remedy, findings)


def of_that_model(files: list[Opened], model: dict, findings: Findings) -> list[Opened]:
    """Return the files of the model and precision that clusters were found with."""
    remedy = "embed it with that model and precision (--check=fingerprint), or cluster again"
    return _of_model(files, model, "the clusters", remedy, findings)


def _of_model(
    files: list[Opened], model: dict, whose: str, remedy: str, findings: Findings
) -> list[Opened]:
    same = []
    for file in files:
        if not file.rows or _identity(file.model) == _identity(model):
            same.append(file)
            continue
        why = f"its vectors are by {kind(file.model)}, those of {whose} by {kind(model)}: {remedy}"
        findings.leave_out(file.source.embeddings, why)
    return same


def _identity(model: dict) -> str:
    """Return the facts that tell models apart, as text."""
    return json.dumps([model.get(name) for name in _SAME], sort_keys=True)


def kind(model: dict) -> str:
    """Return a model in words."""
    name, precision, dimension = (model.get(k) for k in ("model", "precision", "dimension"))
    if name is None and precision is None:
        return f"a model that no footer names, {dimension} dimensions"
    return f"{name} ({str(model.get('model_sha256'))[:12]}) in {precision}, {dimension} dimensions"


def _model(value: bytes | None) -> dict:
    """Return what a footer's fingerprint says about the model."""
    try:
        facts = json.loads(value or b"{}")
        model = {k: facts.get(k) for k in ("model", "model_sha256", "precision", "dimension")}
        # The weights are the same whichever program made a graph from them, on whichever machine.
        return model | {"model_sha256": facts.get("weights_sha256") or model["model_sha256"]}
    except (ValueError, AttributeError, RecursionError):
        raise Unreadable("its fingerprint in the footer is not a JSON object") from None
