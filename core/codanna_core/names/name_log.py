"""Names that came since the stored columns were made: a log with a record for each run that added some."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import orjson

from codanna_core.records import dataclass
from codanna_core.storage.directory import Directory, FileDamaged, FileTooLarge
from codanna_core.storage.log import LogForm, LogReader, LogWriter

_FILE_NAME: Final = "added.log"
_FORM: Final = LogForm(b"CDNNLG\x00\x01", "a log of names")
_ADDED: Final = 1


@dataclass(frozen=True, slots=True)
class AddedNames:
    """What one run on top of generation `before` added, up to generation `after`."""

    before: int
    after: int
    names: list[str]


class NameLog:
    """One record a run. A kill loses nothing that was appended; a power cut may cut the end off, and whoever
    reads sees by the generations that something is missing.
    """

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._writer: LogWriter | None = None
        self._reader = self._new_reader()

    def read(self) -> list[AddedNames]:
        """The whole records that were not read yet."""
        found: list[AddedNames] = []
        try:
            if self._directory.size(_FILE_NAME) < self._reader.position:
                self._reader = self._new_reader()  # The writer has started it again.
            found.extend(self._reader.read())
        except (FileNotFoundError, FileTooLarge):
            self._reader = self._new_reader()  # Readers miss the names, and the writer starts the log again.
        except FileDamaged:
            pass  # What follows is missing, and the writer continues in place of the damage.
        return found

    def append(self, added: AddedNames) -> None:
        """Add a record behind those that were read, in place of a damaged one. Only for the writer."""
        if self._writer is None:
            file = self._directory.append(_FILE_NAME, self._reader.position)
            self._writer = LogWriter(file, _FORM, self._reader.stamp)
        self._writer.append(_ADDED, orjson.dumps((added.before, added.after, added.names)))
        self._reader.position, self._reader.stamp = self._writer.size(), self._writer.stamp

    def restart(self, records: Iterable[AddedNames]) -> None:
        """Keep these records alone: the others are in the stored columns by now. Only for the writer."""
        self.close()
        self._reader = self._new_reader()
        self._writer = LogWriter(self._directory.append(_FILE_NAME, 0), _FORM, 0)
        for added in records:
            self.append(added)

    def close(self) -> None:
        """Let the file go."""
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()

    def _new_reader(self) -> LogReader[AddedNames]:
        return LogReader(self._directory, _FILE_NAME, _FORM, _parse)


def _parse(_operation: int, payload: bytes) -> AddedNames | None:
    try:
        before, after, names = orjson.loads(payload)
        return AddedNames(int(before), int(after), list(map(str, names)))
    except (ValueError, TypeError):
        return None
