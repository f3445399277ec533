"""Keeps the projects that search is measured on out of the training data, whatever they are packaged as."""

from __future__ import annotations

import json
import re
from pathlib import Path

_LIST = Path(__file__).with_name("excluded-projects.txt")
_LABELLED = Path(__file__).parents[1] / "benchmarks" / "labels" / "repositories.json"
# Names that packages or folders of these projects go by, beyond the project's own name.
_ALIASES = Path(__file__).with_name("excluded-names.txt")


def projects() -> list[str]:
    """The excluded projects as `owner/name`: those of the public benchmark, and those with labels of ours."""
    labelled = [repository["repository"] for repository in json.loads(_LABELLED.read_text())]
    return [*_LIST.read_text().split(), *labelled]


_NAMES = frozenset(_ALIASES.read_text().split()) | {
    project.partition("/")[2].lower() for project in projects()
}
_SLUGS = re.compile("|".join(re.escape(project.lower()) for project in projects()))
# In a Debian name the project is one of the parts: ruby-rack, haskell-aeson, librust-serde-dev.
_PACKAGING = re.compile(
    r"^(?:python3?-|ruby-|haskell-|php-|node-|golang-|librust-|libghc-|lib)|(?:-dev|-java|-doc|-src)$"
)


def excluded_package(name: str) -> bool:
    """Whether a package of a registry holds an excluded project."""
    bare = _PACKAGING.sub("", _PACKAGING.sub("", name.lower()))
    return bool({name.lower(), bare, name.lower().partition("/")[0]} & _NAMES)


def excluded_path(path: str) -> bool:
    """Whether a file inside a package lies in a folder named like an excluded project: a vendored copy."""
    parts = path.lower().split("/")
    stem = parts[-1].split(".")[0]
    return any(re.sub(r"[-_]v?\d[\w.+-]*$", "", part) in _NAMES for part in [*parts[:-1], stem])


def excluded_text(data: bytes) -> bool:
    """Whether the head of a file names an excluded project by its address."""
    return bool(_SLUGS.search(data[:4000].decode("utf-8", "replace").lower()))
