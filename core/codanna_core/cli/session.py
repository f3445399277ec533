"""An engine for one command: opened, brought up to date with progress, stopped by Ctrl-C, closed."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

from codanna_core.cancel import Cancel
from codanna_core.cli.arguments import index_dir_of, overrides_of, root_of
from codanna_core.cli.notes import note_lines
from codanna_core.cli.progress import ProgressBar
from codanna_core.cli.render import say
from codanna_core.cli.scope import scope_of
from codanna_core.config import load_settings
from codanna_core.errors import IndexMissing
from codanna_core.model import Problem
from codanna_core.results import Progress, State, SyncReport

if TYPE_CHECKING:
    from codanna_core.search.service import CommandService

_PATIENCE = 30.0
_SECONDS_BETWEEN_LOOKS = 0.1


@contextmanager
def open_engine(
    options: argparse.Namespace,
    *,
    notes: bool = True,
    own: bool = False,
    team: bool = False,
    synced: bool = False,
) -> Iterator[CommandService]:
    """The engine that answers about the folder that the options name; `notes` reports bad settings first.
    With `own` it is that of the folder itself, never of one above; `team` says that a team is asked as well,
    and `synced` that the index is brought up to date first.
    """
    root = root_of(options) if own else scope_of(options).root
    overrides = overrides_of(options)
    if notes or team or synced:
        settings, problems = load_settings(root, overrides)
        if team and settings.team.url:
            from codanna_core.search.opened_team import prepare_team

            prepare_team(settings.team, root)
        if notes:
            report_problems(problems)
    if synced:
        from codanna_core.indexing.ahead import expect_run

        expect_run(root, index_dir_of(options), settings)
    from codanna_core.engine import Engine

    with Engine.open(root, index_dir_of(options), overrides=overrides, watched=True) as engine:
        yield engine


@contextmanager
def stoppable() -> Iterator[Cancel]:
    """A cancel token that Ctrl-C sets, so that work stops at a committed state; a second one interrupts.

    An engine is opened inside of it: what interrupts an import may be taken for a fault of the module, or be
    lost.
    """
    cancel = Cancel()
    if threading.current_thread() is not threading.main_thread():
        yield cancel
        return

    def stop(_signal: int, _frame: FrameType | None) -> None:
        if cancel.cancelled:
            raise KeyboardInterrupt
        cancel.cancel()

    previous = signal.signal(signal.SIGINT, stop)
    try:
        yield cancel
    finally:
        signal.signal(signal.SIGINT, previous)


@contextmanager
def asked_engine(
    options: argparse.Namespace, *, team: bool = False
) -> Iterator[tuple[CommandService, Cancel]]:
    """The engine, ready to be asked: brought up to date, or with `--no-sync` as it is; `team` says that a
    team is asked as well.
    """
    synced = not options.no_sync
    with stoppable() as cancel, open_engine(options, team=team, synced=synced) as engine:
        if synced:
            bring_up_to_date(engine, cancel)
        else:
            engine.hear_writer()
        yield engine, cancel


def bring_up_to_date(
    engine: CommandService, cancel: Cancel, *, verify: bool = False, rebuild: bool = False
) -> SyncReport:
    """Index what changed since the last time, with a progress line on a terminal."""
    with ProgressBar(sys.stderr) as bar:
        return update_index(engine, cancel, bar.show, verify=verify, rebuild=rebuild)


def update_index(
    engine: CommandService,
    cancel: Cancel,
    report: Callable[[Progress], None],
    *,
    verify: bool = False,
    rebuild: bool = False,
) -> SyncReport:
    """Index what changed since the last time."""
    give_up = time.monotonic() + _PATIENCE
    while True:
        try:
            if rebuild:
                return engine.reindex(progress=report, cancel=cancel)
            return engine.sync(progress=report, cancel=cancel, verify=verify)
        except IndexMissing:
            # Another process, such as an editor's server, has only just begun to index this folder.
            if time.monotonic() > give_up:
                raise
            cancel.raise_if_cancelled()
            report(Progress(State.INDEXING, 0, 0, 0.0, "in another process"))
            time.sleep(_SECONDS_BETWEEN_LOOKS)


def report_problems(problems: Iterable[Problem], limit: int = 5) -> None:
    """Say on standard error what is missing from an answer."""
    shown = note_lines(problems)
    for line in shown[:limit]:
        say(line, "note: ")
    if len(shown) > limit:
        say(f"{len(shown) - limit} more; `codanna-lsp status` shows them", "note: ")
