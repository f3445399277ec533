"""The JSON documents of `--json`: pure functions from results to plain data. docs/cli.md describes them."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any

from codanna_core.inert import inert_json
from codanna_core.model import Position, Problem, Span
from codanna_core.results import Hit, SearchResult, Status, SymbolHit, SyncReport

ENVELOPE_VERSION = 1
"""Grows only when a field changes its meaning or goes away; new fields may come at any time."""

Json = dict[str, Any]


def search_envelope(result: SearchResult) -> Json:
    """The answer of `search`, `similar` and `vector search-vector`."""
    return _envelope(
        result.query, result.generation, result.indexed, [_hit(hit) for hit in result.hits], result.problems
    )


def symbols_envelope(query: str, hits: Sequence[SymbolHit], status: Status) -> Json:
    """The answer of `symbols`; its hits have no signature, doc and snippet."""
    indexed = status.files_indexed / status.files_total if status.files_total else 1.0
    return _envelope(query, status.generation, indexed, [_symbol(hit) for hit in hits], status.problems)


def status_document(status: Status) -> Json:
    """The answer of `status`."""
    return {
        "version": ENVELOPE_VERSION,
        "state": str(status.state),
        "generation": status.generation,
        "root": status.root,
        "indexDir": status.index_dir,
        "writer": status.writer,
        "files": {
            "indexed": status.files_indexed,
            "total": status.files_total,
            "skipped": dict(status.files_skipped),
        },
        "symbols": status.symbols,
        "vectors": {"total": status.vectors_total, "pending": status.vectors_pending},
        "model": status.model,
        "dimension": status.dimension,
        "bytesOnDisk": status.bytes_on_disk,
        "problems": problems_json(status.problems),
    }


def sync_document(report: SyncReport) -> Json:
    """The answer of `index`."""
    return {
        "version": ENVELOPE_VERSION,
        "generation": report.generation,
        "files": {
            "added": report.added,
            "changed": report.changed,
            "removed": report.removed,
            "unchanged": report.unchanged,
        },
        "symbols": report.symbols,
        "embedded": report.embedded,
        "seconds": round(report.seconds, 3),
        "problems": problems_json(report.problems),
    }


def problems_json(problems: Sequence[Problem]) -> list[Json]:
    """Problems, each once."""
    return [
        {"code": problem.code, "message": problem.message, "path": problem.path}
        for problem in dict.fromkeys(problems)
    ]


def write_json(document: Any) -> None:
    """Print one document; JSON is UTF-8 whatever the console's encoding is."""
    text = inert_json(json.dumps(document, ensure_ascii=False, indent=2))
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(encoding="utf-8")
    sys.stdout.write(text + "\n")


def _envelope(
    query: str, generation: int, indexed: float, hits: list[Json], problems: Sequence[Problem]
) -> Json:
    return {
        "version": ENVELOPE_VERSION,
        "query": query,
        "generation": generation,
        "indexed": round(indexed, 4),
        "hits": hits,
        "problems": problems_json(problems),
    }


def _hit(hit: Hit) -> Json:
    item: Json = {
        **_symbol_fields(hit),
        "signature": hit.signature,
        "doc": hit.doc,
        "snippet": [{"line": part.line, "text": part.text, "best": part.best} for part in hit.snippet],
        "score": round(hit.score, 6),
        "reasons": list(hit.reasons),
    }
    if hit.signals:
        item["signals"] = {name: round(value, 6) for name, value in hit.signals.items()}
    return item


def _symbol(hit: SymbolHit) -> Json:
    return {**_symbol_fields(hit), "score": round(hit.score, 6), "reasons": [hit.match]}


def _symbol_fields(hit: Hit | SymbolHit) -> Json:
    return {
        "name": hit.name,
        "kind": hit.kind,
        "container": hit.container,
        "language": hit.language,
        "path": hit.path,
        "range": _range(hit.span),
        "selectionRange": _range(hit.selection),
    }


def _range(span: Span) -> Json:
    return {"start": _position(span.start), "end": _position(span.end)}


def _position(position: Position) -> Json:
    return {"line": position.line, "character": position.character}
