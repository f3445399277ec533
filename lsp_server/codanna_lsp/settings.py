"""The client's options: whatever shape they come in, out comes the plain mapping that the engine merges."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from codanna_core.config import ClientOptions, ServerSettings, load_settings
from codanna_core.records import dataclass

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


@dataclass(frozen=True, slots=True)
class Languages:
    """LSP language ids for which the client says that no other server answers; `*` stands for all.

    They are facts about the client and no settings. Only the client knows its other servers, so `auto` is
    silent without these lists: two answers to one request are worse than none.
    """

    outline: frozenset[str] = frozenset()
    navigation: frozenset[str] = frozenset()

    @classmethod
    def taken_from(cls, options: dict[str, Any]) -> Languages:
        """Remove `outlineLanguages` and `navigationLanguages` from the options of `initialize`."""
        outline, navigation = (options.pop(f"{name}Languages", None) for name in ("outline", "navigation"))
        return cls(_ids(outline), _ids(navigation))


def _ids(listed: object) -> frozenset[str]:
    if not isinstance(listed, list):
        return frozenset()
    return frozenset(item for item in listed if isinstance(item, str))


def serves(wish: str, languages: frozenset[str], language: str | None) -> bool:
    """Whether a setting `auto | on | off` and the client's list have us answer for a language."""
    listed = "*" in languages or language in languages
    return wish == "on" or (wish == "auto" and listed)


def offers(wish: str, languages: frozenset[str]) -> bool:
    """Whether they have us answer for any language."""
    return wish == "on" or (wish == "auto" and bool(languages))
