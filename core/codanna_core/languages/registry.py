"""Which languages there are and which one a file is written in.

All of it is written in `data/<language>/` and read from `table.json`, which `scripts/language_table.py` makes
of it: every process needs it, and reading seventy files of TOML takes a fortieth of a second.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import orjson

from codanna_core.cache import Cache
from codanna_core.model import Kind
from codanna_core.records import dataclass

LANGUAGE_DATA = Path(__file__).with_name("data")
"""A folder for each language."""
LANGUAGE_TABLE = Path(__file__).with_name("table.json")

Written: TypeAlias = Mapping[str, Sequence[Any]]
"""For each language its `language.toml` and its `symbols.scm`."""

SNIFFED_BYTES = 8192
"""How much of a file's start is looked at to settle a suffix that several languages use."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A language's claim on a suffix that another one owns by default, decided by what the file contains."""

    language: str
    suffix: str
    contains: tuple[bytes, ...]
    pattern: re.Pattern[bytes] | None

    def holds(self, head: bytes) -> bool:
        # The plain texts come first because they are a hundred times cheaper to look for than the pattern.
        if self.contains and not any(text in head for text in self.contains):
            return False
        return self.pattern is None or self.pattern.search(head) is not None


@dataclass(frozen=True, slots=True)
class Language:
    """One language's `language.toml`; README.md beside this file documents each key."""

    name: str
    suffixes: tuple[str, ...] = ()
    file_names: tuple[str, ...] = ()
    shebangs: tuple[str, ...] = ()
    grammar: str | None = None
    inherits: str | None = None
    line_comments: tuple[str, ...] = ()
    block_comments: tuple[tuple[str, str], ...] = ()
    attributes: tuple[str, ...] = ()
    xml_docs: bool = False
    doc_ignore: tuple[str, ...] = ()
    methods_in: tuple[str, ...] = (Kind.CLASS, Kind.STRUCT, Kind.TRAIT, Kind.INTERFACE)
    not_containers: tuple[str, ...] = ()
    name_separators: tuple[str, ...] = ()
    deprecated: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()
    merge_adjacent: bool = False
    trim_comments: bool = False
    max_depth: int | None = None
    body_openers: tuple[str, ...] = ()
    body_heads: tuple[str, ...] = ()
    body_no_heads: tuple[str, ...] = ()
    body_keep: tuple[str, ...] = ()
    indented_heads: tuple[str, ...] = ()
    masks: tuple[tuple[str, str], ...] = ()
    constructors: tuple[str, ...] = ()
    query: str = ""
    """The text of `symbols.scm`, that of the inherited language behind it."""


class BadLanguageFolder(ValueError):
    """A `language.toml` of the package itself is wrong; the message names the file and the key."""


def languages() -> dict[str, Language]:
    """Every known language by its name."""
    return _registry().languages


def detect_language(path: str, head: bytes) -> str | None:
    """The language of a file by its name, then by its `#!` line. `head` is its first few kilobytes.

    None means that no language is known for it; its text is then searched by line windows.
    """
    registry = _registry()
    base = path.rsplit("/", 1)[-1]
    found = registry.by_file_name.get(base)
    if found is not None:
        return found
    for suffix in _suffixes(base):
        for claim in registry.claims.get(suffix, ()):
            if claim.holds(head[:SNIFFED_BYTES]):
                return claim.language
        found = registry.by_suffix.get(suffix)
        if found is not None:
            return found
    return _by_shebang(head, registry) if head.startswith(b"#!") else None


def language_by_name(path: str) -> str | None:
    """The language of a file whose name alone decides it; None where its content does, or nothing."""
    base = path.rsplit("/", 1)[-1]
    dot = base.find(".", 1)
    return _registry().by_file_name.get(base) or (_endings[base[dot:]] if dot > 0 else None)


def _by_ending(ending: str) -> str | None:
    registry = _registry()
    for suffix in _suffixes(f"*{ending}"):
        if suffix in registry.claims:
            return None
        found = registry.by_suffix.get(suffix)
        if found is not None:
            return found
    return None


_endings: Cache[str, str | None] = Cache("the languages of what follows the first dot", 1_000, _by_ending)


