"""The reader of static models: equal to fastembed, defined for odd input, honest about damage."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from codanna_core.cancel import Cancel
from codanna_core.embed.builtin import BUILTIN_FOLDER
from codanna_core.embed.static_model import StaticEmbedder
from codanna_core.embed.text import embedding_text
from codanna_core.errors import Cancelled, ModelUnavailable

TEXTS = [
    "open file",
    "getHTTPResponse12",
    "parse->name::response",
    "über file 2",
    "q w e r t y",
    "file " * 2000,
]


class Stop(Cancel):
    def raise_if_cancelled(self) -> None:
        raise Cancelled("stopped")


@pytest.mark.parametrize("bundled", [False, True])
def test_vectors_equal_those_of_fastembed(static_folder: Path, bundled: bool) -> None:
    """fastembed's static model class loads the very same folder and gives the same vectors."""
    from fastembed import TextEmbedding

    folder = BUILTIN_FOLDER if bundled else static_folder
    theirs = TextEmbedding("minishlab/potion-base-8M", specific_model_path=str(folder), mmap=True)
    expected = np.array(list(theirs.embed(TEXTS)))
    cosines = (StaticEmbedder(folder).embed_passages(TEXTS) * expected).sum(axis=1)
    assert cosines.min() >= 0.9999


def test_vectors_are_float32_rows_of_length_one(static_folder: Path) -> None:
    """Shape, type and length are what the vector index expects."""
    vectors = StaticEmbedder(static_folder).embed_passages(TEXTS)
    assert vectors.shape == (len(TEXTS), 16)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize("text", ["", "   \n", "文", "(){};"])
def test_text_without_known_words_gives_the_zero_vector(static_folder: Path, text: str) -> None:
    """There is no direction to point in, and zeros are equally far from everything."""
    assert not StaticEmbedder(static_folder).embed_query(text).any()


def symbol(name: str, body: str, doc: str = "") -> str:
    """The text of a definition in a file of its own."""
    return embedding_text("src/file.py", "", name, "function", f"def {name}()", doc, body)


def test_a_long_body_does_not_drown_the_name() -> None:
    """Each part of a symbol counts whatever its length; in one sum the words of the body would win."""
    model = StaticEmbedder(BUILTIN_FOLDER)
    body = " ".join(f"alpha{letter} beta{letter} gamma{letter}" for letter in "abcdefghijklmnopqrst")
    named, other = model.embed_passages([symbol("open_socket", body), symbol("draw_circle", body)])
    asked = model.embed_query("open a socket")
    assert asked @ named > asked @ other + 0.15


def test_a_text_stands_beside_any_other(static_folder: Path) -> None:
    """The vector of a text does not depend on the texts that are embedded with it, nor on empty parts."""
    model = StaticEmbedder(static_folder)
    texts = [
        symbol("parse", "value = read(file)"),
        "",
        symbol("", ""),
        "parse the file",
        symbol("read", "x", "Reads."),
    ]
    together = model.embed_passages(texts)
    for text, vector in zip(texts, together, strict=True):
        assert np.allclose(model.embed_passages([text])[0], vector, atol=1e-6)


def test_no_texts_give_no_rows(static_folder: Path) -> None:
    """An empty batch is no special case for the caller."""
    assert StaticEmbedder(static_folder).embed_passages([]).shape == (0, 16)


def test_a_megabyte_of_text_is_embedded_by_its_beginning(static_folder: Path) -> None:
    """A huge text equals its first tokens."""
    model = StaticEmbedder(static_folder)
    assert np.array_equal(model.embed_query("open file " * 100_000), model.embed_query("open file " * 256))


def test_a_set_cancel_token_stops_the_work(static_folder: Path) -> None:
    """Bulk embedding looks at the token."""
    with pytest.raises(Cancelled):
        StaticEmbedder(static_folder).embed_passages(TEXTS, cancel=Stop())


@pytest.mark.parametrize("file", ["model.safetensors", "tokenizer.json", "config.json"])
@pytest.mark.parametrize("damage", ["missing", "empty", "half", "noise"])
def test_a_damaged_folder_is_refused_with_one_sentence(static_folder: Path, file: str, damage: str) -> None:
    """Whatever is wrong with a file, loading raises `ModelUnavailable` that names it and says what to do."""
    path = static_folder / file
    raw = path.read_bytes()
    path.unlink()
    if damage != "missing":
        path.write_bytes({"empty": b"", "half": raw[: len(raw) // 2], "noise": os.urandom(len(raw))}[damage])
    with pytest.raises(ModelUnavailable, match="reinstall") as caught:
        StaticEmbedder(static_folder)
    assert str(static_folder) in str(caught.value)


def test_files_of_two_models_are_not_mixed(static_folder: Path) -> None:
    """A table with another number of rows than the tokenizer has tokens is refused."""
    path = static_folder / "tokenizer.json"
    raw = json.loads(path.read_text())
    raw["model"]["vocab"].append(["extra", -20.0])
    path.write_text(json.dumps(raw))
    with pytest.raises(ModelUnavailable, match="do not belong together"):
        StaticEmbedder(static_folder)


def test_verify_notices_one_flipped_bit(static_folder: Path) -> None:
    """The digest covers the table, which plain loading cannot check in time."""
    path = static_folder / "model.safetensors"
    raw = bytearray(path.read_bytes())
    raw[-1] ^= 1
    path.write_bytes(raw)
    model = StaticEmbedder(static_folder)
    with pytest.raises(ModelUnavailable, match="damaged"):
        model.verify()


def test_the_bundled_files_are_the_published_ones() -> None:
    """The digest in the package fits its files, and with it every stored vector's model id."""
    StaticEmbedder(BUILTIN_FOLDER).verify()


def test_loading_the_bundled_model_imports_no_heavy_library() -> None:
    """Indexing processes stay small: neither fastembed nor onnxruntime nor tokenizers comes along."""
    script = (
        "import sys; from codanna_core.embed.registry import load_embedder; "
        "from codanna_core.config import SemanticSettings; "
        "load_embedder(SemanticSettings()).embed_query('a'); "
        "heavy = ('fastembed', 'onnxruntime', 'tokenizers', 'huggingface_hub'); "
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_bundled_model_stays_within_its_size() -> None:
    """At most 16 MB of the wheel."""
    assert sum(file.stat().st_size for file in BUILTIN_FOLDER.iterdir()) <= 16_000_000
