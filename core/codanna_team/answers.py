"""What the engine gives back, read as a stranger's data: sizes, shapes, texts, paths."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any, Final, Self

import numpy as np
import orjson

from codanna_core.records import dataclass
from codanna_core.text.documents import KINDS, PLACE_BIT
from codanna_team.codebook import DIMENSION
from codanna_team.engine import Found
from codanna_team.queries import Plan
from codanna_team.remote import RemoteQuestion, RemoteRow
from codanna_team.rows import TIMES, Place, cosines
from codanna_team.sending import content_of, place_of
from codanna_team.visible import key_of

_LONG: Final = 4096
_MOST: Final = (1024, 2048, 2048, _LONG, _LONG)
"""Characters of name, container, signature, doc and snippet."""
_SHORT: Final = 1024
_MOST_LANGUAGE: Final = 64
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_OUTSIDE: Final = re.compile(r"(?:^|/)\.{0,2}(?:/|$)|\\|[\x00-\x1f\x7f]")
"""A part of a path that is empty, or leads elsewhere; and what is in no name of a file of a repository."""
_MOST_WORDS: Final = 65_536
_MOST_HITS: Final = 10_000
_LEVEL_OF: Final = {str(times): level for level, times in TIMES.items()}
_NEAREST: Final = 80
"""Rows that a vector alone found, beside words: of more of them only the nearest are read, for the codes in
the engine bring more than are near.
"""
_Address = tuple[str, str]
"""The branch and the content of a symbol."""
_Sources = dict[_Address, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Readable:
    """A published branch, as far as answers need it."""

    repository: str
    branch: str
    revision: str
    default: bool
    documents: int
    marks: tuple[str, ...]

    @classmethod
    def of(cls, key: str, manifest: Mapping[str, Any]) -> Self:
        """Read a manifest; ValueError where it cannot be."""
        repository, branch = str(manifest["repository"]), str(manifest["branch"])
        revision = str(manifest.get("revision") or "")
        if key_of(repository, branch) != key or not _plain(key, 500):
            raise ValueError("a manifest has no name")
        if not all(one in "0123456789abcdef" for one in revision) or len(revision) > 64:
            revision = ""
        marks = tuple(str(mark["id"]) for mark in manifest.get("unswept") or ())
        documents = int(manifest.get("files") or 0) + int(manifest.get("symbols") or 0)
        return cls(repository, branch, revision, bool(manifest.get("default")), max(0, documents), marks)


@dataclass(slots=True)
class Reading:
    """What rows of one answer are read with."""

    question: RemoteQuestion
    terms: tuple[str, ...]
    branches: Mapping[str, Readable]
    compared: bool
    """Whether the question's vector can be compared with those of the rows."""
    left_out: frozenset[str] = frozenset()
    """Repositories in lower case."""
    refused: int = 0
    leveled: dict[str, tuple[str, str]] = field(init=False)
    """Each term with its level, by how the words of a row say both."""
    held: dict[int, tuple[str, ...]] = field(default_factory=dict)
    """By the number of the file, of those that hold terms."""
    using: set[int] = field(default_factory=set)
    """Files that use the identifier that was asked for."""

    def __post_init__(self) -> None:
        self.leveled = {
            f"{term}|{times}": (term, level) for term in self.terms for times, level in _LEVEL_OF.items()
        }


def rows_of(plan: Plan, found: Sequence[Found], reading: Reading) -> tuple[RemoteRow, ...]:
    """The rows of all parts of an answer, each once."""
    parts = list(zip(plan.parts, found, strict=True))
    for part, answer in parts:
        if part in ("files", "using"):
            _read_files(part, answer, reading)
    sources: _Sources = {}
    for part, answer in parts:
        if part not in ("files", "using", "vector"):
            _gather(part, answer, reading, sources)
    named = len(sources)
    if "vector" in plan.parts:
        _gather("vector", found[plan.parts.index("vector")], reading, sources)
    near = _cosines(sources, reading)
    if plan.terms:
        by_vector_alone = list(sources)[named:]
        for address in sorted(by_vector_alone, key=lambda one: -near.get(one, -2.0))[_NEAREST:]:
            del sources[address]
    rows = []
    for address, source in sources.items():
        try:
            row = _row(source, near.get(address), reading)
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
            reading.refused += 1
            continue
        if row is not None:
            rows.append(row)
    return tuple(rows)


def _gather(part: str, answer: Found, reading: Reading, sources: _Sources) -> None:
    """What one part found and no other before it."""
    for hit in _hits(answer):
        content, source = _symbol_of(part, hit)
        if source is None:
            reading.refused += 1
        elif part != "identifier" or source.get("file") in reading.using:
            key = source.get("key")
            sources.setdefault((key if isinstance(key, str) else "", content), source)


def _symbol_of(part: str, hit: Mapping[str, Any]) -> tuple[str, Mapping[str, Any] | None]:
    """The address of its content, and the symbol that a hit is, or that stands for the file that it is."""
    if part == "paths":
        source = _head(hit.get("fields"))
        return (str(source.get("content")), source) if source is not None else ("", None)
    source = hit.get("_source")
    return content_of(str(hit.get("_id"))), source if isinstance(source, dict) else None


