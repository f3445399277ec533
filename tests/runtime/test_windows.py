"""What differs on Windows, with the difference injected: the program itself was never run there."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from raw_client import running

from codanna_core.config import load_settings
from codanna_core.files import scan
from codanna_core.runtime import system
from codanna_core.storage import directory, lock
from codanna_core.storage.directory import FsDirectory
from codanna_core.storage.lock import WriterLock

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


class Kernel:
    """kernel32 with one process in a given state."""

    def __init__(self, handle: int, error: int = 0, waited: int = 0) -> None:
        self.handle, self.error, self.waited = handle, error, waited
        self.closed: list[int] = []

    def OpenProcess(self, rights: int, inherit: bool, process: int) -> int:
        return self.handle

    def GetLastError(self) -> int:
        return self.error

    def WaitForSingleObject(self, handle: int, milliseconds: int) -> int:
        assert milliseconds == 0
        return self.waited

    def CloseHandle(self, handle: int) -> None:
        self.closed.append(handle)


@pytest.mark.parametrize(
    ("kernel", "alive"),
    [
        (Kernel(7, waited=0x102), True),
        (Kernel(7, waited=0), False),
        (Kernel(0, error=5), True),
        (Kernel(0, error=87), False),
    ],
    ids=["runs", "has ended", "of another user", "unknown"],
)
def test_whether_a_process_lives(kernel: Kernel, alive: bool) -> None:
    """A process that ended is dead however it ended, and one of another user lives; handles are closed."""
    assert system.windows_is_alive(1234, kernel) is alive
    assert kernel.closed == [kernel.handle] * bool(kernel.handle)


def test_numbers_that_are_no_processes() -> None:
    """0 and below mean groups of processes to the system, and a huge number fits no process."""
    assert not any(system.is_alive(number) for number in (0, -1, 1 << 70))


def test_the_locked_byte_is_at_the_start_and_nobody_reads_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Windows locks from where the file stands, and refuses to read what is locked."""
    places: list[tuple[str, int]] = []

    def at(how: str, descriptor: int) -> None:
        os.lseek(descriptor, 0, os.SEEK_SET)  # As `_at_start` does before each call.
        places.append((how, os.lseek(descriptor, 0, os.SEEK_CUR)))

    really_read = os.read

    def read(descriptor: int, size: int) -> bytes:
        if os.lseek(descriptor, 0, os.SEEK_CUR) == 0:
            raise PermissionError(errno.EACCES, "locked")
        return really_read(descriptor, size)

    monkeypatch.setattr(lock, "_lock", lambda descriptor: at("lock", descriptor))
    monkeypatch.setattr(lock, "_unlock", lambda descriptor: at("unlock", descriptor))
    monkeypatch.setattr(os, "read", read)
    writer = WriterLock(tmp_path / "writer.lock")
    assert writer.acquire()
    assert WriterLock(tmp_path / "writer.lock").owner() == os.getpid()
    length = (tmp_path / "writer.lock").stat().st_size
    writer.release()
    assert (tmp_path / "writer.lock").stat().st_size == length
    assert WriterLock(tmp_path / "writer.lock").owner() is None
    assert places == [("lock", 0), ("unlock", 0)]


@pytest.mark.parametrize("text", [" 4711\n", " 4711                          \n", "                  "])
def test_the_owner_of_other_versions(tmp_path: Path, text: str) -> None:
    """The short form of earlier versions is read, too."""
    (tmp_path / "writer.lock").write_text(text)
    assert WriterLock(tmp_path / "writer.lock").owner() == (4711 if "4711" in text else None)


