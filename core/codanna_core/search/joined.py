"""A view with a further layer: the folder, and what a question brought from elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from codanna_core.arrays import among
from codanna_core.cancel import Cancel
from codanna_core.names import NameMatch
from codanna_core.ranking.paths import PathTraits
from codanna_core.ranking.signals import SIGNALS
from codanna_core.search.layers import FileKeys, FileScores, Nearest, Traits
from codanna_core.search.team import BEYOND, Beyond, Elsewhere
from codanna_core.search.view import SearchView
from codanna_core.text.rows import NONE, NOTHING, Floats, Rows, Scored
from codanna_core.text.stored import Filter, StoredSymbol

_PROJECT = list(SIGNALS).index("project")


class JoinedView(SearchView):
    """Answers as the view does, with rows of both; without the folder, where it was not asked for. What
    takes paths (`outline`, `files`, `passing` with owners) is about the folder, for only there they lead to
    files.
    """

    def __init__(self, view: SearchView, layer: Elsewhere, *, with_folder: bool = True) -> None:
        # All that the view holds is held here as well: one state of the folder, whoever asks.
        vars(self).update(vars(view))
        self.elsewhere = layer
        self.size = layer.size + view.size * with_folder
        self._with_folder = with_folder

    def named(self, names: Sequence[str], limit: int, only: Filter) -> Rows:
        here = super().named(names, limit, only) if self._with_folder else NONE
        return Rows.concat((here, self._layer.named(names, limit, only)))

    def passing(self, only: Filter, limit: int) -> Rows:
        here = super().passing(only, limit) if self._with_folder else NONE
        return here if only.owners else Rows.concat((here, self._layer.passing(only, limit)))

    def matching(self, weights: Mapping[str, float], limit: int, only: Filter) -> Scored:
        here = super().matching(weights, limit, only) if self._with_folder else NOTHING
        return here if only.owners else Scored.concat((here, self._layer.matching(weights, limit, only)))

    def nearest(self, asked: Nearest) -> Scored:
        here = super().nearest(asked) if self._with_folder else NOTHING
        return Scored.concat((here, self._layer.nearest(asked)))

    def nearness(self, rows: Rows, vector: NDArray[np.float32]) -> Floats:
        there = rows.places <= BEYOND
        near = np.zeros(len(rows))
        near[there] = self._layer.nearness(rows.take(there), vector)
        near[~there] = super().nearness(rows.take(~there), vector)
        return near

    def symbols(self, rows: Rows) -> list[StoredSymbol]:
        there = rows.places <= BEYOND
        far, here = iter(self._layer.symbols(rows.take(there))), iter(super().symbols(rows.take(~there)))
        return [next(far) if beyond else next(here) for beyond in there.tolist()]

    def traits(self, rows: Rows) -> Traits:
        there = rows.places <= BEYOND
        merged = Traits(
            np.zeros(len(rows), np.uint64), np.zeros(len(rows), np.int64), np.zeros(len(rows), np.uint64)
        )
        parts = (
            (there, self._layer.traits(rows.take(there))),
            (~there, super().traits(rows.take(~there))),
        )
        for mask, part in parts:
            for column, values in zip(merged, part, strict=True):
                column[mask] = values
        return merged

    def matching_names(
        self, name: str, limit: int, cancel: Cancel | None, *, misspelled: bool
    ) -> list[NameMatch]:
        here = super().matching_names(name, limit, cancel, misspelled=misspelled) if self._with_folder else []
        known = {match.name for match in here}
        far = self._layer.names.search(name, limit, cancel, misspelled=misspelled)
        fresh = [match for match in far if match.name not in known]
        return sorted([*here, *fresh], key=lambda match: -match.score)

    def files_by_words(self, shares: Mapping[str, float], limit: int) -> FileScores:
        far = self._layer.files_by_words(shares, limit)
        if not self._with_folder:
            return far
        keys, scores = super().files_by_words(shares, limit)
        return FileScores(np.concatenate((keys, far.keys)), np.concatenate((scores, far.scores)))

    def files_by_path(self, shares: Mapping[str, float], limit: int) -> tuple[FileKeys, Rows]:
        far_keys, far = self._layer.files_by_path(shares, limit)
        if not self._with_folder:
            return far_keys, far
        keys, rows = super().files_by_path(shares, limit)
        return np.concatenate((keys, far_keys)), Rows.concat((rows, far))

    def paths(self, keys: FileKeys, rows: Rows, *, of_files: bool = False) -> list[str]:
        there = rows.places <= BEYOND
        far = iter([symbol.path for symbol in self._layer.symbols(rows.take(there))])
        here = iter(super().paths(keys[~there], rows.take(~there), of_files=of_files))
        return [next(far) if beyond else next(here) for beyond in there.tolist()]

    def frequency(self, field: str, term: str) -> int:
        here = super().frequency(field, term) if self._with_folder else 0
        return here + (self._layer.frequency(term) if field == "file_words" else 0)

    @property
    def _layer(self) -> Elsewhere:
        assert self.elsewhere is not None
        return self.elsewhere


def in_folder(view: SearchView, keys: FileKeys) -> NDArray[np.bool_]:
    """Which files can be read here."""
    return np.ones(len(keys), np.bool_) if view.elsewhere is None else ~among(keys, view.elsewhere.keys)


def of_file(view: SearchView, key: int, only: Filter, limit: int) -> Rows:
    """Rows of one file, which the filter names as their owner and the key wherever it is."""
    if view.elsewhere is not None and key in view.elsewhere.keys:
        return view.elsewhere.of_file(key, replace(only, owners=()))
    return view.passing(only, limit)


def by_project(view: SearchView, keys: FileKeys, traits: Sequence[PathTraits], signals: Floats) -> Floats:
    """The signals of files, where what a project is called is a matter of the repository."""
    if view.elsewhere is None:
        return signals
    there = np.flatnonzero(~in_folder(view, keys))
    for file, project in zip(there.tolist(), view.elsewhere.projects(keys[there]), strict=True):
        signals[file, _PROJECT] = project in traits[file].homes
    return signals


def beyond(view: SearchView, rows: Rows, number: int) -> Beyond | None:
    """Where a row is that no file here has."""
    if view.elsewhere is None or rows.places[number] > BEYOND:
        return None
    return view.elsewhere.beyond(rows.take(np.array([number])))[0]
