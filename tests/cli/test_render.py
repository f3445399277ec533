"""What people see, from made-up results."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from codanna_core.cli.progress import ProgressBar, progress_line
from codanna_core.cli.render import (
    Style,
    render_hits,
    render_status,
    render_symbols,
    render_sync,
    shown_path,
    size,
    style_for,
)
from codanna_core.inert import inert
from codanna_core.model import Position, Problem, Span
from codanna_core.problems import Code
from codanna_core.results import Hit, Progress, SnippetLine, State, Status, SymbolHit, SyncReport

PLAIN = Style(False)


def status_of(indexed: int, total: int, *, writer: bool, problems: Sequence[Problem] = ()) -> Status:
    return Status(
        "/w",
        "/i",
        State.READY,
        generation=4,
        writer=writer,
        files_indexed=indexed,
        files_total=total,
        files_skipped={"binary": 2},
        symbols=90,
        vectors_total=80,
        vectors_pending=10,
        model="m",
        dimension=256,
        bytes_on_disk=2048,
        problems=list(problems),
    )


def same(path: str) -> str:
    return path


def span(line: int, end: int | None = None) -> Span:
    return Span(Position(line, 4), Position(line if end is None else end, 9))


def hit(**changes: object) -> Hit:
    values: dict[str, object] = {
        "name": "close",
        "kind": "method",
        "container": "Session",
        "language": "python",
        "path": "src/net.py",
        "span": span(40, 52),
        "selection": span(41),
        "signature": "def close(self)",
        "doc": "Close the connection.",
        "score": 0.032,
        "reasons": ("meaning", "text"),
        "snippet": (SnippetLine(44, "        self.socket.shutdown()", True), SnippetLine(45, "", False)),
    }
    return Hit(**{**values, **changes})  # type: ignore[arg-type]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_first_line_starts_with_a_clickable_place() -> None:
    """The first line of a hit is `path:line`, kind and qualified name, with the line counted from 1."""
    first = render_hits([hit()], PLAIN, same).splitlines()[0]
    assert first == "src/net.py:42  method  Session.close"


def test_signature_and_best_line_follow() -> None:
    """Under the first line stand the signature and the snippet, its best line marked, empty ends left out."""
    assert render_hits([hit()], PLAIN, same).splitlines()[1:] == [
        "    def close(self)",
        "  › 45          self.socket.shutdown()",
    ]


def test_signature_is_not_said_twice() -> None:
    """A snippet that shows the head of the definition makes the signature line superfluous."""
    shown = render_hits([hit(snippet=(SnippetLine(41, "    def close(self):", False),))], PLAIN, same)
    assert shown.count("def close(self)") == 1


def test_hits_are_separated_by_an_empty_line() -> None:
    """Two hits are two blocks."""
    assert "\n\nsrc/net.py:42" in render_hits([hit(), hit()], PLAIN, same)


def test_explained_hit_shows_its_signals() -> None:
    """Each signal's part of the score is printed when the hit carries them."""
    shown = render_hits([hit(signals={"text": 0.016, "meaning": 0.016})], PLAIN, same)
    assert "score 0.0320 = text 0.0160, meaning 0.0160" in shown


def test_source_text_cannot_drive_the_terminal() -> None:
    """Escape sequences and direction overrides in names, paths and source lines are made harmless."""
    evil = "\x1b[2Jgone\u202e\x9b"
    shown = render_hits([hit(name=evil, signature=evil, snippet=(SnippetLine(3, evil, True),))], PLAIN, inert)
    assert not any(character in shown for character in "\x1b\u202e\x9b")


def test_long_lines_are_cut() -> None:
    """A line of a thousand characters does not flood the screen."""
    shown = render_hits([hit(snippet=(SnippetLine(3, "x" * 1000, True),))], PLAIN, same)
    assert max(map(len, shown.splitlines())) < 200


def test_symbols_take_one_line_each() -> None:
    """A symbol search prints nothing but places, kinds and names."""
    symbol = SymbolHit("Store", "class", "", "javascript", "store.js", 1, 0, 1, 6, 1, 6, 11, 1.0, "exact")
    assert render_symbols([symbol, symbol], PLAIN, same) == "\n".join(["store.js:2  class  Store"] * 2)


