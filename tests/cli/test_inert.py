"""The hostile workspace through every command: nothing drives a terminal, reorders or begins a line."""

from __future__ import annotations

import ast
import io
import json
import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from codanna_core.cli.envelope import write_json
from codanna_core.cli.progress import ProgressBar
from codanna_core.errors import ConfigError
from codanna_core.inert import inert, inert_text
from codanna_core.logs import InertFormatter
from codanna_core.results import Progress, State
from codanna_core.testing import hostile

Run = Callable[..., Any]
CLI = Path(__file__).parents[2] / "core" / "codanna_core" / "cli"

QUESTION = "retry the failed upload"
COMMANDS: list[tuple[str, ...]] = [
    ("search", QUESTION),
    ("search", QUESTION, "--color", "always", "--explain"),
    ("search", QUESTION, "-vv", "--mode", "text"),
    ("search", QUESTION, "--json"),
    ("search", "", "--json"),
    ("search", "zzzqqq", "--mode", "text", "--lang", "rust"),
    ("search", QUESTION, "--kind", hostile.EVERYTHING),
    ("search", QUESTION, "--lang", hostile.EVERYTHING),
    ("search", QUESTION, "--no-sync", "--limit", hostile.EVERYTHING),
    ("search", QUESTION, f"--{hostile.EVERYTHING}"),
    ("search", QUESTION, "--mode", hostile.EVERYTHING),
    ("search", QUESTION, "--set", hostile.EVERYTHING),
    ("search", QUESTION, "--set", f"search.limit={hostile.EVERYTHING}"),
    ("search", QUESTION, ".", hostile.EVERYTHING),
    ("search", QUESTION, hostile.EVERYTHING),
    (hostile.EVERYTHING,),
    ("symbols", "retry"),
    ("symbols", "retry", "--json"),
    ("symbols", "retry", "--color", "always"),
    ("similar", "retry.py:1"),
    ("similar", "retry.py:1", "--json"),
    ("similar", f"{hostile.NAMES[0]}:1"),
    ("similar", hostile.EVERYTHING),
    ("similar", f"{hostile.EVERYTHING}:1"),
    ("refs", "retry_upload0", "--min-confidence", "possible"),
    ("refs", "retry_upload0", "--json"),
    ("refs", hostile.EVERYTHING),
    ("callers", f"retry_upload0@{hostile.NAMES[0]}:1"),
    ("callers", f"retry_upload0@{hostile.EVERYTHING}:1"),
    ("callers", "retry_upload0", "--graph", "--color", "always"),
    ("calls", "retry_upload0", "--graph", "--min-confidence", "possible"),
    ("impact", "retry_upload0", "--json"),
    ("impact", "--diff", hostile.NAMES[0]),
    ("impact", "--diff", hostile.EVERYTHING),
    ("index",),
    ("index", "-vv", "--rebuild"),
    ("index", "--verify", "--json"),
    ("index", "--index-dir", "retry.py"),
    ("status",),
    ("status", "--json"),
    ("vector", "index-vectors"),
    ("vector", "index-vectors", "--json"),
    ("vector", "search-vector", QUESTION),
    ("vector", "search-vector", f"@{hostile.NAMES[0]}"),
    ("vector", "search-vector", QUESTION, "--json"),
    ("vector", "cluster-info"),
    ("vector", "cluster-info", "--plot", f"x{hostile.TITLE}.gif"),
    ("vector", hostile.EVERYTHING),
    ("models", "list"),
    ("models", "check"),
    ("models", "check", "--json"),
    ("models", "import", hostile.EVERYTHING),
    ("models", "import", "."),
    ("config", "show"),
    ("config", "show", "--json"),
    ("config", "path"),
    ("config", "path", "--json"),
    ("config", "schema"),
    ("doctor",),
    ("doctor", "--json"),
    ("clean",),
]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Caches and settings of this module: the workspace is indexed once for all commands."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The hostile workspace."""
    return hostile.build(tmp_path_factory.mktemp("hostile"))


@pytest.fixture(autouse=True)
def _apart() -> None:
    """The built-in model, as users have it: so many files are embedded in processes of their own."""


