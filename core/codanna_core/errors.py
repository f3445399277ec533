"""The error tree. A class stands for what its receiver can do about it; environment faults stay `OSError`."""

from __future__ import annotations

from pathlib import Path


class CodannaError(Exception):
    """Root of all errors raised on purpose. Its text is one plain sentence for the user that says what to
    do.
    """


class InvalidQuery(CodannaError):
    """The request itself is wrong (empty query, bad filter, vector of another dimension); asking again is
    no use.
    """


class ConfigError(CodannaError):
    """A configuration file cannot be used at all. Single bad keys are problems, not errors."""


class IndexMissing(CodannaError):
    """There is no index yet; `sync` makes one."""


class IndexIncompatible(CodannaError):
    """The index on disk was written by a newer version than this one; it is left untouched."""

    def __init__(self, found: int, supported: int, where: Path) -> None:
        super().__init__(
            f"the index in {where} has format {found}, this version reads up to {supported}; "
            "upgrade codanna-lsp, or remove the index with `codanna-lsp clean`"
        )
        self.found = found
        self.supported = supported


class IndexRefused(CodannaError):
    """The folder is not an index of this user and this root, so nothing in it is read, written or deleted."""

    def __init__(self, path: Path, why: str, remedy: str) -> None:
        super().__init__(f"{path} {why}. {remedy} (--index-dir, or the setting index.dir).")
        self.path = path


class IndexCorrupt(CodannaError):
    """A file of the index is damaged. The engine heals it by rebuilding; callers see this only as a
    problem.
    """

    def __init__(self, path: Path, comment: str) -> None:
        super().__init__(f"{path}: {comment}")
        self.path = path
        self.comment = comment


class IndexLocked(CodannaError):
    """Another live process writes this index; reading goes on, writing has to wait for it."""


class ModelUnavailable(CodannaError):
    """An embedding model cannot be loaded; text search goes on without it."""


class ModelLost(ModelUnavailable):
    """The process that runs the model ended or overran again and again; the model is not asked again."""


class DimensionMismatch(InvalidQuery):
    """A vector has another length than the index; the model and the index do not belong together."""

    def __init__(self, found: int, expected: int) -> None:
        super().__init__(
            f"the vector has {found} dimensions, the index has {expected}; "
            "use the model the index was made with, or reindex with the new one"
        )
        self.found = found
        self.expected = expected


class FolderMissing(CodannaError):
    """The workspace folder itself is gone; its index is kept until the folder is back."""

    def __init__(self, root: Path) -> None:
        super().__init__(
            f"the folder {root} is gone; bring it back or close it; its index stays until "
            "`codanna-lsp clean` removes it"
        )
        self.root = root


class OutOfMemory(CodannaError):
    """There is too little memory for the work; nothing is lost, and more memory is the only remedy."""

    def __init__(self, what: str = "there is too little memory for this") -> None:
        super().__init__(
            f"out of memory: {what}. Raise the limit (`ulimit -v`, or that of the container) or close other"
            " programs; progress was saved"
        )


class Cancelled(CodannaError):
    """The caller asked to stop; nothing was changed beyond what had been committed."""
