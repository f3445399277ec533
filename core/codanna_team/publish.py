"""Makes a repository's revision visible as a whole, or leaves what was there.

Each row carries marks: the attempt that brought it (`born`), those that leave it out (`died`), and where it
moved with which. A reader counts the marks of the attempts that manifests call published, so that one put of
a manifest changes what everybody sees. Marks of attempts that were never published mean nothing. Ten minutes
after a revision went, by the engine's clock, whoever publishes next removes its rows and the marks.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np
import orjson

from codanna_core.cancel import Cancel
from codanna_core.errors import CodannaError
from codanna_core.records import dataclass
from codanna_core.text.documents import file_key
from codanna_team.codebook import Codebook, packed
from codanna_team.engine import Manifest, OpenSearch, Write
from codanna_team.http import EngineError, Trouble
from codanna_team.reading import Folder, changed
from codanna_team.rows import FORMAT, FileRow, Row, counted, symbols_of
from codanna_team.sending import Checkpoint, KnownRows, Sender, content_of
from codanna_team.template import ADD_MARK, made_for
from codanna_team.visible import index_made_for, key_of, marks_of, visible

_CHECK_EVERY: Final = 20_000
"""Rows between two looks at whether another publisher took over."""
_CODED: Final = 4_000
"""Rows whose vectors are coded at once."""


@dataclass(frozen=True, slots=True)
class Target:
    """What is published, and under which names."""

    repository: str
    branch: str
    revision: str = ""
    """The commit, in hex."""
    default: bool = True
    """Whether it is the branch that questions are about unless they name one."""
    days: int = 0
    """After so many days without publishing it is removed; 0 keeps it."""

    def __post_init__(self) -> None:
        for what, text in (("repository", self.repository), ("branch", self.branch)):
            if not text or len(text) > 200 or not text.isprintable() or "@" in text or '"' in text:
                raise CodannaError(
                    f"`{text}` cannot be the name of a {what}; use up to 200 characters without @"
                )

    @property
    def key(self) -> str:
        """What its manifest is called."""
        return key_of(self.repository, self.branch)


@dataclass(slots=True)
class Report:
    """What one publishing did."""

    files: int = 0
    symbols: int = 0
    """Visible afterwards, as `files` are."""
    sent_files: int = 0
    sent_rows: int = 0
    adopted: int = 0
    """Rows that an attempt which was not published had sent."""
    moved: int = 0
    """Rows that only stand elsewhere in their file."""
    removed: int = 0
    unchanged: bool = False
    attempt: str = ""


class Publisher:
    """Publishes one repository."""

    def __init__(
        self,
        engine: OpenSearch,
        target: Target,
        codebook: Codebook | None,
        *,
        checkpoint: Checkpoint = lambda step: None,
    ) -> None:
        self._engine = engine
        self._target = target
        self._codebook = codebook
        self._checkpoint = checkpoint
        self._attempt = secrets.token_hex(5)
        self._report = Report(attempt=self._attempt)

    def plan(self, folder: Folder) -> tuple[set[str], set[str]]:
        """Files whose rows would travel, and files that would go; changes nothing."""
        manifest = self._engine.get(self._target.key)
        known = self._known(manifest.fields if manifest else {})
        return changed(folder.digests, {path: content_of(address) for path, address in known.items()})

    def publish(self, folder: Folder, cancel: Cancel | None = None, *, everything: bool = False) -> Report:
        """Bring the engine to what the folder holds; `everything` sends unchanged files, too."""
        self._check_made_for(folder.model)
        manifest = self._engine.get(self._target.key)
        before = manifest.fields if manifest else {}
        if before.get("published") and bool(before.get("default")) != self._target.default:
            raise CodannaError(f"{self._target.key} was published as another kind of branch; remove it first")
        known = self._known(before)
        there = {path: content_of(address) for path, address in known.items()}
        fresh, gone = changed(folder.digests, {} if everything else there)
        gone = set(known) if everything else gone
        if (
            not fresh
            and not gone
            and before.get("published")
            and before.get("revision") == self._target.revision
        ):
            self._report.unchanged = True
            self._report.files, self._report.symbols = int(before["files"]), int(before["symbols"])
            return self._report
        self._checkpoint("begin")
        manifest = self._begin(manifest)
        rows = KnownRows(self._engine, self._target.key, manifest.fields)
        self._send(folder, known, rows, fresh, gone, cancel)
        self._checkpoint("refresh")
        self._engine.refresh()
        manifest = self._still_ours()
        fields = self._counted(manifest.fields, len(folder.digests), everything=everything)
        self._checkpoint("commit")
        self._engine.put(self._target.key, fields, manifest.version)
        self._checkpoint("committed")
        return self._report

    # Steps

    def _check_made_for(self, model: str) -> None:
        wanted = made_for(model, self._codebook.name if self._codebook else "")
        found = index_made_for(self._engine)
        if found != wanted:
            differs = ", ".join(name for name in wanted if found.get(name) != wanted[name])
            raise CodannaError(
                f"the team's index was made for another {differs} than this version of codanna-lsp has;"
                " publish with the version that the team uses, or make a new one with `codanna-lsp team init`"
            )

    def _begin(self, manifest: Manifest | None) -> Manifest:
        """Take over: from now on no other attempt can be published."""
        before = dict(manifest.fields) if manifest else {}
        abandoned = list(before.get("abandoned") or ())
        if before.get("attempt"):
            abandoned.append({"id": before["attempt"]["id"]})
        target = self._target
        fields = {
            **before,
            "repository": target.repository,
            "branch": target.branch,
            "default": target.default,
            "format": FORMAT,
            "attempt": {"id": self._attempt},
            "abandoned": abandoned,
        }
        return self._engine.put(target.key, fields, manifest.version if manifest else None)

    def _still_ours(self) -> Manifest:
        now = self._engine.get(self._target.key)
        if now is None or (now.fields.get("attempt") or {}).get("id") != self._attempt:
            raise EngineError(Trouble.CONFLICT, f"another publisher took over {self._target.key}")
        return now

    def _send(
        self,
        folder: Folder,
        known: Mapping[str, str],
        rows: KnownRows,
        fresh: set[str],
        gone: set[str],
        cancel: Cancel | None,
    ) -> None:
        """Write what is new, mark what goes and what moved."""
        rows.read(sorted(gone))
        kept: set[str] = set()
        with Sender(self._engine, self._checkpoint) as sender:
            count = 0
            for files in _together(folder.rows(fresh, cancel)):
                for write in self._of_files(files, rows, kept):
                    sender.add(write)
                    count += 1
                if count > _CHECK_EVERY:
                    count = 0
                    self._still_ours()
            left = [address for address in rows.visible if address not in kept]
            self._report.removed = len(left)
            ended = [*left, *(known[path] for path in sorted(gone))]
            for address in ended:
                sender.add(Write(address, None, ADD_MARK, {"mark": "died", "attempt": self._attempt}))

    def _of_files(self, files: Sequence[FileRow], known: KnownRows, kept: set[str]) -> Iterator[Write]:
        fresh = [[row for row in file.rows if known.of(row.address) is None] for file in files]
        coded = iter(self._coded([row for rows in fresh for row in rows]))
        for file, rows in zip(files, fresh, strict=True):
            shared = self._shared(file)
            yield Write(self._address("f", file.digest), {**shared, **file_fields(file, shared)})
            for row in rows:
                yield Write(self._address("s", row.address), {**shared, **symbol_fields(row), **next(coded)})
            yield from self._marks(file, known, kept)
            self._report.sent_rows += len(rows)
        self._report.sent_files += len(files)

    def _marks(self, file: FileRow, known: KnownRows, kept: set[str]) -> Iterator[Write]:
        """Of rows that the engine has."""
        for row in file.rows:
            found = known.of(row.address)
            if found is None:
                continue
            kept.add(found.address)
            if not found.visible:
                self._report.adopted += 1
                yield Write(found.address, None, ADD_MARK, {"mark": "born", "attempt": self._attempt})
            place = row.place.packed()
            if place != found.place:
                self._report.moved += 1
                moved = {"mark": "moved", "attempt": self._attempt, "place": place}
                yield Write(found.address, None, ADD_MARK, moved)

    def _shared(self, file: FileRow) -> dict[str, Any]:
        """What all documents of a file have."""
        shared: dict[str, Any] = {
            "repository": self._target.repository.lower(),
            "key": self._target.key,
            "path": file.path,
            "file": _signed(file_key(f"{self._target.key}\0{file.path}")),
            "born": [self._attempt],
        }
        if not self._target.default:
            shared["side"] = self._target.branch
        return shared

    def _coded(self, rows: list[Row]) -> list[dict[str, Any]]:
        """What the engine searches vectors by, of each row; nothing where there is no codebook."""
        vectors = [row.vector for row in rows]
        if self._codebook is None or not rows or any(vector is None for vector in vectors):
            return [{} for _ in rows]
        exact = np.stack([vector for vector in vectors if vector is not None]).astype(np.float32)
        lengths = np.sqrt(np.einsum("ij,ij->i", exact, exact))
        coded = self._codebook.coded(exact / np.maximum(lengths, 1e-9)[:, None])
        found: list[dict[str, Any]] = []
        for lists, code, length in zip(coded.lists.tolist(), packed(coded), lengths.tolist(), strict=True):
            if not length:
                found.append({})  # A symbol without a single known word is near to nothing.
                continue
            encoded = base64.b64encode(code).decode("ascii")
            found.append({"lists": list(map(str, lists)), "code": encoded})
        return found

    def _address(self, kind: str, content: str) -> str:
        """Each attempt writes rows of its own: what another is about to remove never comes back by this."""
        return f"{kind}{content}-{self._attempt}"

    def _counted(self, fields: Mapping[str, Any], files: int, *, everything: bool) -> dict[str, Any]:
        """The manifest to be put, after a look at whether all that it promises is there."""
        unswept = [*(fields.get("unswept") or ()), {"id": self._attempt}]
        published = [mark["id"] for mark in unswept]
        symbols = self._engine.count(visible(published, ["s"], key=self._target.key))
        found = self._engine.count(visible(published, ["f"], key=self._target.key))
        expected = (
            int(fields.get("symbols") or 0)
            + self._report.sent_rows
            + self._report.adopted
            - self._report.removed
        )
        if found != files or (not everything and symbols != expected):
            raise CodannaError(
                f"the team's index holds {found} of {files} files and {symbols} of {expected} symbols of "
                f"{self._target.key}; publish it with --everything"
            )
        self._report.files, self._report.symbols = found, symbols
        kept = {name: value for name, value in fields.items() if name not in ("attempt", "removed")}
        return {
            **kept,
            "published": self._attempt,
            "revision": self._target.revision,
            "files": found,
            "symbols": symbols,
            "days": self._target.days,
            "published_at": None,
            "unswept": unswept,
        }

    def _known(self, before: Mapping[str, Any]) -> dict[str, str]:
        """The addresses of the files that the engine shows now, by path."""
        if not before.get("published"):
            return {}
        query = visible(marks_of(before), ["f"], key=self._target.key)
        return {str(hit["_source"]["path"]): str(hit["_id"]) for hit in self._engine.scan(query, ["path"])}


def _together(files: Iterable[FileRow]) -> Iterator[list[FileRow]]:
    """Vectors of many files are coded in less time than those of each."""
    together: list[FileRow] = []
    for file in files:
        together.append(file)
        if symbols_of(together) >= _CODED:
            yield together
            together = []
    if together:
        yield together


def file_fields(file: FileRow, shared: Mapping[str, Any]) -> dict[str, Any]:
    """A file as the engine holds it, without what it shares with its symbols. Its first symbol stands for it
    where its path is what was asked for.
    """
    fields = {"t": "f", "language": file.language, "file_words": file.words, "uses": file.uses}
    if not file.rows:
        return fields
    head = {**shared, **symbol_fields(file.rows[0]), "content": file.rows[0].address}
    encoded = base64.b64encode(orjson.dumps(head)).decode("ascii")
    return {**fields, "path_words": file.path_words, "head": encoded}


def symbol_fields(row: Row) -> dict[str, Any]:
    """A symbol as the engine holds it, without what it shares with its file."""
    fields: dict[str, Any] = {
        "t": "s",
        "language": row.language,
        "kind": row.kind,
        "words": counted(row.words),
        "traits": row.traits,
        "place": row.place.packed(),
    }
    for name in ("container", "container_words", "signature", "doc", "snippet", "flags"):
        if value := getattr(row, name):
            fields[name] = value
    fields["name"] = row.name
    if row.vector is not None:
        fields["vector"] = base64.b64encode(row.vector.tobytes()).decode("ascii")
    return fields


def _signed(value: int) -> int:
    """Of 64 bits, as the engine has them."""
    return value - (1 << 64) if value >> 63 else value
