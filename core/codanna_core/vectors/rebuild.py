"""Runs a plan: builds the one segment that replaces several, in a process of its own when that takes long.

The process has its own interpreter lock, and a low priority unless a person waits for it, so that searches go
on at full speed. It only writes the new file; the parent publishes it.
"""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import numpy as np

from codanna_core.cancel import Cancel, check_cancelled
from codanna_core.errors import CodannaError
from codanna_core.records import dataclass
from codanna_core.runtime.frames import own_pipes, receive, send
from codanna_core.runtime.launch import end, launch
from codanna_core.runtime.limits import Limits, leave_with_parent
from codanna_core.runtime.pace import AT_ONCE, processors
from codanna_core.storage import Directory, FsDirectory
from codanna_core.vectors.base import Calibration, Progress, VectorOptions
from codanna_core.vectors.cores import ONE_CORE, Cores
from codanna_core.vectors.hnsw import write_graph
from codanna_core.vectors.ivf.build import Step, write_clustered, write_flat
from codanna_core.vectors.ivf.calibrate import calibrate
from codanna_core.vectors.ivf.policy import Action, Plan
from codanna_core.vectors.rows import RowCodec
from codanna_core.vectors.segments import Part, Segment

_STAGES = {"train": (0.0, 0.28), "assign": (0.28, 0.7), "encode": (0.7, 0.8), "write": (0.8, 0.84)}
_STAGES["calibrate"] = (0.84, 1.0)
"""Where each step of a training begins and ends, as measured with 30,000 and with 250,000 vectors."""

OWN_PROCESS_AT = 20000
"""Rows from which a build gets a process of its own; starting one takes 0.2 s."""


class RebuildFailed(CodannaError):
    """The background build of a segment died; the index stays as it was, the next maintenance tries again."""


def share_of_all(what: str, share: float) -> float:
    """How much of a whole training is done, with this share of one of its steps."""
    begin, end = _STAGES.get(what, (0.0, 0.0))
    return begin + (end - begin) * share


@dataclass(frozen=True, slots=True)
class Built:
    """A finished segment that no manifest names yet; `size` is 0 when no row was left to write."""

    name: str
    size: int
    calibration: Calibration | None = None


@dataclass(frozen=True, slots=True)
class _PartOfJob:
    """A segment by its file, and which of its rows live, eight to a byte; None where all do."""

    file: str
    size: int
    live: bytes | None


@dataclass(frozen=True, slots=True)
class _Job:
    directory: Path
    name: str
    options: VectorOptions
    dimension: int
    action: Action
    parts: tuple[_PartOfJob, ...]


def rebuild(
    directory: Directory,
    name: str,
    row_codec: RowCodec,
    options: VectorOptions,
    dimension: int,
    todo: Plan,
    cancel: Cancel | None,
    progress: Progress | None,
) -> Built:
    """Build the segment of a plan, here or in a process of its own."""

    def step(what: str, share: float) -> None:
        check_cancelled(cancel)
        if progress is not None:
            progress(what, share)

    rows = sum(part.live_count for part in todo.parts)
    if isinstance(directory, FsDirectory) and rows >= OWN_PROCESS_AT:
        return _build_elsewhere(directory, name, options, dimension, todo, step)
    return _build(directory, name, row_codec, options, dimension, todo, step)


def _build(
    directory: Directory,
    name: str,
    row_codec: RowCodec,
    options: VectorOptions,
    dimension: int,
    todo: Plan,
    step: Step,
    cores: Cores = ONE_CORE,
) -> Built:
    sources = [part.source() for part in todo.parts]
    if not any(len(source.picked) for source in sources):
        return Built(name, 0)
    if todo.action == "join":
        return Built(name, write_flat(directory, name, row_codec, dimension, sources))
    base = todo.parts[0].segment if todo.action == "merge" else None
    if options.implementation == "hnsw":
        graph, keys = (base.graph, base.keys) if base is not None else (None, sources[0].keys[:0])
        return Built(name, write_graph(directory, name, row_codec, dimension, sources, graph, keys, step))
    size = write_clustered(directory, name, row_codec, dimension, sources, base, options.seed, step, cores)
    if base is not None:  # The lists are those that the last calibration measured.
        return Built(name, size)
    segment = Segment(directory, name, row_codec, dimension, size)
    if segment.lists is None:
        raise segment.file.corrupt("it was written without lists")
    return Built(name, size, calibrate(segment, segment.lists, options.recall_target, options.seed, step))


def _build_elsewhere(
    directory: FsDirectory, name: str, options: VectorOptions, dimension: int, todo: Plan, step: Step
) -> Built:
    parts = tuple(
        _PartOfJob(
            part.segment.name,
            part.segment.file.size,
            None if part.live is None else np.packbits(part.live).tobytes(),
        )
        for part in todo.parts
    )
    job = _Job(directory.path, name, options, dimension, todo.action, parts)
    limits = Limits(memory=0, nice=options.pace.nice)
    process = launch("codanna_core.vectors.rebuild:main", limits, keep_errors=True)
    if process.stdin is None or process.stdout is None or process.stderr is None:
        raise RebuildFailed("the process that builds a segment has no pipes")
    errors: list[bytes] = []
    drain = threading.Thread(target=errors.extend, args=(process.stderr,), daemon=True)
    drain.start()
    try:
        send(process.stdin, job)
        while not isinstance(message := receive(process.stdout), Built):
            step(*message)
        return message
    except (BrokenPipeError, EOFError):
        code = process.wait()  # It died; its exit code and errors say why.
        drain.join()
    finally:
        process.kill()
        drain.join()  # It reads to the end of the pipe, which `end` closes.
        end(process)
    detail = b"".join(errors).decode("utf-8", "replace").strip().rpartition("\n")[2]
    raise RebuildFailed(
        f"building {directory.path / name} in the background failed "
        f"({detail or f'exit code {code}'}); search continues with the existing segments"
    )


def main() -> None:
    """The process of its own: reads a job, and answers with steps and at last with what was built."""
    requests, answers = own_pipes()
    job: _Job = receive(requests)
    leave_with_parent()
    directory = FsDirectory(job.directory)
    row_codec = RowCodec(job.options.precision, job.options.metric)
    parts: list[Part] = []
    for entry in job.parts:
        part = Part(Segment(directory, entry.file, row_codec, job.dimension, entry.size))
        if entry.live is not None:
            bits = np.frombuffer(entry.live, np.uint8)
            live = np.unpackbits(bits, count=part.segment.count).astype(bool)
            part = replace(part, live=live, tombstones=int(np.count_nonzero(~live)))
        parts.append(part)
    last: tuple[str, int] = ("", -1)

    def step(what: str, share: float) -> None:
        nonlocal last
        if (what, int(20 * share)) != last:
            last = (what, int(20 * share))
            send(answers, (what, share))

    todo = Plan(job.action, tuple(parts))
    cores = cores_for(job.options)
    send(answers, _build(directory, job.name, row_codec, job.options, job.dimension, todo, step, cores))


def cores_for(options: VectorOptions) -> Cores:
    """All of them where somebody waits; a server leaves the others to those who ask."""
    return Cores(processors()) if options.pace == AT_ONCE else ONE_CORE
