"""Turns the fetched source files into records of definitions: `mine.py CORPUS_FOLDER OUTPUT_FOLDER`.

One pickle a package, a list of files, each (path, language, module doc, definitions); run again, it adds new
packages. A definition is (kind, container, name, signature, doc, body), each text cut to what the embedding
text can use.
"""

from __future__ import annotations

import json
import pickle
import re
import sys
from collections import Counter
from pathlib import Path

from codanna_core.languages import to_utf8
from codanna_core.languages.extract import extract
from codanna_core.text.documents import direct_children, own_body
from exclusion import excluded_package, excluded_path, excluded_text

DOC, SIGNATURE, BODY = 1200, 400, 1600
MAX_SYMBOLS = 400
SKIPPED_KINDS = {"field", "variable", "constant"}


def mine_file(path: str, data: bytes) -> tuple[str, str, str, list[tuple[str, ...]]]:
    """The definitions of one file."""
    data = to_utf8(data)
    extraction = extract(data, path)
    symbols = sorted(extraction.symbols, key=lambda symbol: (symbol.start_byte, -symbol.end_byte))
    records = []
    for symbol, children in zip(symbols, direct_children(symbols), strict=True):
        if symbol.kind in SKIPPED_KINDS and not symbol.doc:
            continue
        body = own_body(data, symbol, children)[:BODY].decode("utf-8", "replace")
        records.append(
            (symbol.kind, symbol.container, symbol.name, symbol.signature[:SIGNATURE], symbol.doc[:DOC], body)
        )
    return path, extraction.language, extraction.module_doc[:DOC], records[:MAX_SYMBOLS]


def main() -> None:
    corpus, output = Path(sys.argv[1]), Path(sys.argv[2])
    output.mkdir(parents=True, exist_ok=True)
    counts: Counter[str] = Counter()
    logs = [log.read_text().splitlines() for log in corpus.glob("*/log.jsonl")]
    fetched = {json.loads(line)["name"] for lines in logs for line in lines}
    fetched = {re.sub(r"[^\w.+-]", "_", name) for name in fetched}
    for package in sorted(corpus.glob((sys.argv[3:] or ["*"])[0] + "/*/")):
        if package.name not in fetched:
            continue
        target = output / f"{package.parent.name}-{package.name}.pickle"
        if target.exists() or excluded_package(package.name):
            continue
        files = []
        for file in sorted(package.rglob("*")):
            if not file.is_file():
                continue
            path = file.relative_to(package).as_posix()
            data = file.read_bytes()
            if excluded_path(path) or excluded_text(data):
                counts["excluded files"] += 1
                continue
            try:
                files.append(mine_file(path, data))
            except ValueError as error:
                # One file that a parser gives up on is no reason to lose the package.
                print(f"{package.name}/{path}: {error}", flush=True)
                continue
            counts[files[-1][1]] += len(files[-1][3])
        with target.open("wb") as stream:
            pickle.dump(files, stream, protocol=5)
    print(counts.most_common())


if __name__ == "__main__":
    main()
