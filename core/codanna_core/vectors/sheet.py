"""A map of a code base, as plain data."""

from __future__ import annotations

from codanna_core.records import dataclass
from codanna_core.results import SymbolHit


@dataclass(frozen=True, slots=True)
class MapSymbol:
    """A definition with its place on a map."""

    hit: SymbolHit
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class MapRegion:
    """Definitions of similar meaning, as a disk on a map."""

    words: tuple[str, ...]
    """What its names have more often than others, best first."""
    count: int
    x: float
    y: float
    radius: float
    symbols: tuple[MapSymbol, ...]
    """Some of them, in the order of their paths."""


@dataclass(frozen=True, slots=True)
class ClusterMap:
    """A code base by what it means. The sheet is 1.6 wide and 1 high, its middle at 0, 0."""

    regions: tuple[MapRegion, ...]
    """The largest one first."""
    symbols: int
    sampled: bool
    """Whether there are more definitions, in files that were left out."""
    generation: int
