"""Repositories that are made up: many rows without a parser."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path

import numpy as np

from codanna_core.cancel import Cancel
from codanna_core.config import Settings
from codanna_team.reading import Folder
from codanna_team.rows import FileRow, Place, Row, int8_rows

WORDS = [
    *("parse", "socket", "buffer", "cluster", "invoice", "ledger", "packet", "stream", "token", "render"),
    *("widget", "window", "session", "cookie", "cache", "queue", "worker", "thread", "signal", "handler"),
    *("router", "request", "response", "header", "payload", "vector", "matrix", "kernel", "driver"),
    *("device", "sensor", "motor", "engine"),
]
OF_A_FILE = 50


@dataclass
class Made(Folder):
    """A repository of files with fifty functions each. A version of a file changes its first functions."""

    versions: dict[int, int] = field(default_factory=dict)
    changed_rows: int = 1
    """How many functions of a file a new version changes."""

    @classmethod
    def of(
        cls, name: str, files: int, model: str, versions: dict[int, int] | None = None, changed: int = 1
    ) -> Made:
        """So many files."""
        made = cls(Path(name), Settings(), model, versions=versions or {}, changed_rows=changed)
        for number in range(files):
            version = made.versions.get(number, 0)
            digest = blake2b(f"{name}/{number}/{version}".encode(), digest_size=16).hexdigest()
            made.digests[f"part{number % 7}/file{number}.py"] = digest
        return made

    @property
    def symbols(self) -> int:
        """All of them."""
        return OF_A_FILE * len(self.digests)

    def rows(self, paths: Collection[str], cancel: Cancel | None = None) -> Iterator[FileRow]:
        """Made when they are asked for."""
        for path in sorted(paths):
            yield self._file(path)

    def _file(self, path: str) -> FileRow:
        number = int(path.rpartition("file")[2].partition(".")[0])
        version = self.versions.get(number, 0)
        rows = []
        vectors = np.random.default_rng(number).standard_normal((OF_A_FILE, 256)).astype(np.float32)
        for place, vector in enumerate(int8_rows(vectors)):
            is_changed = version > 0 and place < self.changed_rows
            ending = f"_v{version}" if is_changed else ""
            name = f"do_{WORDS[(number + place) % len(WORDS)]}_{number}_{place}{ending}"
            mark = f"rev{version}" if is_changed else "rev0"
            words = [*name.split("_")[:2], WORDS[place % len(WORDS)], mark]
            address = blake2b(f"{self.root}/{number}/{name}".encode(), digest_size=12).hexdigest()
            first = 10 * place + (version if not is_changed else 0)
            rows.append(
                Row(
                    path,
                    "python",
                    "function",
                    name,
                    "",
                    f"def {name}(one: int) -> int",
                    f"Does {words[1]}.",
                    f"def {name}(one: int) -> int:",
                    0,
                    1 | 8 << 8,
                    " ".join(word + "k" for word in dict.fromkeys(words)),
                    "",
                    vector,
                    Place(first, 0, first + 5, 0, first, 4, 4 + len(name), place),
                    address,
                )
            )
        return FileRow(
            path, "python", self.digests[path], f"part{number % 7} file", "parse", "int", tuple(rows)
        )
