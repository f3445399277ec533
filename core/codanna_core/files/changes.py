"""The difference between what the index knows and what a scan saw."""

from __future__ import annotations

from dataclasses import field

import numpy as np

from codanna_core.files.found import Scan
from codanna_core.files.table import FileStat, FileTable
from codanna_core.records import dataclass


@dataclass(slots=True)
class Changes:
    """What to do so that the index agrees with the folder."""

    new: list[FileStat] = field(default_factory=list)
    changed: list[FileStat] = field(default_factory=list)
    """Another size or time stamp; the content hash tells whether the text differs."""
    suspect: list[FileStat] = field(default_factory=list)
    """Same size and time stamp, but written just before the last reading: only the hash can tell."""
    deleted: list[str] = field(default_factory=list)
    renamed: list[tuple[str, FileStat]] = field(default_factory=list)
    """Old path and new file of equal size and time stamp: one file if the hash confirms it. Both stand in
    `deleted` and `new` too."""
    unchanged: int = 0

    def __bool__(self) -> bool:
        return bool(self.new or self.changed or self.suspect or self.deleted)


def compare(known: FileTable, scan: Scan) -> Changes:
    """Tell which files have to be read again and which are gone."""
    count = len(scan.paths)
    if known.paths == scan.paths:
        rows = np.arange(count)  # The usual case of a whole tree in order needs no look-ups.
    else:
        rows_of = known.rows.get
        rows = np.fromiter((rows_of(path, -1) for path in scan.paths), np.int64, count)
    is_new = rows < 0
    seen = np.zeros(len(known), np.bool_)
    seen[rows[~is_new]] = True

    changes = Changes()
    if len(known):
        # Row -1 reads the last row for new files; `is_new` masks what comes of it.
        differs = ((known.mtime_ns[rows] != scan.mtime_ns) | (known.size[rows] != scan.size)) & ~is_new
        suspect = known.racy()[rows] & ~differs & ~is_new
    else:
        differs = suspect = np.zeros(count, np.bool_)
    changes.new = [scan.stat(i) for i in np.flatnonzero(is_new).tolist()]
    changes.changed = [scan.stat(i) for i in np.flatnonzero(differs).tolist()]
    changes.suspect = [scan.stat(i) for i in np.flatnonzero(suspect).tolist()]
    gone = np.flatnonzero(~seen).tolist()
    changes.deleted = [known.paths[i] for i in gone]
    changes.unchanged = count - len(changes.new) - len(changes.changed) - len(changes.suspect)
    if gone and changes.new:
        by_stat = {(int(known.mtime_ns[i]), int(known.size[i])): known.paths[i] for i in gone}
        for file in changes.new:
            old = by_stat.pop((file.mtime_ns, file.size), None)
            if old is not None:
                changes.renamed.append((old, file))
    return changes
