"""Each failure has the code that the pipeline gives it, and no job ends the worker."""

import datetime
import decimal
import errno
import io
import logging
import os
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from threadloom.worker import chains, codes, model, places, worker
from threadloom.worker.codes import Failure, Refused
from threadloom.worker.tests.annotated import compact, edited, written

N = 3
TEXT = pa.array(["a text"] * N)


def parquet(columns: dict | pa.Table, **options) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.table(columns) if isinstance(columns, dict) else columns, file, **options)
    return file.getvalue()


GOOD = parquet({"text": TEXT})


def of_codec(number: int) -> bytes:
    def edit(footer: dict) -> None:
        chunk = footer[4][1][1][0][1][1][1][0][3][1]
        compact.put(chunk, 4, number)

    return edited(GOOD, edit)


def encrypted_column() -> bytes:
    def edit(footer: dict) -> None:
        column = footer[4][1][1][0][1][1][1][0]
        column[8] = (compact.STRUCT, {1: (compact.STRUCT, {})})  # with the key of the footer

    return edited(GOOD, edit)


def of_encoding(number: int) -> bytes:
    """Return a file whose page says another encoding."""
    plain = parquet({"text": TEXT}, use_dictionary=False, compression="none")
    header, end = compact.read_struct(plain, 4)
    page = header[5][1]
    compact.put(page, 2, number)
    new = compact.write_struct(header)
    assert len(new) == end - 4
    return plain[:4] + new + plain[end:]


def twice_text() -> bytes:
    return parquet(pa.Table.from_arrays([TEXT, TEXT], names=["text", "text"]))


def int96(year: int) -> bytes:
    moments = pa.array([datetime.datetime(year, 1, 1)] * N, pa.timestamp("us"))
    return parquet({"text": TEXT, "at": moments}, use_deprecated_int96_timestamps=True)


def text_of(column: pa.Array, **annotation: str) -> bytes:
    """Return a file whose text column is annotated like this."""
    renamed = pa.table({"k": column})
    data = written({"k": renamed["k"]}, k=annotation)

    def edit(footer: dict) -> None:
        for element in footer[2][1][1]:
            name = {b"text": b"xxxx", b"k": b"text"}.get(element[4][1], element[4][1])
            compact.put(element, 4, name)

    return edited(data, edit)


