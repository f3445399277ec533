"""Where a folder and its index are, and the removal of the index."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from codanna_core.config import Settings, load_settings
from codanna_core.errors import IndexLocked, InvalidQuery
from codanna_core.indexing.layout import IndexFolder, index_folder
from codanna_core.indexing.ownership import Standing
from codanna_core.runtime.folders import expanded
from codanna_core.storage.lock import WriterLock


def remove_index(
    root: Path | str, index_dir: Path | str | None = None, *, overrides: Mapping[str, Any] | None = None
) -> Path | None:
    """Remove the index of a folder, whatever wrote it; None where there is none.

    Raises IndexLocked where a process writes it, and IndexRefused where the folder is not its index. Files
    that are not the index's own stay.
    """
    checked = Path(os.path.realpath(os.path.expanduser(root)))
    settings, _ = load_settings(checked, overrides)
    folder = IndexFolder(index_path(checked, index_dir, settings), checked)
    if folder.check() is Standing.FREE and not folder.lock_file.exists():
        return None
    lock = WriterLock(folder.lock_file)
    if not lock.acquire():
        if lock.refused is not None:
            raise lock.refused
        raise IndexLocked(f"process {lock.owner()} writes the index in {folder.path}; end it first")
    with lock:
        folder.remove()
    return folder.path


def index_path(root: Path, index_dir: Path | str | None, settings: Settings) -> Path:
    """Where the index of a folder is: as the caller says, else as the settings say."""
    if index_dir is not None:
        path = Path(os.path.abspath(os.path.expanduser(index_dir)))
    else:
        path = index_folder(root, expanded(settings.index.dir) if settings.index.dir else None)
    return _unicode(path, "choose another location with --index-dir")


def checked_root(root: Path | str) -> Path:
    """The folder to be indexed, by its real path; raises where there is none, or none that can be named."""
    path = Path(os.path.abspath(os.path.expanduser(root)))
    if not path.exists():
        raise FileNotFoundError(f"there is no folder {path}")
    if not path.is_dir():
        raise NotADirectoryError(f"{path} is a file; give the folder that contains it")
    return _unicode(Path(os.path.realpath(path)), "rename the folder")


def relative_to(root: Path | str, path: str | os.PathLike[str], system: ModuleType = os.path) -> str:
    """A path below the root in the index's form; raises InvalidQuery for a path outside."""
    text = os.fspath(path)
    full = system.normpath(system.join(root, text))
    try:
        relative = str(system.relpath(full, root))
    except ValueError:  # On another drive of Windows.
        relative = os.pardir
    if relative == os.pardir or relative.startswith(os.pardir + system.sep) or system.isabs(relative):
        raise InvalidQuery(f"{text} is not inside {root}")
    return relative.replace(system.sep, "/")


def _unicode(path: Path, remedy: str) -> Path:
    """Refuse a place whose name has bytes that are no text: no editor and no index could name it."""
    try:
        os.fspath(path).encode("utf-8")
    except UnicodeEncodeError:
        raise InvalidQuery(f"{os.fspath(path)!a} is not valid Unicode; {remedy}") from None
    return path
