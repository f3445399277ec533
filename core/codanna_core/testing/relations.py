"""A provider of facts over files in memory, for tests and benchmarks."""

from __future__ import annotations

import posixpath
from collections import defaultdict
from collections.abc import Collection, Mapping
from pathlib import Path

from codanna_core.languages.registry import SNIFFED_BYTES, detect_language
from codanna_core.relations.encoding import Wanted, encode, may_use
from codanna_core.relations.facts import Binds, Facts
from codanna_core.relations.reader import read_facts

_SYMBOLS = {
    Binds.FUNCTION,
    Binds.TYPE,
    Binds.ALIAS,
    Binds.MODULE,
    Binds.MACRO,
    Binds.VARIABLE,
    Binds.FIELD,
    Binds.EXPORT,
    Binds.IMPORT,
}


class MemoryProvider:
    """Answers from the texts that it is given. Lists what it was asked about, in `asked`."""

    def __init__(self, texts: Mapping[str, bytes], deadline_s: float = 60.0) -> None:
        self.texts = texts
        self.all: dict[str, Facts] = {}
        self.asked: set[str] = set()
        self._encoded: dict[str, bytes] = {}
        self._using: dict[str, set[str]] = defaultdict(set)
        self._defining: dict[str, set[str]] = defaultdict(set)
        self._folders: dict[str, set[str]] = defaultdict(set)
        self._named: dict[str, set[str]] = defaultdict(set)
        for path, data in texts.items():
            self._folders[posixpath.dirname(path)].add(path)
            self._named[posixpath.basename(path)].add(path)
            language = detect_language(path, data[:SNIFFED_BYTES])
            facts = read_facts(data, language, deadline_s) if language else None
            if facts is not None:
                self._add(path, facts)

    def _add(self, path: str, facts: Facts) -> None:
        self.all[path] = facts
        for reference in facts.references:
            self._using[reference.name].add(path)
        for row in facts.bindings:
            if row.kind in _SYMBOLS and row.name != "*":
                self._defining[row.name].add(path)

    @classmethod
    def of_folder(cls, root: Path, limit: int = 4 << 20) -> MemoryProvider:
        """All files of a folder that are not too large, hidden ones left out."""
        texts = {}
        for path in sorted(root.rglob("*")):
            relative = path.relative_to(root)
            if (
                path.is_file()
                and not any(part.startswith(".") or part == "node_modules" for part in relative.parts)
                and path.stat().st_size <= limit
            ):
                texts[relative.as_posix()] = path.read_bytes()
        return cls(texts)

    def facts(self, path: str) -> Facts | None:
        self.asked.add(path)
        return self.all.get(path)

    def language(self, path: str) -> str:
        facts = self.all.get(path)
        return facts.language if facts is not None else ""

    def may_use(self, path: str, wanted: Wanted) -> bool:
        if path not in self.all:
            return True
        if path not in self._encoded:
            self._encoded[path] = encode(self.all[path])
        return may_use(self._encoded[path], wanted)

    def using(self, name: str) -> Collection[str]:
        return self._using.get(name, ())

    def defining(self, name: str) -> Collection[str]:
        return self._defining.get(name, ())

    def mentioning(self, word: str) -> Collection[str]:
        return {path for path, data in self.texts.items() if word.encode() in data}

    def exists(self, path: str) -> bool:
        return path in self.texts

    def folder(self, path: str) -> Collection[str]:
        return self._folders.get(path, ())

    def named(self, base: str) -> Collection[str]:
        found = self._named.get(posixpath.basename(base), ())
        return {path for path in found if path == base or path.endswith(f"/{base}")}

    def read(self, path: str) -> bytes | None:
        return self.texts.get(path)
