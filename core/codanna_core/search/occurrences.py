"""Where a name stands, whatever it means there: uses in code, mentions in strings, names of tests."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import NamedTuple

from codanna_core.ranking.paths import is_test
from codanna_core.relations.facts import Binds, Role
from codanna_core.relations.scopes import Table
from codanna_core.relations.typer import Typer
from codanna_core.relations.values import FILE, Target
from codanna_core.search.relations import ViewProvider
from codanna_core.search.view import SearchView
from codanna_core.words import parts_of

MOST = 20_000
MOST_FILES = 5_000
_AROUND = (Binds.FUNCTION, Binds.TYPE, Binds.MACRO)


class Occurrence(NamedTuple):
    """A place of a file."""

    path: str
    at: int
    """First byte."""
    size: int
    line: int
    role: str
    """As of edges; `text` in a comment or string, `test` as a part of a test's name."""
    source: Target
    """The definition around it; its number is `FILE` at the top of a file."""
    reason: str


class Occurrences:
    """The places of one name. It stops after `MOST` of them or `MOST_FILES` files, not `complete` then."""

    def __init__(self, name: str, view: SearchView, provider: ViewProvider, typer: Typer) -> None:
        self._name = name
        self._view = view
        self._provider = provider
        self._typer = typer
        self._count = 0
        self.files = self.of_files = 0

    @property
    def complete(self) -> bool:
        """Whether all files were looked through."""
        return self.files == self.of_files and self._count < MOST

    def used(self) -> Iterator[list[Occurrence]]:
        """Uses of the identifier outside comments and strings, those of one file at a time."""
        for path in self._through(self._provider.using(self._name)):
            table = self._typer.table(path)
            if table is not None:
                yield self._counted(list(self._in_code(path, table)))

    def mentioned(self) -> Iterator[list[Occurrence]]:
        """The name in comments and strings as a word, and in names of tests as a part."""
        word = re.compile(rb"(?<![\w$])%b(?![\w$])" % re.escape(self._name.encode("utf-8", "replace")))
        for path in self._through(self._provider.mentioning(self._name)):
            lines = self._provider.lines(path)
            if lines is None:
                continue
            table = self._typer.table(path)
            in_code = {one.at for one in self._in_code(path, table)} if table is not None else set()
            in_code |= {row.at for row in table.facts.bindings if row.name == self._name} if table else set()
            found = [
                self._place(path, table, match.start(), lines.line_of(match.start()))
                for match in word.finditer(lines.data)
                if match.start() not in in_code
            ]
            yield self._counted(found)
        yield self._counted(list(self._tests()))

    def _through(self, paths: Collection[str]) -> Iterator[str]:
        self.of_files += len(paths)
        for path in sorted(paths):
            if self.files >= MOST_FILES or self._count >= MOST:
                return
            self.files += 1
            yield path

    def _counted(self, found: list[Occurrence]) -> list[Occurrence]:
        self._count += len(found)
        return found

    def _in_code(self, path: str, table: Table) -> Iterator[Occurrence]:
        size = len(self._name.encode())
        uses: dict[int, Occurrence] = {}
        for row in table.facts.bindings:
            if row.name == self._name and row.kind in (Binds.IMPORT, Binds.EXPORT):
                role = Role.IMPORT.name.lower()
                uses[row.at] = Occurrence(
                    path, row.at, size, row.line, role, self._owner(path, row.owner), _USED
                )
        for use in table.facts.references:
            if use.name == self._name:
                role = Role(use.role).name.lower()
                uses[use.at] = Occurrence(
                    path, use.at, size, use.line, role, self._owner(path, use.owner), _USED
                )
        yield from (uses[at] for at in sorted(uses))

    def _owner(self, path: str, owner: int) -> Target:
        return Target(path, owner if owner >= 0 else FILE)

    def _place(self, path: str, table: Table | None, at: int, line: int) -> Occurrence:
        around = FILE
        for number, row in enumerate(table.facts.bindings if table is not None else ()):
            if row.kind in _AROUND and row.start <= at < row.end:
                around = number
        size = len(self._name.encode())
        return Occurrence(path, at, size, line, "text", Target(path, around), "in a comment or a string")

    def _tests(self) -> Iterator[Occurrence]:
        """Tests whose names have the parts of the name side by side."""
        parts = parts_of(self._name)
        for path in sorted(self._provider.mentioning(" ".join(parts))):
            table = self._typer.table(path) if is_test(path) else None
            for number, row in enumerate(table.facts.bindings if table is not None else ()):
                own = parts_of(row.name) if row.kind in _AROUND and row.name != self._name else []
                if any(own[at : at + len(parts)] == parts for at in range(len(own) - len(parts) + 1)):
                    size = len(row.name.encode())
                    yield Occurrence(
                        path, row.at, size, row.line, "test", Target(path, number), "in the name of a test"
                    )


_USED = "a use of the name, which nothing here defines"
