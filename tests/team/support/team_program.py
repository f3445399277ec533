"""The program itself, with a team's index behind it that another folder stands for.

`python team_program.py FOLDER BEHAVIOR ARGUMENTS...`: FOLDER is published as `team/there`; the behavior is
`well`, `gone`, `slow` (ten seconds for each answer) or `hostile` (rows with names and paths that try to act).
The address is `team.url` of the arguments or of the editor; nothing is connected.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

from folder_source import FolderSource

from codanna_core import Engine
from codanna_core.cli.main import main
from codanna_core.problems import Code
from codanna_team import asking
from codanna_team.remote import RemoteAnswer, RemoteFailure, RemoteQuestion, RemoteSource

ESCAPES: Final = (
    "\x1b[31mred\x1b]8;;https://evil.example.com\x07\u202e[x](command:evil)<img src=x>\n@@ fence ```"
)
"""What acts in terminals, editors, Markdown and the frames of answers for agents."""


class Behaving:
    """A source that answers late, not at all, or with rows that try to act."""

    def __init__(self, source: RemoteSource, behavior: str) -> None:
        self._source = source
        self._behavior = behavior

    def ask(self, question: RemoteQuestion, deadline: float) -> RemoteAnswer:
        """As it is told to."""
        if self._behavior == "gone":
            raise RemoteFailure(Code.TEAM_UNREACHABLE, "search.example.com cannot be reached")
        if self._behavior == "slow":
            time.sleep(10)
        answer = self._source.ask(question, deadline)
        if self._behavior != "hostile":
            return answer
        acting = [
            replace(row, container=ESCAPES, doc=ESCAPES, signature=f"{row.signature} {ESCAPES}")
            for row in answer.rows
        ]
        outside = [replace(row, path=f"../../{row.path}") for row in answer.rows]
        return replace(answer, rows=(*acting, *outside))

    def prepare(self) -> None:
        """Nothing is connected."""

    def close(self) -> None:
        """Nothing is open."""
        self._source.close()


def opened(folder: Path, behavior: str) -> Callable[[str, object], RemoteSource]:
    """What takes the place of connecting to an address."""
    made: list[RemoteSource] = []

    def open_source(_url: str, _token: object) -> RemoteSource:
        if not made:
            index = tempfile.mkdtemp(prefix="codanna-team-")
            engine = Engine.open(folder, index)
            engine.sync()
            engine.search("once")  # Its model is loaded before anybody waits.
            made.append(Behaving(FolderSource(engine), behavior))
        return made[0]

    return open_source


if __name__ == "__main__":  # Worker processes import this file anew.
    setattr(asking, "_open_source", opened(Path(sys.argv[1]), sys.argv[2]))  # noqa: B010
    setattr(asking, "token_for", lambda url: None)  # noqa: B010
    sys.exit(main(sys.argv[3:]))
