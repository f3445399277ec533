"""Runs a plan: builds the one segment that replaces several, in a process of its own when that takes long.

The process has the lowest priority and its own interpreter lock, so that searches go on at full speed. It
only writes the new file; the parent publishes it. It ends when its parent does, since it then loses its
input.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from codanna_core.errors import CodannaError
from codanna_core.storage import Directory, FsDirectory
from codanna_core.vectors.base import Calibration, CancelToken, Progress, VectorOptions, check_cancelled
from codanna_core.vectors.hnsw import write_graph
from codanna_core.vectors.ivf.build import Step, write_clustered, write_flat
from codanna_core.vectors.ivf.calibrate import calibrate
from codanna_core.vectors.ivf.policy import Plan
from codanna_core.vectors.rows import RowCodec
from codanna_core.vectors.segments import Part, Segment

OWN_PROCESS_AT = 20000
"""Rows from which a build gets a process of its own; starting one takes 0.2 s."""


class RebuildFailed(CodannaError):
    """The background build of a segment died; the index stays as it was, the next maintenance tries again."""


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
    size = write_clustered(directory, name, row_codec, dimension, sources, base, options.seed, step)
    if base is not None:  # The lists are those that the last calibration measured.
        return Built(name, size)
    segment = Segment(directory, name, row_codec, dimension, size)
    if segment.lists is None:
        raise segment.file.corrupt("it was written without lists")
    return Built(name, size, calibrate(segment, segment.lists, options.recall_target, options.seed, step))


def _build_elsewhere(
    directory: FsDirectory, name: str, options: VectorOptions, dimension: int, todo: Plan, step: Step
) -> Built:
    packed = [b"" if part.live is None else np.packbits(part.live).tobytes() for part in todo.parts]
    job = {
        "directory": str(directory.path),
        "name": name,
        "options": asdict(options),
        "dimension": dimension,
        "action": todo.action,
        "parts": [
            {"file": part.segment.name, "size": part.segment.file.size, "live_bytes": len(bits)}
            for part, bits in zip(todo.parts, packed, strict=True)
        ],
    }
    with subprocess.Popen(
        # -P keeps modules of the folder that the user works in from being imported.
        [sys.executable, "-P", "-m", "codanna_core.vectors.rebuild"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
        env=_environment(),
    ) as process:
        if process.stdin is None or process.stdout is None or process.stderr is None:
            raise RebuildFailed("the process that builds a segment has no pipes")
        errors: list[bytes] = []
        drain = threading.Thread(target=errors.extend, args=(process.stderr,), daemon=True)
        drain.start()
        result: dict[str, Any] = {}
        try:
            # Unbuffered, so that closing the pipe of a dead process has nothing left to fail on.
            process.stdin.write(orjson.dumps(job) + b"\n" + b"".join(packed))
            for line in process.stdout:
                result = orjson.loads(line)
                if "what" in result:
                    step(result["what"], result["share"])
        except BrokenPipeError:
            pass  # It died before it had read its job; its exit code and errors follow.
        except BaseException:
            process.kill()
            raise
        failed = process.wait() != 0 or "size" not in result
        drain.join()
    if failed:
        detail = b"".join(errors).decode("utf-8", "replace").strip().rpartition("\n")[2]
        raise RebuildFailed(
            f"building {directory.path / name} in the background failed "
            f"({detail or f'exit code {process.returncode}'}); search goes on with the segments there are"
        )
    calibration = result["calibration"]
    return Built(name, result["size"], Calibration(**calibration) if calibration else None)


def _environment() -> dict[str, str]:
    """One thread for linear algebra, so that a core is left for searches, and this very package to import."""
    paths = [str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")]
    threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    return {**os.environ, **threads, "PYTHONPATH": os.pathsep.join(filter(None, paths))}


def _leave_with_parent() -> None:
    # Not through the buffered stream, whose lock the interpreter would miss when it ends.
    while os.read(0, 1):
        pass
    os._exit(1)


def main() -> None:
    """The process of its own: reads a job from standard input, writes progress and result as JSON lines."""
    if hasattr(os, "nice"):
        os.nice(10)
    output = sys.stdout.buffer
    job = orjson.loads(sys.stdin.buffer.readline())
    options = VectorOptions(**job["options"])
    directory = FsDirectory(job["directory"])
    row_codec = RowCodec(options.precision, options.metric)
    parts: list[Part] = []
    for entry in job["parts"]:
        part = Part(Segment(directory, entry["file"], row_codec, job["dimension"], entry["size"]))
        if entry["live_bytes"]:
            bits = np.frombuffer(sys.stdin.buffer.read(entry["live_bytes"]), np.uint8)
            live = np.unpackbits(bits, count=part.segment.count).astype(bool)
            part = replace(part, live=live, dead_count=int(np.count_nonzero(~live)))
        parts.append(part)
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    told: tuple[str, int] = ("", -1)

    def step(what: str, share: float) -> None:
        nonlocal told
        if (what, int(20 * share)) != told:
            told = (what, int(20 * share))
            output.write(orjson.dumps({"what": what, "share": share}) + b"\n")
            output.flush()

    todo = Plan(job["action"], tuple(parts))
    built = _build(directory, job["name"], row_codec, options, job["dimension"], todo, step)
    calibration = asdict(built.calibration) if built.calibration else None
    output.write(orjson.dumps({"size": built.size, "calibration": calibration}) + b"\n")
    output.flush()


if __name__ == "__main__":
    main()
