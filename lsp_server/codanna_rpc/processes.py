"""Whether another process is alive."""

from __future__ import annotations

from codanna_core.runtime.system import is_alive


def visible(pid: int | None) -> int | None:
    """The number if such a process is seen from here: clients outside of our container send foreign ones."""
    return pid if pid is not None and is_alive(pid) else None
