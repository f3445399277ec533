"""Whether another process is alive."""

from __future__ import annotations

import os
import sys


def process_lives(pid: int) -> bool:
    """Whether a process with this number exists."""
    if sys.platform == "win32":
        import ctypes

        kernel = ctypes.windll.kernel32
        handle = kernel.OpenProcess(0x1000, False, pid)  # PROCESS_QUERY_LIMITED_INFORMATION
        if not handle:
            return False
        code = ctypes.c_ulong()
        kernel.GetExitCodeProcess(handle, ctypes.byref(code))
        kernel.CloseHandle(handle)
        return code.value == 259  # STILL_ACTIVE
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def visible(pid: int | None) -> int | None:
    """The number if such a process is seen from here: clients outside of our container send foreign ones."""
    return pid if pid is not None and pid > 0 and process_lives(pid) else None