def _head(fields: object) -> dict[str, Any] | None:
    values = fields.get("head") if isinstance(fields, dict) else None
    text = values[0] if isinstance(values, list) and values else None
    if not isinstance(text, str):
        return None
    try:
        # The engine leaves the padding out.
        head = orjson.loads(base64.b64decode(text + "=" * (-len(text) % 4), validate=True))
    except ValueError:
        return None
    return head if isinstance(head, dict) else None


def _hits(answer: Found) -> list[Mapping[str, Any]]:
    outer = answer.get("hits")
    hits = outer.get("hits") if isinstance(outer, dict) else None
    return [hit for hit in hits[:_MOST_HITS] if isinstance(hit, dict)] if isinstance(hits, list) else []


def _read_files(part: str, answer: Found, reading: Reading) -> None:
    terms = {str(number): term for number, term in enumerate(reading.terms)}
    known: dict[str, tuple[str, ...]] = {}  # Most files hold the same terms as others.
    for hit in _hits(answer):
        fields = hit.get("fields")
        numbers_of = fields.get("file") if isinstance(fields, dict) else None
        file = numbers_of[0] if isinstance(numbers_of, list) and numbers_of else None
        if not isinstance(file, int):
            continue
        if part == "using":
            reading.using.add(file)
            continue
        names = hit.get("matched_queries")
        # By its text: what stands there may be anything, such as a list, which is no key.
        text = str(names)
        if text not in known:
            found = [terms.get(str(name)) for name in names] if isinstance(names, list) else []
            known[text] = tuple([term for term in found if term is not None])
        reading.held[file] = known[text]


def _cosines(sources: _Sources, reading: Reading) -> dict[_Address, float]:
    """Of all rows with vectors at once."""
    vector = reading.question.vector
    if vector is None or not reading.compared:
        return {}
    addresses, raws = [], []
    for address, source in sources.items():
        text = source.get("vector")
        if not isinstance(text, str) or len(text) > 2 * DIMENSION:
            continue
        try:
            raw = binascii.a2b_base64(text, strict_mode=True)
        except ValueError:
            continue
        if len(raw) == DIMENSION:
            addresses.append(address)
            raws.append(raw)
    if not raws:
        return {}
    rows = np.frombuffer(b"".join(raws), np.int8).reshape(-1, DIMENSION)
    return dict(zip(addresses, cosines(rows, vector).tolist(), strict=True))


def _row(source: Mapping[str, Any], cosine: float | None, reading: Reading) -> RemoteRow | None:
    """None of a branch that is not published, as far as is known here."""
    branch = reading.branches.get(source["key"])
    if branch is None or branch.repository.lower() in reading.left_out:
        return None
    get = source.get
    texts = get("name", ""), get("container", ""), get("signature", ""), get("doc", ""), get("snippet", "")
    words, language = get("words", ""), get("language", "")
    _check(texts, words, language)
    name, container, signature, doc, snippet = texts
    path, kind = _path(source), source["kind"]
    if kind not in KINDS:
        raise ValueError("a kind of symbol is unknown")
    place = Place.read(place_of(source, branch.marks))
    levels, held = _levels(words, reading.leveled), reading.held.get(get("file", 0), ())
    return RemoteRow(
        branch.repository,
        branch.branch,
        branch.revision,
        path,
        name,
        container,
        kind,
        language,
        signature,
        doc,
        tuple(enumerate(snippet.split("\n"), place.start_line)) if snippet else (),
        place,
        int(get("flags") or 0) & 3,
        (int(source["traits"]) & (1 << PLACE_BIT) - 1) | min(place.number, 1 << 40) << PLACE_BIT,
        levels,
        tuple(dict.fromkeys((*held, *levels))),
        cosine,
    )


def _check(texts: tuple[str, ...], words: str, language: str) -> None:
    """Raise unless all are texts of a fitting size."""
    whole = "\0".join(texts)
    _check_encodable(whole + words + language)
    if len(whole) > _SHORT and any(len(text) > most for text, most in zip(texts, _MOST, strict=True)):
        raise ValueError("a text of a row is longer than it should be")
    if len(words) > _MOST_WORDS or len(language) > _MOST_LANGUAGE:
        raise ValueError("the words of a row are more than they should be")


def _levels(words: str, leveled: Mapping[str, tuple[str, str]]) -> dict[str, str]:
    """Of the question's terms that a symbol holds."""
    return dict(filter(None, map(leveled.get, words.split(" "))))


def _path(source: Mapping[str, Any]) -> str:
    path = source["path"]
    if not isinstance(path, str) or len(path) > _LONG or _OUTSIDE.search(path):
        raise ValueError("a path leads out of its repository, or holds control characters")
    _check_encodable(path)
    return path


def _check_encodable(text: str) -> None:
    """Raise where it holds a lone surrogate, which would end whoever writes it out."""
    if not text.isascii():
        text.encode("utf-8")


def _plain(text: str, most: int) -> bool:
    return len(text) <= most and _CONTROL.search(text) is None
