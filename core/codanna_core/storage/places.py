"""The user's folders by the platform's custom. No setting of a workspace can move them."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def cache_home() -> Path:
    """What can be made again."""
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    if sys.platform == "win32":
        return _local_app_data()
    return _named("XDG_CACHE_HOME") or Path.home() / ".cache"


def state_home() -> Path:
    """What should outlast a restart, such as the record of our indexes."""
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support"
    if sys.platform == "win32":
        return _local_app_data()
    return _named("XDG_STATE_HOME") or Path.home() / ".local" / "state"


def _named(variable: str) -> Path | None:
    value = os.environ.get(variable, "")
    # The specification has relative paths ignored; they would lead into whatever folder is current.
    return Path(value) if os.path.isabs(value) else None


def _local_app_data() -> Path:
    return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
