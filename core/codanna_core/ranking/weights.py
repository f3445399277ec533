"""All numbers of the ranking in one place. Those of the signals are fitted, the rest is explained here."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib.resources import files

import numpy as np
import orjson
from numpy.typing import NDArray

from codanna_core.ranking.signals import SIGNALS


def _fitted() -> dict[str, NDArray[np.float64]]:
    table = orjson.loads(files("codanna_core.ranking").joinpath("fitted.json").read_bytes())
    return {
        mode: np.array([weights.get(name, 0.0) for name in SIGNALS], np.float64)
        for mode, weights in table.items()
    }


@dataclass(frozen=True, slots=True)
class Weights:
    """Fixed at import; the engine never changes them at run time."""

    candidates: int = 200
    """How many symbols each search contributes; with fewer, files that match in many places are missed."""
    near_enough: float = 0.5
    """Of plenty, symbols not half as near as the nearest decide nothing beside words; looking them up takes
    time.
    """
    files_by_path: int = 30
    """Files found by their path alone; their code need not repeat the words of their name."""
    near: float = 0.2
    """Of two equally good files the one beside the file the user is in is meant."""
    again: float = 3.5
    """Each further symbol of one file loses this much, or one file would fill the page."""
    weaker: float = 2.0
    """A further symbol also loses by how much worse it is than the file's best."""
    signals: dict[str, NDArray[np.float64]] = field(default_factory=_fitted)
    """For each mode one weight for each signal of a file, from `fitted.json`."""


WEIGHTS = Weights()
