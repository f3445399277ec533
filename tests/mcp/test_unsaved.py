"""Unsaved texts of a running editor's server count for agents, and nobody else hears of them."""

from __future__ import annotations

import json
import os
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from codanna_rpc import unsaved
from codanna_rpc.unsaved import Heard, Listening, Offer, digest_of, folder

sys.path.insert(0, str(Path(__file__).parents[1] / "server" / "support"))

pytestmark = pytest.mark.skipif(not unsaved.HAS_SOCKETS, reason="there are no Unix sockets")


@pytest.fixture
def offer(project: Path) -> Iterator[Offer]:
    made = Offer(project, lambda: True)
    yield made
    made.close()


def test_texts_come_as_they_change(project: Path, offer: Offer) -> None:
    """Each answer has what is unsaved then; a text that is saved or dropped is gone."""
    listening = Listening(project)
    assert listening.hear().texts == {}
    assert not folder().exists()  # Nothing listens before anything was changed.
    offer.put("a.py", "one")
    assert listening.hear().texts == {"a.py": "one"}
    offer.put("é 🙂.py", "two\n\ud800")
    assert listening.hear().texts == {"a.py": "one", "é 🙂.py": "two\n\ud800"}
    offer.put("a.py", None)
    assert listening.hear().texts == {"é 🙂.py": "two\n\ud800"}
    assert Listening(project).hear().texts == {"é 🙂.py": "two\n\ud800"}
    assert Listening(project.parent).hear().texts == {}
    offer.close()
    assert listening.hear().texts == {}
    assert list(folder().iterdir()) == []


def test_only_what_changed_is_sent(offer: Offer) -> None:
    """A second question brings no text twice, and many that are gone lead to a whole answer."""
    offer.put("a.py", "one")
    offer.put("b.py", "two")
    first = offer.answer("", 0)
    assert first["texts"] == {"a.py": "one", "b.py": "two"}
    offer.put("a.py", None)
    assert offer.answer(first["instance"], first["version"])["texts"] == {"a.py": None}
    for number in range(unsaved._MOST_GONE + 1):
        offer.put(f"{number}.py", "x")
        offer.put(f"{number}.py", None)
    after = offer.answer(first["instance"], first["version"])
    assert after["instance"] != first["instance"]
    assert after["texts"]["b.py"] == "two"
    assert len(after["texts"]) < unsaved._MOST_GONE


def test_no_save_goes_unnamed_when_many_are_forgotten(project: Path, offer: Offer) -> None:
    """A listener that asks now and then hears of each, though only some hundred are kept."""
    listening = Listening(project)
    named: set[str] = set()
    for number in range(3 * unsaved._MOST_GONE):
        offer.put(f"{number}.py", None)
        if number % 50 == 0:
            named |= listening.hear().on_disk
    named |= listening.hear().on_disk
    assert named == {f"{number}.py" for number in range(3 * unsaved._MOST_GONE)}


def test_what_was_saved_is_named_once(project: Path, offer: Offer) -> None:
    """Each listener hears of a saved file once, also one that comes later; a text typed since hides it."""
    listening = Listening(project)
    offer.put("a.py", None)
    assert listening.hear() == Heard({}, {"a.py"})
    assert listening.hear() == Heard({}, set())
    assert Listening(project).hear() == Heard({}, {"a.py"})
    offer.put("a.py", None)
    assert listening.hear().on_disk == {"a.py"}
    offer.put("a.py", "typed since")
    assert Listening(project).hear() == Heard({"a.py": "typed since"}, set())


def test_a_folder_that_was_closed_offers_nothing(project: Path) -> None:
    """Once the editor has let the folder go, its texts count no more."""
    open_ = [True]
    made = Offer(project, lambda: open_[0])
    made.put("a.py", "one")
    listening = Listening(project)
    assert listening.hear().texts == {"a.py": "one"}
    open_[0] = False
    assert listening.hear().texts == {}
    made.close()


