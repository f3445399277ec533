"""From raw options to valid settings: every fault becomes a problem, and everything else still applies."""

from __future__ import annotations

import difflib
import hashlib
import os
from collections.abc import Mapping
from dataclasses import Field, dataclass, fields, replace
from pathlib import Path
from typing import Any, Final, get_type_hints

from codanna_core.config.layers import (
    Layer,
    Option,
    Source,
    caller_layer,
    environment_layer,
    file_layer,
    merge,
    parse_text,
    project_file,
    user_file,
)
from codanna_core.config.model import Settings
from codanna_core.model import Problem

_TYPE_WORDS: Final[dict[Any, str]] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a text",
    tuple[str, ...]: "a list of texts",
}

_NOT_FROM_PROJECT: Final = frozenset({"semantic.model", "semantic.model_path"})
"""A project file comes with somebody's code: it must not start downloads or name files outside of it."""


class Invalid(ValueError):
    """A value that does not fit its key; the text completes "it must be ..."."""


@dataclass(frozen=True, slots=True)
class KeyInfo:
    """A setting as the schema describes it."""

    name: str
    type: Any
    field: Field[Any]

    @property
    def doc(self) -> str:
        """What the setting does, in a sentence or two."""
        return str(self.field.metadata["doc"])

    @property
    def stored(self) -> bool:
        """Whether the setting changes what the text index holds."""
        return bool(self.field.metadata["stored"])


@dataclass(slots=True)
class Resolved:
    """Valid settings, what was wrong on the way, and where each value came from."""

    settings: Settings
    problems: list[Problem]
    origins: dict[str, str]


def load_settings(
    root: Path | None,
    overrides: Mapping[str, Any] | None = None,
    environ: Mapping[str, str] | None = None,
) -> tuple[Settings, list[Problem]]:
    """Read and resolve all layers for a workspace; `overrides` are the command line's or client's options."""
    resolved = load(root, overrides, environ)
    return resolved.settings, resolved.problems


def load(
    root: Path | None,
    overrides: Mapping[str, Any] | None = None,
    environ: Mapping[str, str] | None = None,
) -> Resolved:
    """`load_settings` with the origin of each value."""
    variables = os.environ if environ is None else environ
    layers, problems = [], []
    files = [(user_file(variables), Source.USER)]
    if root is not None:
        files.append((project_file(root), Source.PROJECT))
    for path, source in files:
        layer, faults = file_layer(path, source)
        layers.append(layer)
        problems += faults
    layers += [environment_layer(variables), caller_layer(overrides or {})]
    resolved = resolve(layers, root)
    resolved.problems[:0] = problems
    return resolved


def resolve(layers: list[Layer], root: Path | None = None) -> Resolved:
    """Merge layers, weakest first, into settings."""
    settings = Settings()
    problems: list[Problem] = []
    origins: dict[str, str] = {}
    merged = merge(*layers)
    known = {info.name: info for info in all_keys()}
    for name, candidates in merged.items():
        if name not in known:
            problems += [_unknown(name, option, list(known)) for option in candidates]
    for name, info in known.items():
        for option in merged.get(name, []):
            try:
                value = _convert(info, option, root)
            except Invalid as error:
                shown = _shown(option.value)
                message = f"`{name} = {shown}` in {option.where} is ignored: it must be {error}"
                problems.append(Problem("config", message, option.path))
                continue
            if name not in origins:
                settings = _with(settings, name, value)
                origins[name] = option.where
        origins.setdefault(name, Source.DEFAULT.value)
    return Resolved(settings, problems, origins)


def all_keys() -> list[KeyInfo]:
    """Every setting, in the order of the documentation."""
    found = []
    for section in fields(Settings):
        model: Any = section.default_factory
        hints = get_type_hints(model)
        found += [KeyInfo(f"{section.name}.{item.name}", hints[item.name], item) for item in fields(model)]
    return found


def get(settings: Settings, name: str) -> Any:
    """The value of `section.key`."""
    section, _, key = name.partition(".")
    return getattr(getattr(settings, section), key)


def diff(old: Settings, new: Settings) -> list[str]:
    """Names of the keys whose values differ."""
    return [info.name for info in all_keys() if get(old, info.name) != get(new, info.name)]


def options_digest(settings: Settings) -> str:
    """Changes exactly when a setting changes what the text index holds."""
    stored = [f"{info.name}={get(settings, info.name)!r}" for info in all_keys() if info.stored]
    return hashlib.blake2b("\n".join(stored).encode(), digest_size=8).hexdigest()


def _with(settings: Settings, name: str, value: Any) -> Settings:
    section, _, key = name.partition(".")
    changed: dict[str, Any] = {section: replace(getattr(settings, section), **{key: value})}
    return replace(settings, **changed)


def _convert(info: KeyInfo, option: Option, root: Path | None) -> Any:
    value = option.value
    if option.is_text:
        value = _from_text(info.type, value)
    if info.type == tuple[str, ...]:
        if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
            raise Invalid(_TYPE_WORDS[info.type])
        value = tuple(value)
    elif info.type is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    # A bool is an int in Python, but no number to a reader.
    elif not isinstance(value, info.type) or (isinstance(value, bool) and info.type is not bool):
        raise Invalid(_TYPE_WORDS[info.type])
    metadata = info.field.metadata
    choices, low, high = metadata["choices"], metadata["minimum"], metadata["maximum"]
    if choices and value not in choices:
        near = difflib.get_close_matches(str(value), choices, 1)
        hint = f"; did you mean `{near[0]}`?" if near else ""
        raise Invalid("one of " + ", ".join(f"`{choice}`" for choice in choices) + hint)
    # Written so that NaN, which compares false with everything, does not pass.
    if low is not None and not low <= value <= high:
        raise Invalid(f"from {low:g} to {high:g}" if isinstance(low, float) else f"from {low} to {high}")
    if isinstance(value, str) and "\0" in value:
        raise Invalid("a text without NUL characters")
    if option.source is Source.PROJECT and info.name in _NOT_FROM_PROJECT:
        raise Invalid(
            "set by you (user file, environment, command line or editor), not by a project's own file"
        )
    if info.name == "index.dir" and value:
        return _index_folder(value, option.source, root)
    return value


def _index_folder(value: str, source: Source, root: Path | None) -> str:
    folder = Path(value).expanduser()
    if root is None:
        return str(folder)
    folder = root / folder
    if source is Source.PROJECT:
        inside = Path(os.path.realpath(folder))
        if not inside.is_relative_to(os.path.realpath(root)) or inside == Path(os.path.realpath(root)):
            raise Invalid("a folder inside the project when the project's own file sets it")
    return str(folder)


def _from_text(wanted: Any, text: str) -> Any:
    if wanted is str:
        return text
    if wanted is bool:
        words = {"1": True, "yes": True, "on": True, "0": False, "no": False, "off": False}
        return words.get(text.strip().lower(), parse_text(text.strip().lower()))
    value = parse_text(text)
    if wanted == tuple[str, ...] and not isinstance(value, list):
        return [item.strip() for item in text.split(",") if item.strip()]
    return value


def _unknown(name: str, option: Option, known: list[str]) -> Problem:
    # The key may stand in the wrong section, or outside of any.
    bare = name.rpartition(".")[2]
    near = [key for key in known if key.rpartition(".")[2] == bare]
    near = near or difflib.get_close_matches(name, known, 1)
    hint = f"; did you mean `{near[0]}`?" if near else "; `codanna-lsp config schema` lists all keys"
    return Problem("config", f"unknown key `{name}` in {option.where} is ignored{hint}", option.path)


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
