"""Where options come from: raw layers, each read without judging its content."""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from codanna_core.model import Problem

PROJECT_FILE: Final = ".codanna.toml"
ENVIRONMENT_PREFIX: Final = "CODANNA_LSP__"


class Source(StrEnum):
    """The layers, weakest first."""

    DEFAULT = "default"
    USER = "user file"
    PROJECT = "project file"
    ENVIRONMENT = "environment"
    CALLER = "command line or client"


@dataclass(frozen=True, slots=True)
class Option:
    """One raw value and where it stands, in words for messages."""

    value: Any
    source: Source
    where: str
    path: str | None = None
    is_text: bool = False
    """True where the value is text that has yet to be read as the key's type, as from the environment."""


@dataclass(slots=True)
class Layer:
    """Raw options of one source by dotted key (`search.limit`). All are optional, none is checked."""

    source: Source
    options: dict[str, Option] = field(default_factory=dict)


def user_file(environ: Mapping[str, str] = os.environ) -> Path:
    """The user's own configuration file."""
    if os.name == "nt":
        base = Path(environ.get("APPDATA") or Path.home() / "AppData" / "Roaming")
    else:
        base = Path(environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return base / "codanna-lsp" / "config.toml"


def project_file(root: Path) -> Path:
    """The configuration file of a workspace."""
    return root / PROJECT_FILE


def file_layer(path: Path, source: Source) -> tuple[Layer, list[Problem]]:
    """Read a configuration file; a missing one is an empty layer, a broken one a problem besides."""
    layer = Layer(source)
    try:
        text = path.read_text("utf-8-sig")
    except (FileNotFoundError, NotADirectoryError):
        return layer, []
    except (OSError, UnicodeDecodeError) as error:
        return layer, [Problem("config", f"{path} cannot be read, it is ignored: {error}", str(path))]
    try:
        data = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        message = f"{path} is no valid TOML, it is ignored as a whole: {error}"
        return layer, [Problem("config", message, str(path))]
    lines = _key_lines(text)
    for key, value in _flatten(data).items():
        line = lines.get(key)
        where = f"{path}, line {line}" if line else str(path)
        layer.options[key] = Option(value, source, where, str(path))
    return layer, []


def environment_layer(environ: Mapping[str, str]) -> Layer:
    """Read `CODANNA_LSP__SECTION__KEY` variables."""
    layer = Layer(Source.ENVIRONMENT)
    for name in sorted(environ):
        if name.startswith(ENVIRONMENT_PREFIX):
            key = name.removeprefix(ENVIRONMENT_PREFIX).lower().replace("__", ".")
            where = f"the environment variable {name}"
            layer.options[key] = Option(environ[name], Source.ENVIRONMENT, where, is_text=True)
    return layer


def caller_layer(options: Mapping[str, Any]) -> Layer:
    """Take the options of a command line or client: sections of keys, as a configuration file has them."""
    layer = Layer(Source.CALLER)
    for key, value in _flatten(options).items():
        # A client sends null for a setting that its user did not touch.
        if value is not None:
            layer.options[key] = Option(value, Source.CALLER, f"the {Source.CALLER}'s options")
    return layer


def merge(*layers: Layer) -> dict[str, list[Option]]:
    """All options by key, the strongest first: where it turns out to be wrong, the next one applies."""
    merged: dict[str, list[Option]] = {}
    for layer in reversed(layers):
        for key, option in layer.options.items():
            merged.setdefault(key, []).append(option)
    return merged


def parse_text(text: str) -> Any:
    """Read a value given as text (environment, command line) as JSON, else take it as it stands."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _flatten(data: Mapping[str, Any]) -> dict[str, Any]:
    """Two levels, `section.key`; what is no section keeps its own name and turns out as unknown later."""
    flat: dict[str, Any] = {}
    for section, content in data.items():
        if isinstance(content, Mapping):
            for name, value in content.items():
                flat[f"{section}.{name}"] = value
        else:
            flat[str(section)] = content
    return flat


def _key_lines(text: str) -> dict[str, int]:
    """Line number of each key. The TOML reader gives none; odd layouts merely stay without a number."""
    lines: dict[str, int] = {}
    section = ""
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(r"\s*\[\s*([^\[\]]+?)\s*\]\s*(?:#.*)?$", line):
            section = header.group(1).strip("\"'") + "."
            lines.setdefault(header.group(1).strip("\"'"), number)
        elif assignment := re.match(r"\s*([A-Za-z0-9_.\-\"']+)\s*=", line):
            name = assignment.group(1).replace('"', "").replace("'", "")
            lines.setdefault(section + name, number)
    return lines
