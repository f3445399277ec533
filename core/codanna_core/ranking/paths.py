"""What a path says about a file: the words people remember it by, and whether it is what was asked for."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping

from codanna_core.cache import Cache
from codanna_core.records import dataclass
from codanna_core.words import index_text

_TEST_FOLDER = re.compile(
    r"(?:^|/)(?:[a-z]+Tests?|(?i:(?:\w+[_-])?tests?|specs?|testing|testdata|test[-_]\w+|fixtures?|mocks?"
    r"|__tests__|__mocks__|e2e|snapshots?))/"
)
_TEST_FILE = re.compile(
    r"(?:^|/)(?:test_[^/]*\.py|conftest\.py|[^/]*\.bats|[^/]*[._-](?:test|tests|spec)\.[a-z]+"
    r"|[^/]*[a-z](?:Test|Tests|Spec|TestCase|Suite)\.[a-z]+|tests?\.[a-z]+|test-[^/]*)$"
)
_EXAMPLE = re.compile(
    r"(?:^|[/_.\-])(?:examples?|samples?|demos?|tutorials?|playgrounds?|snippets?|docs?_src|www|website|docs?"
    r"|documentation)(?=[/_.\-]|$)",
    re.IGNORECASE,
)
_BENCH = re.compile(r"(?:^|[/_.\-])(?:bench|benches|benchmarks?|perf|fuzz\w*)(?=[/_.\-]|$)", re.IGNORECASE)
_FOREIGN = re.compile(
    r"(?:^|/)(?:vendor|third[_-]?party|node_modules|external|deps|bundled|dist|out|generated|gen)(?=/)"
    r"|\.min\.|\.g\.|\.pb\.|_pb2|generated",
    re.IGNORECASE,
)
_STUB = re.compile(r"\.(?:pyi|d\.ts|api|h\.in)$")
_PROSE = re.compile(r"\.(?:md|markdown|rst|org|txt|adoc|tex)$", re.IGNORECASE)

_REMEMBERED = 100_000

_HOLLOW = frozenset(
    {"index", "mod", "init", "__init__", "__main__", "main", "lib", "package", "default", "root"}
)
"""File names that say nothing; such a file is known by its folder."""

_DATA = re.compile(
    r"\.(?:ya?ml|jsonc?|json5|toml|xml|csv|tsv|ini|cfg|conf|lock|properties|plist|svg)$", re.IGNORECASE
)
_SYSTEMS = {
    "windows": ("win", "windows", "win32", "win64", "mingw", "msvc", "cygwin"),
    "macos": ("darwin", "macos", "osx"),
    "linux": ("linux",),
    "unix": ("unix", "posix"),
    "other": ("aix", "sunos", "solaris", "os390", "ibmi", "bsd", "freebsd", "openbsd", "netbsd", "haiku"),
}
_RUNS_HERE = {
    "win32": frozenset({"windows"}),
    "darwin": frozenset({"macos", "unix"}),
    "linux": frozenset({"linux", "unix"}),
}.get(sys.platform, frozenset(_SYSTEMS))
_ELSEWHERE = [word for system, words in _SYSTEMS.items() if system not in _RUNS_HERE for word in words]
_PLATFORM = re.compile(rf"(?:^|[/_.\-])(?:{'|'.join(_ELSEWHERE) or '(?!)'})(?=[/_.\-]|$)", re.IGNORECASE)

_SECONDARY = re.compile(
    r"(^|/)(tests?|testing|spec|specs|__tests__|examples?|samples?|demos?|fixtures?|mocks?|vendor|vendored"
    r"|third_party|thirdparty|node_modules|external)/|(^|/)(test_[^/]*|[^/]*[._-](test|spec|mock)s?\.[^/]*)$",
    re.IGNORECASE,
)
"""What a name is seldom asked for. Coarser than the classes, whose weights were fitted to questions."""

CLASSES = ("test", "example", "bench", "foreign", "stub", "prose", "data", "platform")
"""Kinds of files that are rarely meant, in the order of the bits of `PathTraits.classes`."""

_PATTERNS = (
    (1, _TEST_FOLDER),
    (1, _TEST_FILE),
    (2, _EXAMPLE),
    (4, _BENCH),
    (8, _FOREIGN),
    (16, _STUB),
    (32, _PROSE),
    (64, _DATA),
    (128, _PLATFORM),
)

ASKED_BY = {
    "test": frozenset({"test", "tests", "testing", "spec", "specs", "mock", "mocks", "fixture", "fixtures"}),
    "example": frozenset(
        {"example", "examples", "sample", "samples", "demo", "demos", "doc", "docs", "documentation"}
    ),
    "bench": frozenset({"bench", "benchmark", "benchmarks", "fuzz", "fuzzing", "perf"}),
    "data": frozenset(
        {
            "json",
            "yaml",
            "yml",
            "toml",
            "xml",
            "csv",
            "ini",
            "config",
            "configuration",
            "settings",
            "workflow",
        }
    ),
    "platform": frozenset(word for words in _SYSTEMS.values() for word in words),
}
"""Words of a question that ask for such files, which then are not put behind."""


@dataclass(frozen=True, slots=True)
class PathTraits:
    """Words are in the form in which the index knows them."""

    stem: tuple[str, ...]
    """Of the file name without its ending; with the folder's where the name itself is hollow."""
    folders: frozenset[str]
    last_folder: tuple[str, ...]
    homes: frozenset[str]
    """The names of its folders as `plain_name`s: one may be the project's own. None below `include`, where C
    keeps what it declares.
    """
    classes: int
    """A bit for each of `CLASSES`."""


