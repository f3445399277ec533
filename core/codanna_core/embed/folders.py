"""Where model files live on this machine."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def models_folder() -> Path:
    """The user's folder of downloaded and imported models; `FASTEMBED_CACHE_PATH` moves it.

    fastembed's own default is the temporary folder, which many systems empty at every start.
    """
    configured = os.environ.get("FASTEMBED_CACHE_PATH", "")
    if configured:
        return Path(configured).expanduser()
    if sys.platform == "darwin":
        cache = Path.home() / "Library" / "Caches"
    elif sys.platform == "win32":
        cache = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    else:
        named = os.environ.get("XDG_CACHE_HOME", "")
        cache = Path(named) if os.path.isabs(named) else Path.home() / ".cache"
    return cache / "codanna-lsp" / "models"
