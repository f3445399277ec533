"""The settings as documentation: a JSON schema, and a table of values with their origins."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, Final

from codanna_core.config.model import MAX_PATTERNS, Settings
from codanna_core.config.resolve import KeyInfo, Resolved, all_keys, get
from codanna_core.records import dataclass

SET_BY: Final = "x-set-by"
PROJECT_MAXIMUM: Final = "x-project-maximum"
"""What the schema says beyond JSON Schema: who may set a key, and the bound for clients and projects."""

_JSON_TYPES: Final[dict[Any, dict[str, Any]]] = {
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number"},
    str: {"type": "string"},
    tuple[str, ...]: {"type": "array", "items": {"type": "string"}},
}


@dataclass(frozen=True, slots=True)
class Described:
    """One setting for `config show`."""

    name: str
    value: Any
    origin: str
    doc: str
    set_by: tuple[str, ...]


def describe(resolved: Resolved) -> list[Described]:
    """Each setting with its value and where that came from."""
    return [
        Described(
            info.name,
            get(resolved.settings, info.name),
            resolved.origins[info.name],
            info.doc,
            tuple(setter.value for setter in info.setters),
        )
        for info in all_keys()
    ]


def json_schema() -> dict[str, Any]:
    """A JSON schema of `.codanna.toml`; the editors' settings are the same keys behind `codanna.`."""
    sections: dict[str, Any] = {}
    for section in fields(Settings):
        model: Any = section.default_factory
        sections[section.name] = {
            "type": "object",
            "description": model.__doc__.strip(),
            "additionalProperties": False,
            "properties": {},
        }
    for info in all_keys():
        section_name, _, key = info.name.partition(".")
        sections[section_name]["properties"][key] = _property(info)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Settings of codanna-lsp",
        "type": "object",
        "additionalProperties": False,
        "properties": sections,
    }


def _property(info: KeyInfo) -> dict[str, Any]:
    metadata = info.field.metadata
    default = info.field.default
    described: dict[str, Any] = {
        **_JSON_TYPES[info.type],
        "description": info.doc,
        "default": list(default) if isinstance(default, tuple) else default,
        SET_BY: [setter.value for setter in info.setters],
    }
    if metadata["choices"]:
        described["enum"] = list(metadata["choices"])
    for bound in ("minimum", "maximum"):
        if metadata[bound] is not None:
            described[bound] = metadata[bound]
    if metadata["project_maximum"] is not None:
        described[PROJECT_MAXIMUM] = metadata["project_maximum"]
    if isinstance(default, tuple):
        described["maxItems"] = MAX_PATTERNS
    return described
