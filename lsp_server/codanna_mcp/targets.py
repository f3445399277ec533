"""Which definition an agent means: by handle, by name or by place."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from enum import StrEnum

from codanna_core.cancel import Cancel
from codanna_core.context.handles import Handle, digest_of, parse_handle, qualified
from codanna_core.errors import InvalidQuery
from codanna_core.files import is_indexable, to_utf8
from codanna_core.files.inside import is_inside, read_inside
from codanna_core.model import Position, Span, Symbol
from codanna_core.records import dataclass
from codanna_core.results import Hit
from codanna_core.search.service import SearchService
from codanna_rpc.params import InvalidParams, Params

MOST_NAMED = 30


class State(StrEnum):
    """What became of what was asked for."""

    FOUND = "found"
    CHANGED = "changed"
    """It is where it was, with other code."""
    MOVED = "moved"
    """The same code is in another place."""
    SEVERAL = "several"
    """Definitions share the name; all of them are given."""
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Found:
    """The definitions that are meant, the best first."""

    state: State
    hits: list[Hit]


class Files:
    """Reads files that are searched, and no others. One for each question."""

    def __init__(self, service: SearchService, unsaved: Mapping[str, str]) -> None:
        """`unsaved` texts stand for their files."""
        self._service = service
        self._unsaved = unsaved
        self._texts: dict[str, str] = {}
        self._outlines: dict[str, list[Symbol]] = {}

    def path(self, given: str) -> str:
        """A path as the index has it; InvalidQuery for one that is not searched, be it there or not."""
        root = os.fspath(self._service.root)
        full = os.path.normpath(os.path.join(root, given))
        relative = os.path.relpath(full, root).replace(os.sep, "/")
        if "\0" in given or not is_inside(relative):
            raise InvalidQuery(f"{given!r} is not a file inside {root}")
        if not os.path.lexists(os.path.join(root, relative)):
            raise InvalidQuery(f"there is no file {relative}; `search` finds files by what is in them")
        reason = is_indexable(self._service.root, relative, self._service.settings.discovery)
        if reason is not None:
            raise InvalidQuery(f"{relative} is not searched ({reason}); name a file that is")
        return relative

    def lines(self, path: str, first: int = 0, end: int | None = None) -> list[str]:
        """Lines of a file as it is now; none where it cannot be read."""
        if path not in self._texts:
            text = self._unsaved.get(path)
            if text is None:
                text = self._on_disk(path)
            self._texts[path] = text.replace("\r\n", "\n").replace("\r", "\n")
        return self._texts[path].split("\n")[first:end]

    def _on_disk(self, path: str) -> str:
        limit = self._service.settings.discovery.max_file_size
        try:
            return to_utf8(read_inside(self._service.root, path, limit))[0].decode("utf-8", "replace")
        except OSError:
            return ""

    def outline(self, path: str) -> list[Symbol]:
        """The definitions of a file as it is now."""
        if path not in self._outlines:
            text = "\n".join(self.lines(path))
            self._outlines[path] = list(self._service.document_symbols(path, text).symbols)
        return self._outlines[path]

    def digest(self, path: str, symbol: Symbol) -> str:
        """The digest of a definition's lines, as its handle has it."""
        return digest_of(self.lines(path, symbol.start_line, symbol.end_line + 1))

    def hit(self, path: str, symbol: Symbol, score: float = 1.0, reason: str = "name") -> Hit:
        """A definition as a hit."""
        language = self._service.document_symbols(path, "\n".join(self.lines(path))).language
        return Hit(
            symbol.name,
            symbol.kind,
            symbol.container,
            language,
            path,
            Span(Position(symbol.start_line, symbol.start_col), Position(symbol.end_line, symbol.end_col)),
            Span(
                Position(symbol.name_line, symbol.name_col), Position(symbol.name_line, symbol.name_end_col)
            ),
            symbol.signature,
            symbol.doc,
            score,
            (reason,),
            deprecated=symbol.deprecated,
            wide=symbol.wide,
        )


