"""The command line as a process of its own: start, signals, pipes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

COMMAND = [sys.executable, "-P", "-c", "from codanna_core.cli.main import program; program()"]
HEAVY = ("numpy", "tantivy", "tree_sitter", "fastembed", "onnxruntime", "pygls", "asyncio", "logging")


def test_help_and_version_load_nothing_heavy() -> None:
    """`--help` and `--version` import no library, so that they answer at once."""
    script = f"""
import sys
import time
from codanna_core.cli.main import main
for arguments in (["--version"], ["--help"], ["search", "--help"]):
    try:
        main(arguments)
    except SystemExit as end:
        assert end.code == 0
loaded = [name for name in {HEAVY!r} if name in sys.modules]
sys.exit(f"loaded: {{loaded}}" if loaded else 0)
"""
    done = subprocess.run([sys.executable, "-P", "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_search_looks_for_cycles_rarely(tmp_path: Path) -> None:
    """What a start makes stays, and to look at all of it seventy times takes a tenth of a search."""
    (tmp_path / "one.py").write_text("def parse_date():\n    pass\n", encoding="utf-8")
    script = f"""
import gc, sys
passes = []
gc.callbacks.append(lambda phase, facts: passes.append(phase))
from codanna_core.cli.main import main
found = main(["search", "parse a date", {str(tmp_path)!r}])
sys.exit(found or (f"{{len(passes) // 2}} passes" if len(passes) > 60 else 0))
"""
    done = subprocess.run([sys.executable, "-P", "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_what_is_registered_for_the_end_is_called(tmp_path: Path) -> None:
    """A command ends without taking the interpreter apart, but not without those who asked to be called, nor
    before all is printed.
    """
    left = tmp_path / "left"
    script = f"""
import atexit, pathlib, sys, tempfile, threading, time
kept = tempfile.TemporaryDirectory(dir={str(tmp_path)!r})
atexit.register(pathlib.Path({str(left)!r}).write_text, "called")
threading.Thread(target=time.sleep, args=(60,)).start()
from codanna_core.cli.main import program
sys.argv[1:] = ["config", "schema"]
program()
"""
    done = subprocess.run(
        [sys.executable, "-P", "-c", script], capture_output=True, text=True, check=False, timeout=50
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.rstrip().endswith("}")
    assert [path.name for path in tmp_path.iterdir()] == ["left"]


def test_every_command_has_help() -> None:
    """Every command that the help names can be asked for its own help."""
    from codanna_core.cli.main import COMMANDS, main

    for command in COMMANDS:
        with pytest.raises(SystemExit) as end:
            main([command, "--help"])
        assert end.value.code == 0


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such pipes")
def test_reader_that_goes_away_is_no_error() -> None:
    """A closed pipe, as `| head` leaves it, ends the command without a word."""
    read, write = os.pipe()
    os.close(read)
    try:
        done = subprocess.run(
            [*COMMAND, "config", "schema"], stdout=write, stderr=subprocess.PIPE, text=True, check=False
        )
    finally:
        os.close(write)
    assert (done.returncode, done.stderr) == (141, "")


@pytest.mark.skipif(sys.platform != "linux", reason="a pipe cannot be made small elsewhere")
def test_a_reader_that_is_slow_gets_all(tmp_path: Path) -> None:
    """Another program may have made the pipe one that does not wait: then Python drops what has no room."""
    import fcntl

    read, write = os.pipe()
    fcntl.fcntl(write, fcntl.F_SETPIPE_SZ, 4096)
    os.set_blocking(write, False)
    process = subprocess.Popen([*COMMAND, "config", "schema"], stdout=write)
    os.close(write)
    with open(read, "rb") as reader:
        first = reader.read(1)
        time.sleep(0.5)  # The pipe is full by now.
        whole = first + reader.read()
    assert process.wait(30) == 0
    assert len(whole) > 2 * 4096
    assert json.loads(whole)["type"] == "object"


@pytest.mark.skipif(os.name == "nt", reason="Windows delivers Ctrl-C to the whole console")
def test_ctrl_c_while_indexing(tmp_path: Path) -> None:
    """Ctrl-C stops indexing at a committed state, with exit code 130 and one line."""
    script = """
import sys, threading
from codanna_core.cli.main import main
from codanna_core.engine import Engine

def wait_for_ctrl_c(self, *, progress=None, cancel=None, verify=False):
    print("indexing", flush=True)
    while True:
        cancel.raise_if_cancelled()
        threading.Event().wait(0.01)

