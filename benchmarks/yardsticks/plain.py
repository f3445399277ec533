"""The least that a page must beat: every symbol of the index by its own cosine and BM25, and nothing else."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from codanna_core import Engine
from codanna_core.ranking.weights import WEIGHTS
from codanna_core.search.candidates import query_terms
from codanna_core.text.index import Filter
from yardsticks.scores import PAGE, Shown

TEXT_SHARE = 0.2
"""Weight of BM25, scaled to its best, beside the cosine."""
ASIDE = 0.1
"""What windows, headings, variables, constants and fields lose."""
ASIDE_KINDS = ("text", "heading", "variable", "constant", "field")
ROWS = ("plain", "plain cosine", "plain text")

Floats = NDArray[np.float64]


class Plain:
    """All symbols of a code base in memory, from the engine's own stores."""

    def __init__(self, engine: Engine) -> None:
        self._snapshot = engine._snapshot(meaning=True)
        text, vectors = self._snapshot.text, self._snapshot.vectors
        assert vectors is not None
        addresses = text.passing(Filter(), max(1, text.document_count))
        # Ties are in the order of the files, whatever the order of the index.
        read = sorted(
            zip(text.symbols(addresses), addresses, strict=True),
            key=lambda pair: (pair[0].path, pair[0].start_line, pair[0].start_col, pair[0].name),
        )
        self.symbols = [
            Shown(one.path, one.name, one.kind, one.container, one.start_line + 1, one.end_line + 1)
            for one, _ in read
        ]
        self._row = {_place(address): row for row, (_, address) in enumerate(read)}
        self._vectors, _ = vectors.get(np.array([one.key for one, _ in read], np.uint64))
        self._aside = np.array([one.kind in ASIDE_KINDS for one in self.symbols], np.float64)

    def pages(self, question: str) -> dict[str, list[Shown]]:
        """The first ten by both, by the cosine and by BM25 alone."""
        assert self._snapshot.embedder is not None
        cosine = (self._vectors @ self._snapshot.embedder.embed_query(question)).astype(np.float64)
        words = self._words(question)
        both = cosine + TEXT_SHARE * words - ASIDE * self._aside
        return {name: self._best(scores) for name, scores in zip(ROWS, (both, cosine, words), strict=True)}

    def _words(self, question: str) -> Floats:
        text = self._snapshot.text
        terms = query_terms(self._snapshot, question)
        scores = np.zeros(len(self.symbols))
        for score, address in text.search(terms, WEIGHTS.fields(), max(1, text.document_count)):
            scores[self._row[_place(address)]] = score
        best = scores.max(initial=0.0)
        return scores / best if best > 0 else scores

    def _best(self, scores: Floats) -> list[Shown]:
        return [self.symbols[row] for row in np.argsort(-scores, kind="stable")[:PAGE] if scores[row] > 0]


def _place(address: Any) -> tuple[int, int]:
    return address.segment_ord, address.doc
