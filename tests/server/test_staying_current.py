"""The index follows the editor and the disk: saves, unsaved texts, watched files, folders, settings."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from raw_client import EMACS, MINIMAL, NEOVIM, VSCODE, RawClient, running


def opened(client: RawClient, path: Path, text: str | None = None, language: str = "python") -> str:
    uri = path.as_uri()
    client.notify(
        "textDocument/didOpen",
        {
            "textDocument": {
                "uri": uri,
                "languageId": language,
                "version": 1,
                "text": path.read_text() if text is None else text,
            }
        },
    )
    return uri


def changed(client: RawClient, uri: str, version: int, *changes: dict[str, Any]) -> None:
    client.notify(
        "textDocument/didChange",
        {"textDocument": {"uri": uri, "version": version}, "contentChanges": list(changes)},
    )


def saved(client: RawClient, path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    client.notify("textDocument/didSave", {"textDocument": {"uri": path.as_uri()}})


def generation(client: RawClient) -> Any:
    return client.request("codanna/status", {})["folders"][0]["generation"]


def places(client: RawClient, name: str) -> list[str]:
    return [item["location"]["uri"] for item in client.request("workspace/symbol", {"query": name})]


def found(client: RawClient, name: str) -> Any:
    return client.eventually(lambda: name in client.symbols(name))


def gone(client: RawClient, name: str) -> Any:
    return client.eventually(lambda: not client.symbols(name))


def test_save_is_found(project: Path) -> None:
    """What was saved is found, and what it replaced is not."""
    with running() as client:
        client.initialize(project)
        client.wait_indexed()
        saved(client, project / "alpha.py", "def freshly_saved(): pass\n")
        found(client, "freshly_saved")
        gone(client, "alpha_one")


def test_burst_of_saves_loses_none(project: Path) -> None:
    """Two hundred saves in a row are all there in the end, the last text of each file."""
    with running() as client:
        client.initialize(project)
        client.wait_indexed()
        for turn in range(10):
            for number in range(20):
                saved(client, project / f"file{number}.py", f"def burst_{number}_turn_{turn}(): pass\n")
        client.eventually(lambda: len(client.symbols("_turn_9")) == 20)
        assert client.symbols("_turn_8") == []


def test_save_during_a_long_index_is_not_lost(project: Path) -> None:
    """A save while the first index is still being made is found at once."""
    with running(env={"FAKE_SYNC_SECONDS": "4"}) as client:
        client.initialize(project)
        client.eventually(
            lambda: client.request("codanna/status", {})["folders"][0].get("reconciled") is False
        )
        saved(client, project / "new.py", "def saved_early(): pass\n")
        client.eventually(lambda: "saved_early" in client.symbols("saved_early"), timeout=3.5)
        client.eventually(lambda: client.request("codanna/status", {})["folders"][0]["reconciled"])


def test_failed_save_is_told_and_made_good(project: Path) -> None:
    """While the disk is full the status says so and the text stays findable; afterwards it is indexed."""
    with running() as client:
        client.initialize(project)
        client.wait_indexed()
        full = project / "FAKE_DISK_FULL"
        full.touch()
        uri = opened(client, project / "alpha.py")
        changed(client, uri, 2, {"text": "def typed_on_full_disk(): pass\n"})
        saved(client, project / "alpha.py", "def typed_on_full_disk(): pass\n")
        problems = client.eventually(lambda: client.request("codanna/status", {})["folders"][0]["problems"])
        assert [problem["code"] for problem in problems] == ["update"]
        answer = client.request("codanna/semanticSearch", {"query": "typed"})
        assert [problem["code"] for problem in answer["problems"]] == ["update"]
        assert client.symbols("typed_on_full_disk") == ["typed_on_full_disk"]
        full.unlink()
        client.eventually(lambda: not client.request("codanna/status", {})["folders"][0]["problems"])
        client.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
        found(client, "typed_on_full_disk")


def test_a_save_is_found_before_it_is_stored(project: Path) -> None:
    """A file that is not open in the editor is found as it was saved while the index cannot store it yet."""
    with running() as client:
        client.initialize(project)
        client.wait_indexed()
        (project / "FAKE_DISK_FULL").touch()
        saved(client, project / "alpha.py", "def saved_on_full_disk(): pass\n")
        client.eventually(lambda: "saved_on_full_disk" in client.symbols("saved_on_full_disk"))


@pytest.mark.parametrize("capabilities", [VSCODE, NEOVIM, EMACS], ids=["utf-16", "utf-8", "utf-32"])
def test_unsaved_text_is_found_at_its_place(project: Path, capabilities: dict[str, Any]) -> None:
    """While typing, symbols are where they are in the buffer; closing without saving brings the disk back."""
    with running() as client:
        encoding = client.initialize(project, capabilities=capabilities)["capabilities"]["positionEncoding"]
        client.wait_indexed()
        uri = opened(client, project / "alpha.py")
        end = {"line": 0, "character": 0}
        changed(client, uri, 2, {"range": {"start": end, "end": end}, "text": "x = '\U0001f600'\n\n"})
        column = {"utf-8": 9, "utf-16": 7, "utf-32": 6}[encoding]
        place = {"line": 0, "character": column + 1}
        changed(client, uri, 3, {"range": {"start": place, "end": place}, "text": "; class Typed: pass"})
        (item,) = client.eventually(lambda: client.request("workspace/symbol", {"query": "Typed"}))
        assert item["location"]["range"]["start"] == {"line": 0, "character": column + 1 + len("; class ")}
        (item,) = client.request("workspace/symbol", {"query": "alpha_one"})
        assert item["location"]["range"]["start"]["line"] == 2
        client.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
        gone(client, "Typed")
        (item,) = client.request("workspace/symbol", {"query": "alpha_one"})
        assert item["location"]["range"]["start"]["line"] == 0


def test_restored_buffer_is_found(project: Path) -> None:
    """An editor that restores unsaved text opens a document that differs from the disk."""
    with running() as client:
        client.initialize(project)
        client.wait_indexed()
        opened(client, project / "alpha.py", "def restored(): pass\n")
        found(client, "restored")
        gone(client, "alpha_one")


def test_whole_text_changes(project: Path) -> None:
    """A client that sends whole texts is understood."""
    with running() as client:
        client.initialize(project)
        client.wait_indexed()
        uri = opened(client, project / "alpha.py")
        changed(client, uri, 2, {"text": "def whole(): pass\n"})
        found(client, "whole")


def test_save_ends_the_overlay(project: Path) -> None:
    """After a save the file on disk counts again, also when something else changes it later."""
    with running() as client:
        client.initialize(project)
        client.wait_indexed()
        uri = opened(client, project / "alpha.py")
        changed(client, uri, 2, {"text": "def typed(): pass\n"})
        found(client, "typed")
        saved(client, project / "alpha.py", "def typed(): pass\n")
        found(client, "typed")
        client.eventually(lambda: len(client.symbols("typed")) == 1)
        (project / "alpha.py").write_text("def by_formatter(): pass\n")
        watched(client, project / "alpha.py")
        found(client, "by_formatter")


def watched(client: RawClient, *paths: Path) -> None:
    client.notify(
        "workspace/didChangeWatchedFiles",
        {"changes": [{"uri": path.as_uri(), "type": 2} for path in paths]},
    )


def test_watching_client_is_asked_to_watch(project: Path) -> None:
    """A client that can watch is asked for it, and its events are followed in one batch."""
    with running() as client:
        client.initialize(project, capabilities=VSCODE)
        client.wait_indexed()
        (request,) = client.wait(
            lambda: [item for item in client.requests if item["method"] == "client/registerCapability"]
        )
        methods = {item["method"] for item in request["params"]["registrations"]}
        assert methods == {"workspace/didChangeWatchedFiles", "workspace/didChangeConfiguration"}
        paths = [project / f"branch{number}.py" for number in range(1000)]
        for number, path in enumerate(paths):
            path.write_text(f"def on_branch_{number}(): pass\n")
        before = generation(client)
        watched(client, *paths)
        client.eventually(lambda: client.symbols("on_branch_999"))
        assert len(client.symbols("on_branch_")) == 200
        client.eventually(lambda: generation(client) > before)
        assert generation(client) == before + 1


@pytest.mark.parametrize("capabilities", [NEOVIM, MINIMAL], ids=["neovim", "minimal"])
def test_own_watcher_sees_the_disk(project: Path, capabilities: dict[str, Any]) -> None:
    """Where the client cannot watch, changes by other programs are noticed all the same."""
    with running() as client:
        client.initialize(project, capabilities=capabilities)
        client.wait_indexed()
        assert not any("watcher" in str(item) for item in client.requests)
        number = 0

        def written_and_found() -> list[str]:
            # Written again and again: the watcher starts some time after the index is ready.
            nonlocal number
            number += 1
            (project / "outside.py").write_text(f"def by_git(): pass\n# {number}\n")
            return client.symbols("by_git")

        client.eventually(written_and_found)
        (project / "outside.py").unlink()
        gone(client, "by_git")
        (project / "pkg").rename(project / "renamed")
        client.eventually(lambda: places(client, "Beta") == [(project / "renamed" / "beta.py").as_uri()])


def test_nobody_watches_when_switched_off(project: Path) -> None:
    """`watch = off` asks nobody; only the editor's own saves count."""
    with running() as client:
        client.initialize(project, capabilities=VSCODE, options={"server": {"watch": "off"}})
        client.wait_indexed()
        saved(client, project / "a.py", "def mark(): pass\n")
        found(client, "mark")
        assert "didChangeWatchedFiles" not in str(client.requests)


