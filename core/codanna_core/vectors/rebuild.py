"""Runs a plan: builds the one segment that replaces several, in a process of its own when that takes long."""

from __future__ import annotations

from dataclasses import dataclass

from codanna_core.storage import Directory
from codanna_core.vectors.base import (
    Calibration,
    CancelToken,
    Progress,
    VectorOptions,
    check_cancelled,
)
from codanna_core.vectors.ivf.build import Step, write_clustered, write_flat
from codanna_core.vectors.ivf.policy import Plan
from codanna_core.vectors.rows import RowCodec


@dataclass(frozen=True, slots=True)
class Built:
    """A finished segment that no manifest names yet; `size` is 0 when no row was left to write."""

    name: str
    size: int
    calibration: Calibration | None = None


def rebuild(
    directory: Directory,
    name: str,
    row_codec: RowCodec,
    options: VectorOptions,
    dimension: int,
    todo: Plan,
    cancel: CancelToken | None,
    progress: Progress | None,
) -> Built:
    """Build the segment of a plan."""

    def step(what: str, share: float) -> None:
        check_cancelled(cancel)
        if progress is not None:
            progress(what, share)

    return build(directory, name, row_codec, options, dimension, todo, step)


def build(
    directory: Directory,
    name: str,
    row_codec: RowCodec,
    options: VectorOptions,
    dimension: int,
    todo: Plan,
    step: Step,
) -> Built:
    """Build in this process and thread."""
    sources = [part.source() for part in todo.parts]
    if not any(len(source.picked) for source in sources):
        return Built(name, 0)
    if todo.action == "join":
        return Built(name, write_flat(directory, name, row_codec, dimension, sources))
    base = todo.parts[0].segment if todo.action == "merge" else None
    size = write_clustered(directory, name, row_codec, dimension, sources, base, options.seed, step)
    return Built(name, size)
