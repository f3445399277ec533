"""Loads any model in this process. Only bodies of helper processes import this: files that a user names may
come from anywhere, and what reads them is native code.
"""

from __future__ import annotations

from pathlib import Path

from codanna_core.config import SemanticSettings
from codanna_core.embed.base import Embedder, ModelInfo, Where
from codanna_core.embed.builtin import BUILTIN, BUILTIN_FOLDER, BUILTIN_NAME, is_builtin
from codanna_core.embed.fastembed_model import FastembedEmbedder, is_cached, supported_models
from codanna_core.embed.static_model import StaticEmbedder, is_own_model
from codanna_core.embed.trusted import check_model_folder
from codanna_core.errors import ModelUnavailable
from codanna_core.runtime.folders import expanded

# fastembed also lists models that pair text with pictures, or that hold only one side of a search.
_UNSUITED = ("clip", "siglip", "constella", "doc-onnx")


def load_here(settings: SemanticSettings, models: Path, *, offline: bool = False) -> Embedder:
    """The model that the settings name; `ModelUnavailable` says in one sentence why there is none."""
    name = settings.model
    if settings.model_path:
        return _from_folder(name, expanded(settings.model_path), models, settings)
    if is_builtin(settings):
        return StaticEmbedder(BUILTIN_FOLDER)
    from codanna_core.embed.imports import MANIFEST  # Late, as below: it loads two libraries for archives.

    imported = models / name.replace("/", "--")
    if (imported / MANIFEST).is_file():
        return _from_folder(BUILTIN, imported, models, settings)
    return FastembedEmbedder(
        name, cache=models, threads=settings.threads, batch=settings.batch, offline=offline
    )


def list_here(models: Path) -> list[ModelInfo]:
    """Every model that the setting can name: bundled first, then what is on this machine, then by size."""
    from codanna_core.embed.imports import imported_models

    found = [*_bundled(), *imported_models(models)]
    for entry in supported_models():
        name = entry["model"]
        if any(word in name.lower() for word in _UNSUITED):
            continue
        where = Where.CACHED if is_cached(entry, models) else Where.DOWNLOADABLE
        size = int(entry["size_in_GB"] * 1e9)
        found.append(ModelInfo(name, entry["dim"], size, where, entry["license"], entry["description"]))
    order = list(Where)
    return sorted(found, key=lambda model: (order.index(model.where), model.bytes))


def _from_folder(name: str, folder: Path, models: Path, settings: SemanticSettings) -> Embedder:
    if not folder.is_dir():
        raise ModelUnavailable(
            f"there is no folder {folder}; `semantic.model_path` must name a model's folder"
        )
    check_model_folder(folder)
    if is_own_model(folder):
        return StaticEmbedder(folder)
    from codanna_core.embed.imports import local_model

    known = {entry["model"].lower() for entry in supported_models()}
    local = None if name.lower() in known else local_model(folder)
    return FastembedEmbedder(
        name if local is None else local.name,
        cache=models,
        folder=folder,
        local=local,
        threads=settings.threads,
        batch=settings.batch,
    )


def _bundled() -> list[ModelInfo]:
    if not BUILTIN_FOLDER.is_dir():
        return []
    size = sum(file.stat().st_size for file in BUILTIN_FOLDER.iterdir())
    dimension = StaticEmbedder(BUILTIN_FOLDER).dimension
    text = "static code embeddings trained for this program; no download, no waiting"
    return [ModelInfo(BUILTIN_NAME, dimension, size, Where.BUNDLED, "Apache-2.0", text)]
