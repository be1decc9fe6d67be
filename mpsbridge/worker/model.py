"""Turn texts into vectors with a sentence-transformers model on a device."""

import hashlib
import json
import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from sentence_transformers import SentenceTransformer
from tokenizers import Tokenizer

from threadloom.worker import chunks, codes

log = logging.getLogger("threadloom.worker")

MAX_TEXT_BYTES = 1 << 20  # read of each text, as in the pipeline
# The model reads the first 256 tokens, which nearly always are in the first 64 Ki characters.
# Blanks and combining marks give no tokens, so more is tokenised if these give too few.
FIRST_CHARACTERS = 64 << 10
# A word that is cut has other tokens than the whole word. BERT's words have at most 100 characters.
WORD_TOKENS = 128
CALL_CHARACTERS = 4 << 20  # tokenised at once; their tokens take a hundred times the memory
# Padded tokens of one batch, and the multiple to which widths are rounded up. Metal compiles a
# program for each shape and keeps it, so it gets only a few shapes.
BUDGETS = {"cpu": 2048, "cuda": 65536, "mps": 16384}
WIDTHS = {"cpu": 1, "cuda": 8, "mps": 32}
EMPTY_CACHE_EVERY = 64  # batches, on mps
# A batch that fails and whose halves run took too much memory, or the device failed for a moment.
# Nobody can tell which. So a budget that was lowered is doubled after so many large batches that
# ran, and, each time that this fails, after twice as many, up to the second number.
RAISE_AFTER = 64
RAISE_AFTER_MOST = 64 * RAISE_AFTER
# Seconds before each try of an empty text, which shows whether the text or the device is at fault.
# A device may need a moment to free memory.
PROBE_PAUSES = (0.0, 0.2, 1.0)


class NoDevice(Exception):
    """A device that was asked for and is not there; the message is one line."""


def choose_device(wanted: str) -> str:
    """Return the device to use; raise NoDevice if the one asked for is missing."""
    there = {
        "mps": torch.backends.mps.is_available(),
        "cuda": torch.cuda.is_available(),
        "cpu": True,
    }
    if wanted == "auto":
        return next(device for device in ("mps", "cuda", "cpu") if there[device])
    if not there[wanted]:
        raise NoDevice(f"--device {wanted}: torch {torch.__version__} finds no such device here")
    return wanted


@dataclass(frozen=True)
class Tokens:
    """Texts as the model reads them."""

    ids: list[list[int]]  # of each text, or of each chunk of each text
    truncated: np.ndarray  # bool[texts]
    chunks: np.ndarray | None = None  # int32[texts], how many each has; None: texts are not chunked

    @property
    def counts(self) -> np.ndarray:
        """Return how many tokens each text has, int32[texts]."""
        lengths = np.array([len(ids) for ids in self.ids], np.int32)
        return lengths if self.chunks is None else chunks.sums(lengths, self.chunks)


