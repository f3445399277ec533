"""The JSON documents of `--json`: pure functions from results to plain data. docs/cli.md describes them."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any

from codanna_core.inert import inert_json
from codanna_core.model import Problem
from codanna_core.results import Context, RelationResult, SearchResult, Status, SymbolHit, SyncReport
from codanna_core.wire import (
    HitJson,
    ShownJson,
    definition_json,
    edge_json,
    hit_json,
    problems_json,
    shown_json,
)

ENVELOPE_VERSION = 1
"""Grows only when a field changes its meaning or goes away; new fields may come at any time."""

Json = dict[str, Any]


def search_envelope(result: SearchResult) -> Json:
    """The answer of `search`, `similar` and `vector search-vector`."""
    hits = [hit_json(hit) for hit in result.hits]
    return _envelope(result.query, result.generation, result.indexed, hits, result.problems)


def context_envelope(context: Context) -> Json:
    """The answer of `context`; its code is in `text` alone."""
    result = context.result
    hits = [shown_json(shown) for shown in context.hits]
    return {
        **_envelope(result.query, result.generation, result.indexed, hits, result.problems),
        "text": context.text,
        "tokens": context.tokens,
        "budget": context.budget,
        "revision": context.revision or None,
        "leftOut": context.left_out,
    }


def symbols_envelope(
    query: str, hits: Sequence[SymbolHit], status: Status, problems: Sequence[Problem] = ()
) -> Json:
    """The answer of `symbols`; its hits have no signature, doc and snippet."""
    indexed = status.files_indexed / status.files_total if status.files_total else 1.0
    return _envelope(
        query, status.generation, indexed, [hit_json(hit) for hit in hits], [*status.problems, *problems]
    )


def relations_document(result: RelationResult) -> Json:
    """The answer of `refs`, `callers`, `calls` and `impact`."""
    targets = result.targets
    return {
        "version": ENVELOPE_VERSION,
        "target": definition_json(targets[0]) if len(targets) == 1 else None,
        "targets": [definition_json(one) for one in targets],
        "candidates": [definition_json(one) for one in result.candidates],
        "edges": [edge_json(edge, result.relation, targets) for edge in result.edges],
        **({"elsewhere": [hit_json(hit) for hit in result.elsewhere]} if result.elsewhere else {}),
        "complete": result.complete,
        "unknown": result.unknown,
        "weaker": result.weaker,
        "passed": result.passed,
        "files": {"searched": result.files, "total": result.of_files},
        "generation": result.generation,
        "indexed": round(result.indexed, 4),
        "problems": problems_json(result.problems),
    }


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
        "facts": {"files": status.facts_files, "total": status.facts_total},
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


def write_json(document: Any) -> None:
    """Print one document; JSON is UTF-8 whatever the console's encoding is."""
    text = inert_json(json.dumps(document, ensure_ascii=False, indent=2))
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(encoding="utf-8")
    sys.stdout.write(text + "\n")


def _envelope(
    query: str,
    generation: int,
    indexed: float,
    hits: Sequence[HitJson | ShownJson],
    problems: Sequence[Problem],
) -> Json:
    return {
        "version": ENVELOPE_VERSION,
        "query": query,
        "generation": generation,
        "indexed": round(indexed, 4),
        "hits": list(hits),
        "problems": problems_json(problems),
    }
