"""Copies of an index, which are foreign unless they are on record too."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from codanna_core.indexing.ownership import Records


def copy_index(source: Path, target: Path) -> None:
    """A copy of this user's index that is this user's index as well."""
    shutil.copytree(source, target)
    records = Records()
    record = records.find(source)
    if record is None:
        raise ValueError(f"{source} is not on record")
    records.keep(replace(record, path=str(target)))
