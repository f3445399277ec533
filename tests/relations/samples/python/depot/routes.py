from __future__ import annotations

from . import parcels
from .parcels import Letter, Parcel, Shelf, shelf_of


class Route:
    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    def total(self) -> float:
        return sum(parcel.price() for parcel in self._shelf)

    def light(self) -> list[Parcel]:
        return [parcel for parcel in self._shelf.rest if not parcel.heavy]


def plan(weights: list[float]) -> Route:
    shelf = shelf_of(weights)
    letter = Letter(0.2).seal()
    shelf.put(letter)
    shelf.each(announce)
    return Route(shelf)


def announce(parcel: Parcel) -> None:
    price = parcel.price()
    print(parcels.rounded(price))
