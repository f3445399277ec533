"""Records that are kept as columns of numbers: each is made when it is asked for.

Most questions look at a few names of a file. Making all of its records would take five times as long as
reading the columns.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from codanna_core.arrays import distinct
from codanna_core.relations.facts import Rows

Numbers = NDArray[np.int64]
Record = TypeVar("Record")


class Texts:
    """The texts of a file, and which number each has."""

    def __init__(self, values: Sequence[str]) -> None:
        self.values = values
        self._joined: str | None = None
        self._numbers: dict[str, int] | None = None

    def number(self, text: str) -> int:
        """The number of a text, -1 where it is none of these."""
        if self._numbers is None:
            self._numbers = {value: number for number, value in enumerate(self.values)}
        return self._numbers.get(text, -1)

    def any_ends(self, ends: Iterable[str]) -> bool:
        """Whether any of them ends so."""
        if self._joined is None:
            self._joined = "\0".join((*self.values, ""))
        return any(f"{end}\0" in self._joined for end in ends)


class Column(NamedTuple):
    """One field of all records: its numbers, and what each stands for, where that is not itself."""

    numbers: Numbers
    meaning: Callable[[int], Any] | None = None


class Columns(Generic[Record]):
    """Reads like a tuple of records, and finds records by the numbers and texts in a column."""

    def __init__(
        self, make: Callable[[Iterable[Any]], Record], texts: Texts, columns: Sequence[Column]
    ) -> None:
        self._make = make
        self._texts = texts
        self._columns = columns
        self._size = len(columns[0].numbers)
        self._made: dict[int, Record] = {}
        self._all: tuple[Record, ...] | None = None

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, number: int) -> Record:
        if self._all is not None:
            return self._all[number]
        record = self._made.get(number)
        if record is None:
            record = self._made[number] = self._make(
                [
                    numbers.item(number) if meaning is None else meaning(numbers.item(number))
                    for numbers, meaning in self._columns
                ]
            )
        return record

    def __iter__(self) -> Iterator[Record]:
        if self._all is None:
            fields = (
                column.tolist() if meaning is None else map(meaning, column.tolist())
                for column, meaning in self._columns
            )
            self._all = tuple(map(self._make, zip(*fields, strict=True)))
            self._made = {}
        return iter(self._all)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Columns | tuple) and tuple(self) == tuple(other)

    __hash__ = None  # type: ignore[assignment]

    def holding(self, column: int, text: str) -> list[int]:
        """The records that have a text in a column, in order."""
        return self.having(column, (self._texts.number(text),))

    def having(self, column: int, values: Collection[int]) -> list[int]:
        """The records that have one of these numbers in a column, in order."""
        numbers = self._columns[column].numbers
        found = np.zeros(len(numbers), np.bool_)
        for value in values:
            found |= numbers == value
        return np.flatnonzero(found).tolist()

    def text(self, column: int, number: int) -> str:
        """The text of one record in a column."""
        return self._texts.values[self._columns[column].numbers.item(number)]

    def number(self, column: int, number: int) -> int:
        """The number of one record in a column."""
        return self._columns[column].numbers.item(number)

    def between(self, column: int, start: int, end: int) -> list[int]:
        """The records with a number in a column that is neither less nor more than these."""
        numbers = self._columns[column].numbers
        found: list[int] = np.flatnonzero((numbers >= start) & (numbers <= end)).tolist()
        return found

    def around(self, numbers: Sequence[int], ends: tuple[int, int], place: int) -> list[int]:
        """Those of some records of which two columns have a place between them, the first one included."""
        some = np.array(numbers)
        start, end = (self._columns[column].numbers[some] for column in ends)
        found: list[int] = some[(start <= place) & (place < end)].tolist()
        return found

    def may_end(self, column: int, ends: Iterable[str], whole: Collection[str]) -> bool:
        """False where no text of a column ends so or is one of the whole ones; fast, and not always right."""
        numbers = [number for text in whole if (number := self._texts.number(text)) >= 0]
        return self._texts.any_ends(ends) or bool(self.having(column, numbers))

    def texts(self, column: int) -> set[str]:
        """The distinct texts of a column."""
        return {self._texts.values[number] for number in distinct(self._columns[column].numbers).tolist()}


class Records(Generic[Record]):
    """The same questions about records that are there already."""

    def __init__(self, rows: Rows[Record]) -> None:
        self._rows = rows
        self._found: dict[int, dict[Any, list[int]]] = {}

    def holding(self, column: int, text: str) -> list[int]:
        """See `Columns`; so do all the others."""
        return self._by(column).get(text, [])

    def having(self, column: int, values: Collection[int]) -> list[int]:
        """By an index of the column."""
        return sorted(number for value in values for number in self._by(column).get(value, ()))

    def text(self, column: int, number: int) -> str:
        """From the record."""
        return str(_field(self._rows[number], column))

    def number(self, column: int, number: int) -> int:
        """From the record."""
        return int(_field(self._rows[number], column))

    def between(self, column: int, start: int, end: int) -> list[int]:
        """From the records."""
        return [number for number, row in enumerate(self._rows) if start <= _field(row, column) <= end]

    def around(self, numbers: Sequence[int], ends: tuple[int, int], place: int) -> list[int]:
        """From the records."""
        start, end = ends
        rows = ((number, self._rows[number]) for number in numbers)
        return [number for number, row in rows if _field(row, start) <= place < _field(row, end)]

    def may_end(self, column: int, ends: Iterable[str], whole: Collection[str]) -> bool:
        """Whatever is there."""
        return True

    def texts(self, column: int) -> set[str]:
        """By an index of the column."""
        return set(self._by(column))

    def _by(self, column: int) -> dict[Any, list[int]]:
        if column not in self._found:
            index: dict[Any, list[int]] = {}
            for number, row in enumerate(self._rows):
                index.setdefault(_field(row, column), []).append(number)
            self._found[column] = index
        return self._found[column]


def _field(record: Any, column: int) -> Any:
    return record[column]
