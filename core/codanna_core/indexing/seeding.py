"""A new index starts from that of another worktree of the same repository, so that the same contents are
neither parsed nor embedded twice, and sealed files take no room twice.

Files are shared, never an index: each worktree has its own folder, lock and manifests, and what it changes
are new files. Paths in an index are relative, and the run that follows compares every file by its content,
so what differs is indexed, and what this worktree does not have is removed.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from dataclasses import replace

from codanna_core.errors import CodannaError
from codanna_core.files.worktrees import other_worktrees
from codanna_core.indexing.layout import IndexFolder, IndexState, index_folder
from codanna_core.indexing.names_on_disk import is_text_folder
from codanna_core.indexing.ownership import Standing
from codanna_core.storage.collect import remove_folder
from codanna_core.storage.directory import FsDirectory
from codanna_core.text.verify import segment_files

log = logging.getLogger("codanna.engine")

_ATTEMPTS = 3
"""The other index may be written meanwhile."""
_FILES = ("files.bin", "verified.json", "complete.json", "unparsed.json")
"""Beside the folders; `listing.bin` knows the other worktree's folders and stays there."""
_HEADS = frozenset({"meta.json", ".managed.json", "vectors.json", "facts.json"})
"""They name other files: read before these, and written after them."""
_SEALED = re.compile(r"(?:seg|dead|rotation)-\d{8}\.vec|names-\d{8}\.bin|facts-\d{8}\.fct")
_GROWING = re.compile(r"wal-\d{8}\.log|added\.log|facts-\d{8}\.log")


class _Changed(Exception):
    """The other index became another one while it was read."""


def seed(folder: IndexFolder, options: str) -> None:
    """Fill a folder that has no index yet; only for whoever holds its lock. Where nothing can be taken over,
    or this is interrupted, the index is built as usual.
    """
    if not folder.computed or folder.directory.exists("index.json"):
        return
    for root in other_worktrees(folder.root):
        source = IndexFolder(index_folder(root, None), root)
        for _ in range(_ATTEMPTS):
            try:
                if _take(source, folder, options):
                    log.info("the index begins with that of %s", root)
                    return
                break
            except _Changed:
                continue
            except (OSError, ValueError, CodannaError) as error:
                log.info("nothing is taken over from the index of %s: %s", root, error)
                break
    _clear(folder)


def _take(source: IndexFolder, folder: IndexFolder, options: str) -> bool:
    # Another user's index, or one that is not on record for that worktree, is refused here.
    if source.check() is not Standing.OURS:
        return False
    state, manifest = source.inspect(options)
    if state is not IndexState.USABLE or manifest is None:
        return False
    _clear(folder)
    names = [name for name in source.own_folders if name == manifest.text or not is_text_folder(name)]
    for name in names:
        folder.will_make(name)
        _share(source, folder, name)
    for name in _FILES:
        if source.directory.exists(name):
            folder.directory.replace(name, source.directory.read(name))
    if source.read_manifest() != manifest:
        raise _Changed
    folder.write_manifest(replace(manifest, root=str(folder.root)))
    return True


def _clear(folder: IndexFolder) -> None:
    """Remove what an attempt left behind, which may have been that of a process that was killed."""
    for name in folder.own_folders:
        remove_folder(folder.path / name)


def _share(source: IndexFolder, folder: IndexFolder, name: str) -> None:
    theirs, ours = source.inside(name), folder.inside(name)
    heads = {head: theirs.read(head) for head in sorted(_HEADS) if theirs.exists(head)}
    try:
        for file in _sealed(theirs, name):
            ours.take(theirs, file)
        for file in filter(_GROWING.fullmatch, theirs.names()):
            _copy(theirs, ours, file)
    except FileNotFoundError as error:
        raise _Changed from error
    if any(theirs.read(head) != data for head, data in heads.items() if head != ".managed.json"):
        raise _Changed
    for head, data in heads.items():
        ours.replace(head, data)


def _sealed(theirs: FsDirectory, name: str) -> Iterable[str]:
    if is_text_folder(name):
        return [path.name for path in segment_files(theirs.path)]
    return [file for file in theirs.names() if _SEALED.fullmatch(file)]


def _copy(theirs: FsDirectory, ours: FsDirectory, name: str) -> None:
    with ours.create(name) as file:
        file.write(theirs.read(name))
        file.finish()
