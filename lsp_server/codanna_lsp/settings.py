"""The client's options: whatever shape they come in, out comes the plain mapping that the engine merges."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from codanna_core.config import ClientOptions, ServerSettings, load_settings

SECTION = "codanna"


def unwrap(raw: Any) -> dict[str, Any] | None:
    """Options with or without the `codanna` section around them; None when there are none.

    Editors send `{"codanna": {...}}`, the bare section, dotted keys (`{"codanna.search.limit": 5}`) or null.
    """
    if not isinstance(raw, Mapping):
        return None
    if isinstance(raw.get(SECTION), Mapping):
        raw = raw[SECTION]
    nested: dict[str, Any] = {}
    for key, value in raw.items():
        if not isinstance(key, str):
            continue
        *sections, name = key.removeprefix(f"{SECTION}.").split(".")
        place = nested
        for section in sections:
            inner = place.setdefault(section, {})
            if not isinstance(inner, dict):
                inner = place[section] = {}
            place = inner
        if isinstance(value, Mapping) and isinstance(place.get(name), dict):
            place[name].update(value)
        else:
            place[name] = dict(value) if isinstance(value, Mapping) else value
    return nested


def layered(*layers: Mapping[str, Any] | None) -> ClientOptions:
    """Later layers win, section by section; the result is judged as a client's, never as the user's own."""
    merged = ClientOptions()
    for layer in layers:
        for section, value in (layer or {}).items():
            if isinstance(value, Mapping) and isinstance(merged.get(section), dict):
                merged[section] = {**merged[section], **value}
            else:
                merged[section] = dict(value) if isinstance(value, Mapping) else value
    return merged


def server_settings(options: Mapping[str, Any], root: Path | None) -> ServerSettings:
    """The settings of the server itself; the client wins over the project, the project over the user."""
    settings, _ = load_settings(root, options)
    return settings.server


def take_outline_languages(options: dict[str, Any]) -> frozenset[str]:
    """Remove and give `outlineLanguages`: LSP language ids for which nobody else answers outline requests.

    It is a fact about the client and no setting. Only the client knows its other servers, so `auto` is silent
    without this list: two outlines of one file are worse than none.
    """
    listed = options.pop("outlineLanguages", None)
    if not isinstance(listed, list):
        return frozenset()
    return frozenset(item for item in listed if isinstance(item, str))


def offers_outlines(settings: ServerSettings, outline_languages: frozenset[str]) -> bool:
    """Whether to offer `textDocument/documentSymbol` at all."""
    return settings.document_symbols == "on" or (
        settings.document_symbols == "auto" and bool(outline_languages)
    )
