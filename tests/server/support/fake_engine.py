"""An engine in memory with the real one's signatures: finds `def` and `class` lines, forgets all at close.

Questions steer it: `slow 0.5 ...` computes that long and polls its cancel token, `fail` raises a defect,
`refuse` raises an error of the engine. `FAKE_SYNC_SECONDS` makes a sync long, `FAKE_PRINTS` makes it print,
a folder named `FAKE_BROKEN` cannot be opened, and with a file `FAKE_DISK_FULL` updates fail.
"""

from __future__ import annotations

import importlib
import os
import re
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from codanna_core.cancel import Cancel
from codanna_core.config import Settings, diff, load_settings
from codanna_core.context.packer import pack
from codanna_core.errors import (
    DimensionMismatch,
    FolderMissing,
    IndexIncompatible,
    IndexMissing,
    InvalidQuery,
)
from codanna_core.model import Extraction, Position, Span, Symbol
from codanna_core.results import (
    DEFAULT_BUDGET,
    Confidence,
    Context,
    Definition,
    Edge,
    Filters,
    Hit,
    Mode,
    Progress,
    Relation,
    RelationRequest,
    RelationResult,
    SearchRequest,
    SearchResult,
    SnippetLine,
    State,
    Status,
    SyncReport,
)
from codanna_core.search.hits import SymbolHits, as_symbol_hit
from codanna_core.vectors.sheet import ClusterMap, MapRegion, MapSymbol
from codanna_core.words import asked_parts

DIMENSION = 8


def utf16(text: str) -> int:
    """UTF-16 length."""
    return len(text.encode("utf-16-le")) // 2


def outline(text: str) -> list[Symbol]:
    """The definitions of a text."""
    symbols = []
    for number, line in enumerate(text.split("\n")):
        found = re.search(r"\b(def|class)\s+(\w+)", line)
        if not found:
            continue
        name = found[2]
        start = utf16(line[: found.start(2)])
        symbols.append(
            Symbol(
                name=name,
                kind="function" if found[1] == "def" else "class",
                container="",
                signature=line.strip(),
                doc="",
                start_line=number,
                start_col=0,
                end_line=number,
                end_col=utf16(line.rstrip("\r")),
                name_line=number,
                name_col=start,
                name_end_col=start + utf16(name),
                start_byte=0,
                end_byte=0,
                body_start_byte=0,
                deprecated="deprecated" in line,
                wide=not line.isascii(),
            )
        )
    return symbols


def _definition(path: str, symbol: Symbol) -> Definition:
    start = Position(symbol.start_line, symbol.start_col)
    name = Position(symbol.name_line, symbol.name_col), Position(symbol.name_line, symbol.name_end_col)
    span = Span(start, Position(symbol.end_line, symbol.end_col))
    return Definition(symbol.name, symbol.kind, "", "python", path, span, Span(*name), symbol.wide)


def _edges(path: str, text: str, symbols: Sequence[tuple[str, str, Symbol]]) -> list[Edge]:
    """The calls in a text."""
    edges = []
    around: Symbol | None = None
    for number, line in enumerate(text.split("\n")):
        own = outline(line)
        if own:
            (around,) = (symbol for p, _, symbol in symbols if p == path and symbol.name_line == number)
        for call in re.finditer(r"(?<!def )(?<!class )\b(\w+)\(", line):
            for home, _, symbol in symbols:
                if symbol.name == call[1]:
                    start = utf16(line[: call.start()])
                    span = Span(Position(number, start), Position(number, start + utf16(call[1])))
                    source = _definition(path, around) if around is not None else None
                    target = _definition(home, symbol)
                    edges.append(
                        Edge(path, span, "call", source, target, Confidence.CERTAIN, 0.9, "its name")
                    )
    return edges


def _is_asked(edge: Edge, request: RelationRequest, end: Definition) -> bool:
    return (edge.source if request.relation is Relation.CALLS else edge.target) == end


def _take_time(words: Sequence[str], cancel: Cancel | None) -> None:
    """`slow 0.5`: compute so many seconds, and look at the cancel token."""
    if re.fullmatch(r"slow \d{1,2}(\.\d+)?", " ".join(words[:2])):
        end = time.monotonic() + float(words[1])
        while time.monotonic() < end:
            if cancel is not None:
                cancel.raise_if_cancelled()
            time.sleep(0.001)


