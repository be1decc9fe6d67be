"""The model folder: its files, its manifest, and what is refused."""

import hashlib
import json
import shutil
import subprocess
import sys

import pytest

from threadloom.export import ExportError, export


@pytest.fixture
def source(make_tiny):
    return make_tiny("mean")


def test_the_manifest_lists_every_file_with_its_hash(source, tmp_path):
    export(str(source), tmp_path / "model", name="tiny/mean")
    manifest = json.loads((tmp_path / "model" / "manifest.json").read_text())
    files = {
        p.relative_to(tmp_path / "model").as_posix()
        for p in (tmp_path / "model").rglob("*")
        if p.is_file() and p.name != "manifest.json"
    }
    assert set(manifest["files"]) == files
    assert {"onnx/model.onnx", "tokenizer.json", "config.json", "1_Pooling/config.json"} <= files
    assert manifest["name"] == "tiny/mean"
    for name, digest in manifest["files"].items():
        assert hashlib.sha256((tmp_path / "model" / name).read_bytes()).hexdigest() == digest


def test_two_exports_are_the_same_bytes(source, tmp_path):
    export(str(source), tmp_path / "one", name="tiny")
    export(str(source), tmp_path / "two", name="tiny")
    for file in (tmp_path / "one").rglob("*"):
        if file.is_file():
            again = tmp_path / "two" / file.relative_to(tmp_path / "one")
            assert again.read_bytes() == file.read_bytes()


def test_an_earlier_export_is_replaced(source, tmp_path):
    export(str(source), tmp_path / "model")
    (tmp_path / "model" / "tokenizer.json").write_text("spoiled")
    export(str(source), tmp_path / "model")
    assert json.loads((tmp_path / "model" / "tokenizer.json").read_text())


def test_a_folder_of_someone_else_is_left_alone(source, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(ExportError, match="no model folder"):
        export(str(source), tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["notes.txt"]


def edit(name, **changes):
    """Return a function that changes keys of a JSON file in a folder."""

    def change(folder):
        content = json.loads((folder / name).read_text())
        content.update(changes)
        (folder / name).write_text(json.dumps(content))

    return change


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (edit("config.json", model_type="roberta"), "model_type 'roberta', want 'bert'"),
        (edit("config.json", hidden_act="relu"), "hidden_act 'relu', want 'gelu'"),
        (edit("config.json", position_embedding_type="relative_key"), "relative position"),
        (edit("1_Pooling/config.json", pooling_mode_max_tokens=True), "want mean or CLS alone"),
        (lambda folder: (folder / "modules.json").write_text("[{"), "is not JSON"),
        (lambda folder: (folder / "modules.json").unlink(), "has no modules.json"),
        (lambda folder: (folder / "model.safetensors").unlink(), "has no model.safetensors"),
        (lambda folder: (folder / "tokenizer.json").unlink(), "has no tokenizer.json"),
        (edit("sentence_bert_config.json", max_seq_length=25), "max_seq_length 25, want 3 to 24"),
        (edit("sentence_bert_config.json", max_seq_length=None), "max_seq_length None"),
        (edit("config.json", num_hidden_layers=3), "have no tensor encoder.layer.2."),
        (
            lambda folder: (folder / "model.safetensors").write_bytes(b"\0" * 16),
            "cannot be read",
        ),
    ],
)
def test_a_model_that_cannot_be_exported_is_one_line(source, tmp_path, spoil, says):
    folder = shutil.copytree(source, tmp_path / "source")
    spoil(folder)
    command = [sys.executable, "-m", "threadloom.export", "--model", folder]
    command += ["--output", tmp_path / "out"]
    ended = subprocess.run(command, capture_output=True, text=True)
    assert ended.returncode == 2, ended.stderr
    assert len(ended.stderr.splitlines()) == 1
    assert ended.stderr.startswith("error: ")
    assert says in ended.stderr
    assert not (tmp_path / "out").exists()


def test_torch_is_not_imported(source, tmp_path):
    code = (
        "import sys; from threadloom.export import export; "
        "export(None, sys.argv[1] + '/one'); export(sys.argv[2], sys.argv[1] + '/two'); "
        "sys.exit('torch' in sys.modules or 'transformers' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code, tmp_path, source]).returncode == 0


def test_a_name_that_is_no_folder_is_one_line(tmp_path):
    with pytest.raises(ExportError, match="no model folder"):
        export("./nowhere", tmp_path / "out")
