"""Integer and string newtypes that must not mix, and the one checked path type."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NewType

VKey = NewType("VKey", int)
"""64-bit content key of an embedding text; addresses a vector inside one model's store, never a file or a
row.
"""

Generation = NewType("Generation", int)
"""Number of a published, immutable state of the index. It only grows."""


@dataclass(frozen=True, slots=True, order=True)
class RelPath:
    """A path inside one workspace root: `/`-separated, never absolute, no empty, `.` or `..` parts."""

    text: str

    def __post_init__(self) -> None:
        if not {"", ".", ".."}.isdisjoint(self.text.split("/")):
            raise ValueError(f"not a workspace-relative path: {self.text!r}")

    def __str__(self) -> str:
        return self.text
