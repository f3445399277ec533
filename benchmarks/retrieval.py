"""Search quality on the development queries: `retrieval.py --queries FOLDER --repositories FOLDER`.

This part ranks by meaning alone: every symbol is embedded, a file counts by its best symbol. It writes the
file that the queries' `score.py` reads, and prints what that says.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from codanna_core.config import SemanticSettings
from codanna_core.embed.base import Embedder
from codanna_core.embed.registry import load_embedder
from codanna_core.embed.text import embedding_text
from codanna_core.languages import extract, to_utf8
from codanna_core.text.documents import direct_children, own_body

SKIPPED_FOLDERS = {"node_modules", "__pycache__"}
Fields = tuple[str, str, str, str, str, str, str]


@dataclass
class Place:
    """Where a symbol is, as `score.py` wants it."""

    path: str
    start_line: int
    end_line: int


def files_of(root: Path) -> Iterator[tuple[str, bytes]]:
    """Text files below a folder, hidden ones left out."""
    for folder, names, files in os.walk(root):
        names[:] = sorted(name for name in names if name[0] != "." and name not in SKIPPED_FOLDERS)
        for name in sorted(files):
            file = Path(folder, name)
            if name[0] == "." or file.is_symlink() or file.stat().st_size > 1 << 20:
                continue
            data = file.read_bytes()
            if b"\0" not in data[:8000]:
                yield file.relative_to(root).as_posix(), data


def symbols_of(root: Path) -> tuple[list[Place], list[Fields]]:
    """Places and embedding fields of all symbols below a folder."""
    places: list[Place] = []
    fields: list[Fields] = []
    for path, raw in files_of(root):
        data = to_utf8(raw)
        extraction = extract(data, path)
        symbols = sorted(extraction.symbols, key=lambda symbol: (symbol.start_byte, -symbol.end_byte))
        for symbol, children in zip(symbols, direct_children(symbols), strict=True):
            body = own_body(data, symbol, children).decode("utf-8", "replace")
            places.append(Place(path, symbol.start_line + 1, symbol.end_line + 1))
            fields.append(
                (path, symbol.container, symbol.name, symbol.kind, symbol.signature, symbol.doc, body)
            )
    return places, fields


def rank(
    vectors: NDArray[np.float32], query: NDArray[np.float32], places: list[Place], limit: int = 10
) -> list[list[object]]:
    """Best symbols by cosine, one hit a file."""
    found: list[list[object]] = []
    seen: set[str] = set()
    for index in np.argsort(-(vectors @ query), kind="stable"):
        place = places[index]
        if place.path not in seen:
            seen.add(place.path)
            found.append([place.path, place.start_line, place.end_line])
            if len(found) == limit:
                break
    return found


def answers_of(
    embedder: Embedder,
    repositories: list[dict[str, str]],
    queries: Path,
    symbols: Callable[[dict[str, str]], tuple[list[Place], list[Fields]]],
    text: Callable[..., str] = embedding_text,
) -> dict[str, dict[str, list[list[object]]]]:
    """The file that `score.py` reads."""
    answers = {}
    for repository in repositories:
        places, fields = symbols(repository)
        vectors = embedder.embed_passages([text(*one) for one in fields])
        asked = [item["query"] for item in json.loads((queries / f"{repository['name']}.json").read_text())]
        answers[repository["name"]] = {
            query: rank(vectors, embedder.embed_query(query), places) for query in asked
        }
    return answers


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--queries", type=Path, required=True, help="folder with dev/ and score.py")
    parser.add_argument("--repositories", type=Path, required=True, help="folder with the checkouts")
    parser.add_argument("--model", default="builtin")
    parser.add_argument("--model-path", default="")
    parser.add_argument("--whole", action="store_true", help="index whole checkouts, not the sub-folders")
    parser.add_argument("--output", type=Path, default=Path("retrieval-results.json"))
    options = parser.parse_args()
    repositories = json.loads((options.queries / "dev" / "repositories.json").read_text())

    def symbols(repository: dict[str, str]) -> tuple[list[Place], list[Fields]]:
        root = options.repositories / repository["name"]
        return symbols_of(root if options.whole else root / (repository["root"] or ""))

    embedder = load_embedder(SemanticSettings(model=options.model, model_path=options.model_path))
    answers = answers_of(embedder, repositories, options.queries / "dev", symbols)
    options.output.write_text(json.dumps(answers))
    subprocess.run([sys.executable, options.queries / "score.py", options.output], check=True)


if __name__ == "__main__":
    main()
