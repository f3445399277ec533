"""The `[relations]` table of `language.toml`: how a grammar writes members, calls and scopes."""

from __future__ import annotations

import tomllib
from dataclasses import fields
from functools import cache
from hashlib import blake2b
from typing import Any

from codanna_core.languages.registry import LANGUAGE_DATA, languages
from codanna_core.records import dataclass
from codanna_core.relations.encoding import VERSION as ENCODING

VERSION = 3
"""Raised with every change of the readers that gives a file other facts. 1: the first. 2: C as it is
compiled, modules inside files of Rust, default exports of JavaScript. 3: scopes at the first byte of a file.
"""


GENERIC = "generic"
"""The reader of languages without rules of their own: names alone, and where they are defined."""
_UNTRIED = frozenset({"cuda", "objc"})
"""They inherit the rules of C, which were not measured on them."""
_NO_CODE = frozenset({"css", "latex", "markdown", "org", "rst", "scss"})


def has_own_rules(language: str) -> bool:
    """Whether a language has more than the generic tier."""
    return rules_of(language).reader not in ("", GENERIC)


@dataclass(frozen=True, slots=True)
class Rules:
    """One language's rules; `languages/README.md` documents each key."""

    reader: str = ""
    member: tuple[str, ...] = ()
    """Node types of `a.b` with the fields of both sides: `attribute=object/attribute`."""
    call: tuple[str, ...] = ()
    """Node types of calls with the field of what is called and the node type of the arguments."""
    index: tuple[str, ...] = ()
    new: tuple[str, ...] = ()
    """Node types that make an instance, with the field of its type."""
    create: tuple[str, ...] = ()
    """Node types that call a constructor which is itself an expression (`new a.B()`)."""
    invoke: tuple[str, ...] = ()
    """Node types that are member and call in one, with the fields of both sides."""
    makers: tuple[str, ...] = ()
    """Functions that make an instance of the type that is their first argument (`new(T)` in Go)."""
    through: tuple[str, ...] = ()
    """Node types that stand for their first named child, or for the field named after `=`."""
    wait: tuple[str, ...] = ()
    literal: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    self_names: tuple[str, ...] = ()
    super_names: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    unit: str = "file"
    """What shares names without imports: `file`, `folder` (Go), `package` (Java), `program` (C)."""
    members_are_bare: bool = False
    """Whether a member is used by its bare name inside its type (Java, C++)."""
    prelude: tuple[str, ...] = ()
    """Names that are there without import and are not the project's unless it binds them."""
    library: tuple[str, ...] = ()
    """Functions of the standard library that projects define once more where a system lacks them."""
    common: tuple[str, ...] = ()
    """Members so common in libraries that the name alone says nothing."""
    overloads: bool = False
    """Whether a name may have several functions that the types of the arguments tell apart."""
    namespaces: bool = False
    """Whether functions have names of their own, apart from variables (Java)."""
    elements: tuple[str, ...] = ()
    """Members of library sequences that give an element (`get`, `next`)."""
    literals: tuple[str, ...] = ()
    """Node types of literals with the name of their type."""
    transparent: tuple[str, ...] = ()
    """Generic types that stand for what they hold (`Optional[T]`, `Box<T>`)."""
    dynamic: tuple[str, ...] = ()
    """Types that say nothing of what a value is (`any`)."""
    sequences: tuple[str, ...] = ()
    """Generic types whose elements are their last argument."""
    passes: tuple[str, ...] = ()
    """Members of library types that give the receiver itself on (`unwrap`, `clone`)."""
    constructors: tuple[str, ...] = ()
    """Names of constructors; `class` for a member named as its type."""
    separators: tuple[str, ...] = ()
    """What stands for the dot in types (`::`)."""


@cache
def rules_of(language: str) -> Rules:
    """The rules of a language; without a table of its own or inherited, those of the generic tier. No reader
    is for what is no code.
    """
    table = _table(language) if language not in _UNTRIED else {}
    if not table:
        grammar = languages()[language].grammar if language in languages() else None
        return Rules(reader=GENERIC if grammar is not None and language not in _NO_CODE else "")
    known = {field.name for field in fields(Rules)}
    unknown = sorted(table.keys() - known)
    if unknown:
        raise ValueError(f"{language}/language.toml: unknown key relations.{unknown[0]}")
    values: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in table.items()
    }
    return Rules(**values)


_FAMILIES = {"typescript": "javascript", "tsx": "javascript", "cpp": "c", "cuda": "c", "objc": "c"}


def family(language: str) -> str:
    """The languages that use each other's definitions, under the name of one of them."""
    return _FAMILIES.get(language, language)


def rules_digest() -> str:
    """Tells rules apart that give a file other facts: by the version of the readers, and all that is data."""
    digest = blake2b(f"{VERSION}/{ENCODING}".encode(), digest_size=8)
    for folder in sorted(LANGUAGE_DATA.iterdir(), key=lambda one: one.name):
        for name in ("language.toml", "references.scm"):
            file = folder / name
            if file.is_file():
                digest.update(f"{folder.name}/{name}\0".encode() + file.read_bytes())
    return digest.hexdigest()


@cache
def _table(language: str) -> dict[str, Any]:
    file = LANGUAGE_DATA / language / "language.toml"
    if not file.is_file():
        return {}
    options = tomllib.loads(file.read_text("utf-8"))
    parent = options.get("inherits")
    inherited = _table(parent) if parent else {}
    own: dict[str, Any] = options.get("relations", {})
    return {**inherited, **own}
