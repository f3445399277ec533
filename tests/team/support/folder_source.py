"""A team's index without an engine: answers from an index of a folder, as an engine would from its rows."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from codanna_core import Engine
from codanna_core.arrays import among
from codanna_core.search.layers import Nearest
from codanna_core.search.view import SearchView
from codanna_core.text.impact import VALUES
from codanna_core.text.rows import Rows
from codanna_core.text.stored import Filter, StoredSymbol
from codanna_team.remote import RemoteAnswer, RemoteQuestion, RemoteRow
from codanna_team.rows import Place

REVISION = "0123456789abcdef0123456789abcdef01234567"
_ALL = 1 << 20


class FolderSource:
    """Publishes one folder under a name. Without a limit of rows it leaves nothing out."""

    def __init__(self, engine: Engine, repository: str = "team/there") -> None:
        self.questions: list[RemoteQuestion] = []
        self.closed = False
        self._engine = engine
        self._repository = repository

    def ask(self, question: RemoteQuestion, deadline: float) -> RemoteAnswer:
        self.questions.append(question)
        if self._repository in question.left_out:
            return RemoteAnswer()
        if question.repositories and self._repository not in question.repositories:
            return RemoteAnswer()
        view = self._engine._view(meaning=True)
        rows = _found(view, question)
        terms = tuple(question.words)
        by_term = {term: view.matching({term: 1.0}, _ALL, Filter()) for term in terms}
        held = {term: view.files_by_words({term: 1.0}, _ALL).keys for term in terms}
        levels: list[dict[str, str]] = [{} for _ in range(len(rows))]
        for term, scored in by_term.items():
            of_place = dict(zip(scored.rows.places.tolist(), scored.scores.tolist(), strict=True))
            for number, place in enumerate(rows.places.tolist()):
                if place in of_place:
                    levels[number][term] = _level(of_place[place])
        files, traits, _ = view.traits(rows)
        near: Sequence[float | None] = [None] * len(rows)
        if question.vector is not None:
            near = view.nearness(rows, question.vector).tolist()
        found = [
            replace(
                row_of(symbol, self._repository),
                traits=int(trait),
                levels=level,
                held=tuple(term for term in terms if among(np.array([key]), held[term])[0]),
                cosine=cosine,
            )
            for symbol, key, trait, level, cosine in zip(
                view.symbols(rows), files, traits, levels, near, strict=True
            )
        ]
        holding = {term: view.frequency("file_words", term) for term in terms}
        return RemoteAnswer(tuple(found), holding, view.size)

    def prepare(self) -> None:
        """Nothing is connected."""

    def close(self) -> None:
        self.closed = True


@dataclass
class FixedSource:
    """Gives what it is told to: an answer, or an error; `hold` makes it wait for its event."""

    answer: RemoteAnswer | Exception | Callable[[RemoteQuestion], RemoteAnswer]
    hold: threading.Event | None = None
    questions: list[RemoteQuestion] = field(default_factory=list)

    def ask(self, question: RemoteQuestion, deadline: float) -> RemoteAnswer:
        self.questions.append(question)
        if self.hold is not None:
            assert self.hold.wait(30)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer(question) if callable(self.answer) else self.answer

    def prepare(self) -> None:
        """Nothing is connected."""

    def close(self) -> None:
        pass


def row_of(symbol: StoredSymbol, repository: str) -> RemoteRow:
    """A symbol as it would have been published."""
    return RemoteRow(
        repository,
        "main",
        REVISION,
        symbol.path,
        symbol.name,
        symbol.container,
        symbol.kind,
        symbol.language,
        symbol.signature,
        symbol.doc,
        ((symbol.name_line, symbol.signature),),
        Place._make([*(getattr(symbol, name) for name in Place._fields[:-1]), 0]),
        symbol.flags,
    )


def _found(view: SearchView, question: RemoteQuestion) -> Rows:
    parts: list[Rows] = []
    if question.words:
        parts.append(view.matching(question.words, question.limit, question.only).rows)
        keys, _ = view.files_by_path(question.words, 30)
        of_path = view.passing(replace(question.only, owners=()), _ALL)
        parts.append(of_path.take(among(view.traits(of_path).files, keys)))
    if question.names:
        parts.append(view.named(question.names, 2000, question.only))
    if question.vector is not None:
        parts.append(view.nearest(Nearest(question.vector, question.limit, question.only)).rows)
    if question.prefix:
        names = [match.name for match in view.matching_names(question.prefix, 50, None, misspelled=True)]
        parts.append(view.named(names, question.limit, question.only))
    if question.identifier:
        paths = tuple(sorted(view.tree.using(question.identifier)))
        parts.append(view.passing(Filter(owners=paths), question.limit) if paths else Rows.before([]))
    rows = Rows.concat(parts) if parts else Rows.before([])
    _, first = np.unique(rows.places, return_index=True)
    return rows.take(first)


def _level(score: float) -> str:
    return min(VALUES, key=lambda level: abs(VALUES[level] - score))