def test_watching_can_be_switched_on_while_running(project: Path) -> None:
    """The setting `watch` counts at once: the client is asked when it is switched on."""
    with running() as client:
        client.configuration = {"server": {"watch": "off"}}
        client.initialize(project, capabilities=VSCODE, options={"server": {"watch": "off"}})
        client.wait_indexed()
        client.configuration = {"server": {"watch": "auto"}}
        client.notify("workspace/didChangeConfiguration", {"settings": None})
        client.wait(lambda: "workspace/didChangeWatchedFiles" in str(client.requests))
        (project / "a.py").write_text("def followed_event(): pass\n")
        watched(client, project / "a.py")
        found(client, "followed_event")


def test_same_folder_twice_is_one_folder(project: Path) -> None:
    """Two spellings of one folder are one index."""
    with running() as client:
        client.initialize(project, uris=[project.as_uri() + "/"])
        assert len(client.wait_indexed()["folders"]) == 1
        client.notify(
            "workspace/didChangeWorkspaceFolders",
            {"event": {"added": [], "removed": [{"uri": project.as_uri() + "/", "name": ""}]}},
        )
        client.eventually(lambda: client.request("codanna/status", {})["folders"] == [])


@pytest.mark.parametrize("operation", ["rename", "delete"])
def test_folder_operations(project: Path, operation: str) -> None:
    """A folder that was renamed or deleted in the editor takes its files along."""
    old, new = project / "pkg", project / "new"
    with running() as client:
        client.initialize(project, capabilities=VSCODE)
        client.wait_indexed()
        if operation == "rename":
            old.rename(new)
            files = [{"oldUri": old.as_uri(), "newUri": new.as_uri()}]
            client.notify("workspace/didRenameFiles", {"files": files})
        else:
            shutil.rmtree(old)
            client.notify("workspace/didDeleteFiles", {"files": [{"uri": old.as_uri()}]})
        expected = [(new / "beta.py").as_uri()] if operation == "rename" else []
        client.eventually(lambda: places(client, "Beta") == expected)


