"""The settings of the program."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    """Everything that can be set."""

    piece_size: int = 1 << 20
    attempts: int = 5


def read_settings(path: Path) -> Settings:
    """Parse the configuration file; what it leaves out keeps its default."""
    with path.open("rb") as source:
        return Settings(**tomllib.load(source))
