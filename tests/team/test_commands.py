"""The commands for a team's index: what they store, print and refuse."""

from __future__ import annotations

import json
import stat
import tomllib
from pathlib import Path

import pytest
from folder_source import FolderSource

from codanna_core import Engine
from codanna_core.cli.main import main
from codanna_core.runtime.system import WINDOWS
from codanna_team import asking, commands
from codanna_team.engine import OpenSearch
from codanna_team.http import EngineError, Trouble
from codanna_team.publish import Publisher, Report
from codanna_team.template import made_for
from codanna_team.token import VARIABLE
from codanna_team.upkeep import Published
from codanna_team.visible import index_made_for

URL = "https://search.example.com:9200/codanna"
SECRET = "reader:s3cret"
APP = Published("team/app", "main", True, "9fceb02d0ae5" + "0" * 28, 3, 40, 1_700_000_000_000, 0, False)
SIDE = Published("team/app", "next", False, "", 3, 41, 1_700_000_000_000, 7, True)


@pytest.fixture(autouse=True)
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home without settings and keyring, and an engine that holds an index of this version."""
    folder = tmp_path / "home"
    for name in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "APPDATA", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(folder))
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setattr("codanna_team.token._keyring", lambda: None)
    monkeypatch.setattr(commands, "index_made_for", lambda engine: made_for("", ""))
    monkeypatch.setattr(commands, "published", lambda engine: [APP, SIDE])
    monkeypatch.setattr(commands, "_model", lambda settings: "")
    return folder / "codanna-lsp"


@pytest.fixture
def set_up(config: Path) -> None:
    config.mkdir(parents=True)
    (config / "config.toml").write_text(f'[team]\nurl = "{URL}"\n')


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(["team", *arguments])
    said = capsys.readouterr()
    assert "s3cret" not in said.out + said.err
    return code, said.out, said.err


def test_init_keeps_address_and_token(
    config: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The address goes into the settings beside what is there, the token into a file of this user alone."""
    config.mkdir(parents=True)
    (config / "config.toml").write_text("# mine\n[search]\nlimit = 7\n")
    monkeypatch.setattr(commands, "_typed", lambda: SECRET)
    code, out, _ = run(capsys, "init", URL, "--link", "https://git.example.com/{repository}/{path}")
    assert code == 0
    assert URL in out
    text = (config / "config.toml").read_text()
    assert text.startswith("# mine\n[search]\nlimit = 7\n")
    assert tomllib.loads(text)["team"] == {
        "url": URL,
        "link": "https://git.example.com/{repository}/{path}",
    }
    assert "s3cret" not in text
    kept = config / "team-tokens.json"
    assert json.loads(kept.read_text()) == {URL: SECRET}
    if not WINDOWS:
        assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_init_keeps_nothing_that_does_not_work(
    config: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refused token, an engine without an index and a bad address leave no trace."""

    def refused(engine: OpenSearch) -> None:
        raise EngineError(Trouble.REFUSED, "the team's engine refuses the token")

    monkeypatch.setattr(commands, "_typed", lambda: SECRET)
    monkeypatch.setattr(commands, "index_made_for", refused)
    assert run(capsys, "init", URL)[0] == 3
    monkeypatch.setattr(commands, "index_made_for", lambda engine: {})
    code, _, err = run(capsys, "init", URL)
    assert (code, "--create" in err) == (3, True)
    monkeypatch.setattr(commands, "index_made_for", lambda engine: {**made_for("", ""), "format": 99})
    code, _, err = run(capsys, "init", URL)
    assert (code, "another version" in err) == (3, True)
    for bad in ("http://search.example.com", "https://u:s3cret@search.example.com", "search"):
        assert run(capsys, "init", bad)[0] == 2
    assert not (config / "config.toml").exists()
    assert not (config / "team-tokens.json").exists()


def test_a_token_of_the_environment_is_not_stored(
    config: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pipeline's token is used for the run alone."""
    monkeypatch.setenv(VARIABLE, SECRET)
    assert run(capsys, "init", URL)[0] == 0
    assert not (config / "team-tokens.json").exists()


def test_a_dry_run_lists_and_sends_nothing(
    set_up: None, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each file that would leave is a line, and what of it; no request but reading the manifest is made."""
    asked: list[str] = []
    monkeypatch.setattr(OpenSearch, "get", lambda self, name, deadline=None: asked.append(name))
    root = tmp_path / "app"
    (root / "src").mkdir(parents=True)
    (root / "src" / "a.py").write_text("def a(): pass\n")
    (root / "b.py").write_text("def b(): pass\n")
    code, out, err = run(capsys, "publish", str(root), "--repository", "team/app", "--dry-run")
    assert (code, out) == (0, "send    b.py\nsend    src/a.py\n")
    assert "signatures" in err
    assert "nothing was sent" in err
    assert asked == ["team/app@main"]
    code, out, _ = run(capsys, "publish", str(root), "--dry-run", "--json")
    assert json.loads(out)["repository"] == "app"
    assert json.loads(out)["send"] == ["b.py", "src/a.py"]


def test_publish_says_what_it_did(
    set_up: None, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The branch that git has is the default, and the numbers are those of the report."""
    root = tmp_path / "app"
    (root / ".git").mkdir(parents=True)
    (root / ".git" / "HEAD").write_text("ref: refs/heads/topic/x\n")
    report = Report(files=2, symbols=12, sent_rows=5, removed=1)
    monkeypatch.setattr(Publisher, "publish", lambda self, folder, cancel, everything: report)
    monkeypatch.setattr(commands, "sweep", lambda engine: 0)
    code, out, _ = run(capsys, "publish", str(root))
    assert (code, out) == (0, "app@topic/x: 12 symbols of 2 files; sent 5, removed 1\n")


def test_one_branch_is_the_default(
    set_up: None, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another one is refused, whatever case its name has, with both ways on; a side branch is not."""
    root = tmp_path / "app"
    root.mkdir()
    sent: list[str] = []

    def publish(self: Publisher, folder: object, cancel: object, everything: bool) -> Report:
        sent.append(self._target.key)
        return Report()

    monkeypatch.setattr(Publisher, "publish", publish)
    monkeypatch.setattr(commands, "sweep", lambda engine: 0)
    where = [str(root), "--repository", "Team/App", "--branch", "trunk"]
    for dry in ([], ["--dry-run"]):
        code, _, err = run(capsys, "publish", *where, *dry)
        assert code == 3
        assert "--side" in err
        assert "codanna-lsp team remove Team/App --branch main" in err
    assert sent == []
    assert run(capsys, "publish", *where, "--side")[0] == 0
    assert run(capsys, "publish", str(root), "--repository", "team/app", "--branch", "main")[0] == 0
    assert sent == ["team/app@trunk", "team/app@main"]


def test_status_and_remove(
    set_up: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Branches are listed with what is special about them, and removed by name."""
    code, out, _ = run(capsys, "status")
    assert code == 0
    first, second = out.splitlines()
    assert first == "team/app@main  9fceb02d0ae5  40 symbols, 3 files  2023-11-14 22:13"
    assert second.endswith("(only if named, for 7 days, being published)")
    code, out, _ = run(capsys, "status", "--json")
    assert [one["branch"] for one in json.loads(out)["branches"]] == ["main", "next"]
    gone: list[str] = []

    def remove(engine: OpenSearch, key: str) -> int:
        gone.append(key)
        return 7

    monkeypatch.setattr(commands, "remove", remove)
    assert run(capsys, "remove", "team/app", "--branch", "next")[1] == "removed team/app@next: 7 rows\n"
    assert run(capsys, "remove", "team/app")[0] == 0
    assert gone == ["team/app@next", "team/app@main", "team/app@next"]
    assert run(capsys, "remove", "team/other")[0] == 2


def test_without_an_address_they_say_so(capsys: pytest.CaptureFixture[str]) -> None:
    """Each command names the one that sets it up."""
    for action in (("status",), ("doctor",), ("publish", "--dry-run"), ("remove", "x")):
        code, _, err = run(capsys, *action)
        assert (code, "team init" in err) == (2, True), action


def test_doctor_names_what_fails(
    set_up: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An engine that cannot be reached is one line that says so, after those that are fine."""
    monkeypatch.setattr(commands, "index_made_for", index_made_for)
    code, out, _ = run(capsys, "doctor", "--set", "team.url=http://127.0.0.1:9/codanna")
    assert code == 3
    assert out.splitlines()[0].startswith("ok    address")
    assert out.splitlines()[-1].startswith("FAIL  engine")


def test_doctor_forgets_the_token(
    set_up: None, config: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What `init` stored can be removed."""
    monkeypatch.setattr(commands, "_typed", lambda: SECRET)
    run(capsys, "init", URL)
    assert run(capsys, "doctor", "--forget")[0] == 0
    assert json.loads((config / "team-tokens.json").read_text()) == {}
    assert run(capsys, "doctor", "--forget")[0] == 1


def test_search_marks_what_is_elsewhere(
    relay: Engine, folders: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A result of the team has its repository in front and its link below; in an editor's error list it has
    no place, and in JSON four keys.
    """
    source = FolderSource(relay)
    monkeypatch.setattr(asking, "_open_source", lambda url, token: source)
    link = "https://git.example.com/{repository}/blob/{revision}/{path}#L{line}"
    settings = [f"team.url={URL}", "team.deadline_ms=10000", f"team.link={link}"]
    options = [part for setting in settings for part in ("--set", setting)]
    arguments = ["search", "message router", str(folders / "here"), "--no-sync", *options]
    with Engine.open(folders / "here", folders / "here-index") as engine:
        engine.sync()
    assert main([*arguments, "--index-dir", str(folders / "here-index")]) == 0
    out = capsys.readouterr().out
    assert "[team/there] relay/src/router.ts:" in out
    assert "    https://git.example.com/team/there/blob/" in out
    main([*arguments, "--index-dir", str(folders / "here-index"), "--json"])
    hits = json.loads(capsys.readouterr().out)["hits"]
    assert any(hit.get("repository") == "team/there" and hit["url"].startswith("https://git") for hit in hits)
    main([*arguments, "--index-dir", str(folders / "here-index"), "--format", "vimgrep"])
    assert "router.ts" not in capsys.readouterr().out


def test_references_of_the_team_are_possible(
    relay: Engine, folders: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Uses elsewhere are listed as such, also of what the folder does not define, and nothing denies them."""
    monkeypatch.setattr(asking, "_open_source", lambda url, token: FolderSource(relay))
    with Engine.open(folders / "here", folders / "here-index") as engine:
        engine.sync()
    options = ["--set", f"team.url={URL}", "--set", "team.deadline_ms=10000", "--no-sync"]
    where = [str(folders / "here"), "--index-dir", str(folders / "here-index"), *options]
    assert main(["refs", "MessageRouter", *where]) == 0
    said = capsys.readouterr()
    assert "[team/there] relay/src/router.ts:" in said.out
    assert "possible  uses the name" in said.out
    assert "no references to it in this folder" in said.err
    assert main(["refs", "MessageRouter", *where, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["elsewhere"][0]["repository"] == "team/there"


def test_a_subfolder_asks_for_a_repository_that_is_named(
    relay: Engine, folders: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By an option or in the question, whichever command; otherwise a part of a folder is asked about alone,
    and what the folder is called itself asks nobody else.
    """
    source = FolderSource(relay)
    monkeypatch.setattr(asking, "_open_source", lambda url, token: source)
    options = ["--set", f"team.url={URL}", "--set", "team.deadline_ms=10000"]
    monkeypatch.chdir(folders / "here" / "shop")
    assert main(["index", str(folders / "here")]) == 0
    place = f"{folders / 'here' / 'shop/shop/payment.py'}:21"
    for command in (
        ["search", "message router", "--repo", "team/there"],
        ["search", "repo:team/there message router"],
        ["symbols", "MessageRouter", "--repo", "team/there"],
        ["similar", place, "--repo", "team/there"],
    ):
        capsys.readouterr()
        assert main([*command, *options]) == 0, command
        out = capsys.readouterr().out
        assert "[team/there] relay/src/router.ts:" in out, command
        assert "shop" not in out, command
    assert main(["context", "message router", "--repo", "team/there", *options]) == 0
    assert "relay/src/router.ts" in capsys.readouterr().out
    assert all(question.repositories for question in source.questions)
    count = len(source.questions)
    for alone in (["search", "retry a payment"], ["search", "retry a payment", "--repo", "here"]):
        assert main([*alone, *options]) == 0
        out = capsys.readouterr().out
        assert "shop/payment.py:" in out
        assert "team/there" not in out
    assert len(source.questions) == count
