"""Requests and answers of the engine: plain data with public fields, in editor vocabulary."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from codanna_core.model import Position, Problem, Span


class Mode(StrEnum):
    """Which searches take part in an answer."""

    HYBRID = "hybrid"
    SEMANTIC = "semantic"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Filters:
    """Restrictions on what may be found. Empty means no restriction; several values of one field mean "any
    of".
    """

    languages: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    """Globs over root-relative paths (`src/**/*.py`), or folder prefixes ending in `/`."""
    containers: tuple[str, ...] = ()
    excluded_words: tuple[str, ...] = ()
    """Words that must not occur in the name, signature, doc or body."""
    phrases: tuple[str, ...] = ()
    """Exact phrases that must occur in the found lines."""

    def __bool__(self) -> bool:
        return bool(
            self.languages
            or self.kinds
            or self.paths
            or self.containers
            or self.excluded_words
            or self.phrases
        )


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """One question to the index."""

    query: str
    limit: int = 10
    mode: Mode = Mode.HYBRID
    filters: Filters = field(default_factory=Filters)
    threshold: float = 0.0
    """Hits with a score below it are left out; 0 keeps all."""
    explain: bool = False
    """True fills `Hit.signals` with each signal's part of the score."""
    near: str | None = None
    """Root-relative path of the file the user is in; breaks ties by closeness."""
    snippets: bool = True
    """False leaves `Hit.snippet` empty, and spares reading the files."""


@dataclass(frozen=True, slots=True)
class SnippetLine:
    """One line of source shown with a hit."""

    line: int
    text: str
    best: bool
    """True for the lines that match the query best."""


@dataclass(slots=True)
class Hit:
    """A found symbol with the reasons why it was found."""

    name: str
    kind: str
    container: str
    language: str
    path: str
    """Root-relative, `/`-separated."""
    span: Span
    selection: Span
    signature: str
    doc: str
    score: float
    reasons: tuple[str, ...] = ()
    """Short phrases such as "name", "meaning", "file name"; strongest first."""
    snippet: tuple[SnippetLine, ...] = ()
    signals: dict[str, float] = field(default_factory=dict)
    """Each signal's part of the score; only filled when the request asks to explain."""
    deprecated: bool = False
    wide: bool = False
    """True where columns depend on the position encoding, because the lines hold non-ASCII text."""


@dataclass(slots=True)
class SearchResult:
    """The answer to a request."""

    query: str
    hits: list[Hit]
    generation: int
    indexed: float
    """Share of the workspace's files that the answering snapshot covers, 0 to 1."""
    milliseconds: float
    problems: list[Problem] = field(default_factory=list)
    work: dict[str, int] = field(default_factory=dict)
    """What the vector search did, independent of the clock: lists probed, codes scanned, rows rescored."""


@dataclass(slots=True)
class SymbolHit:
    """A symbol found by its name; what `workspace/symbol` shows. Made by the hundred for every letter typed,
    so it holds plain integers, as `Symbol` does.
    """

    name: str
    kind: str
    container: str
    language: str
    path: str
    start_line: int
    start_col: int
    end_line: int
    end_col: int
    name_line: int
    name_col: int
    name_end_col: int
    score: float
    match: str
    """How the name matched: exact, prefix, humps, word, substring, subsequence, typo, meaning."""
    deprecated: bool = False
    wide: bool = False

    @property
    def span(self) -> Span:
        """The whole definition."""
        return Span(Position(self.start_line, self.start_col), Position(self.end_line, self.end_col))

    @property
    def selection(self) -> Span:
        """Its name."""
        return Span(Position(self.name_line, self.name_col), Position(self.name_line, self.name_end_col))


class State(StrEnum):
    """What the engine is doing."""

    EMPTY = "empty"
    INDEXING = "indexing"
    EMBEDDING = "embedding"
    TRAINING = "training"
    READY = "ready"
    INCOMPLETE = "incomplete"
    """The last run was stopped before its end, and nobody goes on with it."""
    READ_ONLY = "read-only"


@dataclass(slots=True)
class Status:
    """The whole truth about an index: what is in it, what is missing and why."""

    root: str
    index_dir: str
    state: State
    generation: int
    writer: bool
    """True where this process writes the index; False where another one does."""
    files_indexed: int
    files_total: int
    files_skipped: dict[str, int]
    symbols: int
    vectors_total: int
    vectors_pending: int
    model: str
    dimension: int
    bytes_on_disk: int
    problems: list[Problem] = field(default_factory=list)


@dataclass(slots=True)
class Progress:
    """A step of a long operation."""

    phase: State
    done: int
    total: int
    """0 means unknown."""
    rate: float
    """Files (or symbols) a second."""
    message: str = ""


@dataclass(slots=True)
class SyncReport:
    """What one reconciliation did."""

    generation: int
    added: int = 0
    changed: int = 0
    removed: int = 0
    unchanged: int = 0
    symbols: int = 0
    embedded: int = 0
    """Vectors computed; 0 when every text was known already."""
    seconds: float = 0.0
    problems: list[Problem] = field(default_factory=list)
