"""What is known of the folder's files, kept beside the text index: quick to read, and rebuilt where it is
missing.

The file documents of the text index are the truth; the table and the listing here only save reading them
back. Both carry the generation they belong to.
"""

from __future__ import annotations

import logging
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import field
from pathlib import Path
from stat import S_ISREG

from codanna_core.cancel import Cancel
from codanna_core.config import DiscoverySettings
from codanna_core.errors import FolderMissing, IndexCorrupt
from codanna_core.files.changes import compare
from codanna_core.files.listing import Listing
from codanna_core.files.reasons import SkipReason
from codanna_core.files.table import FileTable
from codanna_core.files.walk import are_indexable, scan
from codanna_core.indexing.names_on_disk import FILES
from codanna_core.indexing.prepare import FileTask
from codanna_core.indexing.run import Outcome
from codanna_core.model import Problem
from codanna_core.records import dataclass
from codanna_core.storage.directory import FsDirectory
from codanna_core.text.reader import TextSnapshot

log = logging.getLogger("codanna.engine")

_LISTING = "listing.bin"


@dataclass(slots=True)
class FileChanges:
    """Work for the indexer so that the index agrees with the folder."""

    tasks: list[tuple[FileTask, int]] = field(default_factory=list)
    """Files to read, with their sizes."""
    removed: list[str] = field(default_factory=list)
    new: frozenset[str] = frozenset()
    """Those of the tasks that the text index does not hold."""
    unchanged: int = 0
    total: int = 0
    """Files of the workspace that are, or will be, indexed."""
    problems: list[Problem] = field(default_factory=list)


