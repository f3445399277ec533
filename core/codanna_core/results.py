"""Requests and answers of the engine: plain data with public fields, in editor vocabulary."""

from __future__ import annotations

from dataclasses import field
from enum import StrEnum

from codanna_core.model import Origin, Position, Problem, Span
from codanna_core.records import dataclass


class Mode(StrEnum):
    """The searches that take part in an answer."""

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
    repositories: tuple[str, ...] = ()
    """Repositories of a team's index; this folder is left out unless it is one of them."""

    def __bool__(self) -> bool:
        return bool(
            self.languages
            or self.kinds
            or self.paths
            or self.containers
            or self.excluded_words
            or self.phrases
            or self.repositories
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
    team: bool = False
    """Whether code of the team's index may be among the hits: those have an `origin`, and no file here."""


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
    origin: Origin | None = None
    """Only of a hit of a team's index, whose path is inside that repository."""


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
    origin: Origin | None = None
    """As of `Hit`."""

    @property
    def span(self) -> Span:
        """The whole definition."""
        return Span(Position(self.start_line, self.start_col), Position(self.end_line, self.end_col))

    @property
    def selection(self) -> Span:
        """Its name."""
        return Span(Position(self.name_line, self.name_col), Position(self.name_line, self.name_end_col))


class Relation(StrEnum):
    """What is asked about a definition."""

    REFERENCES = "references"
    """Every use of it."""
    CALLERS = "callers"
    """Its calls, with the definitions around them."""
    CALLS = "calls"
    """What it calls itself."""
    IMPACT = "impact"
    """All that a change of it can reach: its users, their users and so on."""
    IMPLEMENTATIONS = "implementations"
    """The subtypes of a type, and what overrides a method."""


class Confidence(StrEnum):
    """How much an edge is worth."""

    CERTAIN = "certain"
    """An import, a scope or the type of the receiver proves it."""
    LIKELY = "likely"
    """Nothing else fits."""
    POSSIBLE = "possible"
    """It may be meant, and so may others."""


@dataclass(frozen=True, slots=True)
class RelationRequest:
    """A question about the definition of a name, about what is at a place, or about changed lines."""

    relation: Relation
    name: str = ""
    """As it is written, or with its containers: `save`, `Session.save`."""
    path: str | None = None
    line: int | None = None
    character: int | None = None
    """With `line`: the name there is asked about, a definition or a use."""
    changed: tuple[tuple[str, int, int], ...] = ()
    """Path, first and last line: all definitions around these are asked about."""
    confidence: Confidence = Confidence.LIKELY
    """Edges below it are counted and left out."""
    depth: int = 1
    """How many edges in a row are followed; 0 for what is asked about alone."""
    budget: float | None = None
    """Seconds after which the answer is what was found until then; None waits for all of it."""
    exact: bool = False
    """With `character`: what stands there is a name or nothing, and not about the definition around it."""
    within: str | None = None
    """Only uses in this file are looked for."""
    text: bool = False
    """Of references: also where comments, strings and names of tests mention the name."""
    team: bool = False
    """Of references: also definitions in the team's index that use the name."""
    repositories: tuple[str, ...] = ()
    """Only uses in these, of which the folder may be one; empty means all."""


@dataclass(frozen=True, slots=True)
class Definition:
    """A definition that an edge begins or ends at."""

    name: str
    kind: str
    container: str
    language: str
    path: str
    span: Span
    selection: Span
    wide: bool = False
    signature: str = ""
    """As the index has it; empty for what is no symbol there, such as a local variable."""
    doc: str = ""


@dataclass(frozen=True, slots=True)
class Edge:
    """A use of a name, between the definition around it and the one that it means."""

    path: str
    span: Span
    """The name where it is used."""
    role: str
    """`read`, `call`, `write`, `type`, `import`, `inherit`, `decorator` or `value`; where they are asked for
    `text` in a comment or a string and `test` in the name of a test.
    """
    source: Definition | None
    """Around the use; None at the top of a file."""
    target: Definition | None
    """What the use means; None of a name that is listed wherever it stands."""
    confidence: Confidence
    """Of several edges in a row the lowest."""
    probability: float
    """How often edges like this one are right; of several in a row, that all are."""
    reason: str
    depth: int = 1
    """Which edge in a row it is."""
    test: bool = False
    """Whether the use is in a test."""
    wide: bool = False

    def ends(self, relation: Relation) -> tuple[Definition | None, Definition | None]:
        """The end that is nearer to what was asked about, and the other one."""
        return (self.source, self.target) if relation is Relation.CALLS else (self.target, self.source)


@dataclass(slots=True)
class RelationResult:
    """The answer to a question about relations."""

    relation: Relation
    targets: list[Definition] = field(default_factory=list)
    """What was asked about: one definition, its overloads and `#ifdef` twins, or all that changed."""
    candidates: list[Definition] = field(default_factory=list)
    """Definitions between which the question does not decide; then there are no edges."""
    edges: list[Edge] = field(default_factory=list)
    complete: bool = True
    """Whether these are all edges that the rules of the languages can see."""
    files: int = 0
    """Files that were looked through, of those that may hold uses."""
    of_files: int = 0
    unknown: int = 0
    """Uses of the name of which the text does not say what they mean; any of them may be a further edge."""
    weaker: int = 0
    """Edges with less confidence than was asked for."""
    passed: int = 0
    """Uses that pass the definition on without a call, where its callers were asked for."""
    elsewhere: list[Hit] = field(default_factory=list)
    """Definitions of the team's index that use the name, whatever they mean by it."""
    generation: int = 0
    indexed: float = 1.0
    milliseconds: float = 0.0
    problems: list[Problem] = field(default_factory=list)


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
    facts_files: int = 0
    """Files whose facts for relations are stored; those of the others are read when they are asked for."""
    facts_total: int = 0
    """Files of languages with rules for relations; 0 where that is not known."""


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


DEFAULT_BUDGET = 1500
"""Tokens of a context for which no other number is named."""


class Form(StrEnum):
    """How much of a hit a context shows."""

    LINE = "line"
    PART = "part"
    """The head of the definition and whole statements of it."""
    WHOLE = "whole"


@dataclass(frozen=True, slots=True)
class ShownHit:
    """A hit of a context."""

    hit: Hit
    handle: str
    """Names the symbol while the file is edited elsewhere; see `context/handles.py`."""
    form: Form
    lines: tuple[tuple[int, int], ...]
    """The lines of the file that are shown, each from 0 and [first, end)."""


@dataclass(slots=True)
class Context:
    """An answer as a block of text for a reader with little room."""

    result: SearchResult
    text: str
    """Fenced, for it is text of the workspace; empty if nothing was found."""
    tokens: int
    """What the text takes at most, whatever the tokenizer."""
    budget: int
    revision: str
    """The commit that the folder's git repository is at; empty where there is none."""
    hits: list[ShownHit] = field(default_factory=list)
    left_out: int = 0
    """Hits that had no room."""
