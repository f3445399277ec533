"""The body of an indexing worker process: batches of files in, prepared files out, over its own pipes.

A worker is started with `-c`, not by `multiprocessing`, so that a program which embeds the engine needs no
`if __name__ == "__main__"` guard and nothing of its own is imported twice.
"""

from __future__ import annotations

import gc
import os
import pickle
import signal
import struct
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from codanna_core.config import DiscoverySettings, SemanticSettings
from codanna_core.embed.registry import load_embedder
from codanna_core.engine.memory import give_back, settle
from codanna_core.engine.prepare import FileTask, Prepared, prepare

READY = "ready"
"""First message of a worker: what ends it before this is no file's fault."""

_TIDY_EVERY = 16
_LENGTH = struct.Struct("<I")


@dataclass(frozen=True, slots=True)
class WorkerSetup:
    """What a worker must know before its first batch."""

    root: Path
    discovery: DiscoverySettings
    semantic: SemanticSettings | None
    """The model to embed with; None leaves embedding to the engine."""
    want_texts: bool


def send(stream: IO[bytes], message: Any) -> None:
    """Write one message as a frame."""
    body = pickle.dumps(message, protocol=5)
    stream.write(_LENGTH.pack(len(body)))
    stream.write(body)
    stream.flush()


def receive(stream: IO[bytes]) -> Any:
    """Read one message; EOFError when the other side is gone."""
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        raise EOFError
    (length,) = _LENGTH.unpack(head)
    body = stream.read(length)
    if len(body) < length:
        raise EOFError
    return pickle.loads(body)


def main() -> None:
    """Serve batches until the engine closes the pipe."""
    # Ctrl-C reaches the whole group of processes; the engine decides when to stop.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(os, "nice"):
        os.nice(10)
    requests = sys.stdin.buffer
    # Parsers and models may print; only frames may reach the pipe.
    answers = os.fdopen(os.dup(1), "wb", buffering=1 << 20)
    os.dup2(2, 1)
    setup: WorkerSetup = receive(requests)
    embedder = load_embedder(setup.semantic) if setup.semantic is not None else None
    send(answers, READY)
    # What parsing makes by the million has no cycles, and the collector would walk over it again and again.
    settle()
    gc.disable()
    served = 0
    while True:
        try:
            tasks: list[FileTask] = receive(requests)
        except EOFError:
            return
        batch: list[Prepared] = [
            prepare(setup.root, task, setup.discovery, embedder, want_texts=setup.want_texts)
            for task in tasks
        ]
        send(answers, batch)
        served += 1
        if served % _TIDY_EVERY == 0:
            give_back()  # A header of ten thousand macros leaves a hundred megabytes behind.
