"""Settings: raw options from several layers, merged by a pure function into frozen, valid settings."""

from codanna_core.config.layers import PROJECT_FILE, ClientOptions, project_file, user_file
from codanna_core.config.model import (
    DiscoverySettings,
    IndexSettings,
    Restart,
    SearchSettings,
    SemanticSettings,
    ServerSettings,
    Setter,
    Settings,
    TeamSettings,
    VectorSettings,
)
from codanna_core.config.resolve import Resolved, diff, load, load_settings, options_digest, restarts
from codanna_core.config.schema import Described, describe, json_schema

__all__ = [
    "PROJECT_FILE",
    "ClientOptions",
    "Described",
    "DiscoverySettings",
    "IndexSettings",
    "Resolved",
    "Restart",
    "SearchSettings",
    "SemanticSettings",
    "ServerSettings",
    "Setter",
    "Settings",
    "TeamSettings",
    "VectorSettings",
    "describe",
    "diff",
    "json_schema",
    "load",
    "load_settings",
    "options_digest",
    "project_file",
    "restarts",
    "user_file",
]