def test_socket_and_folder_are_private(project: Path, offer: Offer) -> None:
    """Mode 0600 in a folder of 0700; a folder that others can enter is neither used nor believed."""
    offer.put("a.py", "one")
    [path] = folder().iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder().stat().st_mode) == 0o700
    path.chmod(0o666)
    assert Listening(project).hear().texts == {}
    path.chmod(0o600)
    folder().chmod(0o755)
    assert Listening(project).hear().texts == {}
    other = Offer(project, lambda: True)
    other.put("b.py", "two")
    assert sorted(folder().iterdir()) == [path]
    other.close()


def test_a_long_path_works_where_the_system_can(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Linux reaches a socket through its folder; elsewhere nothing is offered, and nothing fails."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / ("long" * 20) / ("er" * 40)))
    made = Offer(project, lambda: True)
    made.put("a.py", "one")
    assert Listening(project).hear().texts == ({"a.py": "one"} if Path("/proc/self/fd").is_dir() else {})
    made.close()


def test_two_editors_are_heard_and_dead_ones_are_cleared_away(project: Path, offer: Offer) -> None:
    """The texts of all servers of a folder count; the socket of a killed one goes with the next start."""
    offer.put("a.py", "one")
    program = (
        "import sys\nfrom pathlib import Path\nfrom codanna_rpc.unsaved import Offer\n"
        f"o = Offer(Path({str(project)!r}), lambda: True)\no.put('b.py', 'two')\nprint('there', flush=True)\n"
        "sys.stdin.read()\n"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert other.stdout is not None
    assert other.stdout.readline() == "there\n"
    listening = Listening(project)
    assert listening.hear().texts == {"a.py": "one", "b.py": "two"}
    other.kill()
    other.communicate()
    assert listening.hear().texts == {"a.py": "one"}
    assert len(list(folder().iterdir())) == 2
    offer.close()
    third = Offer(project, lambda: True)
    third.put("c.py", "three")
    assert len(list(folder().iterdir())) == 1
    third.close()


@pytest.mark.parametrize(
    "asked",
    [
        b"",
        b"\n",
        b"[]\n",
        b"{}\n",
        b'{"instance": 1, "since": 0}\n',
        b"x" * 5_000,
        b'{"instance": "a"',
        b"\xff\n",
    ],
)
def test_whatever_is_asked_the_next_one_is_answered(project: Path, offer: Offer, asked: bytes) -> None:
    """A visitor that does not ask properly hears nothing and keeps nobody out."""
    offer.put("a.py", "one")
    [path] = folder().iterdir()
    with socket.socket(socket.AF_UNIX) as visitor, unsaved._address(path) as address:
        visitor.connect(address)
        visitor.sendall(asked)
        visitor.shutdown(socket.SHUT_WR)
        visitor.settimeout(5)
        try:
            assert visitor.recv(100) == b""
        except ConnectionResetError:
            pass
    assert Listening(project).hear().texts == {"a.py": "one"}


def test_a_visitor_that_says_nothing_is_left(
    project: Path, offer: Offer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has a moment."""
    monkeypatch.setattr(unsaved, "PATIENCE_S", 0.1)
    monkeypatch.setattr(unsaved, "ASKING_S", 5.0)
    offer.put("a.py", "one")
    [path] = folder().iterdir()
    with socket.socket(socket.AF_UNIX) as visitor, unsaved._address(path) as address:
        visitor.connect(address)
        assert Listening(project).hear().texts == {"a.py": "one"}


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"[]",
        b"{",
        b'{"instance": "a", "version": 1, "texts": []}',
        b'{"instance": 1, "version": 1, "texts": {}}',
        b"[" * 100_000,
        b"\xff",
    ],
)
def test_what_a_server_says_is_data(project: Path, said: bytes, own_home: Path) -> None:
    """An answer that is not as ours are is left out."""
    folder().mkdir(parents=True, mode=0o700)
    path = folder() / f"{digest_of(project)}.{os.getpid()}"
    with socket.socket(socket.AF_UNIX) as listener, unsaved._address(path) as address:
        listener.bind(address)
        path.chmod(0o600)
        listener.listen()
        import threading

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(said)

        thread = threading.Thread(target=serve)
        thread.start()
        assert Listening(project).hear().texts == {}
        thread.join(5)


def test_links_and_files_are_no_sockets(project: Path, tmp_path: Path) -> None:
    """Only a socket of this user is connected to."""
    folder().mkdir(parents=True, mode=0o700)
    path = folder() / f"{digest_of(project)}.1"
    path.write_text("{}")
    assert Listening(project).hear().texts == {}
    path.unlink()
    path.symlink_to(tmp_path / "elsewhere")
    assert Listening(project).hear().texts == {}


def search(client: Any, number: int, question: str) -> str:
    client.call(number, "search", question=question)
    return str(client.answer_to(number)["result"]["content"][0]["text"])


def names_of(editor: Any) -> set[str]:
    hits = editor.request("codanna/semanticSearch", {"query": "polish_brass_telescope"})["hits"]
    return {hit["name"] for hit in hits}


def test_an_agent_sees_what_is_typed(project: Path, opened: Callable[..., Any]) -> None:
    """With the editor's server on the same folder, unsaved text is in the agent's next answer, in `symbol`
    and `outline` too; after it is dropped, what is on disk is. Files that are not searched stay unseen.
    """
    from raw_client import REAL_SERVER, running

    agent = opened(project)
    agent.start()
    assert "brass_telescope" not in search(agent, 1, "polish the brass telescope")
    with running(REAL_SERVER) as editor:
        editor.initialize(project)
        editor.wait_indexed()
        for name, text in (
            (
                "src/settings.py",
                "def polish_brass_telescope():\n    '''Polish it.'''\n    return 'unsaved'\n",
            ),
            ("secret.py", "def secret_brass_telescope():\n    return 'hush'\n"),
        ):
            uri = (project / name).as_uri()
            document = {
                "uri": uri,
                "languageId": "python",
                "version": 1,
                "text": (project / name).read_text(),
            }
            editor.notify("textDocument/didOpen", {"textDocument": document})
            editor.notify(
                "textDocument/didChange",
                {"textDocument": {"uri": uri, "version": 2}, "contentChanges": [{"text": text}]},
            )
        # The editor's own answers wait two seconds for a parser, whose start may take longer.
        editor.wait(lambda: names_of(editor) & {"polish_brass_telescope"})
        text = search(agent, 2, "polish the brass telescope")
        assert "return 'unsaved'" in text
        assert "hush" not in text
        agent.call(3, "symbol", name="polish_brass_telescope")
        assert "return 'unsaved'" in json.dumps(agent.answer_to(3)["result"])
        agent.call(4, "outline", path="src/settings.py")
        outline = agent.answer_to(4)["result"]["structuredContent"]["folders"][0]["symbols"]
        assert [one["name"] for one in outline] == ["polish_brass_telescope"]
        editor.notify(
            "textDocument/didClose", {"textDocument": {"uri": (project / "src/settings.py").as_uri()}}
        )
        editor.wait(lambda: not names_of(editor) & {"polish_brass_telescope"})
        assert "return 'unsaved'" not in search(agent, 5, "polish the brass telescope")
        assert "def read_settings" in search(agent, 6, "read the settings file")


def test_an_agent_sees_what_was_saved_just_now(
    project: Path, opened: Callable[..., Any], tmp_path: Path
) -> None:
    """A saved file is in the agent's next answer although nothing has written it into the index; a file that
    is not searched, or a name that leads out of the folder, is not.
    """
    agent = opened(project)
    agent.start()
    assert "brass_telescope" not in search(agent, 1, "polish the brass telescope")
    (tmp_path / "outside.py").write_text("def outer_brass_telescope(): pass\n")
    made = Offer(project, lambda: True)
    try:
        for name in ("src/settings.py", "secret.py"):
            (project / name).write_text(f"def {name[:3]}_brass_telescope():\n    return 'saved'\n")
        for name in ("src/settings.py", "secret.py", f"../{tmp_path.name}/outside.py", "a\0b", "gone.py"):
            made.put(name, None)
        agent.call(2, "symbol", name="src_brass_telescope")
        assert "return 'saved'" in json.dumps(agent.answer_to(2)["result"])
        text = search(agent, 3, "polish the brass telescope")
        assert "src_brass" in text
        assert "sec_brass" not in text
        assert "outer_brass" not in text
    finally:
        made.close()
