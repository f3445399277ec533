"""Every use of a name in a Python project with the place that pyright's definition request gives for it.

python benchmarks/truth/pyright.py PROJECT pyright-langserver [PYTHON] > truth.tsv
"""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse


class Client:
    """As much of a language client as definition requests need."""

    def __init__(self, command: list[str], root: Path, settings: dict[str, Any]) -> None:
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.settings = settings
        self.number = 0
        folder = {"uri": root.as_uri(), "name": root.name}
        self.ask(
            "initialize",
            {"processId": None, "rootUri": root.as_uri(), "workspaceFolders": [folder], "capabilities": {}},
        )
        self.send({"method": "initialized", "params": {}})

    def send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self.process.stdin is not None
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        self.process.stdin.flush()

    def receive(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        length = 0
        while (line := self.process.stdout.readline().strip()) or not length:
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        return json.loads(self.process.stdout.read(length))

    def ask(self, method: str, params: dict[str, Any]) -> Any:
        self.number += 1
        self.send({"id": self.number, "method": method, "params": params})
        while True:
            message = self.receive()
            if message.get("method") == "workspace/configuration":
                found = [self.settings.get(item.get("section")) for item in message["params"]["items"]]
                self.send({"id": message["id"], "result": found})
            elif "method" in message and "id" in message:
                self.send({"id": message["id"], "result": None})
            elif message.get("id") == self.number and "method" not in message:
                return message.get("result")


def sites(source: str) -> Iterator[tuple[int, int, str, bool]]:
    """Line, column in characters, name and whether it is called."""
    tree = ast.parse(source)
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    lines = source.splitlines(keepends=True)
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            line, column, name = node.lineno - 1, node.col_offset, node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
            line, name = node.end_lineno - 1, node.attr
            column = node.end_col_offset - len(name.encode())
        else:
            continue
        if line < len(lines):
            yield (
                line,
                len(lines[line].encode()[:column].decode("utf-8", "replace")),
                name,
                id(node) in called,
            )


def main() -> None:
    root = Path(sys.argv[1]).resolve()
    python = {"pythonPath": sys.argv[3]} if len(sys.argv) > 3 else {}
    client = Client([sys.argv[2], "--stdio"], root, {"python": python})
    for path in sorted(root.rglob("*.py")):
        try:
            source = path.read_bytes().decode("utf-8")
            found = sorted(set(sites(source)))
        except (SyntaxError, UnicodeDecodeError):
            continue
        document = {"uri": path.as_uri(), "languageId": "python", "version": 1, "text": source}
        client.send({"method": "textDocument/didOpen", "params": {"textDocument": document}})
        for line, column, name, is_call in found:
            place = {"textDocument": {"uri": path.as_uri()}, "position": {"line": line, "character": column}}
            targets = client.ask("textDocument/definition", place) or []
            if not targets:
                continue
            texts = []
            for target in targets if isinstance(targets, list) else [targets]:
                at = Path(unquote(urlparse(target["uri"]).path))
                inside = at.is_relative_to(root)
                texts.append(
                    f"{at.relative_to(root).as_posix()}\t{target['range']['start']['line']}"
                    if inside
                    else "-\t0"
                )
            role = "call" if is_call else "ref"
            for text in sorted(set(texts)):
                print(path.relative_to(root).as_posix(), line, column, role, name, text, sep="\t")
        client.send({"method": "textDocument/didClose", "params": {"textDocument": {"uri": path.as_uri()}}})
    client.process.kill()


if __name__ == "__main__":
    main()