class FakeEngine:
    """See the module."""

    def __init__(self, root: Path, settings: Settings) -> None:
        self.root = root
        self.settings = settings
        self.problems: list[Any] = []
        self._files: dict[str, str] = {}
        self._overlay: dict[str, str] = {}
        self._generation = 0
        self._listeners: list[Callable[[], None]] = []
        self._lock = threading.RLock()
        self._closed = False

    @classmethod
    def open(cls, root: Path, overrides: Mapping[str, Any]) -> FakeEngine:
        """Open at once."""
        importlib.import_module("codanna_core.files")  # As the real engine does here.
        if root.name == "FAKE_BROKEN":
            raise IndexIncompatible(99, 1, root)
        if not root.exists():
            raise FileNotFoundError(f"there is no folder {root}")
        if not root.is_dir():
            raise NotADirectoryError(f"{root} is a file")
        settings, _ = load_settings(root, overrides)
        return cls(root, settings)

    @staticmethod
    def remove(root: Path, overrides: Mapping[str, Any]) -> None:
        """Nothing is kept."""

    @property
    def writer(self) -> bool:
        """Always."""
        return True

    def _texts(self) -> dict[str, str]:
        return {**self._files, **self._overlay}

    def _symbols(self) -> list[tuple[str, str, Symbol]]:
        return [(path, text, symbol) for path, text in self._texts().items() for symbol in outline(text)]

    def refresh(self) -> bool:
        """It is the writer."""
        return False

    def search(
        self,
        query: str | SearchRequest,
        *,
        limit: int | None = None,
        mode: Mode | str | None = None,
        filters: Filters | None = None,
        explain: bool = False,
        cancel: Cancel | None = None,
    ) -> SearchResult:
        """Rank by the number of words in common."""
        started = time.perf_counter()
        if isinstance(query, SearchRequest):
            request = query
        else:
            if mode is not None and mode not in list(Mode):
                raise InvalidQuery(f"mode is {mode!r}")
            request = SearchRequest(
                query, limit or self.settings.search.limit, filters=filters or Filters(), explain=explain
            )
        self._check_indexed()
        if cancel is not None:
            cancel.raise_if_cancelled()
        words = request.query.lower().split()
        _take_time(words, cancel)
        if words and words[0] == "fail":
            raise RuntimeError(f"defect in {self.root}")
        hits = []
        for path, _, symbol in self._symbols():
            score = sum(word in symbol.signature.lower() for word in words)
            if score and score >= request.threshold and self._passes(symbol, path, request.filters):
                hits.append(self._hit(path, symbol, float(score), explain=request.explain))
        hits.sort(key=lambda hit: -hit.score)
        milliseconds = 1000 * (time.perf_counter() - started)
        return SearchResult(request.query, hits[: request.limit], self._generation, 1.0, milliseconds)

    @staticmethod
    def _passes(symbol: Symbol, path: str, filters: Filters) -> bool:
        return not filters.kinds or symbol.kind in filters.kinds

    @staticmethod
    def _hit(path: str, symbol: Symbol, score: float, *, explain: bool) -> Hit:
        return Hit(
            name=symbol.name,
            kind=symbol.kind,
            container=symbol.container,
            language="python",
            path=path,
            span=Span(
                Position(symbol.start_line, symbol.start_col), Position(symbol.end_line, symbol.end_col)
            ),
            selection=Span(
                Position(symbol.name_line, symbol.name_col), Position(symbol.name_line, symbol.name_end_col)
            ),
            signature=symbol.signature,
            doc="",
            score=score,
            reasons=("meaning",),
            snippet=(SnippetLine(symbol.start_line, symbol.signature, True),),
            signals={"words": score} if explain else {},
            deprecated=symbol.deprecated,
            wide=symbol.wide,
        )

    def context(
        self,
        question: str | SearchRequest,
        budget: int = DEFAULT_BUDGET,
        *,
        filters: Filters | None = None,
        cancel: Cancel | None = None,
        team: bool = True,
    ) -> Context:
        """Packed as the engine packs."""
        result = self.search(question, filters=filters, cancel=cancel)
        texts = self._texts()
        return pack(
            result,
            lambda path, first, end: texts[path].split("\n")[first:end],
            budget,
            asked_parts(result.query),
        )

    def search_vector(
        self,
        vector: Any,
        *,
        limit: int | None = None,
        filters: Filters | None = None,
        cancel: Cancel | None = None,
    ) -> SearchResult:
        """A question is asked by its words; a vector is as near to one symbol as to the other."""
        self._check_indexed()
        if isinstance(vector, str):
            return self.search(vector.replace(" ", "_"), limit=limit, filters=filters, cancel=cancel)
        if len(vector) != DIMENSION:
            raise DimensionMismatch(len(vector), DIMENSION)
        hits = [self._hit(path, symbol, 1.0, explain=False) for path, _, symbol in self._symbols()]
        return SearchResult("vector", hits[: limit or 10], self._generation, 1.0, 0.1)

    def similar(
        self,
        path: str,
        start_line: int,
        end_line: int | None = None,
        *,
        limit: int | None = None,
        filters: Filters | None = None,
        cancel: Cancel | None = None,
        team: bool = False,
    ) -> SearchResult:
        """Symbols of the same kind."""
        self._check_indexed()
        own = next((s for p, _, s in self._symbols() if p == path and s.start_line == start_line), None)
        if own is None:
            raise InvalidQuery("no symbol stands there")
        hits = [
            self._hit(p, s, 1.0, explain=False)
            for p, _, s in self._symbols()
            if s.kind == own.kind and s.name != own.name
        ]
        return SearchResult("", hits[: limit or 10], self._generation, 1.0, 0.1)

    def symbols(
        self,
        query: str,
        *,
        limit: int | None = None,
        near: Sequence[str] = (),
        cancel: Cancel | None = None,
        team: bool = False,
    ) -> SymbolHits:
        """Symbols whose name holds the query."""
        self._check_indexed()
        found = []
        for path, _, symbol in self._symbols():
            if query.lower() in symbol.name.lower():
                hit = self._hit(path, symbol, 2.0 if path in near else 1.0, explain=False)
                found.append(as_symbol_hit(hit))
        return SymbolHits(sorted(found, key=lambda hit: -hit.score)[: limit or 200])

    def relations(
        self,
        request: RelationRequest,
        *,
        cancel: Cancel | None = None,
        partial: Callable[[Sequence[Edge]], None] | None = None,
    ) -> RelationResult:
        """Calls by the name before a bracket, from the definition above to the only one of that name."""
        self._check_indexed()
        if cancel is not None:
            cancel.raise_if_cancelled()
        _take_time(request.name.split(), cancel)
        result = RelationResult(request.relation, generation=self._generation)
        name = request.name or self._name_at(request)
        found = [(path, symbol) for path, _, symbol in self._symbols() if symbol.name == name]
        ends = [_definition(path, symbol) for path, symbol in found]
        if len(ends) != 1:
            result.candidates = ends
            return result
        result.targets = ends
        if request.depth == 0:
            return result
        within = [request.within] if request.within is not None else sorted(self._texts())
        for path, text in ((path, self._texts().get(path, "")) for path in within):
            edges = [
                edge for edge in _edges(path, text, self._symbols()) if _is_asked(edge, request, ends[0])
            ]
            result.edges += edges
            if partial is not None and edges:
                partial(edges)
        result.files = result.of_files = len(within)
        return result

    def _name_at(self, request: RelationRequest) -> str:
        """The first name with a bracket behind it in a line."""
        lines = self._texts().get(request.path or "", "").split("\n")
        at = re.search(r"(\w+)\(", lines[request.line or 0]) if (request.line or 0) < len(lines) else None
        return at[1] if at is not None else ""

    def document_symbols(self, path: str, text: str | None = None) -> Extraction:
        """The outline of one text."""
        return Extraction("python", outline(text if text is not None else self._files.get(path, "")))

    def status(self) -> Status:
        """What there is."""
        return Status(
            root=str(self.root),
            index_dir="memory",
            state=State.READY if self._generation else State.EMPTY,
            generation=self._generation,
            writer=True,
            files_indexed=len(self._files),
            files_total=len(self._files),
            files_skipped={},
            symbols=len(self._symbols()),
            vectors_total=0,
            vectors_pending=0,
            model="fake",
            dimension=DIMENSION,
            bytes_on_disk=0,
        )

    def cluster_info(self) -> dict[str, Any]:
        """Nothing is clustered."""
        self._check_indexed()
        return {"clusters": 0}

    def cluster_map(self, *, limit: int = 1000, cancel: Cancel | None = None) -> ClusterMap:
        """All symbols in one region, in a row."""
        self._check_indexed()
        hits = [self._hit(path, symbol, 1.0, explain=False) for path, _, symbol in self._symbols()]
        shown = tuple(MapSymbol(as_symbol_hit(hit), 0.01 * at, 0.0) for at, hit in enumerate(hits[:limit]))
        region = MapRegion(("alpha",), len(hits), 0.0, 0.0, 0.5, shown)
        return ClusterMap((region,) if hits else (), len(hits), False, self._generation)

    def sync(
        self,
        *,
        progress: Callable[[Progress], None] | None = None,
        cancel: Cancel | None = None,
        verify: bool = False,
    ) -> SyncReport:
        """Read every Python file."""
        if os.environ.get("FAKE_PRINTS"):
            print("a stray print")
            os.write(1, b"a stray write")
            subprocess.run(["echo", "a stray child"], check=False)
        seconds = float(os.environ.get("FAKE_SYNC_SECONDS", "0"))
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if cancel is not None:
                cancel.raise_if_cancelled()
            if progress is not None:
                progress(
                    Progress(State.INDEXING, int(100 - 100 * (end - time.monotonic()) / seconds), 100, 5)
                )
            time.sleep(0.01)
        if not self.root.is_dir():
            raise FolderMissing(self.root)
        with self._lock:
            texts = {
                path.relative_to(self.root).as_posix(): path.read_bytes().decode("utf-8", "replace")
                for path in sorted(self.root.rglob("*.py"))
            }
            changed = texts != self._files
            self._files = texts
        return self._publish(changed or not self._generation)

    def update(self, paths: Iterable[str], *, cancel: Cancel | None = None) -> SyncReport:
        """Read these files; a folder stands for everything below it."""
        if not self.root.is_dir():
            raise FolderMissing(self.root)
        if (self.root / "FAKE_DISK_FULL").exists():
            raise OSError(28, "No space left on device")
        with self._lock:
            files = dict(self._files)
            for path in paths:
                full = self.root / path
                for known in [one for one in files if one == path or one.startswith(path + "/")]:
                    del files[known]
                for file in [full] if full.is_file() else sorted(full.rglob("*.py")):
                    if file.suffix == ".py":
                        files[file.relative_to(self.root).as_posix()] = file.read_bytes().decode(
                            "utf-8", "replace"
                        )
            self._files = files
        return self._publish(True)

    def reindex(
        self, *, progress: Callable[[Progress], None] | None = None, cancel: Cancel | None = None
    ) -> SyncReport:
        """The same as sync."""
        return self.sync(progress=progress, cancel=cancel)

    def rebuild_clusters(
        self, *, progress: Callable[[str, float], None] | None = None, cancel: Cancel | None = None
    ) -> bool:
        """Nothing to do."""
        return True

    def saved(self, path: str) -> None:
        """Read the file into memory, disk full or not."""
        with self._lock:
            self._files = {**self._files, path: (self.root / path).read_text("utf-8")}

    def set_overlay(self, path: str, text: str) -> None:
        """Let an unsaved text stand for a file."""
        with self._lock:
            self._overlay = {**self._overlay, path: text}

    def warm(self) -> None:
        """It parses nothing."""

    def clear_overlay(self, path: str) -> None:
        """Let the file stand for itself."""
        with self._lock:
            self._overlay = {other: text for other, text in self._overlay.items() if other != path}

    def apply_settings(self, overrides: Mapping[str, Any]) -> list[str]:
        """Take new settings."""
        before = self.settings
        self.settings, _ = load_settings(self.root, overrides)
        return diff(before, self.settings)

    def subscribe(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call on every new generation."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def close(self) -> None:
        """Forget everything."""
        self._closed = True

    def _check_indexed(self) -> None:
        if not self._generation:
            raise IndexMissing("this folder has no index yet")

    def _publish(self, changed: bool) -> SyncReport:
        if changed:
            self._generation += 1
            for listener in list(self._listeners):
                listener()
        return SyncReport(self._generation)
