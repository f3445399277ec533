"""Semantic code search over a folder: the engine behind the command line and the language server."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from codanna_core._version import __version__

if TYPE_CHECKING:
    from codanna_core.cancel import Cancel
    from codanna_core.engine import Engine
    from codanna_core.errors import CodannaError
    from codanna_core.results import Filters, Hit, Mode, SearchRequest, SearchResult

__all__ = [
    "Cancel",
    "CodannaError",
    "Engine",
    "Filters",
    "Hit",
    "Mode",
    "SearchRequest",
    "SearchResult",
    "__version__",
]

# Loaded on first use: workers and `--version` import a small part of the package, and start quickly.
_HOMES = {
    "Cancel": "codanna_core.cancel",
    "CodannaError": "codanna_core.errors",
    "Engine": "codanna_core.engine",
    "Filters": "codanna_core.results",
    "Hit": "codanna_core.results",
    "Mode": "codanna_core.results",
    "SearchRequest": "codanna_core.results",
    "SearchResult": "codanna_core.results",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(home), name)
