"""What is the matter with a folder, beside what its engine says."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from codanna_core.model import Problem
from codanna_core.problems import Code

_LACKING = frozenset({Code.OPEN, Code.SYNC, Code.UPDATE, Code.SYNC_STOPPED, Code.CLEAN})
"""Problems because of which answers may lack something."""


class Troubles:
    """One problem of each code at most. Any thread."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self._found: tuple[Problem, ...] = ()
        self._changed = changed

    def __iter__(self) -> Iterator[Problem]:
        return iter(self._found)

    def __bool__(self) -> bool:
        return bool(self._found)

    def note(self, code: Code, message: str) -> None:
        """Something is missing; listeners hear of it if it is new."""
        problem = Problem(code, message)
        if problem not in self._found:
            self._found = (*(one for one in self._found if one.code is not code), problem)
            self._changed()

    def forget(self, *codes: Code) -> None:
        """These are over."""
        self._found = tuple(one for one in self._found if one.code not in codes)

    def lacking(self) -> list[Problem]:
        """Those because of which answers may lack something."""
        return [problem for problem in self._found if problem.code in _LACKING]
