"""Where options come from: raw layers, each read without judging its content."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from codanna_core.config.model import Setter
from codanna_core.model import Problem
from codanna_core.problems import Code
from codanna_core.records import dataclass
from codanna_core.runtime.folders import config_folder

PROJECT_FILE: Final = ".codanna.toml"
ENVIRONMENT_PREFIX: Final = "CODANNA_LSP__"
MAX_FILE_BYTES: Final = 64 << 10
"""Hundreds of times what all settings need."""


class Source(StrEnum):
    """The layers, weakest first."""

    DEFAULT = "default"
    USER = "user file"
    PROJECT = "project file"
    ENVIRONMENT = "environment"
    CLIENT = "client"
    CALLER = "command line"

    @property
    def setter(self) -> Setter:
        """The party that speaks through this layer."""
        return _SETTERS.get(self, Setter.USER)


_SETTERS: Final = {Source.PROJECT: Setter.PROJECT, Source.CLIENT: Setter.CLIENT}


class ClientOptions(dict[str, Any]):
    """Options that an editor sent: sections of keys. Those of the command line come as a plain mapping."""


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
    return config_folder(environ) / "config.toml"


def project_file(root: Path) -> Path:
    """The configuration file of a workspace."""
    return root / PROJECT_FILE


def file_layer(path: Path, source: Source, inside: Path | None = None) -> tuple[Layer, list[Problem]]:
    """Read a settings file; a missing one is an empty layer, a broken one a problem besides.

    With `inside`, a link that leads out of that folder is not followed: the file comes with somebody's code.
    """
    layer = Layer(source)
    try:
        text = _file_text(path, inside)
        data = _table(text)
    except (FileNotFoundError, NotADirectoryError):
        return layer, []
    except OSError as error:
        return layer, [
            _ignored(path, f"it cannot be read ({error.strerror or error}). Check its permissions")
        ]
    except _NotTaken as error:
        return layer, [_ignored(path, str(error))]
    except UnicodeDecodeError as error:
        return layer, [_ignored(path, f"byte {error.start} is not valid UTF-8. Save it as UTF-8")]
    except RecursionError:
        return layer, [_ignored(path, "its values are nested too deeply. Write sections of plain keys")]
    except ValueError as error:  # TOML errors, and numbers with thousands of digits.
        return layer, [_ignored(path, f"it is not valid TOML: {error}")]
    lines = _key_lines(text)
    for key, value in _flatten(data).items():
        line = lines.get(key) or lines.get(key.partition(".")[0])
        where = f"{path}, line {line}" if line else str(path)
        layer.options[key] = Option(value, source, where, str(path))
    return layer, []


class _NotTaken(Exception):
    """Why a file is not even read."""


def _file_text(path: Path, inside: Path | None) -> str:
    """The content of a small regular file, which no pipe, device, or link out of the folder stands in for."""
    opened = Path(os.path.realpath(path))
    if inside is not None and not opened.is_relative_to(os.path.realpath(inside)):
        raise _NotTaken("it is a link that leads out of the folder. Replace it by a file")
    # Without O_NONBLOCK, opening a pipe would wait for a writer.
    descriptor = os.open(opened, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with open(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise _NotTaken("it is not a regular file. Replace it by one")
        content = file.read(MAX_FILE_BYTES + 1)
    if len(content) > MAX_FILE_BYTES:
        raise _NotTaken(f"it is larger than {MAX_FILE_BYTES >> 10} KiB. Make it smaller")
    return content.decode("utf-8-sig")


def _ignored(path: Path, why: str) -> Problem:
    return Problem(Code.CONFIG, f"{path} is ignored as a whole: {why}.", str(path))


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
    """Take the options of a command line or client: sections of keys, as a settings file has them."""
    source = Source.CLIENT if isinstance(options, ClientOptions) else Source.CALLER
    layer = Layer(source)
    for key, value in _flatten(options).items():
        # A client sends null for a setting that its user did not touch.
        if value is not None:
            layer.options[key] = Option(value, source, f"the {source}'s options")
    return layer


def merge(*layers: Layer) -> dict[str, list[Option]]:
    """All options by key, the strongest first: where it turns out to be wrong, the next one applies."""
    merged: dict[str, list[Option]] = {}
    for layer in reversed(layers):
        for key, option in layer.options.items():
            merged.setdefault(key, []).append(option)
    return merged


def _table(text: str) -> dict[str, Any]:
    import tomllib  # Late: most folders have no settings file.

    return tomllib.loads(text)


def parse_text(text: str) -> Any:
    """Read a value given as text (environment, command line) as JSON, else take it as it stands."""
    import json

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
            name = re.sub(r"[\"' ]", "", header.group(1))
            section = name + "."
            lines.setdefault(name, number)
        elif assignment := re.match(r"\s*([\w. \-\"']+?)\s*=", line):
            name = re.sub(r"[\"' ]", "", assignment.group(1))
            lines.setdefault(section + name, number)
    return lines