@pytest.mark.parametrize(
    ("environment", "choice", "terminal", "coloured"),
    [
        ({}, "auto", True, True),
        ({}, "auto", False, False),
        ({"NO_COLOR": "1"}, "auto", True, False),
        ({"NO_COLOR": ""}, "auto", True, True),
        ({"TERM": "dumb"}, "auto", True, False),
        ({"NO_COLOR": "1"}, "always", False, True),
        ({}, "never", True, False),
    ],
)
def test_colours(
    monkeypatch: pytest.MonkeyPatch,
    environment: dict[str, str],
    choice: str,
    terminal: bool,
    coloured: bool,
) -> None:
    """Colours are for terminals; NO_COLOR and a dumb one switch them off, `--color` has the last word."""
    monkeypatch.setenv("TERM", "xterm")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert style_for(Terminal() if terminal else io.StringIO(), choice).coloured is coloured


def test_coloured_text_is_the_plain_text_with_codes() -> None:
    """Colours change nothing but add codes, so that what is copied is what a script would see."""
    import re

    coloured = render_hits([hit()], Style(True), same)
    assert coloured != render_hits([hit()], PLAIN, same)
    assert re.sub(r"\x1b\[\d+m", "", coloured) == render_hits([hit()], PLAIN, same)


def test_paths_open_from_the_current_folder(tmp_path: Path) -> None:
    """A path is shown as the current folder sees it, and absolute where the folder lies elsewhere."""
    here = tmp_path / "here"
    assert shown_path(here, here)("a/b.py") == os.path.join("a", "b.py")
    assert shown_path(here / "sub", here)("b.py") == os.path.join("sub", "b.py")
    assert shown_path(tmp_path / "other", here)("b.py") == str(tmp_path / "other" / "b.py")


def test_sync_report_is_one_sentence() -> None:
    """What indexing did is said in one line, zeros left out."""
    report = SyncReport(3, added=1200, removed=1, symbols=9000, embedded=1, seconds=2.25)
    here = status_of(10, 10, writer=True)
    assert (
        render_sync(report, here)
        == "indexed 1,200 files (1,200 new), forgot 1 removed file, 9,000 symbols, 1 new vector in 2.2 s"
    )
    assert render_sync(SyncReport(3, unchanged=7), here).startswith("up to date: 7 files")
    elsewhere = render_sync(SyncReport(3), status_of(10, 10, writer=False))
    assert elsewhere == "another process keeps this index up to date; nothing to do"
    begun = render_sync(SyncReport(3), status_of(10, 40, writer=False))
    assert begun == "another process indexes this folder: 10 of 40 (25%) files so far"


def test_status_names_skipped_files_and_problems_once() -> None:
    """Status counts skipped files by reason and shows each problem once, with its file."""
    problem = Problem(Code.SYNTAX, "the file is cut off", "src/a.py")
    status = status_of(10, 12, writer=True, problems=[problem, problem])
    shown = render_status(status, PLAIN)
    assert "  2 binary" in shown
    assert shown.count("src/a.py: the file is cut off") == 1
    assert "80, 10 pending" in shown
    assert "10 of 12 (83%) indexed, 2 skipped" in shown
    assert "(2.0 KiB)" in shown


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 B"), (1023, "1023 B"), (1 << 20, "1.0 MiB"), (5 << 40, "5120.0 GiB")]
)
def test_sizes(count: int, text: str) -> None:
    """Bytes are shown in the unit that fits."""
    assert size(count) == text


def test_progress_line_estimates_what_is_left() -> None:
    """The bar shows how much is done, how fast, and how long the rest takes."""
    line = progress_line(Progress(State.INDEXING, 1000, 4000, 500.0))
    assert line.startswith("indexing ━━━━━━─")
    assert line.endswith("1,000/4,000  500/s  6 s left")


def test_progress_line_survives_odd_numbers() -> None:
    """More done than announced, or nothing known, still gives a line."""
    assert "4/4" in progress_line(Progress(State.INDEXING, 9, 4, 0.0))
    assert progress_line(Progress(State.EMBEDDING, 0, 0, 0.0)) == "embedding"


def test_no_bar_outside_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipe or a file never gets the bar; a terminal does, and it is removed at the end."""
    clock = iter(range(100))
    monkeypatch.setattr("codanna_core.cli.progress.time.monotonic", lambda: float(next(clock)))
    for stream, drawn in ((io.StringIO(), False), (Terminal(), True)):
        with ProgressBar(stream) as bar:
            bar.show(Progress(State.INDEXING, 1, 2, 0.0))
            assert ("indexing" in stream.getvalue()) is drawn
        assert stream.getvalue().endswith("\r\x1b[2K") is drawn
