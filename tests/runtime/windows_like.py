"""Makes a Python on Linux look like one on Windows to all that is imported afterwards, children included.

Windows lacks signals, fcntl, modes, O_NOFOLLOW and named pipes; it refuses to open or sync a folder, and to
replace a file that someone has open. What this cannot show: its paths, its console, its loader.
"""

from __future__ import annotations

import os
import struct
import sys
import types
from pathlib import Path
from typing import Any

WITHOUT = {
    "os": (
        *("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_DIRECTORY", "O_PATH", "WNOHANG"),
        *("fork", "forkpty", "getuid", "geteuid", "getgid", "mkfifo", "nice", "fdatasync", "fchmod", "chown"),
        *("sched_getaffinity", "sched_setaffinity", "getloadavg", "killpg", "getpgid", "setsid", "statvfs"),
        *("posix_fallocate", "posix_fadvise", "pread", "pwrite", "set_blocking", "uname"),
    ),
    "signal": (
        *("SIGKILL", "SIGHUP", "SIGPROF", "SIGXCPU", "SIGPIPE", "SIGUSR1", "SIGALRM", "SIGCHLD", "SIGSTOP"),
        *("setitimer", "ITIMER_PROF", "pthread_sigmask", "alarm", "SIG_UNBLOCK"),
    ),
}
MISSING = ("fcntl", "resource", "termios", "pwd", "grp", "posix")
EARLY = (
    *("asyncio", "ctypes.util", "ctypes.wintypes", "concurrent.futures", "getpass", "importlib.metadata"),
    *(
        "logging.handlers",
        "mmap",
        "multiprocessing",
        "platform",
        "selectors",
        "shutil",
        "socketserver",
        "ssl",
    ),
    *("subprocess", "tempfile", "uuid"),
)
"""Parts of the standard library that look at the system when they are imported: they stay those of Linux."""


class Kernel:
    """The functions of kernel32 that are used, over /proc."""

    def __init__(self) -> None:
        self.error = 0

    def OpenProcess(self, _rights: int, _inherit: bool, process: int) -> int:
        self.error = 87
        return process if Path(f"/proc/{process}").exists() else 0

    def GetLastError(self) -> int:
        return self.error

    def WaitForSingleObject(self, handle: int, _milliseconds: int) -> int:
        return 0x102 if Path(f"/proc/{handle}").exists() else 0

    def CloseHandle(self, _handle: int) -> None:
        return None

    def GetProcessTimes(self, *_: Any) -> int:
        return 0


class Psapi:
    """Of psapi, the one that asks for the memory of a process."""

    def GetProcessMemoryInfo(self, *_: Any) -> int:
        return 0


def disguise() -> None:
    """From now on this process takes itself for one on Windows."""
    for name in EARLY:
        __import__(name)
    import asyncio
    import ctypes
    import fcntl
    import subprocess

    asyncio.new_event_loop().close()  # Python 3.14 looks at the system only now.
    windows = types.ModuleType("msvcrt")
    windows.LK_UNLCK, windows.LK_NBLCK = 0, 2  # type: ignore[attr-defined]

    def locking(descriptor: int, how: int, size: int) -> None:
        kind = fcntl.F_UNLCK if how == 0 else fcntl.F_WRLCK
        # From the place where the file stands, and of this descriptor, as there.
        wanted = struct.pack("hhqqi4x", kind, os.SEEK_CUR, 0, size, 0)
        fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, wanted)

    windows.locking = locking  # type: ignore[attr-defined]
    windows.setmode = lambda *_: 0  # type: ignore[attr-defined]
    sys.modules["msvcrt"] = windows
    os.O_BINARY = 0  # type: ignore[attr-defined]
    ctypes.windll = types.SimpleNamespace(kernel32=Kernel(), psapi=Psapi())  # type: ignore[attr-defined]
    subprocess.Popen._handle = property(lambda self: self.pid)  # type: ignore[attr-defined]
    # What ends a process outright has another name there; the standard library's own code is still Linux's.
    subprocess.Popen.kill = lambda self: self.send_signal(9) if self.poll() is None else None  # type: ignore[method-assign]
    if hasattr(os, "process_cpu_count"):
        os.process_cpu_count = os.cpu_count  # It calls what is removed here.
    _refuse_folders()
    for module, names in WITHOUT.items():
        for name in names:
            vars(sys.modules[module]).pop(name, None)
    for name in MISSING:
        sys.modules[name] = None  # type: ignore[assignment]
    os.supports_dir_fd.clear()
    sys.platform = "win32"


def _refuse_folders() -> None:
    """A folder cannot be opened, and a file that is open in this process cannot be replaced."""
    really_open, really_replace = os.open, os.replace

    def open_(path: Any, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        if os.path.isdir(path):
            raise PermissionError(13, "Permission denied", path)
        return really_open(path, flags, mode, dir_fd=dir_fd)

    def replace(source: Any, target: Any) -> None:
        if os.path.exists(target) and _is_open(os.path.realpath(target)):
            raise PermissionError(13, "Permission denied", source)
        really_replace(source, target)

    os.open, os.replace = open_, replace  # type: ignore[assignment]


def _is_open(path: str) -> bool:
    folder = "/proc/self/fd"
    for number in os.listdir(folder):
        try:
            if os.readlink(f"{folder}/{number}") == path:
                return True
        except OSError:
            continue
    return False