def test_folders_come_and_go(project: Path, tmp_path: Path) -> None:
    """A folder added later is searched too, one removed is not."""
    second = tmp_path / "second"
    second.mkdir()
    (second / "gamma.py").write_text("def alpha_gamma(): pass\n")
    with running() as client:
        client.initialize(project)
        client.wait_indexed()
        folder = {"uri": second.as_uri(), "name": "second"}
        client.notify("workspace/didChangeWorkspaceFolders", {"event": {"added": [folder], "removed": []}})
        found(client, "alpha_gamma")
        assert sorted(client.names("alpha")) == ["alpha_gamma", "alpha_one", "alpha_two"]
        client.notify(
            "workspace/didChangeWorkspaceFolders",
            {"event": {"added": [], "removed": [{"uri": project.as_uri(), "name": ""}]}},
        )
        client.eventually(lambda: client.symbols("alpha") == ["alpha_gamma"])


def test_nested_folders_give_no_doubles(project: Path) -> None:
    """A workspace folder inside of another is indexed twice and shown once, and a save reaches both."""
    with running() as client:
        client.initialize(project, project / "pkg")
        client.wait_indexed()
        assert client.symbols("Beta") == ["Beta"]
        saved(client, project / "pkg" / "beta.py", "class Gamma: pass\n")
        client.eventually(lambda: client.symbols("Gamma") == ["Gamma"] and not client.symbols("Beta"))


