"""How much of the folder the index covers, and what the user reads about that."""

from __future__ import annotations

from codanna_core.indexing.events import Events
from codanna_core.indexing.file_state import FileState
from codanna_core.indexing.role import WriterRole
from codanna_core.model import Problem
from codanna_core.problems import Code
from codanna_core.results import State
from codanna_core.text.reader import TextSnapshot


class Coverage:
    """Counts the files of a run. The runs set the numbers, everyone may read them."""

    def __init__(self, files: FileState, role: WriterRole, events: Events) -> None:
        self._files = files
        self._role = role
        self._events = events
        self._total = 0
        self._done = 0

    def looked(self, total: int) -> None:
        """The folder has been looked at, and has so many files."""
        self._total = total

    def begin(self, left: int) -> None:
        """A run begins that has so many files to read."""
        self._done = max(0, self._total - left)

    def advance(self, files: int) -> None:
        """So many more files are committed."""
        self._done += files

    def share(self, text: TextSnapshot) -> float:
        """Share of the files that the published generation covers."""
        if not text.generation:
            return 0.0  # The first index has been begun, and nothing of it is committed.
        if self._events.state is State.INDEXING and self._total:
            return min(1.0, self._done / self._total)
        if text.missing:
            files = text.file_count
            return files / (files + text.missing)
        return 1.0

    def problem(self, text: TextSnapshot) -> Problem | None:
        """Says so where the index does not cover the whole folder, or rules leave nothing of it."""
        share = self.share(text)
        if share >= 1.0:
            return self._events.nothing_left()
        starting = self._role.held and not text.generation
        if starting or self._events.state is State.INDEXING or self._role.held_elsewhere:
            return Problem(Code.INDEXING, f"{share:.0%} of the files are indexed so far")
        if not text.generation:
            return Problem(Code.INCOMPLETE, "there is no index yet; `codanna-lsp index` builds it")
        return Problem(
            Code.INCOMPLETE,
            f"{share:.0%} of the files are indexed, because the last run was stopped before its end; "
            "`codanna-lsp index` does the rest",
        )

    @property
    def expected_files(self) -> int:
        """Files that are, or will be, in the index; 0 until this process has looked at the folder."""
        return max(0, self._total - self._files.left_out())

    def skipped(self, generation: int) -> dict[str, int]:
        """How many files were left out, by reason."""
        return self._files.skipped(generation)
