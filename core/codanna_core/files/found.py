"""What a walk over a workspace found."""

from __future__ import annotations

from collections import Counter
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from codanna_core.files.listing import Listing
from codanna_core.files.reasons import SkipReason
from codanna_core.files.table import FileStat
from codanna_core.model import Problem
from codanna_core.records import dataclass


class ScanKind(StrEnum):
    """How a scan was done."""

    FULL = "full"
    PARTIAL = "partial"
    STAT_ONLY = "stat-only"


@dataclass(slots=True)
class Scan:
    """The files of a workspace at one moment, as columns sorted by path."""

    paths: list[str]
    mtime_ns: NDArray[np.int64]
    size: NDArray[np.int64]
    left_out: dict[str, SkipReason]
    """Paths left out without reading; `FileTable.skipped` counts those left out after reading."""
    problems: list[Problem]
    listing: Listing
    """Hand it to the next scan, which then only looks at what changed."""
    how: ScanKind

    @property
    def skipped(self) -> dict[SkipReason, int]:
        """How many paths were left out without reading, by reason."""
        return dict(Counter(self.left_out.values()))

    @property
    def files(self) -> list[FileStat]:
        """All files as objects; the columns are the fast form."""
        return [self.stat(i) for i in range(len(self.paths))]

    def stat(self, row: int) -> FileStat:
        """One file."""
        return FileStat(self.paths[row], int(self.mtime_ns[row]), int(self.size[row]))
