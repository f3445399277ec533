"""Where index files live. Nothing outside this package renames, fsyncs or deletes them."""

from codanna_core.storage.directory import (
    AppendFile,
    Checkpoint,
    Directory,
    FsDirectory,
    NewFile,
)

__all__ = ["AppendFile", "Checkpoint", "Directory", "FsDirectory", "NewFile"]