def target(service: SearchService, files: Files, asked: Params, cancel: Cancel) -> Found:
    """The definitions meant by `handle`, by `path` and `line`, or by `name`."""
    if asked.has("handle"):
        text = asked.text("handle", limit=5_000)
        handle = parse_handle(text)
        return (
            _by_name(service, files, text, cancel)
            if handle is None
            else _by_handle(service, files, handle, cancel)
        )
    if asked.has("path") and asked.has("line"):
        path = files.path(asked.text("path", limit=5_000))
        return _at(files, path, asked.integer("line", low=1) - 1)
    if asked.has("name"):
        return _by_name(service, files, asked.text("name", limit=1_000), cancel)
    raise InvalidParams("say which definition: `name`, `handle`, or `path` with `line`")


def _at(files: Files, path: str, line: int) -> Found:
    count = len(files.lines(path))
    if line >= count:
        raise InvalidQuery(f"{path} has {count} lines; line {line + 1} is not one of them")
    around = [one for one in files.outline(path) if one.start_line <= line <= one.end_line]
    if not around:
        return Found(State.FOUND, [_window(path, line, line)])
    return Found(
        State.FOUND,
        [files.hit(path, min(around, key=lambda one: one.end_line - one.start_line), reason="place")],
    )


def _window(path: str, first: int, last: int) -> Hit:
    span = Span(Position(first, 0), Position(last + 1, 0))
    return Hit("", "text", "", "text", path, span, Span(span.start, span.start), "", "", 1.0, ("place",))


def _by_handle(service: SearchService, files: Files, handle: Handle, cancel: Cancel) -> Found:
    path = files.path(handle.path)
    if handle.lines is not None:
        return _lines_of(files, path, handle)
    named = [one for one in files.outline(path) if qualified(one.container, one.name) == handle.name]
    same = [one for one in named if not handle.digest or files.digest(path, one) == handle.digest]
    if same:
        return Found(State.FOUND, [files.hit(path, one, reason="handle") for one in same[:1]])
    if named:
        state = State.CHANGED if len(named) == 1 else State.SEVERAL
        return Found(state, [files.hit(path, one, reason="handle") for one in named])
    elsewhere = _by_name(service, files, handle.name, cancel)
    if elsewhere.state is State.GONE:
        return elsewhere
    moved = [
        hit
        for hit in elsewhere.hits
        if digest_of(files.lines(hit.path, hit.span.start.line, hit.span.end.line + 1)) == handle.digest
    ]
    return Found(State.MOVED, moved[:1]) if moved else Found(State.GONE, [])


def _lines_of(files: Files, path: str, handle: Handle) -> Found:
    """Lines without a name: where they were, or where the same lines are now."""
    assert handle.lines is not None
    first, last = handle.lines
    count = last - first + 1
    lines = files.lines(path)
    if count < 1 or count > len(lines):
        return Found(State.GONE, [])
    if not handle.digest or digest_of(lines[first : last + 1]) == handle.digest:
        return Found(State.FOUND, [_window(path, first, last)])
    for start in range(len(lines) - count + 1):
        if digest_of(lines[start : start + count]) == handle.digest:
            return Found(State.MOVED, [_window(path, start, start + count - 1)])
    return Found(State.GONE, [])


def _by_name(service: SearchService, files: Files, name: str, cancel: Cancel) -> Found:
    plain = name.strip().replace("::", ".").replace("#", ".")
    if not plain:
        raise InvalidQuery("the name is empty")
    last = plain.rpartition(".")[2] or plain
    hits = service.symbols(last, limit=MOST_NAMED * 4, cancel=cancel)
    exact = [
        hit
        for hit in hits
        if hit.name.replace("::", ".").rpartition(".")[2] == last
        and f".{qualified(hit.container, hit.name)}".replace("::", ".").endswith(f".{plain}")
    ]
    found = []
    for hit in exact[:MOST_NAMED]:
        own = [
            one for one in files.outline(hit.path) if one.name == hit.name and one.container == hit.container
        ]
        nearest = min(own, key=lambda one: abs(one.start_line - hit.start_line), default=None)
        if nearest is not None:
            found.append(replace(files.hit(hit.path, nearest), score=min(1.0, max(0.0, hit.score))))
    if not found:
        return Found(State.GONE, [])
    return Found(State.FOUND if len(found) == 1 else State.SEVERAL, found)


def nearest_names(service: SearchService, name: str, cancel: Cancel) -> Sequence[str]:
    """Names like one that does not exist."""
    hits = service.symbols(name.rpartition(".")[2] or name, limit=5, cancel=cancel)
    return list(dict.fromkeys(qualified(hit.container, hit.name) for hit in hits if hit.name))
