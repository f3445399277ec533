"""The picker: in a real terminal, and as data."""

from __future__ import annotations

import base64
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from codanna_core.cli.cells import Screen, width
from codanna_core.cli.editor import editor_of, opening
from codanna_core.cli.picker import Picker
from codanna_core.cli.render import Style
from codanna_core.cli.tty import keys
from codanna_core.errors import InvalidQuery
from codanna_core.inert import inert
from codanna_core.model import Position, Span
from codanna_core.results import Hit
from codanna_core.testing import hostile

from .conftest import COMMAND

PLAIN = ("--color", "never", "--set", "semantic.enabled=false")
ENTER, ESCAPE, DOWN, COPY = "\r", "\x1b", "\x1b[B", "\x19"


@pytest.fixture
def editor(tmp_path: Path) -> Path:
    """An editor that only says what it was asked to open; `opened` beside it holds its arguments."""
    script = tmp_path / "vim"
    script.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {tmp_path}/opened\n')
    script.chmod(0o755)
    return script


def hit(name: str, path: str = "src/net.py", line: int = 4, **changes: Any) -> Hit:
    span = Span(Position(line, 4), Position(line, 9))
    return Hit(name, "method", "", "python", path, span, span, "", "", 0.5, **changes)


def test_type_look_and_open(workspace: Path, terminal: Any, editor: Path, tmp_path: Path) -> None:
    """Results and a preview follow what is typed, and Enter opens the editor at the chosen line."""
    screen = terminal("pick", *PLAIN, rows=30, columns=130, environ={"EDITOR": str(editor)})
    screen.until("type what the code does")
    screen.type("purge")
    shown = screen.until("› Store.purge")
    assert shown.startswith("> purge")
    assert "method     src/store.js:4" in shown
    assert "4    purge(limit) {" in shown  # The preview, beside the list.
    assert "Enter opens in vim" in shown
    screen.type(ENTER)
    assert screen.end() == 0
    assert (tmp_path / "opened").read_text().splitlines() == [
        "--cmd",
        "set nomodeline",
        "+4",
        str(workspace / "src" / "store.js"),
    ]


def test_the_mark_moves(workspace: Path, terminal: Any) -> None:
    """Arrow keys choose another result, and the preview goes with the mark."""
    screen = terminal("pick", "--query", "session close", "--print", *PLAIN, rows=30, columns=130)
    first = screen.until("› ")
    screen.type(DOWN)
    second = screen.until(lambda text: "› " in text and text.index("› ") != first.index("› "))
    assert second != first
    screen.type(ENTER)
    assert screen.end() == 0


def test_the_choice_is_printed_for_other_programs(workspace: Path, terminal: Any) -> None:
    """If the output is not a terminal, the place is all that is written to it."""
    screen = terminal("pick", "--query", "purge", *PLAIN, stdout=subprocess.PIPE)
    screen.until("› Store.purge")
    assert "Enter prints the place" in screen.screen()
    screen.type(ENTER)
    assert screen.end() == 0
    assert screen.process.stdout.read() == b"src/store.js:4\n"


def test_the_path_is_copied(workspace: Path, terminal: Any) -> None:
    """Ctrl-Y puts the place into the clipboard by the terminal's own sequence, and says so."""
    screen = terminal("pick", "--query", "purge", "--print", *PLAIN)
    screen.until("› Store.purge")
    screen.type(COPY)
    screen.until("copied src/store.js:4")
    assert b"\x1b]52;c;" + base64.b64encode(b"src/store.js:4") + b"\x07" in screen.raw
    screen.type(ESCAPE)
    assert screen.end() == 1


@pytest.mark.parametrize("how", ["escape", "ctrl-c", "terminate", "hang up"])
def test_the_terminal_is_given_back(workspace: Path, terminal: Any, how: str) -> None:
    """However the picker ends, the screen and the terminal's modes are as they were."""
    import termios

    screen = terminal("pick", "--query", "purge", "--print", *PLAIN)
    before = termios.tcgetattr(screen.master)
    screen.until("› Store.purge")
    assert termios.tcgetattr(screen.master)[3] != before[3]
    if how == "terminate":
        screen.process.send_signal(signal.SIGTERM)
    elif how == "hang up":
        screen.process.send_signal(signal.SIGHUP)
    else:
        screen.type({"escape": ESCAPE, "ctrl-c": "\x03"}[how])
    code = screen.end()
    assert code == (1 if how in ("escape", "ctrl-c") else 130)
    assert screen.raw.count(b"\x1b[?1049h") == screen.raw.count(b"\x1b[?1049l") == 1
    assert termios.tcgetattr(screen.master)[3] == before[3]


def test_the_first_index_is_built_meanwhile(workspace: Path, terminal: Any) -> None:
    """One can type at once: what goes on is shown, and the results come as soon as there are any."""
    for number in range(300):
        (workspace / f"part{number}.py").write_text(
            f"def handler_{number}(request):\n    return {number}\n" * 60
        )
    screen = terminal("pick", "--query", "purge", "--print", *PLAIN)
    screen.until("looking for changed files")
    screen.until("indexing ")
    screen.until("› Store.purge")
    screen.type(ESCAPE)
    assert screen.end() == 1


def test_another_size_is_drawn_anew(workspace: Path, terminal: Any) -> None:
    """The rows follow the window."""
    screen = terminal("pick", "--query", "purge", "--print", *PLAIN, rows=30, columns=130)
    assert "│" in screen.until("› Store.purge")
    screen.raw = b""
    screen.resize(12, 60)
    shown = screen.until(lambda text: "› Store.purge" in text and "│" not in text)
    assert len(shown.splitlines()) <= 12
    assert max(map(len, shown.splitlines())) <= 60


