from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field


def rounded(weight: float) -> float:
    return round(weight, 1)


@dataclass
class Parcel:
    weight: float
    notes: list[str] = field(default_factory=list)

    def price(self) -> float:
        return self.base() * rounded(self.weight)

    def base(self) -> float:
        return 2.0

    @property
    def heavy(self) -> bool:
        return self.weight > 20

    @classmethod
    def empty(cls) -> Parcel:
        return cls(0.0)


class Letter(Parcel):
    def base(self) -> float:
        return super().base() / 4

    def seal(self) -> Letter:
        self.notes.append("sealed")
        return self


class Shelf:
    def __init__(self, first: Parcel) -> None:
        self.first = first
        self.rest: list[Parcel] = []

    def __iter__(self) -> Iterator[Parcel]:
        yield self.first
        yield from self.rest

    def put(self, parcel: Parcel) -> None:
        self.rest.append(parcel)

    def each(self, act: Callable[[Parcel], None]) -> None:
        for parcel in self.rest:
            act(parcel)


def shelf_of(weights: list[float]) -> Shelf:
    shelf = Shelf(Parcel.empty())
    for weight in weights:
        shelf.put(Parcel(weight))
    return shelf
