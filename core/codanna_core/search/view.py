"""What one answer is computed from: immutable states of the text index, the vectors and the unsaved
buffers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from codanna_core.embed.base import Embedder
from codanna_core.model import Problem
from codanna_core.overlay import OverlayFile
from codanna_core.text.index import TextSnapshot
from codanna_core.vectors.base import VectorSnapshot


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Held by a reader for one answer; what the writer publishes meanwhile does not show in it."""

    root: Path
    text: TextSnapshot
    vectors: VectorSnapshot | None
    embedder: Embedder | None
    """None where meaning is switched off or no model could be loaded; `problems` says which."""
    overlay: Mapping[str, OverlayFile]
    indexed: float
    problems: tuple[Problem, ...]
