"""All numbers of the ranking in one place. Those of the signals are fitted, the rest is explained here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from pathlib import Path

import numpy as np
import orjson
from numpy.typing import NDArray

from codanna_core.ranking.signals import SIGNALS, SYMBOL_SIGNALS
from codanna_core.records import dataclass


def of_table(
    table: Mapping[str, Mapping[str, float]], names: Iterable[str]
) -> dict[str, NDArray[np.float64]]:
    """For each mode the weights of these signals in order."""
    return {
        mode: np.array([weights.get(name, 0.0) for name in names], np.float64)
        for mode, weights in table.items()
    }


_FITTED = orjson.loads(Path(__file__).with_name("fitted.json").read_bytes())


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
    again: float = 0.2
    """Each further symbol of one file loses this much: equally good ones of other files are shown as well."""
    closer: int = 8
    """So many of the best files are looked at symbol by symbol; in others only what the searches found is."""
    signals: dict[str, NDArray[np.float64]] = field(default_factory=lambda: of_table(_FITTED, SIGNALS))
    """For each mode one weight for each signal of a file, from `fitted.json`."""
    symbols: dict[str, NDArray[np.float64]] = field(default_factory=lambda: of_table(_FITTED, SYMBOL_SIGNALS))
    """For each mode one weight for each signal of a symbol."""


WEIGHTS = Weights()