def test_symlinked_folder(project: Path, tmp_path: Path) -> None:
    """Opened through a link, the folder takes files named by either path, and answers with the link's."""
    link = tmp_path / "link"
    link.symlink_to(project)
    with running() as client:
        client.initialize(link)
        client.wait_indexed()
        saved(client, project / "alpha.py", "def through_real_path(): pass\n")
        found(client, "through_real_path")
        (item,) = client.request("workspace/symbol", {"query": "through_real_path"})
        assert item["location"]["uri"] == (link / "alpha.py").as_uri()


def test_uri_is_spelled_as_the_client_spells_it(project: Path) -> None:
    """Editors compare URIs as text; results use the client's own spelling of an open document."""
    odd = project.as_uri() + "/%61lpha.py"
    with running() as client:
        client.initialize(project)
        client.wait_indexed()
        text = (project / "alpha.py").read_text()
        document = {"uri": odd, "languageId": "python", "version": 1, "text": text}
        client.notify("textDocument/didOpen", {"textDocument": document})
        assert places(client, "alpha_one") == [odd]


def limit_in_effect(client: RawClient) -> int:
    return len(client.names("def class pass"))


@pytest.mark.parametrize(
    "options",
    [
        {"search": {"limit": 1}},
        {"codanna": {"search": {"limit": 1}}},
        {"codanna.search.limit": 1},
        {"search.limit": 1},
    ],
)
def test_initialization_options(project: Path, options: dict[str, Any]) -> None:
    """Settings arrive in each of the shapes that editors use."""
    with running() as client:
        client.initialize(project, options=options)
        client.wait_indexed()
        assert limit_in_effect(client) == 1


def test_pushed_settings_take_effect_at_once(project: Path) -> None:
    """didChangeConfiguration works without a restart."""
    with running() as client:
        client.initialize(project)
        client.wait_indexed()
        assert limit_in_effect(client) > 1
        client.notify("workspace/didChangeConfiguration", {"settings": {"codanna": {"search": {"limit": 1}}}})
        client.eventually(lambda: limit_in_effect(client) == 1)


def test_an_edited_settings_file_applies_at_once(project: Path) -> None:
    """Neither the client nor the user has to do more than save `.codanna.toml`."""
    with running() as client:
        client.initialize(project)
        client.wait_indexed()
        assert limit_in_effect(client) > 1
        (project / ".codanna.toml").write_text("[search]\nlimit = 1\n")
        client.eventually(lambda: limit_in_effect(client) == 1)


def test_pulled_settings_take_effect_at_once(project: Path) -> None:
    """A client that can be asked is asked, at the start and after each change."""
    with running() as client:
        client.configuration = {"search": {"limit": 2}}
        client.initialize(project, capabilities=VSCODE)
        client.wait_indexed()
        client.eventually(lambda: limit_in_effect(client) == 2)
        client.configuration = {"search": {"limit": 1}}
        client.notify("workspace/didChangeConfiguration", {"settings": None})
        client.eventually(lambda: limit_in_effect(client) == 1)
        client.configuration = {}
        client.notify("workspace/didChangeConfiguration", {"settings": None})
        client.eventually(lambda: limit_in_effect(client) > 2)


def test_a_folder_that_comes_later_is_opened_then(tmp_path: Path) -> None:
    """A folder that is not there is told plainly, and opened as soon as it is there."""
    root = tmp_path / "later"
    with running() as client:
        client.initialize(root)
        status = client.eventually(lambda: client.request("codanna/status", {})["folders"][0]["problems"])
        assert [problem["code"] for problem in status] == ["open"]
        assert "there is no folder" in status[0]["message"]
        answer = client.request("codanna/semanticSearch", {"query": "late"})
        assert [problem["code"] for problem in answer["problems"]] == ["open"]
        root.mkdir()
        (root / "late.py").write_text("def late_function(): pass\n")
        found(client, "late_function")
        assert not client.request("codanna/status", {})["folders"][0]["problems"]


