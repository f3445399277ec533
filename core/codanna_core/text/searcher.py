"""One state of tantivy's index: what it throws becomes what it means, and what ties is told apart by what it
is.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import tantivy
from numpy.typing import NDArray

from codanna_core.errors import IndexCorrupt
from codanna_core.text.documents import PLACE_BIT, unpack_payload
from codanna_core.text.errors import Reading
from codanna_core.text.queries import Queries
from codanna_core.text.rows import Address, Floats
from codanna_core.text.stored import Filter

_MANTISSA = 24
"""Bits of a score. Whole numbers of so many bits have the same sum in every order, unlike fractions."""
_SPARE = 4
"""One more for so many wanted is looked at, to see which of them tie with the last."""
_MOST_TIED = 1 << 14
"""More documents than this are not sorted out because they tie."""

Order: TypeAlias = Callable[[list[Address]], NDArray[np.uint64]]
Weighed: TypeAlias = Sequence[tuple[str, str, float]]
"""Fields, terms in them, and what each adds to the score of a document that holds it."""


def _above(found: list[tuple[float, Address]], bound: float) -> list[tuple[float, Address]]:
    """Those of the found ones, best first, whose scores are above a bound."""
    return found[: bisect_left(found, -bound, key=lambda hit: -hit[0])]


class Searcher:
    """Tantivy's own searcher, guarded."""

    def __init__(self, searcher: tantivy.Searcher, queries: Queries, folder: Path) -> None:
        self._searcher = searcher
        self._queries = queries
        self._folder = folder

    @property
    def document_count(self) -> int:
        """Documents of every type, deleted ones not counted."""
        return int(self._searcher.num_docs)

    def count(self, query: tantivy.Query) -> int:
        """How many documents meet a condition."""
        with Reading(self._folder):
            return int(self._searcher.search(query, 1, count=True).count or 0)

    def has_term(self, field: str, term: str) -> bool:
        """Whether a document holds a term, be it a deleted one."""
        return bool(self._searcher.doc_freq(field, term))

    def terms(self, field: str) -> list[str]:
        """Every term of a field that a document holds."""
        every = tantivy.Query.all_query()  # Deleted documents do not meet it, whose terms are still there.
        return [term for term, _ in self._searcher.terms_with_prefix(field, "", every)]

    def beginning(self, field: str, start: str) -> list[str]:
        """Every term of a field that begins so, those of deleted documents as well."""
        with Reading(self._folder):
            return [term for term, _ in self._searcher.terms_with_prefix(field, start)]

    def find(self, query: tantivy.Query, limit: int) -> list[tuple[float, Address]]:
        """Documents with their scores, best first."""
        with Reading(self._folder):
            found: list[tuple[float, Address]] = self._searcher.search(query, limit, count=False).hits
            return found

    def first(self, query: tantivy.Query, limit: int) -> list[Address]:
        """Documents that meet a condition; of more than `limit` those whose files have the lowest keys."""
        found = self.find(query, limit + 1)
        return [address for _, address in found] if len(found) <= limit else self._lowest(query, limit)

    def best(
        self, parts: Weighed, limit: int, only: Filter | None, order: Order
    ) -> tuple[list[Address], Floats]:
        """The documents of the highest sums of the weights of what they hold, with these sums.

        Where some tie with the last of them, their content decides and not where they are; where too many
        do, all of these are left out.
        """
        unit = 2.0 ** (_MANTISSA - 1 - math.ceil(math.log2(sum(weight for _, _, weight in parts))))
        terms = [(field, term) for field, term, _ in parts]
        weights = [float(round(unit * weight)) for _, _, weight in parts]
        query = self._queries.weighed(terms, weights, only)
        wanted = limit + limit // _SPARE
        while True:
            found = self.find(query, wanted)
            last = found[-1][0] if found else 0.0
            above = _above(found, last)
            if len(found) < wanted or len(above) >= limit:
                break
            if 2 * len(above) < limit and weights.count(last) == 1:
                alone = self._queries.alone(terms, weights.index(last), only)
                found = above + [(last, place) for place in self._lowest(alone, limit - len(above))]
                break
            if 2 * len(above) >= limit or wanted >= _MOST_TIED:
                found = above
                break
            wanted *= 8
        if len(found) > limit:
            bound = found[limit - 1][0]
            above = _above(found, bound)
            tied = [address for score, address in found[len(above) :] if score == bound]
            ranks = np.argsort(order(tied), kind="stable")[: limit - len(above)]
            found = above + [(bound, tied[rank]) for rank in ranks.tolist()]
        scores = np.array([score for score, _ in found], np.float64) / unit
        return [address for _, address in found], scores

    def _lowest(self, query: tantivy.Query, limit: int) -> list[Address]:
        """The documents that meet a condition whose files have the lowest keys."""
        order = tantivy.Order.Asc
        with Reading(self._folder):
            found = self._searcher.search(query, limit, count=False, order_by_field="file_key", order=order)
        return [address for _, address in found.hits]

    def column(self, name: str, addresses: list[Address]) -> NDArray[np.uint64]:
        """One number of each document, without reading the documents."""
        with Reading(self._folder):
            values = self._searcher.fast_field_values(name, addresses)
        try:
            return np.fromiter(values, np.uint64, len(values))
        except TypeError:
            raise IndexCorrupt(self._folder, f"a document lacks its {name}") from None

    def by_file(self, addresses: list[Address]) -> NDArray[np.uint64]:
        """Numbers that order files by what they are."""
        return self.column("file_key", addresses)

    def by_content(self, addresses: list[Address]) -> NDArray[np.uint64]:
        """Numbers that order symbols by what they are, wherever the index has put them: by file, and inside
        a file from its beginning on.
        """
        files, places = self.column("file_key", addresses), self.column("traits", addresses) >> PLACE_BIT
        ranks = np.empty(len(addresses), np.uint64)
        ranks[np.lexsort((places, files))] = np.arange(len(addresses), dtype=np.uint64)
        return ranks

    def payloads(self, addresses: Iterable[Address]) -> list[list[Any]]:
        """The content of documents; raises IndexCorrupt where the store is damaged."""
        with Reading(self._folder):
            return [self._payload(address) for address in addresses]

    def _payload(self, address: Address) -> list[Any]:
        raw = self._searcher.doc(address).get_first("data")
        if raw is None:
            raise IndexCorrupt(self._folder, "a stored document has no content")
        return unpack_payload(bytes(raw))