class FileState:
    """The table of known files and the last listing. Used under the engine's write lock."""

    def __init__(self, directory: FsDirectory) -> None:
        self._directory = directory
        self._table: FileTable | None = None
        self._generation = -1
        self._listing: Listing | None = None
        self._left_out: Mapping[str, SkipReason] | None = None
        """Paths left out without reading, as this process knows; replaced, never changed, for readers."""
        self._left_out_read: Mapping[SkipReason, int] | None = None
        """The same for files left out after reading, counted; None until this process has the table."""
        self.dirty = False
        """Whether something changed since the last `save`."""

    def forget(self) -> None:
        """Start from nothing: the text index is empty."""
        self._table, self._generation, self.dirty = FileTable(), 0, True
        self._left_out_read = {}

    def reconcile(
        self,
        root: Path,
        settings: DiscoverySettings,
        text: TextSnapshot,
        *,
        cancel: Cancel | None,
        verify: bool,
    ) -> FileChanges:
        """Compare the whole folder with what is known. `verify` has every content compared."""
        table = self._load(text)
        if self._listing is None:
            self._listing = self._read_listing()
        found = scan(root, settings, self._listing, cancel)
        if found.listing is not self._listing:
            self._listing, self.dirty = found.listing, True
        self._left_out = found.left_out
        changes = compare(table, found)
        result = FileChanges(
            removed=list(changes.deleted),
            unchanged=0 if verify else changes.unchanged,  # Reading them will tell.
            total=len(found.paths),
            problems=found.problems,
        )
        new: set[str] = set()
        wanted = [*changes.new, *changes.changed, *changes.suspect]
        if verify:
            wanted = found.files
        for stat in wanted:
            record = table.get(stat.path)
            known = record.digest if record is not None else b""
            if record is None or record.skipped is not None:
                new.add(stat.path)
            result.tasks.append((FileTask(stat.path, known), stat.size))
        result.new = frozenset(new)
        self._forget_skipped(table, result)
        return result

    def reconcile_paths(
        self, root: Path, settings: DiscoverySettings, text: TextSnapshot, paths: Sequence[str]
    ) -> FileChanges:
        """As `reconcile`, for single files and for folders that are gone."""
        if not os.path.isdir(root):
            raise FolderMissing(root)  # Else every file in it would pass for deleted.
        table = self._load(text)
        present: list[str] = []
        result = FileChanges()
        for path in dict.fromkeys(paths):
            if not os.path.lexists(root / path):
                result.removed.extend([path] if path in table else table.below(path))
                continue
            present.append(path)
            if self._listing is not None and path in self._listing.folders:
                result.removed.extend(table.below(path))  # A file has taken the place of a folder.
        new: set[str] = set()
        # The rules let a known file in once and have not changed since: their files are watched too, and a
        # change of them reconciles everything. Asking again for each save would cost more than parsing it.
        # Only what it is may have changed: a link leads out of the folder, a pipe keeps its reader waiting.
        known = {
            path
            for path in present
            if (record := table.get(path)) is not None and record.skipped is None and _is_file(root / path)
        }
        verdicts = dict.fromkeys(known) | are_indexable(root, sorted(set(present) - known), settings)
        self._note_left_out(result.removed, verdicts)
        for path in present:
            record, reason = table.get(path), verdicts[path]
            if reason is not None:
                if record is not None:
                    result.removed.append(path)
                continue
            if record is None or record.skipped is not None:
                new.add(path)
            result.tasks.append((FileTask(path, record.digest if record is not None else b""), 0))
        result.new = frozenset(new)
        result.total = len(table)
        self._forget_skipped(table, result)
        return result

    def record(self, generation: int, outcomes: Sequence[Outcome]) -> None:
        """Take over what was committed."""
        table = self._table
        assert table is not None
        for outcome in outcomes:
            prepared = outcome.prepared
            if prepared.gone:
                table.remove(prepared.path)
                continue
            table.set(
                prepared.path,
                mtime_ns=prepared.mtime_ns,
                size=prepared.size,
                digest=prepared.digest,
                seen_ns=prepared.seen_ns,
                skipped=prepared.skipped,
            )
        self._left_out_read = table.skipped()
        self._generation = max(self._generation, generation)
        self.dirty = True

    def contents(self) -> list[tuple[str, bytes]]:
        """Paths and digests of all indexed files, as this process knows them."""
        return _contents(self._table) if self._table is not None else []

    def contents_on_disk(self, generation: int) -> list[tuple[str, bytes]] | None:
        """The same as it was saved for a generation; None where it was not. From any thread."""
        table = self._read_table(generation)
        return _contents(table) if table is not None else None

    def save(self, generation: int) -> None:
        """Write both files, if anything changed; a failure costs time at the next start, nothing else."""
        if not self.dirty or self._table is None or self._generation != generation:
            return
        try:
            self._directory.replace(FILES, generation.to_bytes(8, "little") + self._table.to_bytes())
            if self._listing is not None:
                self._directory.replace(_LISTING, self._listing.to_bytes())
        except OSError as error:
            log.warning("the table of files was not saved: %s", error)
            return
        self.dirty = False

    def skipped(self, generation: int) -> dict[str, int]:
        """How many files were left out, by reason, as far as this process knows. From any thread."""
        left_out, read = self._left_out, self._left_out_read
        if left_out is None:
            # This process has not looked at the folder yet; what the last look left out is on record.
            listing = self._read_listing()
            left_out = listing.skipped | listing.unread if listing is not None else {}
        if read is None:
            table = self._read_table(generation)
            read = table.skipped() if table is not None else {}
        counts = Counter(left_out.values()) + Counter(read)
        return {reason.value: count for reason, count in sorted(counts.items())}

    def left_out(self) -> int:
        """Files that the rules let in and whose content kept them out: binary, generated, minified."""
        return sum((self._left_out_read or {}).values())

    def _note_left_out(self, gone: Sequence[str], verdicts: Mapping[str, SkipReason | None]) -> None:
        """Count single paths as the next look at the whole folder will."""
        before = self._left_out
        if before is None:
            return
        now = dict.fromkeys(gone) | {
            path: None if reason is SkipReason.IGNORED or _is_below(path, before) else reason
            for path, reason in verdicts.items()
        }
        if any(before.get(path) is not reason for path, reason in now.items()):
            merged = {**before, **now}
            self._left_out = {path: reason for path, reason in merged.items() if reason is not None}

    def _forget_skipped(self, table: FileTable, result: FileChanges) -> None:
        """Files that were left out have no documents to delete; they only leave the table."""
        kept = []
        for path in result.removed:
            record = table.get(path)
            if record is not None and record.skipped is not None:
                table.remove(path)
                self.dirty = True
            else:
                kept.append(path)
        result.removed = kept
        self._left_out_read = table.skipped()

    def _load(self, text: TextSnapshot) -> FileTable:
        if self._table is not None and self._generation == text.generation:
            return self._table
        table = self._read_table(text.generation)
        if table is not None and table.indexed_count() != text.file_count:
            raise IndexCorrupt(
                text.folder, f"it holds {text.file_count} files, {table.indexed_count()} were committed"
            )
        if table is None:
            table = FileTable()
            if text.generation:
                log.info("the table of files is rebuilt from the index")
                for file in text.files():
                    table.set(
                        file.path,
                        mtime_ns=file.mtime_ns,
                        size=file.size,
                        digest=file.digest,
                        seen_ns=file.seen_ns,
                    )
            self.dirty = True
        self._table, self._generation = table, text.generation
        self._left_out_read = table.skipped()
        return table

    def _read_table(self, generation: int) -> FileTable | None:
        try:
            data = self._directory.read(FILES)
            if len(data) < 8 or int.from_bytes(data[:8], "little") != generation:
                return None
            return FileTable.from_bytes(memoryview(data)[8:])
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            log.warning("the table of files is rebuilt: %s", error)
            return None

    def _read_listing(self) -> Listing | None:
        try:
            return Listing.from_bytes(self._directory.read(_LISTING))
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            log.warning("the folder is walked again: %s", error)
            return None


def _contents(table: FileTable) -> list[tuple[str, bytes]]:
    records = (table.get(path) for path in table)
    return [(one.path, one.digest) for one in records if one is not None and one.skipped is None]


def _is_below(path: str, left_out: Mapping[str, SkipReason]) -> bool:
    """Whether a folder on the way to the path is left out as a whole, and counted as one."""
    while path := path.rpartition("/")[0]:
        if path in left_out:
            return True
    return False


def _is_file(path: Path) -> bool:
    try:
        return S_ISREG(os.lstat(path).st_mode)
    except OSError:
        return False  # Gone since it was looked at; judged anew, it is left out.
