"""From raw options to valid settings: every fault becomes a problem, and everything else still applies."""

from __future__ import annotations

import hashlib
import os
import reprlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import Field, fields, replace
from pathlib import Path
from typing import Any, Final, get_type_hints

from codanna_core.config.addresses import without_secrets
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
from codanna_core.config.model import MAX_PATTERN_CHARACTERS, MAX_PATTERNS, Restart, Setter, Settings
from codanna_core.hints import nearest
from codanna_core.model import Problem
from codanna_core.problems import Code
from codanna_core.records import dataclass
from codanna_core.runtime.folders import expanded

_TYPE_WORDS: Final[dict[Any, str]] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a text",
    tuple[str, ...]: "a list of texts",
}

SECRET: Final = "team.token"
NO_SECRET: Final = (
    "a token is never a setting. Store it with `codanna-lsp team init`, or put it in the environment variable"
    " CODANNA_TEAM_TOKEN."
)

_MOST_UNKNOWN: Final = 20
"""Unknown keys of one source that are named one by one."""
_brief = reprlib.Repr()
_brief.maxlevel, _brief.maxstring, _brief.maxother = 2, 60, 60


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
    def restarts(self) -> Restart:
        """What a change of it makes run again."""
        found: Restart = self.field.metadata["restarts"]
        return found

    @property
    def setters(self) -> tuple[Setter, ...]:
        """The parties that may set it."""
        found: tuple[Setter, ...] = self.field.metadata["setters"]
        return found

    def maximum(self, setter: Setter) -> float | None:
        """The highest value that this party may set."""
        metadata = self.field.metadata
        bound = metadata["project_maximum"] if setter is not Setter.USER else None
        found: float | None = metadata["maximum"] if bound is None else bound
        return found


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
    layer, problems = file_layer(user_file(variables), Source.USER)
    layers = [layer]
    if root is not None:
        layer, faults = file_layer(project_file(root), Source.PROJECT, inside=root)
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
    problems += _unknown_keys(merged, list(known))
    for name, info in known.items():
        for option in merged.get(name, []):
            if option.source.setter not in info.setters:
                problems.append(_refused(name, option))
                continue
            try:
                value = _convert(info, option, root)
            except Invalid as error:
                # What is wrong with an address may be the password in it.
                secret = info.field.metadata["fault"] is not None
                shown = _shown(without_secrets(str(option.value)) if secret else option.value)
                message = f"`{name} = {shown}` in {option.where} is ignored: it must be {error}"
                problems.append(Problem(Code.CONFIG, message, option.path))
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


def fault_of(name: str, value: Any) -> str:
    """What a value of `section.key` would have to be, in words; empty if the user may set it so."""
    info = next(info for info in all_keys() if info.name == name)
    try:
        _convert(info, Option(value, Source.CALLER, ""), None)
    except Invalid as error:
        return str(error)
    return ""


def get(settings: Settings, name: str) -> Any:
    """The value of `section.key`."""
    section, _, key = name.partition(".")
    return getattr(getattr(settings, section), key)


def diff(old: Settings, new: Settings) -> list[str]:
    """Names of the keys whose values differ."""
    return [info.name for info in all_keys() if get(old, info.name) != get(new, info.name)]


def restarts(names: Iterable[str]) -> frozenset[Restart]:
    """What a change of these keys makes run again."""
    by_name = {info.name: info.restarts for info in all_keys()}
    return frozenset(by_name[name] for name in names)


def options_digest(settings: Settings) -> str:
    """Changes exactly when a setting changes what the text index holds."""
    stored = [
        f"{info.name}={get(settings, info.name)!r}" for info in all_keys() if info.restarts is Restart.TEXT
    ]
    return hashlib.blake2b("\n".join(stored).encode(), digest_size=8).hexdigest()


def _refused(name: str, option: Option) -> Problem:
    message = (
        f"`{name}` in {option.where} is ignored: a {option.source.setter.value} may not set it. Set it"
        " yourself: in your own settings file, the environment, the command line or your editor's settings."
    )
    return Problem(Code.CONFIG, message, option.path)


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
    choices, low = info.field.metadata["choices"], info.field.metadata["minimum"]
    high = info.maximum(option.source.setter)
    if choices and value not in choices:
        near = nearest(str(value), choices)
        hint = f"; did you mean `{near[0]}`?" if near else ""
        raise Invalid("one of " + ", ".join(f"`{choice}`" for choice in choices) + hint)
    # Written so that NaN, which compares false with everything, does not pass.
    if low is not None and high is not None and not low <= value <= high:
        raise Invalid(f"from {low:g} to {high:g}" if isinstance(low, float) else f"from {low} to {high}")
    if isinstance(value, str) and "\0" in value:
        raise Invalid("a text without NUL characters")
    if isinstance(value, tuple):
        _check_patterns(value)
    fault = info.field.metadata["fault"]
    if fault is not None and value and (wanted := fault(value)):
        raise Invalid(wanted)
    if info.name == "index.dir" and value:
        folder = expanded(value)
        if str(folder).startswith("~"):
            raise Invalid("a folder, not the home of an unknown user")
        return str(folder if root is None else root / folder)
    return value


def _check_patterns(patterns: tuple[str, ...]) -> None:
    if len(patterns) > MAX_PATTERNS:
        raise Invalid(f"at most {MAX_PATTERNS} patterns; write more of them into `.codannaignore`")
    if sum(map(len, patterns)) > MAX_PATTERN_CHARACTERS:
        raise Invalid(f"patterns of at most {MAX_PATTERN_CHARACTERS} characters together")
    try:
        "".join(patterns).encode()
    except UnicodeEncodeError:
        raise Invalid("a list of texts in valid Unicode") from None


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


def _unknown_keys(merged: Mapping[str, list[Option]], known: list[str]) -> list[Problem]:
    by_source: defaultdict[Source, list[tuple[str, Option]]] = defaultdict(list)
    for name, candidates in merged.items():
        if name not in known:
            for option in candidates:
                by_source[option.source].append((name, option))
    problems = []
    for source, unknown in by_source.items():
        problems += [_unknown(name, option, known) for name, option in unknown[:_MOST_UNKNOWN]]
        if (more := len(unknown) - _MOST_UNKNOWN) > 0:
            message = f"{more} more unknown keys of the {source.value} are ignored"
            problems.append(Problem(Code.CONFIG, message, unknown[-1][1].path))
    return problems


def _unknown(name: str, option: Option, known: list[str]) -> Problem:
    if name == SECRET:
        return Problem(Code.CONFIG, f"`{name}` in {option.where} is ignored: {NO_SECRET}", option.path)
    # The key may stand in the wrong section, or outside of any.
    bare = name.rpartition(".")[2]
    near = [key for key in known if key.rpartition(".")[2] == bare]
    near = near or nearest(name, known)
    hint = f"; did you mean `{near[0]}`?" if near else "; `codanna-lsp config schema` lists all keys"
    shown = name if name.isprintable() and len(name) <= 60 else _shown(name)
    return Problem(Code.CONFIG, f"unknown key `{shown}` in {option.where} is ignored{hint}", option.path)


def _shown(value: Any) -> str:
    try:
        text = _brief.repr(value)
    except ValueError:  # A hexadecimal number with thousands of digits cannot be written as a decimal one.
        text = "a very large number"
    return text if len(text) <= 60 else text[:57] + "..."