class Encoder:
    """A loaded model."""

    def __init__(self, folder: Path, device: str, budget: int | None = None):
        """Load the model of a sentence-transformers folder; budget: tokens of one batch."""
        self.device = device
        self.budget = self._full = budget or BUDGETS[device]
        self._wait, self._large, self._raised = RAISE_AFTER, 0, False
        self._model = SentenceTransformer(str(folder), device=device).eval()
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        # The file of all-MiniLM-L6-v2 cuts and pads to 128 tokens, but the model reads 256.
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._continues = chunks.continuations(folder / "tokenizer.json")
        self._batches = 0
        self.facts = _facts(folder)

    @property
    def backend(self) -> str:
        """Return the fingerprint's name of what runs the model."""
        return f"sentence-transformers-{self.device}"

    def tokenise(
        self, texts: list[bytes], prompt: str = "", progress: Callable[[], None] = lambda: None,
        chunked: bool = False,
    ) -> Tokens:  # fmt: skip
        """Tokenise UTF-8 texts, cut as the pipeline cuts them. Calls `progress` now and then."""
        if chunked:
            return self._chunked(texts, prompt, progress)
        longest = self.facts["max_seq_length"]
        clean, cut = zip(*map(_clean, texts), strict=True) if texts else ((), ())
        ids: list[list[int]] = [[]] * len(texts)
        truncated = np.zeros(len(texts), bool)
        left, size = list(range(len(texts))), FIRST_CHARACTERS
        while left:
            beginnings = [(row, clean[row][:size]) for row in left]
            left = []
            for call in _calls(beginnings):
                encodings = self._tokenizer.encode_batch_fast([prompt + text for _, text in call])
                for (row, text), encoding in zip(call, encodings, strict=True):
                    all_ids = encoding.ids
                    over = len(all_ids) > longest
                    ids[row] = [*all_ids[: longest - 1], all_ids[-1]] if over else all_ids
                    truncated[row] = over or cut[row]
                    if len(text) < len(clean[row]) and len(all_ids) <= longest + WORD_TOKENS:
                        left.append(row)
                progress()
            size *= 4
        return Tokens(ids, truncated)

    def _chunked(self, texts: list[bytes], prompt: str, progress: Callable[[], None]) -> Tokens:
        """Tokenise all of each text, and cut it into chunks that each begin with the prompt."""
        clean, cut = zip(*map(_clean, texts), strict=True) if texts else ((), ())
        start = self._tokenizer.encode(prompt).ids[:-1]
        pieces: list[list[list[int]]] = []
        for call in _calls(list(enumerate(clean))):
            for encoding in self._tokenizer.encode_batch_fast([prompt + text for _, text in call]):
                pieces.append(self._pieces(encoding.ids, start))
            progress()
        counts = np.array([len(sequences) for sequences in pieces], np.int32)
        ids = [ids for sequences in pieces for ids in sequences]
        return Tokens(ids, np.array(cut, bool), counts)

    def _pieces(self, ids: list[int], start: list[int]) -> list[list[int]]:
        longest = self.facts["max_seq_length"]
        if len(ids) <= longest:
            return [ids]
        content, size = ids[len(start) : -1], longest - len(start) - 1
        windows = chunks.split(content, self._continues, size)
        return [[*start, *window, ids[-1]] for window in windows]

    def embed(self, tokens: Tokens, progress: Callable[[], None] = lambda: None) -> np.ndarray:
        """Return float32[texts, dimension]; calls `progress` after each batch.

        Identical texts are run once. Raises codes.DeviceLost if the device is broken, or the error
        of a text that fails when it runs alone.
        """
        rows: dict[tuple[int, ...], list[int]] = {}
        for row, ids in enumerate(tokens.ids):
            rows.setdefault(tuple(ids), []).append(row)
        unique = sorted(rows, key=len, reverse=True)
        vectors = np.empty((len(tokens.ids), self.facts["dimension"]), np.float32)
        while unique:
            width = -(-len(unique[0]) // WIDTHS[self.device]) * WIDTHS[self.device]
            batch = unique[: max(1, self.budget // width)]
            unique = unique[len(batch) :]
            before = self.budget
            for ids, vector in zip(batch, self._halving(batch, width), strict=True):
                vectors[rows[ids]] = vector
            if self.budget < before:
                self._lowered()
            elif 2 * self._height(batch, width) * width >= self.budget:
                self._ran_large()
            progress()
        if tokens.chunks is None:
            return vectors
        lengths = np.array([len(ids) for ids in tokens.ids], np.float32)
        return chunks.means(vectors, lengths, tokens.chunks, self.facts["normalized"])

    def _halving(self, batch: list[tuple[int, ...]], width: int) -> np.ndarray:
        """Run a batch. If it fails, run its halves, down to the single text that is at fault."""
        try:
            return self.run(batch, width)
        except Exception as raised:
            error = raised  # its traceback would keep the batch's memory
            error.__traceback__ = None
        self._free()
        rows = self._height(batch, width)
        if rows == 1:
            return self._alone(batch, width, error)
        whole = self.budget
        middle = (rows + 1) // 2
        self.budget = middle * width
        halves = [half for half in (batch[:middle], batch[middle:]) if half]
        try:
            vectors = [self._halving(half, width) for half in halves]
        except Exception:
            self.budget = whole  # a text was at fault, not the size
            raise
        log.warning("a batch of %d texts failed and its halves ran: the token budget is %d for a "
                    "while (%s)", len(batch), self.budget, codes.one_line(error))  # fmt: skip
        return np.concatenate(vectors)

    def _lowered(self) -> None:
        if self._raised:
            self._wait = min(2 * self._wait, RAISE_AFTER_MOST)
        self._large, self._raised = 0, False

    def _ran_large(self) -> None:
        """Double a lowered budget after enough large batches that ran."""
        if self.budget >= self._full:
            return
        self._large += 1
        if self._large >= self._wait:
            self.budget = min(2 * self.budget, self._full)
            self._large, self._raised = 0, True
            log.info("the token budget is %d again", self.budget)

    def _alone(self, text: list[tuple[int, ...]], width: int, error: Exception) -> np.ndarray:
        """Run a text that failed alone once more if the device has recovered.

        Raises `error` if an empty text ran at once, so that the text is at fault, and
        codes.DeviceLost if no empty text ran.
        """
        empty = [tuple(self._tokenizer.encode("").ids)]
        least = max(len(empty[0]), WIDTHS[self.device])
        for pause in PROBE_PAUSES:
            time.sleep(pause)
            try:
                self.run(empty, least)
            except Exception:
                continue
            if not pause:
                raise error
            return self.run(text, width)
        why = f"{self.device} fails on an empty text, too: {codes.one_line(error)}"
        raise codes.DeviceLost(codes.EMBEDDING_FAILED, why) from error

    def _height(self, batch: list[tuple[int, ...]], width: int) -> int:
        """Return how many rows a batch has on the device."""
        return max(1, self.budget // width) if self.device == "mps" else len(batch)

    def _free(self) -> None:
        """Return to the device the memory that torch keeps for later."""
        if self.device != "cpu":
            getattr(torch, self.device).empty_cache()

    def run(self, batch: list[tuple[int, ...]], width: int) -> np.ndarray:
        """Return the vectors of one batch, padded to `width`; on mps to a full height, too."""
        height = self._height(batch, width)
        ids = np.zeros((height, width), np.int64)
        mask = np.zeros((height, width), np.int64)
        mask[len(batch) :, 0] = 1  # without a token the row would divide by 0
        for row, sequence in enumerate(batch):
            ids[row, : len(sequence)] = sequence
            mask[row, : len(sequence)] = 1
        with torch.inference_mode():
            features = {
                "input_ids": torch.from_numpy(ids).to(self.device),
                "attention_mask": torch.from_numpy(mask).to(self.device),
            }
            out = self._model(features)["sentence_embedding"][: len(batch)].float().cpu().numpy()
        self._batches += 1
        if self.device == "mps" and self._batches % EMPTY_CACHE_EVERY == 0:
            self._free()
        return out

    def differs(self, wanted: dict) -> str:
        """Return in which of a run's settings this model differs; "" if in none."""
        for key, mine in self.facts.items():
            if key in wanted and wanted[key] != mine:
                return f"the run's {key} is {wanted[key]}, --model's is {mine}"
        return ""


def find(model: str) -> Path:
    """Return the folder of a model, which is a folder or a name on the hub."""
    if Path(model).is_dir():
        return Path(model)
    from huggingface_hub import snapshot_download

    return Path(snapshot_download(model))


def _calls(texts: list[tuple[int, str]]) -> Iterator[list[tuple[int, str]]]:
    """Yield rows with their texts, in lists that are tokenised at once."""
    call, size = [], 0
    for row, text in texts:
        call.append((row, text))
        size += len(text)
        if size >= CALL_CHARACTERS:
            yield call
            call, size = [], 0
    if call:
        yield call


def _clean(text: bytes) -> tuple[str, bool]:
    """Cut a text between two characters and make it valid, as ``models/tokenizer.go`` does."""
    cut = len(text) > MAX_TEXT_BYTES
    if cut:
        end = MAX_TEXT_BYTES
        while end > MAX_TEXT_BYTES - 4 and text[end] & 0xC0 == 0x80:
            end -= 1
        text = text[:end]
    return text.decode("utf-8", errors="replace").replace("\0", ""), cut


def _facts(folder: Path) -> dict:
    """Return what a fingerprint says of a model, in its order."""
    pooling = json.loads((folder / "1_Pooling" / "config.json").read_text())
    modules = json.loads((folder / "modules.json").read_text())
    sentence = json.loads((folder / "sentence_bert_config.json").read_text())
    return {
        "weights_sha256": _sha256(folder / "model.safetensors"),
        "tokenizer_sha256": _sha256(folder / "tokenizer.json"),
        "pooling": "cls" if pooling.get("pooling_mode_cls_token") else "mean",
        "normalized": any(m["type"].endswith(".Normalize") for m in modules),
        "max_seq_length": sentence["max_seq_length"],
        "dimension": pooling["word_embedding_dimension"],
    }


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
