"""Names of a large index are read back by a process of its own, while nobody waits."""

from __future__ import annotations

import logging
from pathlib import Path

from codanna_core.cancel import Cancel
from codanna_core.indexing.background import Background
from codanna_core.indexing.names_build import build_elsewhere
from codanna_core.names.store import NameStore
from codanna_core.runtime.pace import Pace
from codanna_core.storage.lock import WriterLock
from codanna_core.text.reader import TextSnapshot

log = logging.getLogger("codanna.engine")


class NamesApart:
    """Has a process of its own read the names back, as a background job: how a rebuild too large to wait for
    is done by the process that writes.
    """

    def __init__(self, background: Background, folder: Path, lock: WriterLock, pace: Pace) -> None:
        self._background = background
        self._folder = folder
        self._lock = lock
        self._pace = pace

    @property
    def allowed(self) -> bool:
        """Whether this process keeps the names, or reads those that another one keeps."""
        return self._lock.held

    def start(self, names: NameStore, text: TextSnapshot) -> None:
        """Schedule it for a state of the text index; the names are told when it is done."""
        self._background.schedule("names", lambda cancel: self._rebuild(names, text, cancel))

    def _rebuild(self, names: NameStore, text: TextSnapshot, cancel: Cancel) -> None:
        generation = build_elsewhere(text.folder, self._folder / "names", cancel, self._pace.nice)
        if not names.rebuilt_elsewhere(text, generation):
            log.warning("the names could not be read back in a process of their own")
            names.rebuild(text)
