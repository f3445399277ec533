"""Every setting there is: its section, name, type, default, bounds and the sentence that documents it.

A key exists only because some code reads it; `tests/config` holds that.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field
from enum import StrEnum
from typing import Any, Final, TypeVar

from codanna_core.config.addresses import link_fault, url_fault
from codanna_core.records import dataclass

T = TypeVar("T")


class Setter(StrEnum):
    """The parties that settings come from, the most trusted first."""

    USER = "user"
    """Their own settings file, the environment, the command line, a program that uses the library."""
    CLIENT = "client"
    """An editor. It may pass on what a file of the workspace says, as VS Code does with some settings."""
    PROJECT = "project"
    """The `.codanna.toml` of the workspace, which comes with code that anyone may have written."""


class Restart(StrEnum):
    """What a changed setting makes run again. Nothing else decides that."""

    NOTHING = "nothing"
    """Its next use reads it."""
    FILES = "files"
    """The folder is compared with the index."""
    TEXT = "text"
    """The text index is built again, since what it stores changes."""
    MODEL = "model"
    """The model and its vectors are opened again, and missing vectors are computed."""
    FOLDER = "folder"
    """The index is opened again, perhaps in another place."""


YOU: Final = (Setter.USER, Setter.CLIENT)
"""For what says where is written, what is loaded or run, and what leaves the machine."""
ANYONE: Final = (*YOU, Setter.PROJECT)
"""For what is found, within bounds."""

MAX_PATTERNS: Final = 1_000
MAX_PATTERN_CHARACTERS: Final = 50_000
"""Of all patterns together. More of them make the walker slow or fail, so the bounds hold for everyone."""


def key(
    default: T,
    doc: str,
    *,
    restarts: Restart,
    setters: tuple[Setter, ...] = YOU,
    choices: tuple[str, ...] = (),
    minimum: float | None = None,
    maximum: float | None = None,
    project_maximum: float | None = None,
    fault: Callable[[str], str] | None = None,
) -> T:
    """A setting: `setters` may set it, clients and projects up to `project_maximum`; a change of it
    `restarts` something. `fault` says what a text that is not empty would have to be.
    """
    metadata: dict[str, Any] = {
        "doc": doc,
        "setters": setters,
        "choices": choices,
        "minimum": minimum,
        "maximum": maximum,
        "project_maximum": project_maximum,
        "restarts": restarts,
        "fault": fault,
    }
    made: T = field(default=default, metadata=metadata)
    return made


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscoverySettings:
    """Which files belong to the workspace."""

    max_file_size: int = key(
        1 << 20,
        "Maximum size of a file in bytes; larger ones are skipped.",
        setters=ANYONE,
        minimum=1,
        maximum=1 << 30,
        project_maximum=1 << 24,
        restarts=Restart.FILES,
    )
    hidden: bool = key(
        False,
        "Whether to index hidden files and folders, those whose name starts with a dot.",
        setters=ANYONE,
        restarts=Restart.FILES,
    )
    use_ignore_files: bool = key(
        True,
        "Whether to follow `.gitignore`, `.ignore` and git's own exclude files. `.codannaignore` is always"
        " followed.",
        setters=ANYONE,
        restarts=Restart.FILES,
    )
    skip_common_folders: bool = key(
        True,
        "Whether to skip folders that nearly always contain build output or copies of other projects, such as"
        " `node_modules`, virtual environments and build trees. A `!name/` line in `.codannaignore` brings"
        " back those known by their name.",
        setters=ANYONE,
        restarts=Restart.FILES,
    )
    skip_generated: bool = key(
        True,
        "Whether to skip files that announce themselves as generated, minified files, lock files and source"
        " maps.",
        setters=ANYONE,
        restarts=Restart.TEXT,
    )
    exclude: tuple[str, ...] = key(
        (),
        "More patterns to skip, in `.gitignore` syntax relative to the workspace folder; at most 1,000, of"
        " 50,000 characters together.",
        setters=ANYONE,
        restarts=Restart.FILES,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SemanticSettings:
    """Search by meaning."""

    enabled: bool = key(
        True,
        "Whether to search by meaning. If it is off, no model is loaded; symbol and text search still work.",
        restarts=Restart.MODEL,
    )
    model: str = key(
        "builtin",
        "The embedding model: `builtin` for the one in the package, or any model name that"
        " `codanna-lsp models list` shows.",
        restarts=Restart.MODEL,
    )
    model_path: str = key(
        "", "A local folder with the model's files, used instead of a download.", restarts=Restart.MODEL
    )
    threads: int = key(
        0,
        "Number of threads an ONNX model may use; 0 means half of the processors.",
        minimum=0,
        maximum=256,
        restarts=Restart.MODEL,
    )
    batch: int = key(
        256, "Number of texts embedded in one call.", minimum=1, maximum=65536, restarts=Restart.NOTHING
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class VectorSettings:
    """How vectors are stored and searched."""

    implementation: str = key(
        "ivf",
        "The vector index: `ivf` is small and cheap to update, `hnsw` trades memory for latency and needs the"
        " extra `codanna-lsp[hnsw]`.",
        choices=("ivf", "hnsw"),
        restarts=Restart.MODEL,
    )
    metric: str = key(
        "cosine",
        "The measure by which two vectors are compared.",
        choices=("cosine", "l2", "dot"),
        restarts=Restart.MODEL,
    )
    precision: str = key(
        "int8", "Precision of the stored vectors.", choices=("int8", "f16", "f32"), restarts=Restart.MODEL
    )
    recall_target: float = key(
        0.97,
        "Share of the true nearest vectors that a search should find; higher is slower.",
        minimum=0.5,
        maximum=1.0,
        restarts=Restart.MODEL,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchSettings:
    """What an answer holds."""

    limit: int = key(
        10,
        "Number of results of a search that asks for no number.",
        setters=ANYONE,
        minimum=1,
        maximum=10_000,
        project_maximum=1_000,
        restarts=Restart.NOTHING,
    )
    mode: str = key(
        "hybrid",
        "The searches that take part in an answer.",
        setters=ANYONE,
        choices=("hybrid", "semantic", "text"),
        restarts=Restart.NOTHING,
    )
    symbol_limit: int = key(
        200,
        "Maximum number of results of a symbol search.",
        setters=ANYONE,
        minimum=1,
        maximum=10_000,
        project_maximum=1_000,
        restarts=Restart.NOTHING,
    )
    plain_words_fallback: bool = key(
        True,
        "Whether to answer a symbol search of several plain words by meaning when no name fits.",
        setters=ANYONE,
        restarts=Restart.NOTHING,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexSettings:
    """Where the index lives and how it is built."""

    dir: str = key(
        "",
        "Folder for the index; empty means the user's cache folder. A relative path starts at the"
        " workspace folder.",
        restarts=Restart.FOLDER,
    )
    workers: int = key(
        0,
        "Processes that parse and embed; 0 means one per processor.",
        minimum=0,
        maximum=256,
        restarts=Restart.NOTHING,
    )
    commit_every: int = key(
        4000,
        "Symbols between the first commits while a whole folder is indexed; later commits are up to 64 times "
        "as far apart.",
        minimum=100,
        maximum=1_000_000,
        restarts=Restart.NOTHING,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """How the language server behaves."""

    log_level: str = key(
        "info",
        "Lowest severity of the messages that are logged.",
        choices=("error", "warning", "info", "debug"),
        restarts=Restart.NOTHING,
    )
    watch: str = key(
        "auto",
        "The side that watches the files: `client`, `server`, `off`, or `auto` for the server if the client"
        " cannot.",
        choices=("auto", "client", "server", "off"),
        restarts=Restart.FILES,
    )
    document_symbols: str = key(
        "auto",
        "Whether to answer outline requests: `on`, `off`, or `auto` if no other server does.",
        choices=("auto", "on", "off"),
        restarts=Restart.NOTHING,
    )
    navigation: str = key(
        "auto",
        "Whether to answer go to definition, find references, call hierarchy and hover: `on`, `off`, or"
        " `auto` if no other server does.",
        choices=("auto", "on", "off"),
        restarts=Restart.NOTHING,
    )
    debounce_ms: int = key(
        50,
        "Pause after a change before it is indexed, in milliseconds.",
        minimum=0,
        maximum=10_000,
        restarts=Restart.NOTHING,
    )
    code_lens: bool = key(
        False, 'Whether to show a "Find similar code" lens above definitions.', restarts=Restart.NOTHING
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamSettings:
    """A team's index, for code that is not checked out."""

    url: str = key(
        "",
        "Address of the team's OpenSearch, such as `https://search.example.com:9200`; empty means none. Each"
        " question and its vector are sent there. `codanna-lsp team init` stores the token, which is not a"
        " setting.",
        restarts=Restart.NOTHING,
        fault=url_fault,
    )
    repositories: tuple[str, ...] = key(
        (), "Repositories to ask for; empty means all that the token may read.", restarts=Restart.NOTHING
    )
    deadline_ms: int = key(
        150,
        "Milliseconds that an answer waits for the team's results.",
        minimum=10,
        maximum=10_000,
        restarts=Restart.NOTHING,
    )
    link: str = key(
        "",
        "Link that opens a result of the team, such as"
        " `https://github.com/{repository}/blob/{revision}/{path}#L{line}`; `{branch}` can be used as well.",
        restarts=Restart.NOTHING,
        fault=link_fault,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings, resolved and valid."""

    discovery: DiscoverySettings = field(default_factory=DiscoverySettings)
    semantic: SemanticSettings = field(default_factory=SemanticSettings)
    vectors: VectorSettings = field(default_factory=VectorSettings)
    search: SearchSettings = field(default_factory=SearchSettings)
    index: IndexSettings = field(default_factory=IndexSettings)
    server: ServerSettings = field(default_factory=ServerSettings)
    team: TeamSettings = field(default_factory=TeamSettings)