SEVENS = pa.array([b"\x07"] * N)
REFUSED = {
    "no bytes": (b"", codes.EMPTY),
    "a few bytes": (b"PAR1", codes.NOT_PARQUET),
    "another format": (b"PK" + bytes(100), codes.NOT_PARQUET),
    "an encrypted footer": (b"PARE" + GOOD[4:-4] + b"PARE", codes.ENCRYPTED),
    "an encrypted column": (encrypted_column(), codes.ENCRYPTED),
    "cut off": (GOOD[:-20], codes.DAMAGED),
    "a footer longer than the file": (GOOD[:-8] + b"\xff\xff\xff\x0fPAR1", codes.DAMAGED),
    "a footer that is none": (b"PAR1 this is no footer at all\x10\0\0\0PAR1", codes.DAMAGED),
    "a page that is none": (GOOD[:4] + b"\xff" * 40 + GOOD[44:], codes.DAMAGED),
    "no text": (parquet({"body": TEXT}), codes.NO_TEXT_COLUMN),
    "two texts": (twice_text(), codes.AMBIGUOUS_TEXT_COLUMN),
    "numbers": (parquet({"text": [1] * N}), codes.TEXT_COLUMN_TYPE),
    "lists": (parquet({"text": [["a"]] * N}), codes.TEXT_COLUMN_TYPE),
    "bytes of one length": (
        parquet({"text": pa.array([b"a"] * N, pa.binary(1))}),
        codes.TEXT_COLUMN_TYPE,
    ),
    "decimals in bytes": (text_of(SEVENS, converted="DECIMAL(2,0)"), codes.TEXT_COLUMN_TYPE),
    "BSON": (text_of(SEVENS, converted="BSON"), codes.TEXT_COLUMN_TYPE),
    "LZO": (of_codec(3), codes.UNSUPPORTED_CODEC),
    "an encoding of the future": (of_encoding(63), codes.UNSUPPORTED_ENCODING),
    "a kept value of 65 MB": (
        parquet({"text": TEXT, "k": [b"a" * (65 << 20)] * N}, compression="zstd"),
        codes.VALUE_TOO_LARGE,
    ),
    "a time before 1677": (int96(1500), codes.VALUE_OUT_OF_RANGE),
    "a time after 2262": (int96(2500), codes.VALUE_OUT_OF_RANGE),
    "a decimal of more digits": (
        written({"k": pa.array([10**9] * N, pa.int64())}, k={"logical": "DECIMAL(9,2)"}),
        codes.VALUE_OUT_OF_RANGE,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_no_attempt_can_mend_is_refused_with_its_code(name, write):
    data, code = REFUSED[name]
    with pytest.raises(Refused) as refused:
        write(data)
    assert refused.value.code == code, refused.value
    assert "\n" not in str(refused.value)


READ = {
    "ENUM": text_of(pa.array([b"x", None, b"y"]), converted="ENUM"),
    "JSON": text_of(pa.array([b"x", None, b"y"]), logical="JSON"),
    "no annotation": text_of(pa.array([b"x", None, b"y"])),
    "UTF8": text_of(pa.array([b"x", None, b"y"]), converted="UTF8"),
    "null type": parquet({"text": pa.nulls(N)}),
    "null type in bytes": text_of(pa.array([None] * N, pa.binary()), logical="UNKNOWN"),
    "null type in numbers": text_of(pa.array([None] * N, pa.int64()), logical="UNKNOWN"),
    "bytes that are not UTF-8": text_of(pa.array([b"\xff", None, b"y"]), logical="STRING"),
}


@pytest.mark.parametrize("name", READ)
def test_texts_of_every_kind_are_embedded(name, write):
    made = pq.read_table(io.BytesIO(write(READ[name])))
    empty = [2] * N if name.startswith("null") else [made["n_tokens"][0].as_py(), 2, 3]
    assert made["n_tokens"].to_pylist() == empty
    assert made["embedding"].null_count == 0


def test_a_time_of_nanoseconds_is_kept(write):
    moments = pa.array([1, 2**62 + 1, None], pa.timestamp("ns"))
    data = parquet({"text": TEXT, "at": moments}, use_deprecated_int96_timestamps=True)
    assert pq.read_table(io.BytesIO(write(data)))["at"].combine_chunks().equals(moments)


def failure(act) -> Failure:
    with pytest.raises(Failure) as failed:
        act()
    assert not isinstance(failed.value, Refused)
    return failed.value


def test_what_another_attempt_may_mend_is_not_refused(write, tmp_path, monkeypatch, embedder):
    def broken(*_, **__):
        raise OSError(errno.EIO, "the disk failed")

    def lost(*_, **__):
        raise RuntimeError("out of memory")

    source, out = tmp_path / "in.parquet", tmp_path / "out" / "in.parquet"

    def code(target: object = None, name: str = "", does=None) -> str:
        with monkeypatch.context() as patched:
            if target:
                patched.setattr(target, name, does)
            return failure(lambda: embedder(source, out)).code

    monkeypatch.setattr(places, "LATE_ENTRIES", 0.1)
    monkeypatch.setattr(places.wait_for, "__defaults__", (0.1,))
    assert code() == codes.NOT_VISIBLE
    source.mkdir()
    assert code() == codes.CANNOT_OPEN
    source.rmdir()
    source.write_bytes(GOOD)
    assert code(chains, "footer", broken) == codes.CANNOT_READ
    assert code(model.Encoder, "tokenise", lost) == codes.EMBEDDING_FAILED
    assert code(model.Encoder, "run", lost) == codes.EMBEDDING_FAILED
    assert code(os, "fsync", broken) == codes.OUTPUT_NOT_WRITTEN
    assert list(out.parent.iterdir()) == []
    out.parent.rmdir()
    out.parent.write_bytes(b"")
    assert code() == codes.OUTPUT_NOT_WRITTEN


@pytest.mark.parametrize("change", ["written to", "replaced"])
def test_an_input_that_changes_meanwhile_has_no_output(write, tmp_path, monkeypatch, change):
    source = tmp_path / "in.parquet"

    def embed(self, tokens, progress):
        if change == "written to":
            os.utime(source, (1, 1))
        else:
            (tmp_path / "new").write_bytes(GOOD)
            (tmp_path / "new").rename(source)
        return run(self, tokens, progress)

    run = model.Encoder.embed
    monkeypatch.setattr(model.Encoder, "embed", embed)
    assert failure(lambda: write(GOOD)).code == codes.CHANGED_WHILE_READ


def poisoned(error: type[BaseException], point: str):
    """Return a function that makes the job of `poison` raise something nobody expects."""

    def change():
        logging.disable()
        act = getattr(worker.Worker, point)

        def raising(self, prepared):
            if b"poison" in prepared.raw:
                raise error("text")
            return act(self, prepared)

        setattr(worker.Worker, point, raising)

    return change


@pytest.mark.parametrize("point", ["_open", "_embed"])
@pytest.mark.parametrize("error", [KeyError, TypeError, Exception])
def test_any_exception_of_a_job_is_its_failure_alone(bridge, until, point, error):
    poison = bridge.file("poison")
    bridge.put(poison, bridge.file("good"))
    bridge.start(poisoned(error, point))
    until(lambda: len(bridge.dead()) == 1)
    until(bridge.settled)
    assert bridge.outputs() == ["good.parquet"]
    why = bridge.dead()[poison]
    assert (why["code"], why["attempts"]) == (codes.INTERNAL, 3)
    assert error.__name__ in why["reason"]


def test_a_bad_file_is_dead_at_once_with_its_code(bridge, until):
    bad = bridge.root / "in" / "bad.parquet"
    good = bridge.file("good")
    bad.write_bytes(b"no Parquet")
    job = bridge.job(bad)
    bridge.put(job, good)
    bridge.start()
    until(lambda: bridge.events().count("done") == 1 and bridge.dead())
    assert bridge.outputs() == ["good.parquet"]
    why = bridge.dead()[job]
    assert (why["code"], why["attempts"]) == (codes.NOT_PARQUET, 1)


def test_decimals_keep_their_values(write):
    some = [decimal.Decimal("-1.23"), None, decimal.Decimal("9999999.99")]
    made = write(parquet({"text": TEXT, "k": pa.array(some, pa.decimal128(9, 2))}))
    assert pq.read_table(io.BytesIO(made))["k"].to_pylist() == some


@pytest.fixture
def embedded(encoder, monkeypatch):
    """Return embedded(texts, fails): vectors of texts from a device that fails at some batches."""

    def embedded(texts: list[str], fails=lambda texts: False) -> np.ndarray:
        tokens = encoder.tokenise([text.encode() for text in texts])
        of = {tuple(ids): text for ids, text in zip(tokens.ids, texts, strict=True)}
        run = model.Encoder.run

        def maybe(self, batch, width):
            if fails([of.get(ids, "") for ids in batch]):
                raise RuntimeError("MPS backend out of memory")
            return run(self, batch, width)

        with monkeypatch.context() as patched:
            patched.setattr(encoder, "budget", model.BUDGETS["cpu"])
            patched.setattr(model.Encoder, "run", maybe)
            vectors = encoder.embed(tokens)
            embedded.budget = encoder.budget
        return vectors

    monkeypatch.setattr(model, "PROBE_PAUSES", (0.0, 0.01))
    return embedded


TEXTS = [f"text {n} " + "word " * n for n in range(20)]


def test_a_batch_that_is_too_large_is_run_in_halves_and_later_ones_are_smaller(embedded):
    whole = embedded(TEXTS)
    assert embedded.budget == model.BUDGETS["cpu"]
    np.testing.assert_allclose(embedded(TEXTS, lambda texts: len(texts) > 3), whole, atol=1e-5)
    assert embedded.budget < model.BUDGETS["cpu"]


def test_a_text_that_fails_alone_fails_alone(embedded):
    tried = []

    def fails(texts: list[str]) -> bool:
        tried.extend([texts] if len(texts) == 1 else [])
        return TEXTS[7] in texts

    with pytest.raises(RuntimeError, match="out of memory"):
        embedded(TEXTS, fails)
    assert tried[-2:] == [[TEXTS[7]], [""]]  # and the device runs an empty text


def test_a_device_that_was_away_for_a_moment_costs_nothing(embedded):
    left = [len(TEXTS).bit_length() + 2]  # down to one text, and the first empty one

    def fails(_) -> bool:
        left[0] -= 1
        return left[0] >= 0

    np.testing.assert_allclose(embedded(TEXTS, fails), embedded(TEXTS), atol=1e-5)


@pytest.fixture
def device(encoder, monkeypatch):
    """Return an encoder with a small budget, whose batches fail if device.fails says so."""
    for name, value in (
        ("budget", 64),
        ("_full", 64),
        ("_wait", 3),
        ("_large", 0),
        ("_raised", False),
    ):
        monkeypatch.setattr(encoder, name, value)
    run = model.Encoder.run
    device = SimpleNamespace(fails=lambda batch: False, failed=0)

    def maybe(self, batch, width):
        if device.fails(batch):
            device.failed += 1
            raise RuntimeError("MPS backend out of memory")
        return run(self, batch, width)

    def batch(texts: int) -> int:
        """Embed different texts of 4 tokens, and return the budget after it."""
        encoder.embed(model.Tokens([[101, 2000 + n, 2001, 102] for n in range(texts)], None))
        return encoder.budget

    monkeypatch.setattr(model.Encoder, "run", maybe)
    device.batch = batch
    return device


def test_a_short_failure_lowers_the_token_budget_for_a_while_only(device):
    device.fails = lambda batch: device.failed == 0
    assert device.batch(16) == 32
    assert [device.batch(1) for _ in range(10)] == [32] * 10  # small ones say nothing
    assert [device.batch(8) for _ in range(3)] == [32, 32, 64]


def test_a_token_budget_that_is_too_large_is_tried_less_and_less_often(device):
    device.fails = lambda batch: len(batch) > 10
    for _ in range(200):
        device.batch(device.batch(1) // 4)
    assert 2 <= device.failed <= 8


def device_lost():
    def run(*_):
        raise RuntimeError("device lost")

    model.Encoder.run = run


def test_a_worker_whose_device_runs_nothing_ends_and_its_job_waits_for_another(
    bridge, until, capfd
):
    bridge.put(bridge.file("a"), bridge.file("b"))
    process = bridge.start(device_lost)
    process.join(20)
    assert process.exitcode == 1
    assert "DeviceLost: cpu fails on an empty text, too: device lost" in capfd.readouterr().err
    assert bridge.dead() == {}
    bridge.start()
    until(bridge.settled)
    assert bridge.outputs() == ["a.parquet", "b.parquet"]
