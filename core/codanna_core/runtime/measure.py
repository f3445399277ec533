"""Processor time and memory of a child, for systems that cannot limit them themselves."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import subprocess


def processor_time_of(process: subprocess.Popen[bytes]) -> float:
    """Seconds of processor time that a child has used; 0 where that cannot be told."""
    if sys.platform == "win32":
        return _windows_processor_time(int(process._handle))
    return _ps(process, "time")


def memory_of(process: subprocess.Popen[bytes]) -> int:
    """Bytes of memory that a child holds; 0 where that cannot be told."""
    if sys.platform == "win32":
        return _windows_memory(int(process._handle))
    return int(_ps(process, "rss")) * 1024


def _ps(process: subprocess.Popen[bytes], column: str) -> float:
    import subprocess  # Late, as in `launch.py`.

    try:
        output = subprocess.run(
            ["/bin/ps", "-o", f"{column}=", "-p", str(process.pid)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=5,
            check=False,
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return 0.0
    seconds = 0.0
    days, _, clock = output.decode("ascii", "replace").strip().rpartition("-")
    for part in clock.split(":"):
        try:
            seconds = 60 * seconds + float(part)
        except ValueError:
            return 0.0  # The process has just ended.
    return seconds + 86_400 * int(days or 0)


if sys.platform == "win32":
    import ctypes
    from ctypes import wintypes

    class _Memory(ctypes.Structure):
        _fields_ = [
            ("cb", wintypes.DWORD),
            ("PageFaultCount", wintypes.DWORD),
            *(
                (name, ctypes.c_size_t)
                for name in (
                    *("PeakWorkingSetSize", "WorkingSetSize", "QuotaPeakPagedPoolUsage"),
                    *("QuotaPagedPoolUsage", "QuotaPeakNonPagedPoolUsage", "QuotaNonPagedPoolUsage"),
                    *("PagefileUsage", "PeakPagefileUsage"),
                )
            ),
        ]

    def _windows_memory(handle: int) -> int:
        counters = _Memory(cb=ctypes.sizeof(_Memory))
        ctypes.windll.psapi.GetProcessMemoryInfo(wintypes.HANDLE(handle), ctypes.byref(counters), counters.cb)
        return int(counters.PagefileUsage)

    def _windows_processor_time(handle: int) -> float:
        times = [wintypes.FILETIME() for _ in range(4)]
        ctypes.windll.kernel32.GetProcessTimes(wintypes.HANDLE(handle), *map(ctypes.byref, times))
        return sum((time.dwHighDateTime << 32 | time.dwLowDateTime) / 1e7 for time in times[2:])
