"""The hostile workspace through every request: what the server sends can be shown as it is."""

from __future__ import annotations

import logging
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from raw_client import HERE, VSCODE, RawClient, running

from codanna_core.testing import hostile
from codanna_lsp.capabilities import COMMANDS

ENGINE_SERVER = (sys.executable, str(HERE / "engine_server.py"))
RECORD = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} [DIWEC] ")
FLAT = {**VSCODE, "textDocument": {"codeLens": {}}}

EXACT = {"uri", "data", "token", "query", "log", "command"}
"""What programs compare or open: URIs are percent-encoded, the rest is the client's own."""

PROSE = ("text", "doc", "value")
"""Source lines, comments and hovers, whose lines may begin with anything."""


def shown(message: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Every string of a message that an editor may show, with its key."""
    if isinstance(message, dict):
        for name, value in message.items():
            if name not in EXACT:
                yield from shown(value, name)
    elif isinstance(message, list):
        for item in message:
            yield from shown(item, key)
    elif isinstance(message, str):
        yield key, message


def faults(client: RawClient) -> list[str]:
    """Attacks in anything that was sent, line breaks where one line is promised, and links in messages."""
    found: list[str] = []
    for message in [*client.answers.values(), *client.notifications, *client.requests]:
        for key, text in shown(message):
            found += hostile.attacks(" " + text.replace("\n", "\n ") if key in PROSE else text)
            if "\n" in text and key not in ("doc", "value", "message"):
                found.append(f"a line break in {key}: {text!r}")
            if key in ("message", "title") and "](" in text:
                found.append(f"a link in {key}: {text!r}")
    return found


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The hostile workspace."""
    return hostile.build(tmp_path)


def documents(root: Path) -> list[Path]:
    return sorted(path for path in root.rglob("*") if path.is_file() and "\udcff" not in str(path))


@pytest.mark.parametrize("capabilities", [VSCODE, FLAT], ids=["tree", "flat"])
def test_no_answer_acts(root: Path, capabilities: dict[str, Any]) -> None:
    """Every feature and every command, over names and texts that attack."""
    options = {
        "server": {"document_symbols": "on", "code_lens": True, "navigation": "on", "log_level": "debug"}
    }
    with running(ENGINE_SERVER) as client:
        client.responders["window/showMessageRequest"] = lambda params: params["actions"][0]
        client.initialize(root, capabilities=capabilities, options=options)
        client.wait_indexed()
        found = client.request(
            "codanna/semanticSearch", {"query": "retry failed upload", "limit": 50, "explain": True}
        )
        assert any(r"\x1b" in hit["name"] for hit in found["hits"])
        assert any(r"\u2066" in hit["path"] for hit in found["hits"])
        assert any(r"\x1b" in part["text"] for hit in found["hits"] for part in hit["snippet"])
        assert any("retry" in hit["doc"] for hit in found["hits"])
        for item in client.request("workspace/symbol", {"query": "retry"}):
            resolved = client.request("workspaceSymbol/resolve", item)
            assert resolved["location"] == item["location"], item
        names: set[str] = set()
        for path in documents(root):
            document = {"uri": path.as_uri()}
            area = {"start": {"line": 0, "character": 0}, "end": {"line": 1, "character": 0}}
            text = path.read_bytes().decode()
            opened = {**document, "languageId": path.suffix[1:] or "text", "version": 1, "text": text}
            client.notify("textDocument/didOpen", {"textDocument": opened})
            outline = client.request("textDocument/documentSymbol", {"textDocument": document})
            names |= {entry["name"] for entry in outline}
            client.request("textDocument/codeLens", {"textDocument": document})
            client.request(
                "textDocument/codeAction", {"textDocument": document, "range": area, "context": {}}
            )
            client.start_request("codanna/findSimilar", {"textDocument": document, "range": area})
            for method in ("references", "callers", "calls", "impact"):
                place = {"textDocument": document, "position": {"line": 0, "character": 6}}
                client.request(f"codanna/{method}", {**place, "minConfidence": "possible"})
            for method in ("definition", "references", "implementation", "documentHighlight", "hover"):
                client.request(f"textDocument/{method}", place)
            for item in client.request("textDocument/prepareCallHierarchy", place) or []:
                for direction in ("incoming", "outgoing"):
                    client.request(f"callHierarchy/{direction}Calls", {"item": item})
            client.request(
                "codanna/explain", {"query": "retry", "textDocument": document, "position": area["start"]}
            )
        assert any(r"\x1b" in name for name in names)
        client.request("codanna/clusterInfo", {})
        client.request("codanna/clusterMap", {})
        example = [{"textDocument": {"uri": (root / "retry.py").as_uri()}, "position": area["start"]}]
        for command in COMMANDS:
            arguments = example if command == "codanna.findSimilar" else []
            client.start_request("workspace/executeCommand", {"command": command, "arguments": arguments})
            client.answer(client.start_request("codanna/status", {}), 60)
        client.error("workspace/executeCommand", {"command": hostile.EVERYTHING})
        client.error("codanna/findSimilar", {**example[0], "textDocument": {"uri": "file:///elsewhere"}})
        client.error(hostile.EVERYTHING, {})
        client.request("codanna/callers", {"name": hostile.EVERYTHING})
        client.error("codanna/impact", {"diff": hostile.EVERYTHING})
        client.error("codanna/semanticSearch", {"query": "x", "filters": {"kinds": [hostile.EVERYTHING]}})
        client.request("codanna/status", {})
        client.shut_down(30)
        assert faults(client) == []
        assert "FORGED all is well" in str(client.seen("codanna/statusChanged"))


def test_the_log_has_one_record_a_line(root: Path, own_home: Path) -> None:
    """Log file and standard error: each line is a record or the indented part of a traceback."""
    with running(ENGINE_SERVER, stderr=subprocess.PIPE) as client:
        client.initialize(root, options={"server": {"log_level": "debug"}})
        client.wait_indexed()
        client.request("codanna/semanticSearch", {"query": hostile.EVERYTHING})
        client.notify("textDocument/didChange", {"textDocument": {"uri": hostile.EVERYTHING}})
        client.notify(hostile.EVERYTHING, {})
        log = Path(client.request("codanna/status", {})["server"]["log"])
        client.shut_down(30)
        assert client.process.stderr is not None
        errors = client.process.stderr.read().decode()
    text = log.read_text("utf-8")
    assert "retry" in text
    for lines in (text, errors):
        assert hostile.attacks(lines) == []
        assert [line for line in lines.splitlines() if not RECORD.match(line) and line[:4] != "    "] == []


def test_a_name_of_an_unopenable_folder_is_inert(tmp_path: Path) -> None:
    """A folder that cannot be searched is reported in a pop-up: its name makes no link and no line there."""
    root = hostile.build(tmp_path)
    cache = tmp_path / "cache"
    cache.write_text("a file where the indexes should be")
    with running(ENGINE_SERVER, env={"XDG_CACHE_HOME": str(cache)}) as client:
        client.initialize(root)
        client.wait(lambda: client.seen("window/showMessage"), 30)
        client.answer(client.start_request("codanna/status", {}))
        client.answer(client.start_request("codanna/semanticSearch", {"query": "retry"}))
        assert faults(client) == []
        (told,) = client.seen("window/showMessage")
        assert r"\x1b]0;owned\x07" in told["message"]
        assert "\n" not in told["message"]


@pytest.mark.parametrize("flag", ["--tcp", "--log-level", "--parent-pid", "--unknown", ""])
def test_what_serve_says_of_its_arguments_is_inert(flag: str) -> None:
    """Wrong arguments are quoted on standard error."""
    said = subprocess.run(
        [sys.executable, "-m", "codanna_lsp", *([flag] if flag else []), hostile.EVERYTHING],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
    ).stderr.decode("utf-8", "surrogateescape")
    assert "owned" in said
    assert hostile.attacks(said) == []


def test_the_log_of_the_server_uses_the_inert_formatter(own_home: Path) -> None:
    """Both handlers, so that no library's record gets around it."""
    from codanna_core.logs import InertFormatter
    from codanna_rpc import log

    root = logging.getLogger()
    before, level, raising = root.handlers[:], root.level, logging.raiseExceptions
    try:
        log.set_up("info")
        added = [handler for handler in root.handlers if handler not in before]
        assert len(added) == 2
        assert all(isinstance(handler.formatter, InertFormatter) for handler in added)
    finally:
        for handler in root.handlers[:]:
            if handler not in before:
                root.removeHandler(handler)
                handler.close()
        root.setLevel(level)
        logging.raiseExceptions = raising
