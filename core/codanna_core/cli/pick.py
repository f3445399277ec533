"""`codanna-lsp pick [PATH]`: a picker that searches while one types."""

from __future__ import annotations

import argparse
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from codanna_core.cancel import Cancel
from codanna_core.cli.arguments import add_answer, add_common, add_root, filters_of
from codanna_core.cli.editor import editor_of, opening
from codanna_core.cli.exit_codes import ExitCode
from codanna_core.cli.picker import Picker
from codanna_core.cli.progress import Estimate, progress_line
from codanna_core.cli.render import Style, counted, print_line, shown_path
from codanna_core.cli.scope import Scope, scope_of
from codanna_core.cli.session import open_engine, update_index
from codanna_core.cli.tty import Tty
from codanna_core.errors import Cancelled, CodannaError, IndexMissing
from codanna_core.files.inside import open_inside
from codanna_core.results import Hit, Progress, SearchRequest, SearchResult

if TYPE_CHECKING:
    from codanna_core.search.service import CommandService

_RESULTS = 50


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of this command."""
    add_root(parser)
    parser.add_argument("--query", metavar="QUERY", default="", help="what is typed already")
    parser.add_argument(
        "--print",
        action="store_true",
        dest="prints",
        help="print PATH:LINE instead of opening the editor; the default if the output is not a terminal",
    )
    add_answer(parser, formats=False)
    add_common(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Let the user type, look and choose; then open the editor there, or print the place."""
    prints = options.prints or not sys.stdout.isatty()
    editor = [] if prints else editor_of()
    scope = scope_of(options)
    filters = scope.filters(filters_of(options))
    tty = Tty()
    try:
        with open_engine(options, notes=False) as engine:

            def answer(query: str, cancel: Cancel) -> tuple[list[Hit], str]:
                request = SearchRequest(query, options.limit or _RESULTS, filters=filters)
                return _answered(engine.search(request, cancel=cancel), scope)

            asker = Asker(engine, answer, tty.wake)
            asker.start(index=not options.no_sync)
            style = tty.style(options.color)
            try:
                with tty.drawn_on():
                    chosen = _conversation(tty, asker, scope.folder, style, options.query, editor)
            finally:
                asker.stop()
        if chosen is None:
            return ExitCode.NOTHING
        line = chosen.selection.start.line + 1
        if prints:
            print_line(f"{shown_path(scope.folder, Path.cwd())(chosen.path)}:{line}")
            return ExitCode.FOUND
        # Looked at before a program gets its name: inside the folder, a regular file, behind no link.
        with open(open_inside(scope.folder, chosen.path), "rb"):
            command = opening(editor, scope.folder / chosen.path, line)
        ended = subprocess.run(command, stdin=tty.descriptor(), check=False)
        return ExitCode.FOUND if ended.returncode == 0 else ExitCode.FAILED
    finally:
        tty.close()


def _answered(result: SearchResult, scope: Scope) -> tuple[list[Hit], str]:
    hits = scope.hits(result.hits)
    found = counted(len(hits), "result") if hits else "nothing found"
    return hits, "  ·  ".join([found, *(problem.message for problem in result.problems[:1])])


def _conversation(
    tty: Tty, asker: Asker, folder: Path, style: Style, query: str, editor: list[str]
) -> Hit | None:
    """Until something is chosen or the user has had enough."""
    from codanna_core.search.snippets import SnippetReader

    shown = shown_path(folder, Path.cwd())
    reader = SnippetReader(folder, lambda _path: None)
    picker = Picker()
    picker.type(query)
    asker.ask(picker.query)
    said = ""
    opens = f"opens in {Path(editor[0]).name}" if editor else "prints the place"
    while True:
        if (answer := asker.news()) is not None:
            picker.show(answer)
        picker.note = said or asker.note
        tty.draw(*picker.rows(tty.screen, style, shown, reader.lines, opens))
        for key, text in tty.read():
            said = ""
            if key == "quit":
                return None
            if key == "enter" and picker.chosen is not None:
                return picker.chosen
            if key == "copy" and picker.chosen is not None:
                place = f"{shown(picker.chosen.path)}:{picker.chosen.selection.start.line + 1}"
                tty.copy(place)
                said = f"copied {place}"
            before = picker.query
            picker.type(text) if text else picker.press(key)
            if picker.query != before:
                asker.ask(picker.query)


class Asker:
    """Asks in a thread of its own, always the newest question, while another thread updates the index."""

    def __init__(
        self,
        engine: CommandService,
        answer: Callable[[str, Cancel], tuple[list[Hit], str]],
        wake: Callable[[], None],
    ) -> None:
        """`answer` gives hits and a line about them; `wake` is called when there is something new."""
        self._engine = engine
        self._search = answer
        self._wake = wake
        self._state, self._found = "", ""
        self._query: str | None = None
        self._last = ""
        self._answer: list[Hit] | None = None
        self._asking = Cancel()
        self._over = Cancel()
        self._changed = threading.Condition()
        self._threads: list[threading.Thread] = []

    @property
    def note(self) -> str:
        """One line on what is happening, or on what was found."""
        return self._state or self._found

    def start(self, *, index: bool) -> None:
        """Begin to answer, and to bring the index up to date."""
        for work in (self._answer_all, *([self._index] if index else [])):
            self._threads.append(threading.Thread(target=work, daemon=True))
            self._threads[-1].start()

    def ask(self, query: str) -> None:
        """Have this answered next; what is being answered is given up."""
        with self._changed:
            self._query = self._last = query
            self._asking.cancel()
            self._changed.notify()

    def news(self) -> list[Hit] | None:
        """The newest answer, once."""
        with self._changed:
            answer, self._answer = self._answer, None
            return answer

    def stop(self) -> None:
        """End both threads; what is indexed so far is kept."""
        self._over.cancel()
        self.ask("")
        for thread in self._threads:
            thread.join()

    def _answer_all(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._query is not None)
                query, self._query = self._query or "", None
                self._asking = Cancel(self._over)
            if self._over.cancelled:
                return
            try:
                if query.strip():
                    self._tell(*self._search(query, self._asking))
                else:
                    self._tell([], "type what the code does, or a name")
            except Cancelled:
                continue  # A newer question is there.
            except IndexMissing:
                self._tell([], "waiting for the index")
            except (CodannaError, OSError) as error:
                self._tell([], str(error))

    def _tell(self, hits: list[Hit], found: str) -> None:
        with self._changed:
            if self._query is None:
                self._answer, self._found = hits, found
        self._wake()

    def _index(self) -> None:
        estimate = Estimate()
        self._state = "looking for changed files"

        def show(progress: Progress) -> None:
            self._state = progress_line(progress, estimate.left(progress, time.monotonic()))
            self._wake()

        end = self._engine.subscribe(lambda: self.ask(self._last))
        try:
            update_index(self._engine, self._over, show)
            self._state = ""
        except Cancelled:
            return
        except (CodannaError, OSError) as error:
            self._state = str(error)
        finally:
            end()
        self.ask(self._last)
