"""The one writer of the text index: collects changes and commits them at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import orjson
import tantivy

from codanna_core.text.documents import pack_payload
from codanna_core.text.errors import writing
from codanna_core.text.paths import META
from codanna_core.text.reader import TextSnapshot


class TextWriter:
    """Collects changes and commits them at once. Used by one thread."""

    def __init__(self, writer: tantivy.IndexWriter, folder: Path, base: TextSnapshot) -> None:
        self._writer = writer
        self._folder = folder
        self._generation = base.generation
        self.missing = self._stated_missing = base.missing
        """Files of the folder that are still to be read; every commit states it."""

    @property
    def has_to_restate(self) -> bool:
        """Whether there is no commit yet, or it states another number of missing files than there are."""
        return self.missing != self._stated_missing or not self._generation

    def delete_file(self, path: str) -> None:
        """Forget a file and its symbols."""
        with writing(self._folder):
            self._writer.delete_documents_by_term("owner", path)
            self._writer.delete_documents_by_term("file", path)

    def add_file(self, file_document: str, symbol_documents: Iterable[str]) -> None:
        """Add a file with its symbols."""
        add = self._writer.add_json
        with writing(self._folder):
            for document in symbol_documents:
                add(document)
            add(file_document)

    def commit(self, checkpoint: Callable[[str], None]) -> int:
        """Publish the changes as the next generation."""
        missing = self.missing
        payload = pack_payload((self._generation + 1, missing))
        with writing(self._folder):
            self._writer.delete_documents_by_term("file", META)
            self._writer.add_json(orjson.dumps({"file": META, "data": payload}).decode("ascii"))
            checkpoint("text:before-commit")
            self._writer.commit()
        self._generation += 1
        self._stated_missing = missing
        checkpoint("text:after-commit")
        return self._generation

    def abandon(self) -> None:
        """Drop what was not committed and release tantivy's own lock, whatever state the writer is in."""
        try:
            self._writer.rollback()
        except ValueError:
            pass  # A writer that died of a full disk cannot roll back; nothing of it was published anyway.
        del self._writer

    def close(self, *, wait_for_merges: bool) -> None:
        """Release tantivy's own lock. Merges that are not waited for are given up and done another time."""
        if wait_for_merges:
            self._writer.wait_merging_threads()
        del self._writer