def test_a_file_that_is_read_while_it_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On Windows it is tried again, and elsewhere an error is one at once."""
    calls: list[int] = []
    really = os.replace

    def replace(source: Path, target: Path) -> None:
        calls.append(1)
        if len(calls) < 4:
            raise PermissionError(errno.EACCES, "in use")
        really(source, target)

    files = FsDirectory(tmp_path)
    files.replace("a", b"old")
    monkeypatch.setattr(os, "replace", replace)
    with pytest.raises(PermissionError):
        files.replace("a", b"new")
    assert files.read("a") == b"old"
    monkeypatch.setattr(directory, "WINDOWS", True)
    files.replace("a", b"new")
    assert (files.read("a"), len(calls)) == (b"new", 4)


def test_a_folder_that_cannot_be_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows opens no folder: nothing asks it to."""
    really = os.open

    def refuse(path: str, flags: int, mode: int = 0o777) -> int:
        if os.path.isdir(path):
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return really(path, flags, mode)

    monkeypatch.setattr(os, "open", refuse)
    monkeypatch.setattr(directory, "WINDOWS", True)
    files = FsDirectory(tmp_path)
    files.replace("a", b"x")
    files.append("b", 0).close()
    assert files.names() == ["a", "b"]


def test_a_file_in_use_is_deleted_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mapped file cannot be deleted on Windows: it stays, the others go."""
    really = Path.unlink

    def unlink(self: Path, missing_ok: bool = False) -> None:
        if self.name == "mapped":
            raise PermissionError(errno.EACCES, "in use")
        really(self, missing_ok)

    files = FsDirectory(tmp_path)
    for name in ("mapped", "other"):
        files.replace(name, b"x")
    monkeypatch.setattr(Path, "unlink", unlink)
    files.delete(["mapped", "other"])
    assert files.names() == ["mapped"]


def test_rules_and_settings_with_line_ends_of_windows(tmp_path: Path) -> None:
    """Ignore files and settings are followed as if they were written elsewhere."""
    (tmp_path / ".git").mkdir()
    (tmp_path / ".gitignore").write_bytes(b"# rules\r\nbuilt/\r\n*.tmp.py\r\n")
    (tmp_path / ".codannaignore").write_bytes(b"old.py\r\n")
    (tmp_path / ".codanna.toml").write_bytes(b'[discovery]\r\nexclude = [\r\n  "third/",\r\n]\r\n')
    for name in ("a.py", "built/b.py", "c.tmp.py", "old.py", "third/d.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"def f():\r\n    return 1\r\n")
    settings, problems = load_settings(tmp_path)
    assert problems == []
    found = scan(tmp_path, settings.discovery)
    assert [str(file.path) for file in found.files] == ["a.py"]


def test_no_path_of_an_index_is_long(tmp_path: Path) -> None:
    """Windows allows 259 characters unless told otherwise: below the user's cache, an index takes no more
    than 200 of them, however its folder is called.
    """
    project = tmp_path / ("long name " * 20)
    project.mkdir()
    (project / "settings.py").write_text("def read_settings(path):\n    return path.read_text()\n")
    home = tmp_path / "home"
    own = dict.fromkeys(("HOME", "LOCALAPPDATA", "XDG_CACHE_HOME", "XDG_STATE_HOME"), str(home))
    command = [sys.executable, "-P", "-m", "codanna_core.cli.main", "index"]
    subprocess.run(command, cwd=project, env={**os.environ, **own}, check=True, capture_output=True)
    lengths = [len(str(path.relative_to(home))) for path in home.rglob("*")]
    assert 50 < max(lengths) <= 200


def test_output_in_a_code_page(tmp_path: Path) -> None:
    """What the code page of a console lacks is spelled out, and JSON is UTF-8 whatever it is."""
    (tmp_path / "a.py").write_text('def read_größe():\n    """Reads the \U0001f600 file."""\n', "utf-8")
    own = dict.fromkeys(("HOME", "LOCALAPPDATA", "XDG_CACHE_HOME", "XDG_STATE_HOME"), str(tmp_path / "home"))
    environment = {**os.environ, **own, "PYTHONIOENCODING": "cp1252"}
    command = [sys.executable, "-P", "-m", "codanna_core.cli.main", "search", "reads the file"]

    def output(*more: str) -> bytes:
        return subprocess.run(
            [*command, *more], cwd=tmp_path, env=environment, check=True, capture_output=True
        ).stdout

    shown = output().decode("cp1252")
    assert "read_größe" in shown
    assert "\\U0001f600" in shown
    assert json.loads(output("--json").decode("utf-8"))["hits"][0]["name"] == "read_größe"


@pytest.fixture
def disguised(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project, in which every Python process that is started takes itself for one on Windows."""
    if sys.platform != "linux":
        pytest.skip("it is Linux that is disguised")
    (tmp_path / "sitecustomize.py").write_text("import windows_like; windows_like.disguise()\n")
    project = tmp_path / "project"
    project.mkdir()
    (project / "settings.py").write_text("def read_settings(path):\n    return path.read_text()\n")
    for number in range(30):  # More than are prepared in the writing process itself.
        (project / f"part{number}.py").write_text(f"def step{number}():\n    return {number}\n")
    for name in [name for name in os.environ if name.startswith("XDG_")]:
        monkeypatch.delenv(name)
    for name in ("HOME", "LOCALAPPDATA", "APPDATA"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    paths = [str(tmp_path), str(HERE), str(ROOT / "core"), str(ROOT / "lsp_server")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(paths))
    monkeypatch.chdir(project)
    return project


def test_the_command_line_where_the_system_is_as_poor_as_windows(disguised: Path) -> None:
    """Without signals, fcntl, modes, pipes and open folders, a search builds its index, finds and follows an
    edit, and the index can be removed; helper processes included.
    """

    def run(*arguments: str) -> str:
        command = [sys.executable, "-P", "-m", "codanna_core.cli.main", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    assert json.loads(run("search", "read the settings", "--json"))["hits"][0]["name"] == "read_settings"
    (disguised / "settings.py").write_text("def forget_settings(path):\n    path.unlink()\n")
    assert json.loads(run("search", "forget settings", "--json"))["hits"][0]["name"] == "forget_settings"
    assert "forget_settings" in run("symbols", "forget")
    run("doctor")
    home = disguised.parent / "home"
    assert list(home.rglob("index.json"))
    run("clean")
    assert list(home.rglob("index.json")) == []


def test_the_server_where_the_system_is_as_poor_as_windows(disguised: Path) -> None:
    """It finds what is on disk, what is typed with line ends of Windows and what is saved, and a command
    reads the index that the server writes.
    """
    uri = (disguised / "typed.py").as_uri()
    # The paths are still those of Linux; tests/server/test_windows_paths.py has the others.
    code = "import codanna_lsp.convert as c; c.WINDOWS = False; from codanna_lsp.main import serve; serve([])"
    with running([sys.executable, "-P", "-c", code]) as client:
        client.initialize(disguised)
        client.wait_indexed()
        assert "read_settings" in client.names("read the settings")
        text = "import os\r\n\r\n\r\ndef drop_everything():\r\n    os._exit(1)\r\n"
        document = {"uri": uri, "languageId": "python", "version": 1, "text": text}
        client.notify("textDocument/didOpen", {"textDocument": document})
        client.eventually(lambda: "drop_everything" in client.names("drop everything"))
        (disguised / "typed.py").write_bytes(text.encode())
        client.notify("textDocument/didSave", {"textDocument": {"uri": uri}})
        client.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
        client.eventually(lambda: "drop_everything" in client.names("drop everything"))
        command = [sys.executable, "-P", "-m", "codanna_core.cli.main"]
        found = subprocess.run(
            [*command, "search", "read settings"], capture_output=True, text=True, check=True
        )
        assert "read_settings" in found.stdout
        cleaned = subprocess.run([*command, "clean"], capture_output=True, text=True, check=False)
        assert cleaned.returncode == 3
        assert f"process {client.process.pid} writes the index" in cleaned.stderr
        assert client.shut_down(30) == 0
