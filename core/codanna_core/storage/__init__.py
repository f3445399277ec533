"""Where index files live. Nothing outside this package renames, fsyncs or deletes them.

`FsDirectory` is the real one. `MemoryDirectory` keeps the same contract more strictly (what was not synced is
lost in a `crash`), so that tests find what a forgiving disk hides.
"""

from codanna_core.storage.directory import (
    AppendFile,
    Checkpoint,
    Directory,
    FsDirectory,
    MemoryDirectory,
    NewFile,
)

__all__ = ["AppendFile", "Checkpoint", "Directory", "FsDirectory", "MemoryDirectory", "NewFile"]