def _suffixes(base: str) -> list[str]:
    """`a.d.ts` gives `.d.ts`, `.ts`; as written first, since `.C` and `.c` can differ, then in lower case."""
    found = []
    dot = base.find(".", 1)
    while dot >= 0:
        suffix = base[dot:]
        found.append(suffix)
        if suffix != suffix.lower():
            found.append(suffix.lower())
        dot = base.find(".", dot + 1)
    return found


def _by_shebang(head: bytes, registry: Registry) -> str | None:
    words = head[2:256].split(b"\n", 1)[0].decode("utf-8", "replace").split()
    for word in words:
        program = word.rsplit("/", 1)[-1]
        if program == "env" or program.startswith("-") or "=" in program:
            continue  # `env`, its options and its variable settings come before the interpreter.
        return registry.by_shebang.get(re.sub(r"[\d.]+(\.exe)?$", "", program) or program)
    return None


@dataclass(frozen=True, slots=True)
class Registry:
    languages: dict[str, Language]
    by_suffix: dict[str, str]
    by_file_name: dict[str, str]
    by_shebang: dict[str, str]
    claims: dict[str, list[Claim]]


_loading = threading.Lock()


def _registry() -> Registry:
    with _loading:  # `cache` alone would let two threads read all folders at once.
        return _load()


@cache
def _load() -> Registry:
    return registry_of(orjson.loads(LANGUAGE_TABLE.read_bytes()))


def read_folders(folder: Path) -> Written:
    """What is written in every language folder in `folder`."""
    import tomllib

    return {
        entry.name: (tomllib.loads((entry / "language.toml").read_text("utf-8")), _query_of(entry))
        for entry in sorted(folder.iterdir(), key=lambda entry: entry.name)
        if (entry / "language.toml").is_file()
    }


def registry_of(raw: Written) -> Registry:
    """The languages as they are used. A mistake in one is an error, not a missing language."""
    other_readers = {"ambiguous", "relations"}  # `relations/rules.py` reads its table itself.
    known = {field.name for field in fields(Language)} - {"name", "query"} | other_readers
    found: dict[str, Language] = {}
    registry = Registry(found, {}, {}, {}, {})
    for name, (own, _) in raw.items():
        options, query = _inherited(name, raw)
        unknown = sorted(options.keys() - known)
        if unknown:
            raise BadLanguageFolder(f"{name}/language.toml: unknown key {unknown[0]!r}")
        claims = own.get("ambiguous", [])
        values = {key: _frozen(value) for key, value in options.items() if key not in other_readers}
        found[name] = Language(name=name, query=query, **values)
        for key, table in (
            ("suffixes", registry.by_suffix),
            ("file_names", registry.by_file_name),
            ("shebangs", registry.by_shebang),
        ):
            for item in own.get(key, ()):
                if table.setdefault(item, name) != name:
                    raise BadLanguageFolder(f"{name}/language.toml: {key} {item!r} belongs to {table[item]}")
        for claim in claims:
            registry.claims.setdefault(claim["suffix"], []).append(_claim(name, claim))
    return registry


def _inherited(name: str, raw: Written) -> tuple[dict[str, Any], str]:
    """A language's keys and patterns over those of the language it inherits from, if any."""
    own, query = raw[name]
    parent = own.get("inherits")
    if parent is None:
        return own, query
    if parent not in raw:
        raise BadLanguageFolder(f"{name}/language.toml: inherits from {parent!r}, which has no folder")
    options, parent_query = _inherited(parent, raw)
    detection = ("suffixes", "file_names", "shebangs", "ambiguous")  # These name files of the parent only.
    kept = {key: value for key, value in options.items() if key not in detection}
    return {**kept, **own}, query + "\n" + parent_query


def _query_of(entry: Path) -> str:
    query = entry / "symbols.scm"
    return query.read_text("utf-8") if query.is_file() else ""


def _claim(name: str, raw: dict[str, Any]) -> Claim:
    pattern = raw.get("pattern")
    return Claim(
        language=name,
        suffix=raw["suffix"],
        contains=tuple(text.encode() for text in raw.get("contains", ())),
        pattern=None if pattern is None else re.compile(pattern.encode()),
    )


def _frozen(value: Any) -> Any:
    return tuple(_frozen(item) for item in value) if isinstance(value, list) else value
