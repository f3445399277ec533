"""The one rule for saved texts: each stays findable until the published index holds its digest, whichever
process writes it.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from stat import S_ISREG

from codanna_core.config import DiscoverySettings
from codanna_core.files import content_hash, decode, is_indexable
from codanna_core.indexing.prepare import read_file
from codanna_core.overlay import Buffers, OverlayFile, read_buffer
from codanna_core.parsing.parser import Parsing
from codanna_core.text.reader import TextSnapshot

_LIMIT = 1 << 19
"""Reading a larger file twice would take longer than waiting for a writer that runs in this process."""


class SavedTexts:
    """Puts what was saved among the buffers, and takes it away once the index speaks for it."""

    def __init__(
        self,
        root: Path,
        buffers: Buffers,
        parsing: Parsing,
        published: Callable[[], TextSnapshot | None],
        settings: DiscoverySettings,
    ) -> None:
        self._root = root
        self._buffers = buffers
        self._parsing = parsing
        self._published = published
        self._settings = settings
        self._looked: tuple[Path, int] | None = None
        """The state of the index in which all of them were looked up last."""

    def change_settings(self, settings: DiscoverySettings) -> None:
        """Judge by these from now on which files are not to be indexed."""
        self._settings = settings

    @property
    def waiting(self) -> bool:
        """Whether the index has yet to take in what was saved."""
        return bool(self._buffers.saved())

    def show(self, path: str, *, write_here: bool) -> OverlayFile | None:
        """Find a file as it is on disk from now on; None where the index knows this content, or is not to
        know it.
        """
        file = self._read(path, write_here=write_here)
        if file is None:
            self._buffers.drop(self._buffers.saved([path]))
            return None
        self._buffers.put(file)
        # It may have been published while it was read.
        text = self._published()
        if text is not None and _holds(text, file):
            self._buffers.drop([file])
        return file

    def end_published(self, text: TextSnapshot) -> None:
        """Let this state of the index speak for all that it holds."""
        state = (text.folder, text.generation)
        if state == self._looked:
            return
        self._looked = state
        held = [file for file in self._buffers.saved() if _holds(text, file)]
        self._buffers.drop(held)

    def look_again(self, *, write_here: bool) -> None:
        """The same for the newest state; what somebody else changed on disk since is read again."""
        text = self._published()
        if text is None:
            return
        self.end_published(text)
        for file in self._buffers.saved():
            if self._left_out(file.path, text) or file.digest != self._digest_on_disk(file.path):
                self.show(file.path, write_here=write_here)

    def _read(self, path: str, *, write_here: bool) -> OverlayFile | None:
        try:
            if not S_ISREG(os.lstat(self._root / path).st_mode):
                return None  # A link may lead out of the folder.
        except OSError:
            return None
        text = self._published()
        if self._left_out(path, text):
            return None
        prepared, data = read_file(self._root, path, self._settings)
        if prepared.skipped is not None or prepared.gone:
            return None
        digest = content_hash(data)
        known = text.file(path) if text is not None else None
        if known is not None and known.digest == digest:
            return None
        content = decode(data)[0]
        typed = self._buffers.typed(path)
        if typed is not None and typed.text == content:
            return replace(typed, saved=True, digest=digest)
        if write_here and typed is None and len(data) > _LIMIT:
            return None
        return replace(read_buffer(path, content, self._parsing), saved=True, digest=digest)

    def _left_out(self, path: str, text: TextSnapshot | None) -> bool:
        """Whether a file that is not in the index is not to be in it."""
        if text is not None and text.file(path) is not None:
            return False
        return is_indexable(self._root, path, self._settings) is not None

    def _digest_on_disk(self, path: str) -> bytes:
        """What a file is on disk; empty where there is none to be read."""
        prepared, data = read_file(self._root, path, self._settings)
        return b"" if prepared.gone or prepared.skipped is not None else content_hash(data)


def _holds(text: TextSnapshot, file: OverlayFile) -> bool:
    known = text.file(file.path)
    return known is not None and known.digest == file.digest
