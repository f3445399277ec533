"""All that a run changes together, so that no part of it stays behind the others."""

from __future__ import annotations

from codanna_core.indexing.facts import FactsOnDisk
from codanna_core.indexing.file_state import FileState
from codanna_core.indexing.missing import MissingVectors
from codanna_core.indexing.models import Models
from codanna_core.indexing.text_store import TextStore
from codanna_core.names.store import NameStore
from codanna_core.parsing.parser import Parsing
from codanna_core.text.writer import TextWriter


class Stores:
    """The text index with its open writer, the table of files, the names, the facts, and the model with its
    vectors."""

    def __init__(
        self,
        text: TextStore,
        files: FileState,
        names: NameStore,
        models: Models,
        missing: MissingVectors,
        parsing: Parsing,
        facts: FactsOnDisk,
    ) -> None:
        self.text = text
        self.files = files
        self.names = names
        self.models = models
        self.missing = missing
        self.parsing = parsing
        self.facts = facts
        self._writer: TextWriter | None = None
        self._writer_is_bulk = False

    def text_writer(self, *, bulk: bool) -> TextWriter:
        """The open writer of the text index, or a new one; a `bulk` one uses more memory."""
        if self._writer is not None and bulk and not self._writer_is_bulk:
            self.drop_writer(wait=True)
        if self._writer is None:
            self._writer = self.text.index.writer(bulk=bulk)
            self._writer_is_bulk = bulk
        return self._writer

    def drop_writer(self, *, wait: bool = False) -> None:
        """Close the open writer, after its merges or without them."""
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close(wait_for_merges=wait)

    def abandon_writer(self) -> None:
        """Let go of what was not committed, so that the next run starts from a known state."""
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.abandon()

    def start_text_anew(self) -> None:
        """An empty text index takes the place of the one that is there; what is derived from it goes too."""
        self.drop_writer()
        self.text.start_anew()
        self.files.forget()
        self.names.forget(self.text.snapshot())

    def save_derived(self) -> None:
        """Write what is quicker to read than to rebuild, but the names."""
        snapshot = self.text.snapshot()
        self.files.save(snapshot.generation)
        self.parsing.verdicts.save()
        self.text.save_stamps()
        self.missing.record(snapshot)

    def close(self) -> None:
        """Let everything go whose files are gone; it is opened again when it is needed."""
        self.abandon_writer()
        self.models.close()
        self.names.close()
