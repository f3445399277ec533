"""What differs between systems and is asked in several rooms."""

from __future__ import annotations

import os
import sys
from typing import Any, Final

WINDOWS: Final[bool] = sys.platform == "win32"
"""Then paths have drives, open files cannot be replaced, folders cannot be synced, and modes mean nothing."""

_MAY_ASK = 0x0010_1000
"""The rights SYNCHRONIZE and PROCESS_QUERY_LIMITED_INFORMATION."""
_RUNS_ON = 0x102
"""The answer WAIT_TIMEOUT: the process has not ended."""
_ACCESS_DENIED = 5


def is_alive(process: int) -> bool:
    """Whether a process with this number runs, whoever started it."""
    if process <= 0:
        return False
    if sys.platform == "win32":
        import ctypes

        return windows_is_alive(process, ctypes.windll.kernel32)
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass  # It runs as another user.
    return True


def windows_is_alive(process: int, kernel: Any) -> bool:
    """The same by the functions of kernel32: a signal would end the process there."""
    handle = kernel.OpenProcess(_MAY_ASK, False, process)
    if not handle:
        return bool(kernel.GetLastError() == _ACCESS_DENIED)  # It runs as another user.
    try:
        # Not its exit code: 259 would stand for a process that runs as well as for one that ended with 259.
        return bool(kernel.WaitForSingleObject(handle, 0) == _RUNS_ON)
    finally:
        kernel.CloseHandle(handle)
