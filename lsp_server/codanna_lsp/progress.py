"""`$/progress` for long work: shown only when the work turns out to be long, and always ended."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from codanna_core.cancel import Cancel
from codanna_core.inert import inert_message

if TYPE_CHECKING:
    from codanna_core.results import Progress
    from codanna_lsp.options import Options
    from codanna_lsp.protocol import Protocol

SHOWN_AFTER = 0.3
EVERY = 0.1

_serial = itertools.count(1)


class Progresses:
    """All displays of one connection, by their tokens, which is how the client cancels."""

    def __init__(self, protocol: Protocol, options: Options) -> None:
        self._protocol = protocol
        self._options = options
        self._cancels: dict[int | str, Callable[[], None]] = {}

    def display(self, title: str, cancel: Cancel, token: int | str | None = None) -> WorkDone:
        """A display for long work; `token` is the client's own, if its request brought one. Any thread."""
        may_create = self._options.client.work_done_progress
        return WorkDone(
            self._protocol, title, Token(self._protocol, token, may_create), cancel, self._cancels
        )

    def cancel(self, token: int | str) -> None:
        """The user does not want this work any more."""
        stop = self._cancels.get(token)
        if stop is not None:
            stop()


class Token:
    """What names a display at the client: its own, or one of ours that it has agreed to."""

    def __init__(self, protocol: Protocol, given: int | str | None, may_create: bool) -> None:
        self.value = given
        self._protocol = protocol
        self._may_create = may_create
        self._asked: Future[Any] | None = None
        self._wanted = ""

    def agreed(self) -> bool:
        """Whether the client has agreed. It is asked once and never waited for: it may be silent."""
        if not self._may_create:
            return False
        if self._asked is None:
            # A string, because some clients handle no numeric tokens.
            self._wanted = f"codanna-{os.getpid()}-{next(_serial)}"
            self._asked = self._protocol.send_request(
                "window/workDoneProgress/create", {"token": self._wanted}
            )
        if not self._asked.done():
            return False
        if self._asked.cancelled() or self._asked.exception() is not None:
            self._may_create = False
            return False
        self.value = self._wanted
        return True


class WorkDone:
    """One progress display, used as a context manager on a worker thread so that every way out ends it."""

    def __init__(
        self,
        protocol: Protocol,
        title: str,
        token: Token,
        cancel: Cancel,
        cancels: dict[int | str, Callable[[], None]],
    ) -> None:
        """`cancels` is where the client's cross looks for what to stop."""
        self._protocol = protocol
        self._title = title
        self._token = token
        self._cancel = cancel
        self._cancels = cancels
        self._started = time.monotonic()
        self._begun = False
        self._last = 0.0
        self._message = ""

    def __enter__(self) -> WorkDone:
        if self._token.value is not None:
            self._begin()
        return self

    def __exit__(self, *exc_info: object) -> None:
        if self._begun and self._token.value is not None:
            self._cancels.pop(self._token.value, None)
            self._send({"kind": "end", "message": self._message})

    def report(self, step: Progress) -> None:
        """Show a step; called often, sends seldom."""
        now = time.monotonic()
        if not self._begun:
            if now - self._started < SHOWN_AFTER or not self._token.agreed():
                return
            self._begin()
        if now - self._last < EVERY:
            return
        self._last = now
        self._message = describe(step)
        value: dict[str, Any] = {"kind": "report", "message": self._message, "cancellable": True}
        if step.total > 0:
            value["percentage"] = min(100, 100 * step.done // step.total)
        self._send(value)

    def _begin(self) -> None:
        assert self._token.value is not None
        self._begun = True
        self._cancels[self._token.value] = self._cancel.cancel
        self._send(
            {"kind": "begin", "title": inert_message(self._title), "cancellable": True, "percentage": 0}
        )

    def _send(self, value: dict[str, Any]) -> None:
        self._protocol.notify("$/progress", {"token": self._token.value, "value": value})


def describe(step: Progress) -> str:
    """A step in words: files or symbols done, share and rate."""
    parts = [step.message] if step.message else []
    if step.total > 0:
        parts.append(f"{step.done:,} of {step.total:,}")
    elif step.done:
        parts.append(f"{step.done:,}")
    if step.rate > 0:
        parts.append(f"{step.rate:,.0f}/s")
    return inert_message(" · ".join(parts))
