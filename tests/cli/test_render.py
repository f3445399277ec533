"""What people see, from made-up results."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from codanna_core.cli.arguments import Format
from codanna_core.cli.cells import Screen, cut, width
from codanna_core.cli.formats import rendered_hits
from codanna_core.cli.notes import note_lines
from codanna_core.cli.progress import Estimate, ProgressBar, progress_line
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
from codanna_core.ranking.signals import SIGNALS, SYMBOL_SIGNALS
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
    assert "    score 0.03 from 0.04 = text 0.02, meaning 0.02" in shown


def test_explained_parts_add_up_as_they_are_shown() -> None:
    """Whatever rounding does to the parts, they add up to the sum that is printed."""
    signals = {"text": 1.004, "meaning": 2.004, "file name": 0.006, "moved": -0.4949, "test": 0.001}
    [line] = [row for row in render_hits([hit(signals=signals)], PLAIN, same).splitlines() if "score" in row]
    shown, _, parts = line.partition(" from ")[2].partition(" = ")
    assert sum(round(100 * float(part.split()[-1])) for part in parts.split(", ")) == round(
        100 * float(shown)
    )
    assert "test" not in parts


@pytest.mark.parametrize(("screen", "rows"), [(Screen(), 1), (Screen(60, 24), 11)])
def test_no_part_of_an_explanation_is_cut(screen: Screen, rows: int) -> None:
    """Every part is printed to its end: on one line in a pipe, wrapped on a terminal however narrow."""
    names = [*SIGNALS, *SYMBOL_SIGNALS]
    shown = render_hits([hit(signals=dict.fromkeys(names, -1.25))], PLAIN, same, screen)
    explained = shown[shown.index("    score") :].splitlines()
    assert len(explained) == rows
    assert all(width(row) <= screen.columns for row in explained) or screen.rows is None
    parts = " ".join(row.strip() for row in explained).partition(" = ")[2].split(", ")
    assert parts == [f"{name} -1.25" for name in names]


def test_names_of_signals_are_plain_words() -> None:
    """A list of parts is separated by commas, so that no name may contain one, or anything but words."""
    for name in [*SIGNALS, *SYMBOL_SIGNALS]:
        assert re.fullmatch(r"[a-z]+( [a-z]+)*", name), name


def test_long_lines_wrap_to_the_terminal() -> None:
    """On a terminal source lines and signatures wrap inside its width, at spaces, for three rows."""
    words = " ".join(f"word{number}" for number in range(40))
    shown = render_hits(
        [hit(signature=words, snippet=(SnippetLine(3, words, True), SnippetLine(4, "語" * 200, False)))],
        PLAIN,
        same,
        Screen(40, 24),
    )
    rows = shown.splitlines()[1:]
    assert len(rows) == 6  # The signature is the beginning of the line, so it is not said again.
    assert max(map(width, rows)) <= 40
    assert [row[:5].strip() for row in rows] == ["› 4", "", "", "5", "", ""]
    assert rows[1].startswith("       word")
    assert rows[2].endswith("…")


@pytest.mark.parametrize(
    ("text", "cells", "shown"),
    [("abc", 3, "abc"), ("abcd", 3, "ab…"), ("語語", 3, "語…"), ("e\u0301e", 2, "e\u0301e"), ("ab", 0, "")],
)
def test_cutting_counts_cells(text: str, cells: int, shown: str) -> None:
    """Wide letters take two cells and combining marks none."""
    assert cut(text, cells) == shown
    assert width(cut(text, cells)) <= max(cells, 0)


def test_blocks_that_would_scroll_become_two_lines_a_hit() -> None:
    """What fits the screen is shown whole, and more than fits as a place and its best line."""
    hits = [hit() for _ in range(4)]
    whole = render_hits(hits, PLAIN, same)
    lines = whole.count("\n") + 1
    for rows, shown in ((lines + 1, whole), (lines, None), (None, whole)):
        found = rendered_hits(hits, None, PLAIN, same, Path(), Screen(80, rows))
        if shown is not None:
            assert found == shown
        else:
            assert found.splitlines() == 4 * [
                "src/net.py:42  method  Session.close",
                "    45  self.socket.shutdown()",
            ]


def test_a_format_that_is_asked_for_is_used() -> None:
    """`--format` has the last word, and an explanation is never dropped without it."""
    small = Screen(80, 4)
    assert rendered_hits([hit()] * 9, Format.FULL, PLAIN, same, Path(), small).count("\n") > 25
    assert rendered_hits([hit()], Format.COMPACT, PLAIN, same, Path(), Screen(80, 90)).count("\n") == 1
    explained = rendered_hits([hit(signals={"text": 1.0})] * 9, None, PLAIN, same, Path(), small)
    assert explained.count("score") == 9


def test_compact_lines_stay_inside_the_width() -> None:
    """The name and the best line are cut, the place is not; the signature stands in for a best line."""
    long = hit(path="a" * 30 + ".py", name="n" * 90, snippet=(SnippetLine(44, "語" * 90, True),))
    head, below = rendered_hits([long], Format.COMPACT, PLAIN, same, Path(), Screen(60, 9)).splitlines()
    assert head.startswith("a" * 30 + ".py:42  method  Session.n")
    assert max(width(head), width(below)) <= 60
    plain = rendered_hits([hit(snippet=())], Format.COMPACT, PLAIN, same, Path())
    assert plain.splitlines()[1] == "    def close(self)"


def test_vimgrep_columns_count_bytes(tmp_path: Path) -> None:
    """`path:line:column:text`, where the column is that of the name in bytes, as editors expect."""
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "net.py").write_text("\n" * 41 + "é😀 = close\n", "utf-8")
    narrow, wide = (
        hit(selection=Span(Position(41, column), Position(41, 11)), wide=wide)
        for column, wide in ((4, False), (6, True))
    )
    assert rendered_hits([narrow, wide], Format.VIMGREP, PLAIN, same, tmp_path).splitlines() == [
        "src/net.py:42:5:method Session.close  def close(self)",
        "src/net.py:42:10:method Session.close  def close(self)",
    ]


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
    shown = render_status(status, note_lines(status.problems), PLAIN)
    assert "  2 binary" in shown
    assert shown.count("src/a.py: the file is cut off") == 1
    assert "80, 10 pending" in shown
    assert "10 of 12 (83%) indexed, 2 skipped" in shown
    assert "(2.0 KiB)" in shown


@pytest.mark.parametrize(
    ("prepared", "said"),
    [
        (7, "prepared for 7 of 12 files; `callers`, `refs` and `impact` read the rest when they need it"),
        (12, "prepared for all 12 files"),
    ],
)
def test_status_says_what_its_counts_are_for(prepared: int, said: str) -> None:
    """What is stored for relations is named by the commands that use it, and absent without it."""
    status = status_of(12, 12, writer=True)
    assert "callers" not in render_status(status, [], PLAIN)
    status = replace(status, facts_files=prepared, facts_total=12)
    assert f"callers  {said}" in render_status(status, [], PLAIN).splitlines()


def test_files_with_the_same_problem_share_a_line() -> None:
    """One line for each language and cause, which says how many files there are and names one."""
    cut = [
        Problem(
            Code.SYNTAX, f"{number}% of the file does not parse as make; symbols there may be missing", path
        )
        for number, path in ((24, "b/Makefile"), (8, "a/Makefile"), (24, "b/Makefile"))
    ]
    slow = Problem(Code.SLOW_FILE, "takes too long to parse as c; it is searched by its text only", "x.c")
    config = Problem(Code.CONFIG, "no such setting")
    assert note_lines([*cut, slow, config]) == [
        "2 files, such as a/Makefile: part of each does not parse as make; symbols there may be missing",
        "x.c: takes too long to parse as c; it is searched by its text only",
        "no such setting",
    ]
    assert note_lines(cut[:1]) == [f"b/Makefile: {cut[0].message}"]


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 B"), (1023, "1023 B"), (1 << 20, "1.0 MiB"), (5 << 40, "5120.0 GiB")]
)
def test_sizes(count: int, text: str) -> None:
    """Bytes are shown in the unit that fits."""
    assert size(count) == text


def test_progress_line_says_what_is_left() -> None:
    """The line shows how much is done, how fast, and how long the rest takes, once that is known."""
    progress = Progress(State.INDEXING, 1000, 4000, 500.0)
    assert progress_line(progress, 6.0).startswith("indexing ━━━━━━─")
    assert progress_line(progress, 6.0).endswith("1,000/4,000  500/s  6 s left")
    assert "left" not in progress_line(progress)


def test_the_estimate_does_not_count_the_start() -> None:
    """While processes start, hardly anything is done; what is left was ten times overestimated from that."""
    estimate = Estimate()
    found: list[tuple[float, float]] = []
    for now, done in ((5.0, 9), (6.0, 10), (9.0, 120), (18.0, 470), (40.0, 1350), (150.0, 5750)):
        left = estimate.left(Progress(State.INDEXING, done, 6000, done / now), now)
        if left is not None:
            found.append((left, (6000 - done) / 40))
    assert len(found) == 4
    assert all(0.5 < left / really < 2 for left, really in found)


def test_progress_line_survives_odd_numbers() -> None:
    """More done than announced, or nothing known, still gives a line."""
    assert "4/4" in progress_line(Progress(State.INDEXING, 9, 4, 0.0))
    assert progress_line(Progress(State.EMBEDDING, 0, 0, 0.0)) == "embedding"


def test_no_bar_outside_a_terminal() -> None:
    """A pipe or a file never gets the line; a terminal does, and it is removed at the end."""
    for stream, drawn in ((io.StringIO(), False), (Terminal(), True)):
        clock = iter(range(1000))
        with ProgressBar(stream, clock=lambda clock=clock: float(next(clock))) as bar:  # type: ignore[misc]
            bar.draw()
            assert ("looking for changed files  1 s" in stream.getvalue()) is drawn
            bar.show(Progress(State.INDEXING, 1, 2, 0.0))
            bar.draw()
            assert ("indexing" in stream.getvalue()) is drawn
        assert stream.getvalue().endswith("\r\x1b[2K") is drawn