class PathTable(Cache[str, PathTraits]):
    """What ranking needs to know of paths.

    A folder is looked at once: a question meets hundreds of new files, but few new folders.
    """

    def __init__(self, stems: Mapping[str, str]) -> None:
        """`stems` gives the analysed form of a word."""
        super().__init__("what the paths of files say", _REMEMBERED, self._file)
        self._stems = stems
        self._folders = Cache("what the paths of folders say", _REMEMBERED, self._folder)

    def _file(self, path: str) -> PathTraits:
        folder, _, name = path.rpartition("/")
        around = self._folders[folder]
        stem = name.rsplit(".", 1)[0] if "." in name[1:] else name
        words = self._words(stem)
        if is_hollow(stem):
            words = around.last_folder + words
        return PathTraits(
            words, around.folders, around.last_folder, around.homes, around.classes | _classes_of(name)
        )

    def _folder(self, folder: str) -> PathTraits:
        names = folder.split("/")
        return PathTraits(
            (),
            frozenset(self._words(folder)),
            self._words(names[-1]),
            frozenset() if "include" in names else frozenset(map(plain_name, names)),
            _classes_of(f"{folder}/") if folder else 0,
        )

    def _words(self, text: str) -> tuple[str, ...]:
        return tuple([self._stems[word] for word in index_text(text).split()])


def _classes_of(part: str) -> int:
    """`part` is a folder with a slash at its end, or the name of a file; no pattern reaches across both."""
    classes = 0
    for bit, pattern in _PATTERNS:
        if pattern.search(part):
            classes |= bit
    return classes


def is_hollow(stem: str) -> bool:
    """Whether a file of this name is known by its folder."""
    return stem.lower() in _HOLLOW


def is_secondary(path: str) -> bool:
    """Whether a path is of tests, examples or copies of other projects."""
    return _SECONDARY.search(path) is not None


def is_test(path: str) -> bool:
    """Whether a path is of tests or what they need."""
    return _TEST_FOLDER.search(path) is not None or _TEST_FILE.search(path) is not None


def plain_name(name: str) -> str:
    """Letters and digits only, so that `My-Project`, `my_project` and `MyProject` are one name."""
    return "".join(filter(str.isalnum, name)).lower()