@pytest.fixture
def workspace(built: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The hostile workspace, the current folder of the test."""
    for name in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "HOME", "LOCALAPPDATA", "APPDATA"):
        monkeypatch.setenv(name, str(home))
    (built / ".codanna.toml").write_text(hostile.SETTINGS)
    monkeypatch.chdir(built)
    return built


@pytest.fixture(autouse=True)
def _same_log_as_before() -> Iterator[None]:
    """`-v` replaces the handlers of the root logger."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: inert(" ".join(command))[:50])
def test_no_output_of_a_command_acts(run: Run, workspace: Path, command: tuple[str, ...]) -> None:
    """Standard output and standard error hold no control character, bidi mark or line of the attacker."""
    outcome = run(*command)
    assert outcome.out or outcome.err
    assert hostile.attacks(outcome.out) == []
    assert hostile.attacks(outcome.err) == []
    assert "Traceback" not in outcome.err
    assert not (workspace / "owned").exists()


def test_the_attacks_arrive(run: Run, workspace: Path) -> None:
    """Names, texts and problems are shown with their attacks spelt out: the test above looks at real ones."""
    shown = run("search", QUESTION, "-n", "50")
    for spelt in (r"\x1b]0;owned\x07", r"\u202e", r"\x9b", r"\u2028", r"\x85"):
        assert spelt in shown.out
    assert r"\x1b[2J\u202e\n" in run("config", "show").err or r"\x1b[2J\u202e\n" in shown.err
    assert r"\x1b]0;owned\x07" in run("symbols", "retry", "-n", "50").out
    assert r"\n" in run("status").out


def test_json_keeps_every_value(run: Run, workspace: Path) -> None:
    """In JSON the attacks are escaped, not changed: a program reads the names as they are on disk."""
    outcome = run("search", QUESTION, "--json", "-n", "100")
    paths = {hit["path"] for hit in outcome.json["hits"]}
    on_disk = {path.relative_to(workspace).as_posix() for path in workspace.rglob("*.py")}
    assert {path for path in on_disk if "\udcff" not in path} <= paths
    assert r"\u202e" in outcome.out


def test_half_a_pair_in_json_is_replaced(capsys: pytest.CaptureFixture[str]) -> None:
    """Strict parsers refuse a whole document for half a surrogate pair, even when it is escaped."""
    write_json({"path": "a\udcff\ud800\x9b"})
    assert json.loads(capsys.readouterr().out) == {"path": "a\ufffd\ufffd\x9b"}


def test_a_path_is_never_an_option(run: Run, workspace: Path) -> None:
    """Whoever hands the shown path to a program hands it a file, not an option and not a command of Vim."""
    places = run("symbols", "retry", "-n", "50").out.splitlines()
    assert any(place.startswith(os.path.join(".", "-retry.py:")) for place in places)
    assert any(place.startswith(os.path.join(".", "+retry|q!.py:")) for place in places)
    assert not [place for place in places if place.startswith(("-", "+"))]


def test_a_broken_settings_file_is_quoted_harmlessly(run: Run, workspace: Path) -> None:
    """What the TOML reader says of a hostile file, and a file that is no UTF-8."""
    for content in (b'x = "\\u001b\x1b]0;owned\x07"\n', b"\x9b\xff = 1", b"a = 1\nb\x1b[2J = = 2"):
        (workspace / ".codanna.toml").write_bytes(content)
        for command in (("config", "show"), ("doctor",), ("search", QUESTION), ("status",)):
            outcome = run(*command)
            assert hostile.attacks(outcome.out) == hostile.attacks(outcome.err) == []


def test_a_defect_is_reported_harmlessly(run: Run, workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unexpected error carries workspace text in its message; with `-v` also its traceback is inert."""

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError(hostile.EVERYTHING)

    monkeypatch.setattr("codanna_core.cli.session.bring_up_to_date", fail)
    for flags in ((), ("-v",)):
        outcome = run("search", QUESTION, *flags)
        assert outcome.code == 3
        assert "RuntimeError" in outcome.err
        assert ("Traceback" in outcome.err) == bool(flags)
        assert hostile.attacks(outcome.err) == []


def test_progress_is_inert() -> None:
    """A message of long work cannot leave the line of the bar."""

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    stream = Terminal()
    with ProgressBar(stream) as bar:
        bar._started -= 1.0
        bar.show(Progress(State.INDEXING, 1, 2, 0.0, hostile.EVERYTHING))
        bar.draw()
    assert "retry" in stream.getvalue()
    assert hostile.attacks(stream.getvalue().replace("\r\x1b[2K", "")) == []


def test_a_log_record_is_one_line() -> None:
    """A message is one line; a traceback's lines are indented, so that none looks like a record."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(InertFormatter("%(levelname)s %(message)s"))
    logger = logging.Logger("apart")
    logger.addHandler(handler)
    logger.error("about %s", hostile.EVERYTHING)
    try:
        raise ConfigError(hostile.EVERYTHING)
    except ConfigError:
        logger.exception("failed")
    lines = stream.getvalue().splitlines()
    assert hostile.attacks(stream.getvalue()) == []
    assert [line[:5] for line in lines if not line.startswith("    ")] == ["ERROR", "ERROR"]
    assert len(lines) > 3


def test_what_is_harmless_stays() -> None:
    """Tabs, emoji with joiners, accents and right-to-left letters are shown as they are."""
    text = "a\tb é 👩\u200d💻 שלום नमस्\u200dते"
    assert inert(text) == text
    assert inert_text(f"{text}\n{text}") == f"{text}\n{text}"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J", r"\x1b[2J"),
        ("a\nb\rc", r"a\nb\rc"),
        ("\x00\x7f\x9b\x85", r"\x00\x7f\x9b\x85"),
        ("\u202e\u2028\u061c", r"\u202e\u2028\u061c"),
        ("\udcff", r"\xff"),
        ("\ud800", r"\ud800"),
        ("\uffff", r"\uffff"),
    ],
)
def test_what_acts_is_spelt_out(text: str, shown: str) -> None:
    """A hostile name is seen, not hidden; bytes that are no UTF-8 show as the bytes that they are."""
    assert inert(text) == shown


def test_only_one_module_prints() -> None:
    """Every line leaves through `render.py`, and JSON through `envelope.py`, which make it inert."""
    calls = ("print", "sys.stdout.write", "sys.stderr.write")
    found = {
        path.name
        for path in CLI.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in calls
    }
    assert found == {"render.py", "envelope.py"}
