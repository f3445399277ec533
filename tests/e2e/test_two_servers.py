"""Two editors on one folder: one index, one writer, and a successor when the writer is gone."""

from __future__ import annotations

import os
import signal
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from raw_client import HERE, MINIMAL, RawClient, running

SERVER = (sys.executable, str(HERE / "engine_server.py"))
OPTIONS = {"server": {"watch": "off"}}


def saved(client: RawClient, path: Path, text: str) -> None:
    path.write_text(text)
    client.notify("textDocument/didSave", {"textDocument": {"uri": path.as_uri()}})


def folder(client: RawClient) -> Any:
    return client.request("codanna/status", {})["folders"][0]


def test_second_server_shares_and_takes_over(tmp_path: Path) -> None:
    """The second one reads what the first writes, sees its new generations, and writes when it is killed."""
    root = tmp_path / "project"
    root.mkdir()
    (root / "a.py").write_text("def written_by_first():\n    pass\n")
    with running(SERVER) as first, running(SERVER) as second:
        first.initialize(root, capabilities=MINIMAL, options=OPTIONS)
        first.wait_indexed()
        second.initialize(root, capabilities=MINIMAL, options=OPTIONS)
        second.eventually(lambda: second.symbols("written_by_first") == ["written_by_first"])
        assert (folder(first)["writer"], folder(second)["writer"]) == (True, False)

        saved(first, root / "b.py", "def saved_in_first():\n    pass\n")
        second.eventually(lambda: second.symbols("saved_in_first") == ["saved_in_first"])

        first.kill()
        second.eventually(lambda: folder(second)["writer"])
        saved(second, root / "c.py", "def saved_in_second():\n    pass\n")
        second.eventually(lambda: second.symbols("saved_in_second") == ["saved_in_second"])


def test_save_in_the_reading_server_is_seen_by_its_user(tmp_path: Path) -> None:
    """Who edits in the second window finds what was typed there, although the first one writes the index."""
    root = tmp_path / "project"
    root.mkdir()
    (root / "a.py").write_text("def before():\n    pass\n")
    with running(SERVER) as first, running(SERVER) as second:
        first.initialize(root, capabilities=MINIMAL)
        first.wait_indexed()
        second.initialize(root, capabilities=MINIMAL)
        second.eventually(lambda: second.symbols("before"))
        document = {"uri": (root / "a.py").as_uri(), "languageId": "python", "version": 1, "text": ""}
        second.notify("textDocument/didOpen", {"textDocument": document})
        text = "def edited_in_second():\n    pass\n"
        second.notify(
            "textDocument/didChange",
            {"textDocument": {**document, "version": 2}, "contentChanges": [{"text": text}]},
        )
        second.eventually(lambda: second.symbols("edited_in_second") == ["edited_in_second"])
        saved(second, root / "a.py", text)
        # The first server's own watcher notices the save.
        first.eventually(lambda: first.symbols("edited_in_second") == ["edited_in_second"])
        second.eventually(lambda: second.symbols("before") == [])
        assert second.symbols("edited_in_second") == ["edited_in_second"]


STOPPED_S = float(os.environ.get("STOPPED_SECONDS", "8"))
"""How long the writer stands still; a minute in the long run."""


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="processes cannot be stopped here")
@pytest.mark.timeout(300)
@pytest.mark.parametrize("ends", ["continued", "killed"])
def test_saves_beside_a_stopped_writer(tmp_path: Path, ends: str) -> None:
    """While the writer is stopped the others say so and find what was saved in them. Once it runs again, or
    is gone, everybody finds everything.
    """
    root = tmp_path / "project"
    root.mkdir()
    (root / "a.py").write_text("def before():\n    pass\n")
    with running(SERVER) as first, running(SERVER) as second, running(SERVER) as third:
        first.initialize(root, capabilities=MINIMAL)
        first.wait_indexed()
        others = {"second": second, "third": third}
        for client in others.values():
            client.initialize(root, capabilities=MINIMAL)
            client.eventually(partial(finds, client, "before"))
        first.process.send_signal(signal.SIGSTOP)
        stopped = time.monotonic()
        for name, client in others.items():
            saved(client, root / f"{name}.py", f"def saved_in_{name}():\n    pass\n")
            client.eventually(partial(client.symbols, f"saved_in_{name}"), timeout=5)
        for client in others.values():
            client.eventually(partial(writer_is_silent, client), timeout=10)
            answer = client.request("codanna/semanticSearch", {"query": "before"})
            assert "writer-silent" in [problem["code"] for problem in answer["problems"]]
        while time.monotonic() < stopped + STOPPED_S:
            for name, client in others.items():
                assert client.symbols(f"saved_in_{name}") == [f"saved_in_{name}"]
            time.sleep(0.2)
        living = list(others.values())
        if ends == "continued":
            first.process.send_signal(signal.SIGCONT)
            living.append(first)
        else:
            first.kill()
        since = time.monotonic()
        for client in living:
            for name in others:
                client.eventually(partial(finds, client, f"saved_in_{name}"))
        took = time.monotonic() - since
        for client in living:
            client.eventually(partial(writer_is_heard, client))
        assert took < 2 * LOADED, took


LOADED = float(os.environ.get("LOADED", "5"))
"""So many times longer may take on a machine that runs other tests as well."""


def problems(client: RawClient) -> list[str]:
    return [problem["code"] for problem in folder(client)["problems"]]


def finds(client: RawClient, name: str) -> bool:
    return client.symbols(name) == [name]


def writer_is_silent(client: RawClient) -> bool:
    return "writer-silent" in problems(client)


def writer_is_heard(client: RawClient) -> bool:
    return not writer_is_silent(client)
