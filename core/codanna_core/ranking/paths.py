"""What a path says about a file: the words people remember it by, and whether it is what was asked for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

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
    r"(?:^|/)(?:vendor|third[_-]?party|node_modules|external|deps|bundled|dist|build|out|generated|gen|\.github"
    r"|scripts|\.yarn|\.storybook|config)(?=/)|\.min\.|\.g\.|\.pb\.|_pb2|generated",
    re.IGNORECASE,
)
_STUB = re.compile(r"\.(?:pyi|d\.ts|api|h\.in)$")
_PROSE = re.compile(r"\.(?:md|markdown|rst|org|txt|adoc|tex)$", re.IGNORECASE)

_HOLLOW = frozenset(
    {"index", "mod", "init", "__init__", "__main__", "main", "lib", "package", "default", "root"}
)
"""File names that say nothing; such a file is known by its folder."""

CLASSES = ("test", "example", "bench", "foreign", "stub", "prose")
"""Kinds of files that are rarely meant, in the order of `PathTraits.classes`."""

ASKED_BY = {
    "test": frozenset({"test", "tests", "testing", "spec", "specs", "mock", "mocks", "fixture", "fixtures"}),
    "example": frozenset(
        {"example", "examples", "sample", "samples", "demo", "demos", "doc", "docs", "documentation"}
    ),
    "bench": frozenset({"bench", "benchmark", "benchmarks", "fuzz", "fuzzing", "perf"}),
}
"""Words of a question that ask for such files, which then are not put behind."""


@dataclass(frozen=True, slots=True)
class PathTraits:
    """Words are in the form in which the index knows them."""

    stem: tuple[str, ...]
    """Of the file name without its ending; with the folder's where the name itself is hollow."""
    folders: frozenset[str]
    last_folder: tuple[str, ...]
    classes: tuple[bool, ...]
    """One for each of `CLASSES`."""


def path_traits(path: str, stems: Mapping[str, str]) -> PathTraits:
    """What ranking needs to know of a path. `stems` gives the analysed form of a word."""
    *folders, name = path.split("/")
    stem = name.rsplit(".", 1)[0] if "." in name[1:] else name
    if stem.lower() in _HOLLOW and folders:
        stem = f"{folders[-1]} {stem}"
    return PathTraits(
        tuple(stems[word] for word in index_text(stem).split()),
        frozenset(stems[word] for folder in folders for word in index_text(folder).split()),
        tuple(stems[word] for word in index_text(folders[-1]).split()) if folders else (),
        (
            bool(_TEST_FOLDER.search(path) or _TEST_FILE.search(path)),
            bool(_EXAMPLE.search(path)),
            bool(_BENCH.search(path)),
            bool(_FOREIGN.search(path)),
            bool(_STUB.search(path)),
            bool(_PROSE.search(path)),
        ),
    )
