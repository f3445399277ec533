"""The log: a rotating file for each server process, standard error, and the client for what it should know.

No source text and no query is logged above debug level.
"""

from __future__ import annotations

import logging
import logging.handlers
import os
import sys
import tempfile
from io import TextIOWrapper
from pathlib import Path

from codanna_core.logs import InertFormatter
from codanna_core.runtime.folders import log_folder
from codanna_core.storage.private import make_folder, open_file, secure

LEVELS = ("error", "warning", "info", "debug")

_KEPT_FILES = 10
_FORMAT = "%(asctime)s.%(msecs)03d %(levelname).1s %(name)s: %(message)s"


def set_up(level: str) -> Path | None:
    """Log to a file of this process and to standard error; gives the file, None where none can be written."""
    root = logging.getLogger()
    formatter = InertFormatter(_FORMAT, datefmt="%Y-%m-%d %H:%M:%S")
    # Editors show standard error as the server's output, so it holds only what somebody should see.
    stderr = logging.StreamHandler(sys.stderr)
    stderr.setFormatter(formatter)
    stderr.setLevel(logging.DEBUG if level == "debug" else logging.WARNING)
    root.addHandler(stderr)
    set_level(level)
    logging.raiseExceptions = False  # A full disk must not print a traceback for every line.
    for folder in (log_folder(), _temporary_folder()):
        try:
            _make_private(folder)
            path = folder / f"server-{os.getpid()}.log"
            handler = _PrivateFile(
                path, maxBytes=2_000_000, backupCount=1, encoding="utf-8", errors="replace"
            )
        except OSError:
            continue
        handler.setFormatter(formatter)
        root.addHandler(handler)
        _remove_old(folder)
        return path
    root.warning("no log file can be written; logging to standard error only")
    return None


class _PrivateFile(logging.handlers.RotatingFileHandler):
    """A rotating file that only this user can read, and that no link can send elsewhere."""

    def _open(self) -> TextIOWrapper:
        descriptor = open_file(self.baseFilename, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        return open(descriptor, "a", encoding=self.encoding, errors=self.errors)


def _temporary_folder() -> Path:
    # Each user has one: in a folder that all may write to, the first to make a common one would own it.
    name = f"codanna-lsp-{os.getuid()}" if hasattr(os, "getuid") else "codanna-lsp"
    return Path(tempfile.gettempdir()) / name


def _make_private(folder: Path) -> None:
    make_folder(folder)
    info = os.lstat(folder)
    if hasattr(os, "getuid") and info.st_uid != os.getuid():
        raise PermissionError(f"{folder} belongs to another user")
    secure(iter([(str(folder), info)]))


def set_level(level: str) -> None:
    """Change what is logged from now on."""
    logging.getLogger().setLevel(level.upper())
    # pygls logs whole messages, texts included, on its own logger.
    logging.getLogger("pygls").setLevel(logging.WARNING)


def _remove_old(folder: Path) -> None:
    files: list[tuple[float, Path]] = []
    for path in folder.glob("server-*.log*"):
        try:
            files.append((path.stat().st_mtime, path))
        except OSError:
            continue  # Another server removed it just now.
    for _, path in sorted(files, reverse=True)[_KEPT_FILES:]:
        try:
            path.unlink()
        except OSError:
            pass  # In use by another server on Windows; it goes next time.
