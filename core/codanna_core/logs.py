"""How a log record becomes text, on the command line and in the server."""

from __future__ import annotations

import logging

from codanna_core.inert import inert, inert_text


class InertFormatter(logging.Formatter):
    """One line a record; the lines of a traceback are indented, so that none passes for a record."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        """The first line of the record."""
        return inert(super().formatMessage(record))

    def formatException(self, info: logging._SysExcInfoType) -> str:
        """The traceback below it."""
        lines = inert_text(super().formatException(info)).split("\n")
        return "\n".join(f"    {line}" for line in lines)
