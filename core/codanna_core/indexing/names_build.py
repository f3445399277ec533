"""Reads all symbol names back from a large text index, in a process of its own.

A million names are a gigabyte of small objects for some seconds: a long-lived server would never give that
memory back, and its searches would wait for the interpreter meanwhile.
"""

from __future__ import annotations

from pathlib import Path

from codanna_core.cancel import Cancel
from codanna_core.runtime.frames import own_pipes, receive, send
from codanna_core.runtime.launch import end, launch
from codanna_core.runtime.limits import Limits, leave_with_parent


def build_elsewhere(text_folder: Path, names_folder: Path, cancel: Cancel, nice: int) -> int:
    """Store the names of a text index; returns the generation they belong to, 0 where that failed."""
    from subprocess import TimeoutExpired  # Late, as in `runtime/launch.py`.

    process = launch("codanna_core.indexing.names_build:main", Limits(memory=0, nice=nice))
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        send(process.stdin, (text_folder, names_folder))
        while True:
            try:
                code = process.wait(0.2)
                break
            except TimeoutExpired:
                cancel.raise_if_cancelled()
        # A pipe holds so small an answer when its writer is gone.
        return int(receive(process.stdout)) if code == 0 else 0
    except (BrokenPipeError, EOFError):
        return 0
    finally:
        end(process)


def main() -> None:
    """The body of that process."""
    from codanna_core.names import NameIndex
    from codanna_core.names.store import stamp_of
    from codanna_core.storage.directory import FsDirectory
    from codanna_core.text.index import TextIndex

    requests, answers = own_pipes()
    text_folder, names_folder = receive(requests)
    leave_with_parent()
    snapshot = TextIndex(text_folder, create=False).snapshot()
    directory = FsDirectory(names_folder, top=names_folder.parent)
    NameIndex.build(snapshot.names()).save(directory, stamp_of(snapshot))
    send(answers, snapshot.generation)
