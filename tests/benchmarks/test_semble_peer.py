"""What counts as an answer of semble's server."""

from __future__ import annotations

import json
from typing import Any

from semble_peer import NEVER, tokens_until
from yardsticks.scores import Target


def answer(*chunks: tuple[str, int, int]) -> Any:
    results = [
        {"file_path": path, "start_line": first, "end_line": last, "content": "x = 1\n" * (last - first + 1)}
        for path, first, last in chunks
    ]
    return {"content": [{"type": "text", "text": json.dumps({"query": "q", "results": results})}]}


def test_the_code_has_to_be_there() -> None:
    """The head and two more lines, perhaps of two chunks; of a file its name is enough."""
    target = Target("a.py", "f", 10, 20)
    whole = tokens_until(answer(("b.py", 1, 20), ("a.py", 8, 12)), [target], symbols=True)
    first = tokens_until(answer(("a.py", 8, 12)), [target], symbols=True)
    assert 0 < first < whole < NEVER
    assert tokens_until(answer(("a.py", 8, 11)), [target], symbols=True) == NEVER
    assert tokens_until(answer(("a.py", 11, 20)), [target], symbols=True) == NEVER
    assert tokens_until(answer(("a.py", 8, 11), ("a.py", 12, 15)), [target], symbols=True) < NEVER
    assert tokens_until(answer(("a.py", 10, 11)), [Target("a.py", "f", 10, 11)], symbols=True) < NEVER
    assert tokens_until(answer(("a.py", 1, 90)), [Target("a.py")], symbols=False) < first
    empty = {"content": [{"type": "text", "text": '{"error": "No results found."}'}]}
    assert tokens_until(empty, [target], symbols=True) == NEVER
