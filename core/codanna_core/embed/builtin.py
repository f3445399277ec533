"""The model in the package."""

from __future__ import annotations

from pathlib import Path

from codanna_core.config import SemanticSettings

BUILTIN = "builtin"
"""What settings call the model in the package, whatever its weights are in this version."""
BUILTIN_NAME = "codanna-code-256"
BUILTIN_FOLDER = Path(__file__).with_name("models") / BUILTIN_NAME


def is_builtin(settings: SemanticSettings) -> bool:
    """Whether the model is the one in the package, which every process may load, and for next to nothing."""
    return not settings.model_path and settings.model in (BUILTIN, BUILTIN_NAME)
