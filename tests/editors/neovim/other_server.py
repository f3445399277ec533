"""A language server that knows one place, to stand beside ours: `python other_server.py`."""

from __future__ import annotations

import json
import sys
from typing import Any

PLACE = {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 1}}


def answer(method: str, params: dict[str, Any]) -> Any:
    """The result of a request."""
    if method == "initialize":
        names = ("definition", "references", "hover", "documentHighlight", "callHierarchy", "implementation")
        return {"capabilities": {f"{name}Provider": True for name in names}}
    if "textDocument" not in params:
        return None
    place = {"uri": params["textDocument"]["uri"], "range": PLACE}
    if method == "textDocument/prepareCallHierarchy":
        return [{**place, "name": "theirs", "kind": 12, "selectionRange": PLACE}]
    if method == "textDocument/hover":
        return {"contents": "theirs"}
    return [place]


def main() -> None:
    """Answer until the input ends."""
    while header := sys.stdin.buffer.readline():
        length = int(header.split(b":")[1])
        while sys.stdin.buffer.readline() != b"\r\n":
            pass
        message = json.loads(sys.stdin.buffer.read(length))
        if message.get("method") == "exit":
            return
        if "id" in message and "method" in message:
            result = answer(message["method"], message.get("params") or {})
            body = json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}).encode()
            sys.stdout.buffer.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
            sys.stdout.buffer.flush()


main()
