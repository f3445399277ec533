"""semble's MCP server beside ours, for `agents.py`: an interpreter that has it, and a model that it can load.

It is asked for whole chunks, twenty of them, the best first; an answer is there once the chunks up to it have
the head of the definition and two more of its lines, or all of a shorter one.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from codanna_core.context.tokens import most_tokens
from yardsticks.scores import Shown, Target, is_file

CHUNKS = 20
LINES = 3
NEVER = 10**9


def program(python: Path) -> list[str]:
    """How its server is started."""
    return [str(python), "-c", "import sys; from semble.cli import main; sys.argv = ['semble']; main()"]


def environment(model: Path, scratch: Path) -> dict[str, str]:
    """Its model, and a place for what it keeps."""
    return {**os.environ, "SEMBLE_MODEL_NAME": str(model), "SEMBLE_CACHE_LOCATION": str(scratch)}


def arguments(question: str, root: Path) -> dict[str, Any]:
    """Of its tool `search`."""
    return {"query": question, "repo": str(root), "top_k": CHUNKS, "max_snippet_lines": None}


def tokens_until(result: Any, targets: Iterable[Target], *, symbols: bool) -> int:
    """Tokens of its answer up to the end of what answers."""
    answer = json.loads(result["content"][0]["text"])
    wanted = list(targets)
    seen: dict[Target, set[int]] = {target: set() for target in wanted}
    read = 0
    for chunk in answer.get("results", []):
        first, last = chunk["start_line"], chunk["end_line"]
        shown = Shown(chunk["file_path"], "", "", "", first, last)
        read += most_tokens(json.dumps(chunk) if symbols else json.dumps({**chunk, "content": ""}))
        for target in wanted:
            if not is_file(shown, target):
                continue
            if not symbols:
                return read
            lines = seen[target]
            lines.update(range(max(first, target.first), min(last, target.last) + 1))
            if target.first in lines and len(lines) >= min(LINES, target.last - target.first + 1):
                return read
    return NEVER
