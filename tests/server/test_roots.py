"""The folder itself, over the real engine: two names of one folder, and a folder that goes and comes back."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path

from raw_client import RawClient, running

from fuzz import ENGINE_SERVER


def uris(client: RawClient, name: str) -> set[str]:
    return {
        hit["uri"]
        for hit in client.request("codanna/semanticSearch", {"query": name})["hits"]
        if hit["name"] == name
    }


def is_found(client: RawClient, name: str, uri: str) -> bool:
    return uris(client, name) == {uri}


def test_two_names_of_a_folder_are_one_index(project: Path, tmp_path: Path) -> None:
    """Answers use the name that the client uses, for open and for other documents, and share the index."""
    link = tmp_path / "link"
    link.symlink_to(project, target_is_directory=True)
    places = []
    for root in (project, link):
        with running(ENGINE_SERVER) as client:
            client.initialize(root)
            status = client.wait_indexed()
            places.append(status["folders"][0]["indexDir"])
            assert uris(client, "find_user") == {(root / "pkg" / "beta.py").as_uri()}
            uri = (root / "alpha.py").as_uri()
            document = {
                "uri": uri,
                "languageId": "python",
                "version": 1,
                "text": "def unsaved_name(): pass\n",
            }
            client.notify("textDocument/didOpen", {"textDocument": document})
            client.eventually(partial(is_found, client, "unsaved_name", uri))
            assert client.shut_down() == 0
    assert places[0] == places[1]


def test_a_folder_that_goes_and_comes_back(project: Path, tmp_path: Path) -> None:
    """Moved away or deleted, it is named in one sentence; nothing of its index is lost, and it comes back."""
    with running(ENGINE_SERVER) as client:
        client.initialize(project)
        client.wait_indexed()
        uri = (project / "alpha.py").as_uri()
        for leave in ("move", "delete"):
            copy = tmp_path / f"copy-{leave}"
            shutil.copytree(project, copy)
            if leave == "move":
                project.rename(tmp_path / "elsewhere")
            else:
                shutil.rmtree(project)
            client.notify("textDocument/didSave", {"textDocument": {"uri": uri}})

            def messages() -> list[str]:
                folder = client.request("codanna/status", {})["folders"][0]
                return [problem["message"] for problem in folder["problems"]]

            (message,) = client.eventually(messages)
            assert message.startswith(f"the folder {project} is gone")
            assert "find_user" in client.names("find user")
            assert client.error("textDocument/nope", {})["code"] == -32601
            copy.rename(project)
            client.eventually(lambda: not messages())
            assert "alpha_one" in client.names("alpha one")
        assert client.shut_down() == 0
