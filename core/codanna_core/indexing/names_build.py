"""Reads all symbol names back from a large text index, in a process of its own.

A million names are a gigabyte of small objects for some seconds: a long-lived server would never give that
memory back, and its searches would wait for the interpreter meanwhile.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import codanna_core
from codanna_core.cancel import Cancel


def build_elsewhere(text_folder: Path, names_folder: Path, cancel: Cancel) -> int:
    """Store the names of a text index; returns the generation they belong to, 0 where that failed."""
    package_parent = str(Path(codanna_core.__file__).resolve().parent.parent)
    program = (
        f"import sys; sys.path.append({package_parent!r}); "
        "from codanna_core.indexing.names_build import main; main(sys.argv[1], sys.argv[2])"
    )
    process = subprocess.Popen(
        [sys.executable, "-P", "-c", program, str(text_folder), str(names_folder)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        process_group=0 if os.name == "posix" else None,
    )
    try:
        while True:
            try:
                output, _ = process.communicate(timeout=0.2)
                break
            except subprocess.TimeoutExpired:
                cancel.raise_if_cancelled()
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    return int(output) if process.returncode == 0 and output.strip().isdigit() else 0


def main(text_folder: str, names_folder: str) -> None:
    """The body of that process."""
    from codanna_core.names import NameIndex
    from codanna_core.names.store import stamp_of
    from codanna_core.storage.directory import FsDirectory
    from codanna_core.text.index import TextIndex

    if hasattr(os, "nice"):
        os.nice(10)
    snapshot = TextIndex(Path(text_folder), create=False).snapshot()
    directory = FsDirectory(Path(names_folder), top=Path(names_folder).parent)
    NameIndex.build(snapshot.names()).save(directory, stamp_of(snapshot))
    print(snapshot.generation)