def test_a_removed_folder_is_told_and_found_again(project: Path, tmp_path: Path) -> None:
    """While the folder is gone answers say so in one sentence; when it is back, so is all that is in it."""
    with running() as client:
        client.initialize(project)
        client.wait_indexed()
        project.rename(tmp_path / "elsewhere")
        client.notify("textDocument/didSave", {"textDocument": {"uri": (project / "alpha.py").as_uri()}})

        def problems() -> list[dict[str, str]]:
            told: list[dict[str, str]] = client.request("codanna/semanticSearch", {"query": "alpha"})[
                "problems"
            ]
            return told

        (problem,) = client.eventually(problems)
        assert problem["code"] == "sync"
        assert problem["message"].startswith(f"the folder {project} is gone")
        (tmp_path / "elsewhere" / "new.py").write_text("def made_elsewhere(): pass\n")
        (tmp_path / "elsewhere").rename(project)
        found(client, "made_elsewhere")
        client.eventually(lambda: not problems())


def test_lens_can_be_switched_on_while_running(project: Path) -> None:
    """A feature that was off is registered when its setting is switched on."""
    with running() as client:
        client.initialize(project, capabilities=VSCODE)
        client.wait_indexed()
        client.configuration = {"server": {"code_lens": True}}
        client.notify("workspace/didChangeConfiguration", {"settings": None})
        client.wait(lambda: "textDocument/codeLens" in str(client.requests))
        lenses = client.request(
            "textDocument/codeLens", {"textDocument": {"uri": (project / "alpha.py").as_uri()}}
        )
        assert [lens["range"]["start"]["line"] for lens in lenses] == [0, 4]
        assert lenses[0]["command"]["command"] == "codanna.findSimilar"


def progress_kinds(client: RawClient) -> list[str]:
    return [item["value"]["kind"] for item in client.seen("$/progress")]


def test_progress_of_a_long_index(project: Path) -> None:
    """A long index shows begin, reports with a share, and one end."""
    with running(env={"FAKE_SYNC_SECONDS": "1.2"}) as client:
        client.initialize(project, capabilities=VSCODE)
        client.wait(lambda: "end" in progress_kinds(client))
        kinds = progress_kinds(client)
        assert (kinds[0], kinds[-1], kinds.count("end")) == ("begin", "end", 1)
        reports = [item["value"] for item in client.seen("$/progress") if item["value"]["kind"] == "report"]
        assert reports
        assert all(0 <= item["percentage"] <= 100 and " of " in item["message"] for item in reports)


def test_short_index_shows_no_progress(project: Path) -> None:
    """Nothing flickers for work that takes a moment."""
    with running() as client:
        client.initialize(project, capabilities=VSCODE)
        client.wait_indexed()
        assert progress_kinds(client) == []


def test_progress_can_be_cancelled(project: Path) -> None:
    """The cross beside the progress stops the work, and the status says so."""
    with running(env={"FAKE_SYNC_SECONDS": "60"}) as client:
        client.initialize(project, capabilities=VSCODE)
        client.wait(lambda: "begin" in progress_kinds(client))
        token = client.seen("$/progress")[0]["token"]
        client.notify("window/workDoneProgress/cancel", {"token": token})
        client.wait(lambda: "end" in progress_kinds(client))
        client.eventually(
            lambda: any(
                problem["code"] == "sync-stopped"
                for problem in client.request("codanna/status", {})["folders"][0]["problems"]
            )
        )


def test_silent_client_does_not_hold_up_the_index(project: Path) -> None:
    """A client that never answers the request for a progress token gets its index all the same."""
    with running(env={"FAKE_SYNC_SECONDS": "1"}) as client:
        client.silent_about.add("window/workDoneProgress/create")
        client.initialize(project, capabilities=VSCODE)
        client.wait_indexed()
        assert client.symbols("alpha_one") == ["alpha_one"]
        assert "window/workDoneProgress/create" in str(client.requests)
        assert progress_kinds(client) == []


def test_command_with_the_clients_own_token(project: Path) -> None:
    """A command that came with a token reports to it, and can be cancelled by it."""
    with running(env={"FAKE_SYNC_SECONDS": "2"}) as client:
        client.initialize(project)
        client.wait_indexed()
        msg_id = client.start_request(
            "workspace/executeCommand", {"command": "codanna.reindex", "workDoneToken": "mine"}
        )
        client.wait(lambda: "report" in progress_kinds(client))
        client.notify("window/workDoneProgress/cancel", {"token": "mine"})
        assert client.answer(msg_id)["error"]["code"] == -32800
        assert {item["token"] for item in client.seen("$/progress")} == {"mine"}
        client.wait(lambda: "end" in progress_kinds(client))
