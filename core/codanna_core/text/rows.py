"""What a search found: documents in an order, as numbers for arrays and sets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import tantivy
from numpy.typing import NDArray

Address: TypeAlias = tantivy.DocAddress
Places: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Documents of one state, in the order in which they were found. Never changed.

    A place tells documents apart and never orders answers, for it depends on the history of the index.
    """

    places: Places
    """A number for each document of the index; negative ones belong to whoever stands before the index."""
    addresses: tuple[Address | None, ...]
    """Where the documents are, for reading them; no room but `text` looks at these."""

    @classmethod
    def at(cls, addresses: Sequence[Address]) -> Rows:
        """Documents of the index."""
        places = np.array([address.segment_ord << 32 | address.doc for address in addresses], np.int64)
        return cls(places, tuple(addresses))

    @classmethod
    def before(cls, places: Sequence[int] | Places) -> Rows:
        """What stands before the index, at negative places."""
        return cls(np.array(places, np.int64), (None,) * len(places))

    @classmethod
    def concat(cls, rows: Iterable[Rows]) -> Rows:
        """All of them, one after the other."""
        given = list(rows)
        if len(given) == 1:
            return given[0]
        places = np.concatenate([NONE.places, *(one.places for one in given)])
        return cls(places, tuple([address for one in given for address in one.addresses]))

    def __len__(self) -> int:
        return len(self.places)

    def take(self, numbers: NDArray[Any]) -> Rows:
        """Some of them, by their numbers or a mask."""
        if numbers.dtype == np.bool_:
            numbers = np.flatnonzero(numbers)
        return Rows(self.places[numbers], tuple([self.addresses[number] for number in numbers.tolist()]))


def among(values: NDArray[Any], kept: NDArray[Any]) -> NDArray[np.bool_]:
    """Which values are among those kept. Of some hundred keys, `isin` takes thirty times as long."""
    if not len(kept) or not len(values):
        return np.zeros(len(values), np.bool_)
    ordered = np.sort(kept)
    there: NDArray[np.bool_] = ordered[np.minimum(np.searchsorted(ordered, values), len(kept) - 1)] == values
    return there


NONE = Rows(np.zeros(0, np.int64), ())


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
