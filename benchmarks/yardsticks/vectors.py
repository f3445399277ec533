"""An embedding model alone: every symbol of a folder is embedded and a file counts by its best symbol."""

from __future__ import annotations

from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codanna_core.config import SemanticSettings
from codanna_core.embed.base import Embedder
from codanna_core.embed.registry import load_embedder
from codanna_core.embed.text import embedding_text
from codanna_core.languages import to_utf8
from codanna_core.languages.extract import extract
from codanna_core.text.documents import direct_children, own_body
from yardsticks.asked import FILES, of_files
from yardsticks.comments import files_of
from yardsticks.scores import PAGE, Shown, ndcg

Fields = tuple[str, str, str, str, str, str, str]


def symbols_of(root: Path) -> tuple[list[Shown], list[Fields]]:
    """Places and embedding fields of all symbols below a folder."""
    places: list[Shown] = []
    fields: list[Fields] = []
    for path, raw in files_of(root):
        data = to_utf8(raw)
        extraction = extract(data, path)
        symbols = sorted(extraction.symbols, key=lambda symbol: (symbol.start_byte, -symbol.end_byte))
        for one, children in zip(symbols, direct_children(symbols), strict=True):
            body = own_body(data, one, children).decode("utf-8", "replace")
            places.append(
                Shown(path, one.name, one.kind, one.container, one.start_line + 1, one.end_line + 1)
            )
            fields.append((path, one.container, one.name, one.kind, one.signature, one.doc, body))
    return places, fields


def rank(
    vectors: NDArray[np.float32], query: NDArray[np.float32], places: list[Shown], limit: int = PAGE
) -> list[Shown]:
    """Best symbols by cosine, one hit a file."""
    found: dict[str, Shown] = {}
    for index in np.argsort(-(vectors @ query), kind="stable"):
        found.setdefault(places[index].path, places[index])
        if len(found) == limit:
            break
    return list(found.values())


def of_model(queries: Path, corpora: Path, settings: SemanticSettings) -> None:
    """Print NDCG@10 of a model over the development files."""
    embedder: Embedder = load_embedder(settings)
    scores: dict[str, list[float]] = {name: [] for name in FILES}
    for asked in of_files(queries, corpora):
        places, fields = symbols_of(asked.root)
        vectors: Any = embedder.embed_passages([embedding_text(*one) for one in fields])
        scores[asked.yardstick].append(
            fmean(
                ndcg(rank(vectors, embedder.embed_query(question), places), targets)
                for question, targets in asked.questions.items()
            )
        )
    for name, values in scores.items():
        print(f"{name}, vectors alone: NDCG@10 {fmean(values):.4f} over {len(values)} repositories")
