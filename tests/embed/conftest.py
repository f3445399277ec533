"""Small models made on the spot: a static table with its tokenizer, and a two-layer BERT with random weights.

The BERT has a second implementation here, in plain numpy, as the yardstick for the built ONNX graph.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from codanna_core.embed.static_model import digest_of
from codanna_core.embed.tokenizer import HUMPS, PIECES


def write_safetensors(path: Path, tensors: dict[str, NDArray[Any]]) -> None:
    kinds = {"int8": "I8", "float32": "F32"}
    header, offset = {}, 0
    for name, tensor in tensors.items():
        end = offset + tensor.nbytes
        header[name] = {
            "dtype": kinds[tensor.dtype.name],
            "shape": tensor.shape,
            "data_offsets": [offset, end],
        }
        offset = end
    raw = json.dumps(header).encode()
    body = b"".join(np.ascontiguousarray(tensor).tobytes() for tensor in tensors.values())
    path.write_bytes(len(raw).to_bytes(8, "little") + raw + body)


@pytest.fixture
def static_folder(tmp_path: Path) -> Path:
    """A static model of 40 tokens and 16 dimensions."""
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

    folder = tmp_path / "static"
    folder.mkdir()
    whole = ["get", "http", "response", "parse", "file", "open", "name", "->", "::", "12", "über"]
    singles = [chr(code) for code in range(ord("a"), ord("z") + 1)] + ["1", "2"]
    pieces = [("[UNK]", 0.0)] + [(word, -20.0) for word in whole] + [(letter, -60.0) for letter in singles]
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=0))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Replace(Regex(HUMPS), " "), normalizers.Lowercase()]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(PIECES), "removed", invert=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    random = np.random.default_rng(5)
    rows = random.integers(-127, 128, (len(pieces), 16), dtype=np.int8)
    weights = random.random(len(pieces), dtype=np.float32)
    weights[0] = 0
    write_safetensors(folder / "model.safetensors", {"embeddings": rows, "weights": weights})
    settings = {"name": "tiny", "dimension": 16, "digest": digest_of(folder)}
    (folder / "config.json").write_text(json.dumps(settings))
    return folder


WORDS = [
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "open",
    "close",
    "a",
    "the",
    "file",
    "network",
    "connection",
    "##s",
]
HIDDEN, LAYERS, HEADS, INNER, POSITIONS = 24, 2, 3, 48, 32


def bert_weights() -> dict[str, NDArray[Any]]:
    random = np.random.default_rng(11)

    def draw(*shape: int) -> NDArray[Any]:
        return random.normal(0, 0.3, shape).astype(np.float32)

    weights = {
        "embeddings.word_embeddings.weight": draw(len(WORDS), HIDDEN),
        "embeddings.position_embeddings.weight": draw(POSITIONS, HIDDEN),
        "embeddings.token_type_embeddings.weight": draw(2, HIDDEN),
        "embeddings.LayerNorm.weight": 1 + draw(HIDDEN),
        "embeddings.LayerNorm.bias": draw(HIDDEN),
    }
    for layer in range(LAYERS):
        prefix = f"encoder.layer.{layer}."
        shapes = {
            "attention.self.query": (HIDDEN, HIDDEN),
            "attention.self.key": (HIDDEN, HIDDEN),
            "attention.self.value": (HIDDEN, HIDDEN),
            "attention.output.dense": (HIDDEN, HIDDEN),
            "intermediate.dense": (INNER, HIDDEN),
            "output.dense": (HIDDEN, INNER),
        }
        for name, shape in shapes.items():
            weights[f"{prefix}{name}.weight"] = draw(*shape)
            weights[f"{prefix}{name}.bias"] = draw(shape[0])
        for name in ("attention.output.LayerNorm", "output.LayerNorm"):
            weights[f"{prefix}{name}.weight"] = 1 + draw(HIDDEN)
            weights[f"{prefix}{name}.bias"] = draw(HIDDEN)
    return weights


@pytest.fixture
def bert_folder(tmp_path: Path) -> Path:
    """Weights, tokenizer and settings of a BERT sentence encoder as sentence-transformers lays them out."""
    from tokenizers import BertWordPieceTokenizer

    folder = tmp_path / "bert"
    (folder / "1_Pooling").mkdir(parents=True)
    (folder / "vocab.txt").write_text("\n".join(WORDS) + "\n")
    tokenizer = BertWordPieceTokenizer(str(folder / "vocab.txt"))
    tokenizer.save(str(folder / "tokenizer.json"))
    settings: dict[str, dict[str, Any]] = {
        "config.json": {
            "model_type": "bert",
            "hidden_act": "gelu",
            "hidden_size": HIDDEN,
            "num_hidden_layers": LAYERS,
            "num_attention_heads": HEADS,
            "intermediate_size": INNER,
            "layer_norm_eps": 1e-12,
            "pad_token_id": 0,
        },
        "tokenizer_config.json": {"model_max_length": 512, "pad_token": "[PAD]"},
        "special_tokens_map.json": {"pad_token": "[PAD]", "cls_token": "[CLS]", "sep_token": "[SEP]"},
        "sentence_bert_config.json": {"max_seq_length": 16},
        "1_Pooling/config.json": {"pooling_mode_mean_tokens": True, "pooling_mode_cls_token": False},
    }
    for name, content in settings.items():
        (folder / name).write_text(json.dumps(content))
    write_safetensors(folder / "model.safetensors", bert_weights())
    return folder


Weights = dict[str, NDArray[Any]]
_erf = np.vectorize(math.erf)


def sentence_vector(weights: Weights, ids: list[int], layers: int, heads: int) -> NDArray[Any]:
    """The normalised mean of the token vectors of one sentence, in double precision."""
    w = {name: tensor.astype(np.float64) for name, tensor in weights.items()}

    def norm(x: NDArray[Any], name: str) -> NDArray[Any]:
        centred = x - x.mean(-1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-12)
        shifted: NDArray[Any] = scaled * w[f"{name}.weight"] + w[f"{name}.bias"]
        return shifted

    def linear(x: NDArray[Any], name: str) -> NDArray[Any]:
        return x @ w[f"{name}.weight"].T + w[f"{name}.bias"]

    x = w["embeddings.word_embeddings.weight"][ids]
    x = x + w["embeddings.position_embeddings.weight"][: len(ids)]
    x = norm(x + w["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
    for layer in range(layers):
        prefix = f"encoder.layer.{layer}."
        query, key, value = (
            np.stack(np.split(linear(x, f"{prefix}attention.self.{part}"), heads, axis=-1))
            for part in ("query", "key", "value")
        )
        scores = query @ key.transpose(0, 2, 1) / math.sqrt(query.shape[-1])
        shares = np.exp(scores - scores.max(-1, keepdims=True))
        shares /= shares.sum(-1, keepdims=True)
        mixed = np.concatenate(list(shares @ value), axis=-1)
        x = norm(linear(mixed, f"{prefix}attention.output.dense") + x, f"{prefix}attention.output.LayerNorm")
        inner = linear(x, f"{prefix}intermediate.dense")
        inner = 0.5 * inner * (1 + _erf(inner / math.sqrt(2)))
        x = norm(linear(inner, f"{prefix}output.dense") + x, f"{prefix}output.LayerNorm")
    mean: NDArray[Any] = x.mean(0)
    mean /= np.linalg.norm(mean)
    return mean


@pytest.fixture
def bert_reference() -> Callable[[], NDArray[Any]]:
    """Vectors of "open the file", "close a network connection" and "files" by `bert_folder`."""

    def vectors() -> NDArray[Any]:
        numbers = {word: index for index, word in enumerate(WORDS)}
        sentences = ["open the file", "close a network connection", "file ##s"]
        rows = [[2, *[numbers[word] for word in sentence.split()], 3] for sentence in sentences]
        return np.array([sentence_vector(bert_weights(), ids, LAYERS, HEADS) for ids in rows])

    return vectors


@pytest.fixture
def sentence_reference() -> Callable[[Weights, list[int], int, int], NDArray[Any]]:
    """The numpy implementation itself, for weights that a test brings."""
    return sentence_vector
