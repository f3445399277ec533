"""What resolving relations asks, answered from one view: committed files, and buffers before them."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection
from typing import Protocol

from codanna_core.cancel import Cancel, check_cancelled
from codanna_core.files import content_hash, to_utf8
from codanna_core.languages.lines import Lines
from codanna_core.languages.registry import SNIFFED_BYTES
from codanna_core.languages.text_only import language_of
from codanna_core.relations.encoding import BadFacts, Wanted, decode, may_use
from codanna_core.relations.facts import Facts
from codanna_core.relations.manifests import MAX_BYTES
from codanna_core.relations.provider import OutOfTime
from codanna_core.relations.rules import rules_of
from codanna_core.search.file_tree import FileTree
from codanna_core.search.view import SearchView
from codanna_core.text.stored import Filter
from codanna_core.words import index_text

log = logging.getLogger("codanna.engine")

_NAMESAKES = 2_000
"""Definitions of one name beyond these are so many that none of them is worth a line."""
_LINES_KEPT = 64
ROWS_KEPT = 60_000
"""Bindings and uses that an engine keeps decoded, a few hundred files; they take some 25 MB."""
FACTS_KEPT = 64 << 20
"""Bytes of encoded facts that an engine keeps; ten to twenty million lines of code have so many."""


class FactsSource(Protocol):
    """Where the facts of committed files come from."""

    def facts(self, path: str, digest: bytes) -> Facts | None:
        """The facts of a file with this content; None where they are not there yet."""

    def may_use(self, path: str, digest: bytes, wanted: Wanted) -> bool:
        """See `Provider`."""

    def using(self, name: str) -> Collection[str]:
        """Files that use an identifier. One too many costs a look at its facts; none may be missing."""


class KeptFacts:
    """Encoded facts by content, the ones asked for last; shared by all questions of an engine.

    `Cache` counts what it keeps; this one counts bytes, since the facts of one file may take a thousand times
    the room of another's.
    """

    def __init__(self, limit: int = FACTS_KEPT) -> None:
        self._limit = limit
        self._size = 0
        self._lock = threading.Lock()
        self._kept: dict[tuple[str, bytes], bytes] = {}
        self._decoded: dict[tuple[str, bytes], Facts] = {}
        self._rows = 0

    def decoded(self, key: tuple[str, bytes]) -> Facts | None:
        """The same decoded: every question about a module asks for what it imports."""
        with self._lock:
            found = self._decoded.pop(key, None)
            if found is not None:
                self._decoded[key] = found
            return found

    def put_decoded(self, key: tuple[str, bytes], facts: Facts) -> None:
        """Keep them, and let the oldest go."""
        with self._lock:
            if key in self._decoded:
                return
            self._decoded[key] = facts
            self._rows += _rows(facts)
            while self._rows > ROWS_KEPT and self._decoded:
                oldest = next(iter(self._decoded))
                self._rows -= _rows(self._decoded.pop(oldest))

    def get(self, key: tuple[str, bytes]) -> bytes | None:
        """The facts of a content under a suffix, which together decide the language."""
        with self._lock:
            found = self._kept.pop(key, None)
            if found is not None:
                self._kept[key] = found
            return found

    def put(self, key: tuple[str, bytes], data: bytes) -> None:
        """Keep them, and let the oldest go."""
        with self._lock:
            self._size += len(data) - len(self._kept.pop(key, b""))
            self._kept[key] = data
            while self._size > self._limit and len(self._kept) > 1:
                oldest = next(iter(self._kept))
                self._size -= len(self._kept.pop(oldest))


class Reading:
    """What a question may ask of the files on disk, within its time."""

    def __init__(
        self,
        read: Callable[[str], bytes],
        parse: Callable[[bytes, str], bytes],
        kept: KeptFacts,
        *,
        budget: float | None = None,
        cancel: Cancel | None = None,
    ) -> None:
        self.kept = kept
        self._read = read
        self._parse = parse
        self._cancel = cancel
        self._until = None if budget is None else time.monotonic() + budget

    def check(self) -> None:
        """Raise Cancelled where the question was taken back, OutOfTime where its time is over."""
        check_cancelled(self._cancel)
        if self._until is not None and time.monotonic() > self._until:
            raise OutOfTime

    def read(self, path: str, digest: bytes | None = None) -> bytes | None:
        """The bytes of a file inside the folder and through no link; None where it is gone or has another
        content than the digest says.
        """
        try:
            data = self._read(path)
        except (OSError, ValueError):
            return None
        return data if digest is None or content_hash(data) == digest else None

    def facts(self, data: bytes, path: str, digest: bytes) -> Facts | None:
        """The facts of a text; None for a language without rules."""
        return _decoded(self.encoded(data, path, digest))

    def encoded(self, data: bytes, path: str, digest: bytes) -> bytes:
        """The same, encoded."""
        key = _key(path, digest)
        encoded = self.kept.get(key)
        if encoded is None:
            self.check()
            encoded = self._parse(data, path)
            self.kept.put(key, encoded)
        return encoded


class StoredFacts(Protocol):
    """Facts that were read before, by the content of indexed files."""

    def get(self, path: str, digest: bytes) -> bytes | None:
        """The encoded facts of a file with this content; None where they are not there."""

    def keep(self, path: str, digest: bytes, encoded: bytes) -> None:
        """Keep what was read of an indexed file."""


class IndexedFacts:
    """Takes facts from where they are stored, and reads and parses the files that have none there."""

    def __init__(self, tree: FileTree, reading: Reading, stored: StoredFacts) -> None:
        self._tree = tree
        self._reading = reading
        self._stored = stored

    def facts(self, path: str, digest: bytes) -> Facts | None:
        """Of the content that the index knows; None where it is not stored, and not on disk any more."""
        self._reading.check()
        key = _key(path, digest)
        facts = self._reading.kept.decoded(key)
        if facts is None:
            facts = self._not_decoded(path, digest)
            if facts is not None:
                self._reading.kept.put_decoded(key, facts)
        return facts

    def _not_decoded(self, path: str, digest: bytes) -> Facts | None:
        stored = self._stored.get(path, digest)
        if stored is not None:
            try:
                return decode(stored) if stored else None
            except BadFacts as error:
                log.warning("the facts of %s are read again: %s", path, error)
        data = self._reading.read(path, digest)
        if data is None:
            return None
        encoded = self._reading.encoded(to_utf8(data)[0], path, digest)
        self._stored.keep(path, digest, encoded)
        return _decoded(encoded)

    def may_use(self, path: str, digest: bytes, wanted: Wanted) -> bool:
        """By the encoded facts, where they are stored."""
        self._reading.check()
        stored = self._stored.get(path, digest)
        return stored is None or may_use(stored, wanted)

    def using(self, name: str) -> Collection[str]:
        """By the identifiers that the index knows of each file."""
        self._reading.check()
        return {path for path in self._tree.using(name) if rules_of(self._tree.language(path)).reader}


def _key(path: str, digest: bytes) -> tuple[str, bytes]:
    return path.rpartition("/")[2].rpartition(".")[2], digest


def _rows(facts: Facts) -> int:
    return len(facts.bindings) + len(facts.references)


def _decoded(encoded: bytes) -> Facts | None:
    try:
        return decode(encoded) if encoded else None
    except BadFacts:
        return None  # The helper that read them may have met a hostile text.


class ViewProvider:
    """The provider of `relations/` over a view. For one question, and not to be shared between threads."""

    def __init__(self, view: SearchView, source: FactsSource, reading: Reading) -> None:
        self._view = view
        self._source = source
        self._reading = reading
        self._using: dict[str, Collection[str]] = {}
        self._named: dict[str, Collection[str]] = {}
        self._folders: dict[str, Collection[str]] = {}
        self._defining: dict[str, Collection[str]] = {}
        self._exists: dict[str, bool] = {}
        self._lines: dict[str, Lines] = {}

    def facts(self, path: str) -> Facts | None:
        """Of a buffer as it is typed, of another file as it is indexed."""
        self._reading.check()
        text = self._view.buffer_text(path)
        if text is not None:
            data = text.encode("utf-8", "replace")
            return self._reading.facts(data, path, content_hash(data))
        stored = self._view.tree.stored(path)
        if stored is None or not rules_of(stored.language).reader:
            return None
        return self._source.facts(path, stored.digest)

    def language(self, path: str) -> str:
        """Of a buffer by its text, of another file as the index says."""
        text = self._view.buffer_text(path)
        if text is not None:
            return language_of(_sniffed(text), path) or ""
        return self._view.tree.language(path)

    def may_use(self, path: str, wanted: Wanted) -> bool:
        """Any buffer may."""
        stored = self._view.tree.stored(path)
        return stored is None or self._source.may_use(path, stored.digest, wanted)

    def using(self, name: str) -> Collection[str]:
        """Buffers are looked through, too."""
        if name not in self._using:
            self._using[name] = self._looked_for(name)
        return self._using[name]

    def _looked_for(self, name: str) -> set[str]:
        found = set(self._source.using(name))
        for path in self._view.tree.buffers():
            text = self._view.buffer_text(path)
            found.discard(path)
            if text is not None and name in text and _has_rules(text, path):
                found.add(path)
        return found

    def defining(self, name: str) -> Collection[str]:
        """By the symbols of the view."""
        if name not in self._defining:
            self._reading.check()
            rows = self._view.named([name], _NAMESAKES, Filter())
            self._defining[name] = {symbol.path for symbol in self._view.symbols(rows)}
        return self._defining[name]

    def mentioning(self, word: str) -> Collection[str]:
        """By the words of the symbols of the index; each buffer may mention it."""
        self._reading.check()
        terms = self._view.kept.terms(index_text(word))
        return self._view.files(Filter(), terms) if terms else ()

    def exists(self, path: str) -> bool:
        """Among the files of the view."""
        if path not in self._exists:
            self._exists[path] = self._view.tree.exists(path)
        return self._exists[path]

    def folder(self, path: str) -> Collection[str]:
        """Among the files of the view."""
        if path not in self._folders:
            self._folders[path] = self._view.tree.folder(path)
        return self._folders[path]

    def named(self, base: str) -> Collection[str]:
        """Among the files of the view."""
        if base not in self._named:
            self._named[base] = self._view.tree.named(base)
        return self._named[base]

    def read(self, path: str) -> bytes | None:
        """A manifest, as it is typed or on disk."""
        self._reading.check()
        text = self._view.buffer_text(path)
        data = text.encode("utf-8", "replace") if text is not None else self._reading.read(path)
        return data if data is not None and len(data) <= MAX_BYTES else None

    def lines(self, path: str) -> Lines | None:
        """The text that the facts of a file are about; None where it has changed since."""
        if path not in self._lines:
            text = self._view.buffer_text(path)
            data = text.encode("utf-8", "replace") if text is not None else self._committed(path)
            if data is None:
                return None
            if len(self._lines) >= _LINES_KEPT:
                self._lines.clear()
            self._lines[path] = Lines(data)
        return self._lines[path]

    def _committed(self, path: str) -> bytes | None:
        stored = self._view.tree.stored(path)
        data = self._reading.read(path, stored.digest) if stored is not None else None
        return to_utf8(data)[0] if data is not None else None


def _has_rules(text: str, path: str) -> bool:
    language = language_of(_sniffed(text), path)
    return language is not None and bool(rules_of(language).reader)


def _sniffed(text: str) -> bytes:
    return text[:SNIFFED_BYTES].encode("utf-8", "replace")
