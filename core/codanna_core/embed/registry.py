"""Which models there are, and how a name in the settings becomes a loaded one."""

from __future__ import annotations

from pathlib import Path

from codanna_core.config import SemanticSettings
from codanna_core.embed.base import Embedder, ModelInfo
from codanna_core.embed.static_model import StaticEmbedder
from codanna_core.errors import ModelUnavailable

BUILTIN = "builtin"
"""What settings call the model in the package, whatever its weights are in this version."""
BUILTIN_NAME = "codanna-code-256"
BUILTIN_FOLDER = Path(__file__).with_name("models") / BUILTIN_NAME


def load_embedder(settings: SemanticSettings) -> Embedder:
    """The model that the settings name; `ModelUnavailable` says in one sentence why there is none."""
    if settings.model_path:
        return StaticEmbedder(Path(settings.model_path).expanduser())
    if settings.model in (BUILTIN, BUILTIN_NAME):
        return StaticEmbedder(BUILTIN_FOLDER)
    raise ModelUnavailable(f"there is no embedding model {settings.model!r}; see `codanna-lsp models list`")


def list_models() -> list[ModelInfo]:
    """Every model that a setting can name."""
    return []
