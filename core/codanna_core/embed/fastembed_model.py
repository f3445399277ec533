"""Any model that fastembed can run, by name or from a folder. The only module that imports fastembed."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codanna_core.cancel import Cancel
from codanna_core.embed.base import keep_quiet, normalised
from codanna_core.embed.prefixes import prefixes_of
from codanna_core.errors import ModelUnavailable
from codanna_core.records import dataclass

# No model reads more than about 8,000 tokens; tokenising a megabyte to throw it away takes seconds.
_MAX_CHARACTERS = 32_768
_SAMPLE_BYTES = 1 << 16
_SAMPLES = 64
_LOCAL = "imported from local files"


@dataclass(frozen=True, slots=True)
class LocalModel:
    """What fastembed must be told about a folder that its own list does not know."""

    name: str
    file: str
    dimension: int
    pooling: str
    """`mean`, `cls`, `last` or `none`, how token vectors become one."""


class FastembedEmbedder:
    """A model run by fastembed. Threads take turns: one batch uses all the threads the settings allow."""

    def __init__(
        self,
        name: str,
        *,
        cache: Path,
        folder: Path | None = None,
        local: LocalModel | None = None,
        threads: int = 0,
        batch: int = 256,
        offline: bool = False,
    ) -> None:
        self._name = name
        self._prefixes = prefixes_of(name)
        self._batch = batch
        self._lock = threading.Lock()
        self._model = _load(name, cache, folder, local, threads, offline)
        self._dimension = len(self._run([""], query=True)[0])
        self._model_id = f"{name}@{_digest(Path(self._model.model._model_dir))}"

    @property
    def model_id(self) -> str:
        """Name and digest of the weights."""
        return self._model_id

    @property
    def instant(self) -> bool:
        """A transformer takes milliseconds a text: text search must not wait for it."""
        return False

    @property
    def dimension(self) -> int:
        """Length of every vector."""
        return self._dimension

    def embed_passages(self, texts: Sequence[str], cancel: Cancel | None = None) -> NDArray[np.float32]:
        """float32[len(texts), dimension]. Texts of like length share a batch, since a batch is padded."""
        result = np.zeros((len(texts), self._dimension), np.float32)
        filled = [index for index, text in enumerate(texts) if text.strip()]
        order = iter(sorted(filled, key=lambda index: len(texts[index])))
        while numbers := list(islice(order, self._batch)):
            if cancel is not None:
                cancel.raise_if_cancelled()
            result[numbers] = self._run(
                [self._prefixes.passage + texts[index][:_MAX_CHARACTERS] for index in numbers], query=False
            )
        return normalised(result)

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """float32[dimension] of what a user typed, with the family's query prefix."""
        if not text.strip():
            return np.zeros(self._dimension, np.float32)
        vector: NDArray[np.float32] = normalised(
            self._run([self._prefixes.query + text[:_MAX_CHARACTERS]], query=True)
        )[0]
        return vector

    def _run(self, texts: list[str], *, query: bool) -> NDArray[np.float32]:
        embed = self._model.query_embed if query else self._model.passage_embed
        try:
            with self._lock:
                vectors = list(embed(texts) if query else embed(texts, batch_size=self._batch))
        except Exception as error:  # onnxruntime and the tokenizer have no common root of errors.
            raise ModelUnavailable(
                f"the model {self._name} failed ({_line(error)}); search continues by text"
            ) from error
        return np.asarray(vectors, np.float32)


def supported_models() -> list[dict[str, Any]]:
    """fastembed's own list of text models, each with name, dimension, size and license."""
    models: list[dict[str, Any]] = _text_embedding().list_supported_models()
    return [model for model in models if model["description"] != _LOCAL]


def is_cached(model: dict[str, Any], cache: Path) -> bool:
    """Whether a model of `supported_models` can be loaded without a network."""
    source = model["sources"]["hf"]
    if source is None:
        return False
    from huggingface_hub import try_to_load_from_cache

    files = [model["model_file"], *model["additional_files"]]
    return all(isinstance(try_to_load_from_cache(source, file, cache_dir=cache), str) for file in files)


def _text_embedding() -> Any:
    keep_quiet()
    try:
        from fastembed import TextEmbedding
        from loguru import logger
    except ImportError as error:
        raise ModelUnavailable(f"fastembed cannot be imported ({error}); reinstall codanna-lsp") from error
    # It logs every source it tries as an error; what matters is in the exception.
    logger.disable("fastembed")
    return TextEmbedding


def _load(
    name: str,
    cache: Path,
    folder: Path | None,
    local: LocalModel | None,
    threads: int,
    offline: bool,
) -> Any:
    text_embedding = _text_embedding()
    options: dict[str, Any] = {"cache_dir": str(cache), "local_files_only": offline}
    if folder is not None:
        options["specific_model_path"] = str(folder)
    options["threads"] = threads or max(1, (os.cpu_count() or 2) // 2)
    known = {model["model"].lower(): model for model in text_embedding.list_supported_models()}
    if local is not None and local.name.lower() not in known:
        _register(text_embedding, local)
    elif name.lower() not in known:
        raise ModelUnavailable(f"there is no embedding model {name!r}; see `codanna-lsp models list`")
    elif known[name.lower()]["model_file"].endswith(".safetensors"):
        del options["threads"]  # Static models run in numpy and warn about the option.
    try:
        return text_embedding(name, **options)
    except Exception as error:  # Hub, network, archive, protobuf and tokenizer errors share no root.
        if offline:
            why = f"is not on this machine; `codanna-lsp models check --model {name}` downloads it"
        elif folder is not None:
            why = f"cannot be loaded from {folder} ({_line(error)}); import it again"
        else:
            why = (
                f"cannot be downloaded or loaded ({_line(error)}); check the network, "
                "or bring the files with `codanna-lsp models import`"
            )
        raise ModelUnavailable(f"the model {name} {why}") from error


def _register(text_embedding: Any, local: LocalModel) -> None:
    from fastembed.common.model_description import ModelSource, PoolingType

    pooling = {
        "mean": PoolingType.MEAN,
        "cls": PoolingType.CLS,
        "last": PoolingType.LAST_TOKEN,
        "none": PoolingType.DISABLED,
    }
    text_embedding.add_custom_model(
        model=local.name,
        pooling=pooling[local.pooling],
        normalization=True,
        # A source is required though the folder is given with every load and nothing is ever fetched.
        sources=ModelSource(hf=local.name),
        dim=local.dimension,
        description=_LOCAL,
        model_file=local.file,
    )


def _digest(folder: Path) -> str:
    """Digest of a model's files. Large ones are sampled: two sets of weights differ nearly everywhere."""
    digest = blake2b(digest_size=8)
    for file in sorted(folder.rglob("*")):
        if not file.is_file() or file.suffix not in (".onnx", ".onnx_data", ".safetensors", ".json"):
            continue
        size = file.stat().st_size
        digest.update(f"{file.name} {size}\n".encode())
        with file.open("rb") as stream:
            if size <= _SAMPLE_BYTES * _SAMPLES:
                digest.update(stream.read())
                continue
            for sample in range(_SAMPLES):
                stream.seek((size - _SAMPLE_BYTES) * sample // (_SAMPLES - 1))
                digest.update(stream.read(_SAMPLE_BYTES))
    return digest.hexdigest()


def _line(error: BaseException) -> str:
    """The first line of an error, short enough for a status bar."""
    text = str(error).strip()
    return (text.splitlines() or [type(error).__name__])[0][:200]
