"""The rows of a folder, as indexing would describe its files, read by the same workers."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import field
from pathlib import Path

from codanna_core.cancel import Cancel
from codanna_core.config import Settings
from codanna_core.errors import CodannaError
from codanna_core.files import content_hash, to_utf8
from codanna_core.files.found import Scan
from codanna_core.files.walk import scan
from codanna_core.indexing.pool import WorkerPool
from codanna_core.indexing.prepare import FileTask, Prepared, WorkerSetup, read_file
from codanna_core.indexing.waiting import worker_count
from codanna_core.records import dataclass
from codanna_core.runtime.pace import AT_ONCE
from codanna_team.rows import FileRow, file_digest, rows_of_file


@dataclass(slots=True)
class Folder:
    """The files of a folder that its rules let through, by what their rows depend on."""

    root: Path
    settings: Settings
    model: str
    """Id of the model whose vectors travel."""
    digests: dict[str, str] = field(default_factory=dict)
    """By path, of each file that is text."""
    sizes: dict[str, int] = field(default_factory=dict)

    @classmethod
    def read(cls, root: Path, settings: Settings, model: str, cancel: Cancel | None = None) -> Folder:
        """Walk, and look at every content once."""
        folder = cls(root, settings, model)
        found: Scan = scan(root, settings.discovery, cancel=cancel)
        for path in found.paths:
            if cancel is not None:
                cancel.raise_if_cancelled()
            prepared, data = read_file(root, path, settings.discovery)
            if prepared.skipped is None and not prepared.gone:
                folder.digests[path] = file_digest(content_hash(data), path, model)
                folder.sizes[path] = len(data)
        return folder

    def rows(self, paths: Collection[str], cancel: Cancel | None = None) -> Iterator[FileRow]:
        """Those of some of the files, in any order. A file that changed since it was looked at is read as it
        was not: publishing stops, for what would become visible was never there as a whole.
        """
        if not paths:
            return
        tasks = [(FileTask(path), self.sizes[path]) for path in sorted(paths)]
        setup = WorkerSetup(
            self.root,
            self.settings.discovery,
            self.settings.semantic,
            self.model,
            want_texts=False,
            unparsed={},
        )
        pool = WorkerPool(setup, worker_count(self.settings, len(tasks)), AT_ONCE)
        try:
            for batch in pool.prepare_all(tasks, cancel):
                for prepared in batch:
                    yield self._file_row(prepared)
        finally:
            pool.close()

    def _file_row(self, prepared: Prepared) -> FileRow:
        path = prepared.path
        again, data = read_file(self.root, path, self.settings.discovery)
        known = self.digests[path]
        if prepared.gone or again.gone or file_digest(content_hash(data), path, self.model) != known:
            raise CodannaError(f"{path} changed while it was published; publish again")
        if prepared.skipped is not None:
            # Its parser gave up on it: it is known by its path alone, and stays so until it changes.
            return FileRow(path, "text", known, "", "", "", ())
        if self.model and prepared.vectors is None and prepared.documents:
            raise CodannaError(
                f"the model {self.model} could not be loaded by the workers; see `codanna-lsp doctor`"
            )
        lines = to_utf8(data)[0].decode("utf-8", "replace").splitlines()
        return rows_of_file(known, prepared.file_document, prepared.documents, prepared.vectors, lines)


def changed(now: Mapping[str, str], there: Mapping[str, str]) -> tuple[set[str], set[str]]:
    """Paths whose rows have to travel, and paths that are gone or are something else by now."""
    fresh = {path for path, digest in now.items() if there.get(path) != digest}
    gone = {path for path, digest in there.items() if now.get(path) != digest}
    return fresh, gone
