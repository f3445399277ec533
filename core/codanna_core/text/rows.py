"""What a search found: documents in an order, as numbers for arrays and sets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import tantivy
from numpy.typing import NDArray

from codanna_core.records import dataclass

Address: TypeAlias = tantivy.DocAddress
Places: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]

_SEGMENT, _DOCUMENT = attrgetter("segment_ord"), attrgetter("doc")


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Documents of one state, in the order in which they were found. Never changed.

    A place tells documents apart and never orders answers, for it depends on the history of the index.
    """

    places: Places
    """A number for each document of the index; negative ones belong to whoever stands before the index."""
    addresses: NDArray[np.object_]
    """Where the documents are, None for what is before the index; no room but `text` looks at these."""

    @classmethod
    def at(cls, addresses: Sequence[Address]) -> Rows:
        """Documents of the index."""
        count = len(addresses)
        segments = np.fromiter(map(_SEGMENT, addresses), np.int64, count)
        documents = np.fromiter(map(_DOCUMENT, addresses), np.int64, count)
        return cls(segments << 32 | documents, np.fromiter(addresses, np.object_, count))

    @classmethod
    def before(cls, places: Sequence[int] | Places) -> Rows:
        """What stands before the index, at negative places."""
        return cls(np.array(places, np.int64), np.full(len(places), None))

    @classmethod
    def concat(cls, rows: Iterable[Rows]) -> Rows:
        """All of them, one after the other."""
        given = list(rows)
        if len(given) == 1:
            return given[0]
        return cls(
            np.concatenate([NONE.places, *(one.places for one in given)]),
            np.concatenate([NONE.addresses, *(one.addresses for one in given)]),
        )

    def __len__(self) -> int:
        return len(self.places)

    def take(self, numbers: NDArray[Any]) -> Rows:
        """Some of them, by their numbers or a mask."""
        return Rows(self.places[numbers], self.addresses[numbers])


NONE = Rows(np.zeros(0, np.int64), np.zeros(0, np.object_))


class Scored(NamedTuple):
    """Documents with a score each."""

    rows: Rows
    scores: Floats

    def take(self, numbers: NDArray[Any]) -> Scored:
        """Some of them, by their numbers or a mask."""
        return Scored(self.rows.take(numbers), self.scores[numbers])

    @classmethod
    def concat(cls, found: Iterable[Scored]) -> Scored:
        """All of them, one after the other."""
        given = list(found)
        if len(given) == 1:
            return given[0]
        scores = np.concatenate([np.zeros(0), *(one.scores for one in given)])
        return cls(Rows.concat([one.rows for one in given]), scores)


NOTHING = Scored(NONE, np.zeros(0))
