"""Names that came since the stored part was made: a log with a record for each run that added some."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import orjson

from codanna_core.storage.directory import AppendFile, Directory, FileTooLarge

_FILE_NAME: Final = "added.log"


@dataclass(frozen=True, slots=True)
class AddedNames:
    """What one run on top of generation `before` added, up to generation `after`."""

    before: int
    after: int
    names: list[str]


class NameLog:
    """One line a run. A kill loses nothing that was appended; a power cut may cut the end off, and whoever
    reads sees by the generations that something is missing.
    """

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._file: AppendFile | None = None
        self._position = 0

    def read(self) -> list[AddedNames]:
        """The whole records that were not read yet."""
        try:
            if self._directory.size(_FILE_NAME) < self._position:
                self._position = 0  # The writer has begun it anew.
            data = self._directory.read(_FILE_NAME, self._position)
        except (FileNotFoundError, FileTooLarge):
            self._position = 0  # Whoever reads misses the names, and the writer begins the log again.
            return []
        found: list[AddedNames] = []
        at = 0
        while (end := data.find(b"\n", at)) >= 0:
            line = data[at:end]
            if line[:8] != b"%08x" % zlib.crc32(line[8:]):
                break
            found.append(AddedNames(*orjson.loads(line[8:])))
            at = end + 1
        self._position += at
        return found

    def append(self, added: AddedNames) -> None:
        """Add a record behind those that were read, in place of a damaged one. Only for the writer."""
        if self._file is None:
            self._file = self._directory.append(_FILE_NAME, self._position)
        body = orjson.dumps((added.before, added.after, added.names))
        self._file.append(b"%08x%b\n" % (zlib.crc32(body), body))
        self._position = self._file.size()

    def restart(self, records: Iterable[AddedNames]) -> None:
        """Keep these records alone: the others are in the stored part by now. Only for the writer."""
        self.close()
        self._position = 0
        self._file = self._directory.append(_FILE_NAME, 0)
        for added in records:
            self.append(added)

    def close(self) -> None:
        """Let the file go."""
        file, self._file = self._file, None
        if file is not None:
            file.close()
