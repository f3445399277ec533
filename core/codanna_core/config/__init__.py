"""Settings: raw options from several layers, merged by a pure function into frozen, valid settings."""

from codanna_core.config.model import (
    DiscoverySettings,
    IndexSettings,
    SearchSettings,
    SemanticSettings,
    ServerSettings,
    Settings,
    VectorSettings,
)

__all__ = [
    "DiscoverySettings",
    "IndexSettings",
    "SearchSettings",
    "SemanticSettings",
    "ServerSettings",
    "Settings",
    "VectorSettings",
]
