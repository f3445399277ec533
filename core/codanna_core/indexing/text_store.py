"""Opens the text index, notices damage, and starts a new one where the old one cannot be used."""

from __future__ import annotations

import os
from pathlib import Path

import orjson

from codanna_core.errors import IndexCorrupt, IndexMissing
from codanna_core.indexing.damage import text_lost, text_unusable
from codanna_core.indexing.layout import IndexFolder, IndexState, Manifest
from codanna_core.model import Problem
from codanna_core.text.errors import classify_error
from codanna_core.text.index import TextIndex
from codanna_core.text.reader import TextSnapshot
from codanna_core.text.verify import schema_checksum, segment_files, verify_file, verify_tail

_STAMPS = "verified.json"

# Reading more than this at open would be felt; the rest is checked in the background.
_VERIFY_AT_OPEN = 48 << 20

_READ_ATTEMPTS = 3

Stamp = tuple[int, int]
"""Size and mtime_ns of a file whose content was checked."""


class TextStore:
    """The current text index of an index folder."""

    def __init__(self, folder: IndexFolder, root: Path, options: str) -> None:
        self._folder = folder
        self._root = root
        self.options = options
        """Digest of the settings that change what is stored."""
        self._manifest: Manifest | None = None
        self._index: TextIndex | None = None
        self._unchecked: list[Path] = []
        self.rebuilt_because: str | None = None
        """Why the text index starts from nothing; None where it did not have to."""

    @property
    def index(self) -> TextIndex:
        """The open text index; raises IndexMissing where there is none yet."""
        if self._index is None:
            raise IndexMissing("this folder has no index yet; `codanna-lsp index` makes one")
        return self._index

    @property
    def ready(self) -> bool:
        """Whether there is a text index to read."""
        return self._index is not None

    @property
    def published(self) -> bool:
        """Whether something is committed that can be read."""
        return self.ready and self.snapshot().generation > 0

    def snapshot(self) -> TextSnapshot:
        """The newest committed state; raises IndexCorrupt where somebody removed the index meanwhile."""
        index = self.index
        try:
            return index.snapshot()
        except FileNotFoundError as error:
            if self.index is not index:
                return self.index.snapshot()  # A new one took its place just now.
            raise IndexCorrupt(index.folder, "was removed") from error

    def open(self) -> Problem | None:
        """Open what is there. What cannot be used is reported, and `start_anew` replaces it."""
        state, manifest = self._folder.inspect(self.options)
        if state is IndexState.MISSING:
            self._index = self._manifest = None
            return None
        if state is not IndexState.USABLE or manifest is None:
            self.rebuilt_because = state.value
            if manifest is not None and state is not IndexState.CORRUPT:
                # An older text index still answers until the new one is there.
                self._try_open(manifest)
            return text_unusable(state)
        try:
            self._open(manifest)
        except IndexCorrupt as error:
            self._index = None
            self.rebuilt_because = IndexState.CORRUPT.value
            return text_lost(error)
        return None

    def change_options(self, options: str) -> None:
        """Settings that change what is stored make the next writer begin anew, as at a restart."""
        if options != self.options:
            self.options = options
            self.rebuilt_because = IndexState.OPTION_MISMATCH.value

    def reopen_if_replaced(self) -> bool:
        """For a reader: follow the writer to a new text index."""
        try:
            manifest = self._folder.read_manifest()
        except ValueError:
            return False
        if manifest is None or (self._manifest is not None and manifest.text == self._manifest.text):
            return False
        return self._try_open(manifest)

    def start_anew(self) -> None:
        """Begin an empty text index beside the old one and switch to it; only the writer may."""
        name = self._folder.next_text_name()
        self._folder.will_make(name)
        index = TextIndex(self._folder.path / name, create=True)
        manifest = self._folder.fresh_manifest(self._root, self.options, name, schema_checksum(index.folder))
        self._folder.write_manifest(manifest)
        self._manifest, self._index, self._unchecked = manifest, index, []
        self.rebuilt_because = None
        self.collect()

    def collect(self) -> None:
        """Remove text indexes that the manifest does not name."""
        current = self._manifest.text if self._manifest is not None else ""
        self._folder.remove_inside(name for name in self._folder.text_folders() if name != current)

    def verify_rest(self) -> None:
        """Check the files that were too large to be checked at open; raises IndexCorrupt."""
        while self._unchecked:
            path = self._unchecked[-1]
            try:
                verify_file(path)
            except FileNotFoundError:
                pass  # Merged away meanwhile.
            self._unchecked.pop()

    def save_stamps(self) -> None:
        """Remember which files need no check at the next open: all but those still unchecked."""
        if self._index is None:
            return
        unchecked = set(self._unchecked)
        try:
            stamps = {
                path.name: (info.st_size, info.st_mtime_ns)
                for path in segment_files(self._index.folder)
                if path not in unchecked
                for info in (path.stat(),)
            }
        except (IndexCorrupt, FileNotFoundError):
            # A merge removes files between two looks, which is no damage; the next time saves them.
            return
        self._folder.directory.replace(_STAMPS, orjson.dumps(stamps))

    def _try_open(self, manifest: Manifest) -> bool:
        try:
            self._open(manifest)
        except (IndexCorrupt, OSError):
            return False
        return True

    def _open(self, manifest: Manifest) -> None:
        folder = self._folder.path / manifest.text
        for attempt in range(_READ_ATTEMPTS):
            try:
                self._open_text(manifest, folder)
                return
            except IndexCorrupt:
                # Another process may have merged segments away between two reads; damage shows every time.
                if attempt + 1 == _READ_ATTEMPTS:
                    raise

    def _open_text(self, manifest: Manifest, folder: Path) -> None:
        try:
            if schema_checksum(folder) != manifest.schema:
                raise IndexCorrupt(folder / "meta.json", "its description of the fields is damaged")
            files = segment_files(folder)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise IndexCorrupt(folder / "meta.json", f"cannot be read ({error})") from error
        except OSError as error:
            raise classify_error(error, folder, "cannot be read") from error
        stamps = self._read_stamps()
        budget = _VERIFY_AT_OPEN
        unchecked: list[Path] = []
        for path in files:
            try:
                info = os.stat(path)
                if stamps.get(path.name) == (info.st_size, info.st_mtime_ns):
                    continue
                verify_tail(path)
                if info.st_size <= budget:
                    budget -= info.st_size
                    verify_file(path)
                else:
                    unchecked.append(path)
            except FileNotFoundError as error:
                raise IndexCorrupt(path, "is missing") from error
        self._index = TextIndex(folder, create=False)
        self._index.snapshot()
        self._manifest, self._unchecked = manifest, unchecked

    def _read_stamps(self) -> dict[str, Stamp]:
        try:
            raw = orjson.loads(self._folder.directory.read(_STAMPS))
            return {str(name): (int(size), int(mtime)) for name, (size, mtime) in raw.items()}
        except (OSError, ValueError, TypeError, AttributeError):
            return {}  # Without stamps everything is checked again.