Engine.sync = wait_for_ctrl_c
sys.exit(main(["index", "--set", "semantic.enabled=false"]))
"""
    process = subprocess.Popen(
        [sys.executable, "-P", "-c", script],
        cwd=tmp_path,
        env={**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "indexing\n"
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert errors.strip() == "codanna-lsp: stopped; progress was saved"


def test_works_without_standard_input_and_with_odd_encodings(tmp_path: Path) -> None:
    """No terminal, no standard input and an ASCII locale: the answer still comes, characters escaped."""
    (tmp_path / "a.py").write_text("def grüße():\n    pass\n", "utf-8")
    done = subprocess.run(
        [*COMMAND, "search", "grüße", "--set", "semantic.enabled=false"],
        cwd=tmp_path,
        env={
            **os.environ,
            "XDG_CACHE_HOME": str(tmp_path / "cache"),
            "PYTHONIOENCODING": "ascii",
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("a.py:1  function  gr")


@pytest.mark.skipif(os.name == "nt", reason="a shell of Windows closes no stream")
@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", "<&- >&- 2>&-"])
def test_works_without_standard_streams(tmp_path: Path, closed: str) -> None:
    """What starts programs in the background may close their streams: what is printed there goes nowhere,
    and no file that is opened later stands in their place.
    """
    (tmp_path / "a.py").write_text("def parse_date():\n    pass\n", "utf-8")
    script = f"""
import os, sys
from codanna_core.cli.main import main
code = main(["search", "parse a date", "--set", "semantic.enabled=false"])
first = os.open({str(tmp_path / "a.py")!r}, os.O_RDONLY)
kept = all(os.get_inheritable(stream) for stream in range(3))
sys.exit(code or (0 if first > 2 and kept else 70))
"""
    done = subprocess.run(
        ["sh", "-c", f'exec "$@" {closed}', "sh", sys.executable, "-P", "-c", script],
        cwd=tmp_path,
        env={**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert ">&-" in closed.split() or done.stdout.startswith("a.py:1")


def test_module_in_the_workspace_is_not_imported(tmp_path: Path) -> None:
    """A `json.py` in the folder that is searched is read as source, never run."""
    (tmp_path / "json.py").write_text("raise SystemExit('the workspace was executed')\n")
    done = subprocess.run(
        [*COMMAND, "status"],
        cwd=tmp_path,
        env={**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "the workspace was executed" not in done.stderr


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="children are found in /proc")
def test_ctrl_c_in_a_terminal_reaches_the_workers_too(tmp_path: Path) -> None:
    """A terminal sends Ctrl-C to every process of the command; the workers end without a word."""
    for number in range(300):
        (tmp_path / f"part{number}.py").write_text(
            f"def handler_{number}(request):\n    return {number}\n" * 200
        )
    process = subprocess.Popen(
        [*COMMAND, "index", "--set", "semantic.enabled=false", "--set", "index.workers=2"],
        cwd=tmp_path,
        env={**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    while process.poll() is None and not any(map(is_importing, children_of(process.pid))):
        time.sleep(0.005)  # Nothing tells from outside that a worker was started.
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert errors.strip() == "codanna-lsp: stopped; progress was saved"


def test_ctrl_c_while_the_engine_is_loading_stops_the_command(tmp_path: Path) -> None:
    """On Python 3.11 what interrupts the making of a class is an error of its own, and no interrupt."""
    (tmp_path / "one.py").write_text("def parse_date():\n    pass\n", encoding="utf-8")
    script = """
import os, signal, sys
from codanna_core.cli.main import program

class Interrupt:
    def __set_name__(self, owner, name):
        os.kill(os.getpid(), signal.SIGINT)

class WhileLoading:
    def find_spec(self, name, path=None, target=None):
        if name == "codanna_core.engine":
            sys.meta_path.remove(self)
            type("Made", (), {"field": Interrupt()})

sys.meta_path.insert(0, WhileLoading())
program()
"""
    command = [sys.executable, "-P", "-c", script, "search", "parse a date", str(tmp_path)]
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (130, "codanna-lsp: stopped; progress was saved\n")


def children_of(process: int) -> list[str]:
    tasks = Path(f"/proc/{process}/task").glob("*/children")
    return [child for task in tasks for child in task.read_text().split()]


def is_importing(process: str) -> bool:
    """Whether a Python process has loaded its first extension module."""
    try:
        return ".cpython-" in Path(f"/proc/{process}/maps").read_text()
    except OSError:
        return False  # Ended since it was listed.
