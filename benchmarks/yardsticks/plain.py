"""The least that a page must beat: every symbol of the index by its own cosine and BM25, and nothing else."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from codanna_core import Engine
from codanna_core.search.terms import query_terms, term_shares, text_weights
from codanna_core.text.stored import Filter
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
        self._view = engine._view(meaning=True)
        rows = self._view.passing(Filter(), max(1, self._view.size))
        # Ties are in the order of the files, whatever the order of the index.
        read = sorted(
            zip(self._view.symbols(rows), range(len(rows)), strict=True),
            key=lambda pair: (pair[0].path, pair[0].start_line, pair[0].start_col, pair[0].name),
        )
        self.symbols = [
            Shown(one.path, one.name, one.kind, one.container, one.start_line + 1, one.end_line + 1)
            for one, _ in read
        ]
        self._rows = rows.take(np.array([number for _, number in read], np.int64))
        self._row = {place: row for row, place in enumerate(self._rows.places.tolist())}
        self._aside = np.array([one.kind in ASIDE_KINDS for one in self.symbols], np.float64)

    def pages(self, question: str) -> dict[str, list[Shown]]:
        """The first ten by both, by the cosine and by BM25 alone."""
        assert self._view.embedder is not None
        cosine = self._view.nearness(self._rows, self._view.embedder.embed_query(question))
        words = self._words(question)
        both = cosine + TEXT_SHARE * words - ASIDE * self._aside
        return {name: self._best(scores) for name, scores in zip(ROWS, (both, cosine, words), strict=True)}

    def _words(self, question: str) -> Floats:
        weights = text_weights(term_shares(self._view, query_terms(self._view, question)))
        scores = np.zeros(len(self.symbols))
        found = self._view.matching(weights, max(1, self._view.size), Filter())
        for place, score in zip(found.rows.places.tolist(), found.scores.tolist(), strict=True):
            scores[self._row[place]] = score
        best = scores.max(initial=0.0)
        return scores / best if best > 0 else scores

    def _best(self, scores: Floats) -> list[Shown]:
        return [self.symbols[row] for row in np.argsort(-scores, kind="stable")[:PAGE] if scores[row] > 0]
