"""What is not saved in an editor yet, or was saved a moment ago, counts for agents, too."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from pathlib import Path

from codanna_core.errors import CodannaError
from codanna_core.files import is_indexable
from codanna_core.files.inside import is_inside
from codanna_core.search.service import IndexService
from codanna_core.workspace.folder import Folder
from codanna_rpc.unsaved import Listening

logger = logging.getLogger(__name__)


class UnsavedTexts:
    """Those of one folder, from the servers of running editors. Any thread."""

    def __init__(self, root: Path) -> None:
        self._listening = Listening(root)
        self._lock = threading.Lock()
        self._shown: dict[str, str] = {}

    def show(self, folder: Folder, engine: IndexService) -> Mapping[str, str]:
        """Let the engine answer with the texts of now, and give them by their paths."""
        with self._lock:
            heard = self._listening.hear()
            gone = self._shown.keys() - heard.texts.keys()
            for path in gone | {path for path in heard.on_disk if is_inside(path)}:
                self._over(folder, engine, path)
            for path, text in heard.texts.items():
                if self._shown.get(path) == text:
                    continue
                if _is_searched(engine, path, text):
                    engine.set_overlay(path, text)
                    self._shown[path] = text
                elif path in self._shown:
                    self._over(folder, engine, path)
            return dict(self._shown)

    def _over(self, folder: Folder, engine: IndexService, path: str) -> None:
        """The text was saved or dropped: what is on disk counts, from this answer on."""
        self._shown.pop(path, None)
        try:
            engine.saved(path)
        except (OSError, ValueError, CodannaError) as error:
            logger.info("a saved file is shown once it is indexed: %s", error)
        engine.clear_overlay(path)
        folder.update([path])


def _is_searched(engine: IndexService, path: str, text: str) -> bool:
    """Whether the file is one that answers may show; what another process says is data."""
    settings = engine.settings.discovery
    if not is_inside(path) or len(text.encode("utf-8", "surrogatepass")) > settings.max_file_size:
        return False
    try:
        return is_indexable(engine.root, path, settings) is None
    except (OSError, ValueError, CodannaError):
        return False