def test_without_a_terminal_the_way_out_is_named(workspace: Path) -> None:
    """A script is told what to use instead."""
    done = subprocess.run(
        [*COMMAND, "pick", "--print"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,
    )
    assert done.returncode == 2
    assert "needs a terminal" in done.stderr
    assert "codanna-lsp search" in done.stderr


@pytest.mark.parametrize(("rows", "columns"), [(4, 20), (12, 60), (24, 80), (50, 200)])
def test_nothing_drives_the_terminal_or_leaves_its_row(rows: int, columns: int) -> None:
    """Names, paths, lines and the query are inert, and every row fits, whatever they hold."""
    picker = Picker()
    picker.type(hostile.EVERYTHING)
    picker.show([hit(hostile.EVERYTHING, path=hostile.EVERYTHING, line=number) for number in range(60)])
    picker.note = hostile.EVERYTHING
    picker.selected = 59
    drawn, cursor = picker.rows(
        Screen(columns, rows), Style(False), inert, lambda *_: [hostile.EVERYTHING] * 9, "語" * 99
    )
    assert len(drawn) == rows
    assert max(map(width, drawn)) <= columns
    assert 0 <= cursor < columns
    assert hostile.attacks("\n".join(drawn)) == []


def test_the_mark_is_always_in_view() -> None:
    """However far one goes, the chosen result is among the rows."""
    picker = Picker()
    picker.show([hit(f"name{number}") for number in range(40)])
    for key in ("page down", "down", "page down", "up", "page down", "page down"):
        picker.press(key)
        drawn, _ = picker.rows(Screen(80, 10), Style(False), str, lambda *_: [], "")
        assert picker.chosen is not None
        assert [row for row in drawn if row.startswith("› ")] == [
            row for row in drawn if f" {picker.chosen.name} " in row
        ]
    assert picker.selected > 15


def test_an_answer_keeps_the_mark_on_its_result() -> None:
    """When the index changes under an answer, the mark does not jump to something else."""
    picker = Picker()
    picker.show([hit("a"), hit("b"), hit("c")])
    picker.press("down")
    picker.show([hit("new"), hit("a"), hit("b")])
    assert picker.chosen is not None
    assert picker.chosen.name == "b"
    picker.type("x")  # Another question begins at the top.
    picker.show([hit("a"), hit("b")])
    assert picker.chosen.name == "a"


@pytest.mark.parametrize(
    ("typed", "query", "cursor"),
    [
        (["abc", "backspace"], "ab", 2),
        (["one two  ", "word"], "one ", 4),
        (["word", "one", "word"], "", 0),
        (["abc", "home", "delete", "x"], "xbc", 1),
        (["abc", "left", "cut"], "ab", 2),
        (["abc", "clear", "d"], "d", 1),
        (["abc", "right", "left", "left", "end"], "abc", 3),
        (["語é", "left", "backspace"], "é", 0),
    ],
)
def test_editing(typed: list[str], query: str, cursor: int) -> None:
    """The keys of a line editor."""
    known = {"backspace", "word", "home", "delete", "left", "right", "cut", "clear", "end"}
    picker = Picker()
    for part in typed:
        picker.press(part) if part in known else picker.type(part)
    assert (picker.query, picker.cursor) == (query, cursor)


def test_keys_are_recognized_in_pieces() -> None:
    """Sequences that come in two parts are one key, an escape alone is one, and a pasted text is text."""
    assert keys("a\x1b", over=False) == ([("", "a")], "\x1b")
    assert keys("\x1b[", over=False) == ([], "\x1b[")
    assert keys("\x1b[A", over=False) == ([("up", "")], "")
    assert keys("\x1b", over=True) == ([("quit", "")], "")
    assert keys("\x1b[200~two\nlines\x1b[31m\x1b[201~!", over=False)[0] == [("", "two lines[31m"), ("", "!")]
    assert keys("\x1b[200~half", over=False) == ([], "\x1b[200~half")
    assert keys("\x1b[99;5u\x1bx\x00", over=True) == ([], "")


@pytest.mark.parametrize(
    ("editor", "command"),
    [
        ("nano", ["nano", "+7", "/p/-x.py"]),
        ("nvim -R", ["nvim", "-R", "--cmd", "set nomodeline", "+7", "/p/-x.py"]),
        ("code --wait", ["code", "--wait", "--goto", "/p/-x.py:7"]),
        ("/opt/my tools/hx", ["/opt/my tools/hx", "/p/-x.py:7"]),
        ("ed", ["ed", "/p/-x.py"]),
    ],
)
def test_editors_open_at_the_line(editor: str, command: list[str]) -> None:
    """Each in its own way; one that is not known gets the file."""
    asked = [editor] if editor.startswith("/") else editor.split()
    assert opening(asked, Path("/p/-x.py"), 7) == command


def test_which_editor() -> None:
    """VISUAL before EDITOR, with its arguments; a command that cannot be read is named."""
    assert editor_of({"VISUAL": "code -w", "EDITOR": "ed"}) == ["code", "-w"]
    assert editor_of({"EDITOR": "'my ed' -x"}) == ["my ed", "-x"]
    with pytest.raises(InvalidQuery, match="EDITOR"):
        editor_of({"EDITOR": "'open"})
    with pytest.raises(InvalidQuery, match="set EDITOR"):
        editor_of({"PATH": ""}) if sys.platform == "win32" else _without_any()


def _without_any() -> None:
    before = os.environ["PATH"]
    os.environ["PATH"] = ""
    try:
        editor_of({})
    finally:
        os.environ["PATH"] = before
