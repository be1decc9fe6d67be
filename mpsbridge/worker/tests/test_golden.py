"""Jobs, keys and path maps are what the Go side reads and writes."""

import json

import pytest

from threadloom.worker import codes, jobs, places, process, unfinished
from threadloom.worker.keys import NAMES, Keys


def test_the_keys_are_the_golden_ones(golden):
    want = golden("keys.json")
    keys = Keys(want["queue"])
    got = {name: getattr(keys, name) for name in (*NAMES, "queue", "todo")}
    worker = want["worker"]
    assert got | {"worker": worker, "active": keys.active(worker)} == want


def test_jobs_are_read_as_the_golden_ones(golden):
    for want in golden("jobs.json"):
        if "error" in want:
            with pytest.raises(jobs.Refused, match=want["error"].replace("..", r"\.\.")):
                jobs.parse(want["raw"].encode())
        else:
            job = jobs.parse(want["raw"].encode())
            assert (job.input_path, job.output_path) == (want["input_path"], want["output_path"])


def test_paths_are_mapped_as_the_golden_ones(golden):
    for want in golden("pathmaps.json"):
        if "error" in want:
            with pytest.raises(ValueError, match=want["error"]):
                jobs.PathMap(want["maps"])
        else:
            assert jobs.PathMap(want["maps"]).map(want["path"]) == want["mapped"], want


def test_settings_are_read_as_the_golden_ones(golden, tmp_path):
    wrote = golden("settings.json")
    (tmp_path / places.NONCE_FILE).write_text(wrote["nonce"] + "\n")
    where = places.Places([str(tmp_path)], jobs.PathMap([]))
    job = jobs.Job(b"", f"{tmp_path}/in.parquet", f"{tmp_path}/out.parquet")

    def read(**other: object) -> places.Settings:
        return where.resolve(job, {str(tmp_path): json.dumps(wrote | other)}).settings

    settings = read()
    ours = ("text_column", "keep", "fixed_size_lists", "prompt", "long_text")
    assert {k: getattr(settings, k) for k in ours} == {
        k: tuple(wrote[k]) if k == "keep" else wrote[k] for k in ours
    }
    assert settings.model == {
        k: v for k, v in wrote.items() if k not in (*ours, "nonce", "version")
    }
    assert read(fixed_size_lists=False).fixed_size_lists is False
    with pytest.raises(places.NotHere, match="fixed_size_lists is neither true nor false"):
        read(fixed_size_lists="yes")
    del wrote["fixed_size_lists"]  # as earlier versions write it
    assert read().fixed_size_lists is False


def test_the_codes_are_the_golden_ones(golden):
    ours = [value for name, value in vars(codes).items() if name.isupper()]
    assert ours == golden("codes.json")


def test_places_are_the_golden_ones(golden):
    for want in golden("unfinished.json")["places"]:
        got = process.place_of(want["host"], want["boot"], want["space"])
        assert got == want["place"], want


def test_the_sweep_is_the_golden_one(golden):
    table = golden("unfinished.json")
    for want in table["files"]:
        writer, name_hash = unfinished.parse(want["name"])
        asked = []

        def ended(writer, asked=asked, want=want) -> bool:
            asked.append(writer)
            return want["writer_ended"]

        swept = unfinished.left_behind(writer, table["here"], ended, want["age_hours"] * 3600)
        assert (swept, name_hash) == (want["swept"], want["mark"]), want
        assert bool(asked) == (want["writer_ended"] is not None), want
        assert unfinished.is_unfinished(want["name"])
