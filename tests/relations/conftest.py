"""Small projects in memory, and what each marked use in them resolves to."""

from __future__ import annotations

import re
from collections.abc import Callable
from textwrap import dedent

import pytest

from codanna_core.relations.edges import Relations
from codanna_core.relations.resolve import Resolution
from codanna_core.relations.values import FILE, Target
from codanna_core.testing.relations import MemoryProvider

_MARK = re.compile(
    r"=> (?P<name>[\w.]+) (?P<target>\S+)(?: (?P<tier>certain|likely|possible))?\s*(?:\*/)?\s*$"
)


def project(files: dict[str, str]) -> MemoryProvider:
    return MemoryProvider({path: dedent(text).lstrip("\n").encode() for path, text in files.items()})


def label(relations: Relations, target: Target) -> str:
    """`path:Owner.name` of a definition."""
    if target.number == FILE:
        return target.path
    table = relations.resolver.typer.table(target.path)
    assert table is not None
    names = []
    number = target.number
    row = table.row(number)
    names.append(row.name)
    if row.container:
        names.append(row.container)
    while row.owner >= 0:
        row = table.row(row.owner)
        names.append(row.container or row.name)
    return f"{target.path}:{'.'.join(reversed(names))}"


def check_marks(files: dict[str, str]) -> None:
    """Each line that ends with the comment `=> NAME PATH:DEFINITION [TIER]` uses that definition.

    `nothing` instead of a definition says that the name means nothing of the project. The tier is `certain`
    unless the mark says otherwise.
    """
    provider = project(files)
    relations = Relations(provider)
    marks = 0
    for path, data in provider.texts.items():
        for number, line in enumerate(data.decode().splitlines()):
            mark = _MARK.search(line)
            if mark is None:
                continue
            marks += 1
            result = use(relations, provider, path, number, mark["name"])
            found = [label(relations, target) for target in result.targets]
            wanted = [] if mark["target"] == "nothing" else mark["target"].split(",")
            wanted = [item if ":" in item or "/" in item else f"{path}:{item}" for item in wanted]
            where = f"{path}:{number + 1} {line.strip()}"
            assert sorted(found) == sorted(wanted), f"{where}\n found {found}: {result.reason}"
            if wanted:
                assert result.tier.name.lower() == (mark["tier"] or "certain"), f"{where}\n {result}"
    assert marks, "nothing was marked"


def use(relations: Relations, provider: MemoryProvider, path: str, line: int, name: str) -> Resolution:
    """What the first use of a name in a line means."""
    facts = provider.facts(path)
    assert facts is not None
    found = [item for item in facts.references if item.line == line and item.name == name]
    assert found, f"{path}:{line + 1} has no use of {name}: {[r for r in facts.references if r.line == line]}"
    return relations.resolver.resolve(path, found[0])


@pytest.fixture
def check() -> Callable[[dict[str, str]], None]:
    """Check the marked uses of a small project, see `check_marks`."""
    return check_marks


@pytest.fixture
def make_project() -> Callable[[dict[str, str]], MemoryProvider]:
    """A provider over texts by path, their indentation taken off."""
    return project
