"""A terminal that is drawn as a whole and asked for single keys: raw mode, alternate screen, wide keys."""

from __future__ import annotations

import codecs
import os
import re
import select
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from codanna_core.cli.cells import Screen
from codanna_core.cli.render import Style
from codanna_core.errors import InvalidQuery

_ENTER = "\x1b[?1049h\x1b[?2004h\x1b[?25h"
_LEAVE = "\x1b[?2004l\x1b[?1049l"
_ESCAPE_WAITS = 0.05
"""So long after an escape the rest of a key's sequence may come; alone it is the key."""
_NAMED = {
    "\r": "enter",
    "\n": "down",
    "\x7f": "backspace",
    "\x08": "backspace",
    "\x01": "home",
    "\x02": "left",
    "\x03": "quit",
    "\x04": "quit",
    "\x05": "end",
    "\x06": "right",
    "\x07": "quit",
    "\x0b": "cut",
    "\x0e": "down",
    "\x10": "up",
    "\x15": "clear",
    "\x17": "word",
    "\x19": "copy",
    "\x1b": "quit",
    "\x1b[A": "up",
    "\x1b[B": "down",
    "\x1b[C": "right",
    "\x1b[D": "left",
    "\x1bOA": "up",
    "\x1bOB": "down",
    "\x1bOC": "right",
    "\x1bOD": "left",
    "\x1b[H": "home",
    "\x1b[F": "end",
    "\x1bOH": "home",
    "\x1bOF": "end",
    "\x1b[1~": "home",
    "\x1b[4~": "end",
    "\x1b[3~": "delete",
    "\x1b[5~": "page up",
    "\x1b[6~": "page down",
}
_PASTED = re.compile(r"\x1b\[200~(?P<text>.*?)\x1b\[201~", re.DOTALL)
_KEY = re.compile(r"\x1b\[[\d;?]*[@-~]|\x1bO.|\x1b.|.", re.DOTALL)
_UNFINISHED = re.compile(r"\x1b(\[[\d;?]*|O)?\Z")


def keys(text: str, *, over: bool) -> tuple[list[tuple[str, str]], str]:
    """Keys as (name, text), and what may still become one. A name is empty for what is typed or pasted.

    With `over` nothing follows, so a lone escape is the key.
    """
    found: list[tuple[str, str]] = []
    while text:
        if pasted := _PASTED.match(text):
            found.append(("", "".join(filter(str.isprintable, " ".join(pasted["text"].split())))))
            text = text[pasted.end() :]
            continue
        if text.startswith("\x1b[200~") or (not over and _UNFINISHED.match(text)):
            break
        key = _KEY.match(text)
        assert key is not None  # Any character is one.
        text = text[key.end() :]
        name = _NAMED.get(key.group())
        if name is not None:
            found.append((name, ""))
        elif key.group().isprintable():
            found.append(("", key.group()))
    return found, text


class Tty:
    """The user's terminal while something is drawn on it; standard output stays free for the answer."""

    def __init__(self) -> None:
        try:
            self._fd = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY)
        except OSError:
            raise InvalidQuery(
                "`pick` needs a terminal; in scripts use `codanna-lsp search`, and on Windows a Unix terminal"
            ) from None
        self._wake, self._waker = os.pipe()
        os.set_blocking(self._wake, False)
        os.set_blocking(self._waker, False)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""
        self._size: os.terminal_size | None = None

    @property
    def screen(self) -> Screen:
        """Its size now."""
        size = os.get_terminal_size(self._fd)
        return Screen(max(20, size.columns), max(4, size.lines))

    @contextmanager
    def drawn_on(self) -> Iterator[None]:
        """Own the whole screen; whatever happens, it is given back as it was."""
        import termios
        import tty

        before = termios.tcgetattr(self._fd)
        handlers = {
            number: signal.signal(number, lambda *_: self.wake())
            for number in (signal.SIGWINCH, signal.SIGCONT)
        }
        handlers |= {number: signal.signal(number, _end) for number in (signal.SIGTERM, signal.SIGHUP)}
        try:
            tty.setraw(self._fd)
            self.write(_ENTER)
            yield
        finally:
            self.write(_LEAVE)
            termios.tcsetattr(self._fd, termios.TCSADRAIN, before)
            for number, handler in handlers.items():
                signal.signal(number, handler)

    def style(self, choice: str) -> Style:
        """Its colors."""
        plain = bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
        return Style(choice == "always" or (choice == "auto" and not plain))

    def close(self) -> None:
        """Let go of the terminal."""
        for descriptor in (self._fd, self._wake, self._waker):
            os.close(descriptor)

    def descriptor(self) -> int:
        """For a program that takes over."""
        return self._fd

    def wake(self) -> None:
        """Have `read` return; from any thread and from signal handlers."""
        try:
            os.write(self._waker, b"!")
        except BlockingIOError:
            pass  # It is full of calls to wake up already.

    def read(self) -> list[tuple[str, str]]:
        """Wait for keys or a call to wake up; gives the keys, none for the latter."""
        ready, _, _ = select.select([self._fd, self._wake], [], [])
        if self._wake in ready:
            os.read(self._wake, 4096)
        if self._fd not in ready:
            return []
        data = os.read(self._fd, 4096)
        if not data:
            return [("quit", "")]
        text = self._rest + self._decoder.decode(data)
        found, self._rest = keys(text, over=False)
        if self._rest and not select.select([self._fd], [], [], _ESCAPE_WAITS)[0]:
            more, self._rest = keys(self._rest, over=True)
            found += more
        return found

    def draw(self, rows: Sequence[str], cursor: int) -> None:
        """Show these rows, which are inert and fit, with the cursor in the first one."""
        size = os.get_terminal_size(self._fd)
        # What a window of another size shows is not ours any more.
        clear, self._size = "" if size == self._size else "\x1b[2J", size
        lines = [f"\x1b[{number};1H\x1b[2K{row}" for number, row in enumerate(rows, 1)]
        self.write("".join(["\x1b[?25l", clear, *lines, f"\x1b[1;{cursor + 1}H\x1b[?25h"]))

    def copy(self, text: str) -> None:
        """Put a text into the clipboard of whoever sits at the terminal, over a connection as well."""
        import base64

        self.write(f"\x1b]52;c;{base64.b64encode(text.encode('utf-8', 'surrogateescape')).decode()}\x07")

    def write(self, text: str) -> None:
        data = text.encode("utf-8", "backslashreplace")
        while data:
            data = data[os.write(self._fd, data) :]


def _end(_number: int, _frame: Any) -> None:
    raise KeyboardInterrupt
