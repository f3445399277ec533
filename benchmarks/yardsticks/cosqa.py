"""CoSQA's development split: queries of a web search engine, answered by Python functions.

The folder holds `code_idx_map.txt` and `cosqa-retrieval-dev-500.json` as the data set has them. Its test
split is a test set; no code here reads it.
"""

from __future__ import annotations

import json
import random
import re
from pathlib import Path

from yardsticks.scores import Target

IN_A_FILE = 20
IN_A_FOLDER = 50
_NAME = re.compile(r"^\s*(?:async\s+)?def\s+(\w+)", re.MULTILINE)


def code_base(data: Path, copy: Path) -> dict[int, Target]:
    """Write the whole code base as files; gives the place of each function by its number."""
    codes: dict[str, int] = json.loads((data / "code_idx_map.txt").read_text())
    order = sorted(codes.items(), key=lambda item: item[1])
    random.Random(7).shuffle(order)
    places: dict[int, Target] = {}
    for start in range(0, len(order), IN_A_FILE):
        number = start // IN_A_FILE
        path = f"part{number // IN_A_FOLDER:02}/functions{number:04}.py"
        lines: list[str] = []
        for code, index in order[start : start + IN_A_FILE]:
            own = code.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n").split("\n")
            name = _NAME.search(code)
            places[index] = Target(path, name[1] if name else "", len(lines) + 1, len(lines) + len(own))
            lines += [*own, "", ""]
        text = "\n".join(lines)
        target = copy / path
        if not target.is_file() or target.read_text() != text:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
    return places


def queries(data: Path, places: dict[int, Target]) -> dict[str, Target]:
    """The development queries with the function that answers each."""
    asked = json.loads((data / "cosqa-retrieval-dev-500.json").read_text())
    return {item["doc"]: places[item["retrieval_idx"]] for item in asked}
