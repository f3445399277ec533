"""Opens or makes a text index on disk, and hands out its readers and its writer."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import tantivy

from codanna_core.errors import IndexCorrupt
from codanna_core.storage.private import make_folder
from codanna_core.text.errors import classify_error, writing
from codanna_core.text.paths import META
from codanna_core.text.reader import TextSnapshot
from codanna_core.text.schema import TERMS, build_schema, terms_tokenizer
from codanna_core.text.verify import check_names, read_json
from codanna_core.text.writer import TextWriter

if TYPE_CHECKING:
    from tempfile import TemporaryDirectory

_BULK_HEAP = 192_000_000
_SAVE_HEAP = 30_000_000


class TextIndex:
    """Opens or makes the index folder. Reading needs no lock; `writer` is for the one process that holds
    it.
    """

    def __init__(self, folder: Path, *, create: bool) -> None:
        self.folder = folder
        self._schema = build_schema()
        self._lock = threading.Lock()
        self._stamp: tuple[int, int, int] | None = None
        self._snapshot: TextSnapshot | None = None
        self._links: TemporaryDirectory[str] | None = None
        meta = folder / "meta.json"
        if create:
            make_folder(folder)
        elif not os.access(folder, os.W_OK):
            from tempfile import TemporaryDirectory

            # Tantivy locks even to read, which a place that cannot be written does not let it do.
            self._links = TemporaryDirectory(prefix="codanna-lsp-")
        try:
            if create and not meta.exists():
                self._index = tantivy.Index(self._schema, str(folder), reuse=False)
            else:
                self._check_meta(meta)
                self._link()
                self._index = tantivy.Index(
                    self._schema, self._links.name if self._links is not None else str(folder), reuse=True
                )
            self._index.register_tokenizer(TERMS, terms_tokenizer())
            self._index.config_reader("manual")
            self._index.reload()
        except ValueError as error:
            raise classify_error(error, folder, "cannot be opened") from error

    def _check_meta(self, meta: Path) -> None:
        # Tantivy panics on some kinds of damage, so what can be checked cheaply is checked before it looks.
        try:
            check_names(self.folder)
            described = read_json(meta)
            segments = [segment["segment_id"].replace("-", "") for segment in described["segments"]]
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise classify_error(error, meta, "cannot be read") from error
        for segment in segments:
            if not (self.folder / f"{segment}.store").exists():
                raise IndexCorrupt(meta, f"names the segment {segment}, which is not there")

    def _link(self) -> None:
        if self._links is None:
            return
        for entry in os.scandir(self.folder):
            link = os.path.join(self._links.name, entry.name)
            if not entry.name.startswith(".tantivy") and not os.path.lexists(link):
                os.symlink(os.path.abspath(entry.path), link)

    def snapshot(self) -> TextSnapshot:
        """The newest committed state, whichever process committed it."""
        info = os.stat(self.folder / "meta.json")
        stamp = (info.st_mtime_ns, info.st_size, info.st_ino)
        with self._lock:
            if self._snapshot is None or stamp != self._stamp:
                try:
                    self._link()
                    self._index.reload()
                    self._snapshot = TextSnapshot(self._index.searcher(), self._schema, self.folder)
                except ValueError as error:
                    raise classify_error(error, self.folder, "cannot be read") from error
                self._stamp = stamp
            return self._snapshot

    def writer(self, *, bulk: bool) -> TextWriter:
        """A writer; `bulk` takes more memory to index a large folder with fewer segments."""
        try:
            writer = self._index.writer(_BULK_HEAP if bulk else _SAVE_HEAP, 1)
        except ValueError as error:
            raise classify_error(error, self.folder, "cannot be written") from error
        # A new writer counts its operations from the number of the last commit, and a merge takes the first
        # of them for a part of that commit and passes over it. So the first one deletes nothing.
        writer.delete_documents_by_term("file", META + "\x00")
        # A process that was killed in the middle of a commit leaves a list of deleted documents that no state
        # names, and the same work done again writes one of the same name.
        with writing(self.folder):
            writer.garbage_collect_files()
        return TextWriter(writer, self.folder, self.snapshot())
