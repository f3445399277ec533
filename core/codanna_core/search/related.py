"""A question about relations, from what it is about to the edges that are shown."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence

from codanna_core.model import Kind, Position, Problem, Span
from codanna_core.problems import Code
from codanna_core.ranking.paths import is_test
from codanna_core.relations import edges as facts_edges
from codanna_core.relations.edges import Answer, Relations
from codanna_core.relations.facts import Binding, Binds, Role, Rows
from codanna_core.relations.implementations import implementations
from codanna_core.relations.local_uses import local_uses, owner_at
from codanna_core.relations.probabilities import probability
from codanna_core.relations.provider import OutOfTime
from codanna_core.relations.resolve import Tier
from codanna_core.relations.rules import has_own_rules
from codanna_core.relations.values import FILE, Target
from codanna_core.results import Confidence, Definition, Edge, Relation, RelationRequest, RelationResult
from codanna_core.search.asked_about import MOST_CANDIDATES, Asked, AskedAbout
from codanna_core.search.occurrences import Occurrence, Occurrences
from codanna_core.search.relations import FactsSource, Reading, ViewProvider
from codanna_core.search.view import SearchView
from codanna_core.text.stored import StoredSymbol

Partial = Callable[[Sequence[Edge]], None]
"""Hears of edges as they are found."""

MAX_DEPTH = 20
MOST_REACHED = 20_000
"""Definitions that one question may pass through."""

TIERS = {
    Confidence.CERTAIN: Tier.CERTAIN,
    Confidence.LIKELY: Tier.LIKELY,
    Confidence.POSSIBLE: Tier.POSSIBLE,
}
_CONFIDENCES = {tier: confidence for confidence, tier in TIERS.items()}
_NO_IMPACT = frozenset({Role.IMPORT})
"""Roles that hand a definition on and change nothing by themselves."""
_IMPACT = frozenset(Role) - _NO_IMPACT
_KINDS = {
    Binds.FUNCTION: Kind.FUNCTION,
    Binds.TYPE: Kind.CLASS,
    Binds.ALIAS: Kind.TYPE,
    Binds.MODULE: Kind.MODULE,
    Binds.FIELD: Kind.FIELD,
    Binds.MACRO: Kind.MACRO,
}


def related(
    view: SearchView,
    request: RelationRequest,
    source: FactsSource,
    reading: Reading,
    partial: Partial | None = None,
) -> RelationResult:
    """Answer a question; `partial` hears of the edges of each file as soon as they are known."""
    return _Question(view, request, source, reading, partial).answer()


class _Question:
    """One question, with what was worked out for it."""

    def __init__(
        self,
        view: SearchView,
        request: RelationRequest,
        source: FactsSource,
        reading: Reading,
        partial: Partial | None,
    ) -> None:
        self._view = view
        self._request = request
        self._provider = ViewProvider(view, source, reading)
        self._relations = Relations(self._provider)
        self._partial = partial
        self._definitions: dict[Target, Definition] = {}
        self._outlines: dict[str, dict[tuple[str, int], StoredSymbol]] = {}
        self._result = RelationResult(
            request.relation, generation=view.state.generation, indexed=view.state.indexed
        )

    def answer(self) -> RelationResult:
        """The answer."""
        started = time.perf_counter()
        result = self._result
        result.problems += self._view.state.problems
        try:
            asked = Asked(self._view, self._provider, self._relations.resolver).about(self._request)
            self._choose(asked)
        except OutOfTime:
            result.complete = False
        if not result.complete and not any(one.code is Code.RELATIONS_INCOMPLETE for one in result.problems):
            self._incomplete(
                f"only {result.files:,} of {result.of_files:,} files were looked through in time"
            )
        if result.unknown:
            self._result.problems.append(Problem(Code.RELATIONS_UNKNOWN, _unknown(result.unknown)))
        if result.passed:
            self._result.problems.append(Problem(Code.RELATIONS_UNKNOWN, _passed(result.passed)))
        result.complete = result.complete and result.indexed >= 1.0
        if result.relation is Relation.IMPACT:
            result.edges.sort(key=lambda edge: (not edge.test, edge.depth, edge.path, edge.span.start.line))
        result.milliseconds = (time.perf_counter() - started) * 1000
        return result

    def _choose(self, asked: AskedAbout) -> None:
        """Follow the edges of the one thing that is meant, or name what may be."""
        result = self._result
        self._definitions.update({target: _of_symbol(one) for target, one in asked.symbols.items()})
        groups = [group for group in asked.groups if group]
        if len(groups) + len(asked.unread) > 1:
            for group in groups[:MOST_CANDIDATES]:
                result.candidates += self._shown(group[:1])
            result.candidates += [_of_symbol(symbol) for symbol in asked.unread]
            result.candidates.sort(key=lambda one: (is_test(one.path), one.path, one.selection.start.line))
            return
        if asked.unread:
            symbol = asked.unread[0]
            result.targets = [_of_symbol(symbol)]
            self._incomplete(f"nothing is known of the uses of names in {symbol.language}", symbol.path)
        if groups:
            result.targets = self._shown(groups[0])
            language = result.targets[0].language
            if not has_own_rules(language):
                words = f"there are no rules for {language}: names are matched, whatever they mean"
                result.problems.append(Problem(Code.RELATIONS_BY_NAME, words))
            self._follow([target for target in groups[0] if target.number != FILE])
        if result.relation is Relation.REFERENCES and (asked.used or self._request.text):
            self._list(asked.used or self._name_of(groups) or self._request.name, used=bool(asked.used))

    def _name_of(self, groups: Sequence[Sequence[Target]]) -> str:
        return self._definition(groups[0][0]).name if groups else ""

    def _list(self, name: str, *, used: bool) -> None:
        """Add the places of a name: its uses if nothing defines it, its mentions if they are asked for."""
        places = Occurrences(name, self._view, self._provider, self._relations.resolver.typer)
        result = self._result
        if name and used:
            self._add_places(places.used())
            if result.edges:
                words = f"nothing here defines {name}: its uses are listed, whatever they mean"
                result.problems.append(Problem(Code.RELATIONS_BY_NAME, words))
        if name and self._request.text:
            self._add_places(places.mentioned())
        result.files += places.files
        result.of_files += places.of_files
        result.complete = result.complete and places.complete

    def _add_places(self, found: Iterable[list[Occurrence]]) -> None:
        for places in found:
            shown = [self._placed(place) for place in places]
            self._result.edges += shown
            if self._partial is not None and shown:
                self._partial(shown)

    def _placed(self, place: Occurrence) -> Edge:
        span, wide = self._span(place.path, place.at, place.at + place.size, place.line)
        around = self._definition(place.source) if place.source.number != FILE else None
        sure, test = Confidence.CERTAIN, is_test(place.path)
        return Edge(place.path, span, place.role, around, None, sure, 1.0, place.reason, test=test, wide=wide)

    def _follow(self, targets: list[Target]) -> None:
        request, result = self._request, self._result
        seen = set(targets)
        sure: dict[Target, tuple[Tier, float]] = dict.fromkeys(targets, (Tier.CERTAIN, 1.0))
        for depth in range(1, min(request.depth, MAX_DEPTH) + 1):
            asked = self._ask(targets, depth, sure)
            result.files += asked.files
            result.of_files += asked.of_files
            result.unknown += asked.unknown
            result.weaker += asked.weaker
            result.passed += asked.passed
            result.complete = result.complete and asked.complete
            for message in asked.problems:
                self._incomplete(message)
            targets = []
            for edge in asked.edges:
                end = edge.target if request.relation is Relation.CALLS else edge.source
                near = edge.source if request.relation is Relation.CALLS else edge.target
                if end in seen or end.number == FILE:
                    continue
                if len(seen) >= MOST_REACHED:
                    self._incomplete(f"it passes through over {MOST_REACHED:,} definitions")
                    return
                seen.add(end)
                sure[end] = self._row_sure(edge, sure.get(near, (Tier.CERTAIN, 1.0)))
                targets.append(end)
            if not targets:
                return

    @staticmethod
    def _row_sure(edge: facts_edges.Edge, before: tuple[Tier, float]) -> tuple[Tier, float]:
        return min(edge.tier, before[0]), edge.probability * before[1]

    def _ask(self, targets: Sequence[Target], depth: int, sure: dict[Target, tuple[Tier, float]]) -> Answer:
        """The edges of one step, added to the result as they come."""
        minimum = TIERS[self._request.confidence]

        def found(edges: list[facts_edges.Edge]) -> None:
            shown = [self._edge(edge, depth, sure) for edge in edges]
            self._result.edges += shown
            if self._partial is not None and shown:
                self._partial(shown)

        relation = self._request.relation
        if relation is Relation.CALLS:
            return self._relations.calls(targets, minimum=minimum, found=found)
        if relation is Relation.IMPLEMENTATIONS:
            return implementations(self._relations, targets, minimum=minimum, found=found)
        if relation is Relation.REFERENCES and all(map(self._relations.is_local, targets)):
            return self._uses_of_locals(targets, found)
        roles = {Relation.CALLERS: facts_edges.CALLS, Relation.IMPACT: _IMPACT}.get(relation)
        within = self._request.within
        return self._relations.uses(targets, roles, minimum=minimum, found=found, within=within)

    def _uses_of_locals(
        self, targets: Sequence[Target], found: Callable[[list[facts_edges.Edge]], None]
    ) -> Answer:
        """Facts leave them out, so they are read from the text."""
        answer = Answer(of_files=1)
        for path, number in targets:
            table, lines = self._relations.resolver.typer.table(path), self._provider.lines(path)
            if table is None or lines is None:
                answer.complete = False
                continue
            answer.files = 1
            size = len(table.row(number).name.encode())
            sure = probability(table.facts.language, "certain", 1)
            edges = [
                facts_edges.Edge(
                    path,
                    lines.line_of(at),
                    at,
                    size,
                    Role.WRITE if written else Role.READ,
                    Target(path, owner_at(table, at)),
                    Target(path, number),
                    Tier.CERTAIN,
                    sure,
                    "in its scope",
                )
                for at, written in local_uses(table, lines.data, number)
                if at != table.row(number).at
            ]
            answer.edges += edges
            found(edges)
        return answer

    # What is shown.

    def _edge(self, edge: facts_edges.Edge, depth: int, sure: dict[Target, tuple[Tier, float]]) -> Edge:
        near = edge.source if self._request.relation is Relation.CALLS else edge.target
        tier, probability = self._row_sure(edge, sure.get(near, (Tier.CERTAIN, 1.0)))
        span, wide = self._span(edge.path, edge.at, edge.at + edge.size, edge.line)
        return Edge(
            edge.path,
            span,
            edge.role.name.lower(),
            self._definition(edge.source) if edge.source.number != FILE else None,
            self._definition(edge.target),
            _CONFIDENCES[tier],
            probability,
            edge.reason,
            depth,
            is_test(edge.path),
            wide,
        )

    def _shown(self, targets: Sequence[Target]) -> list[Definition]:
        return [self._definition(target) for target in targets]

    def _definition(self, target: Target) -> Definition:
        if target not in self._definitions:
            self._definitions[target] = self._made(target)
        return self._definitions[target]

    def _made(self, target: Target) -> Definition:
        """As the index knows it, else as the facts do."""
        path = target.path
        table = self._relations.resolver.typer.table(path)
        language = table.facts.language if table is not None else ""
        if target.number == FILE:
            start = Span(Position(0, 0), Position(0, 0))
            name = path.rpartition("/")[2]
            return Definition(name, Kind.MODULE.value, "", language, path, start, start)
        assert table is not None
        row = table.row(target.number)
        name_span, wide = self._span(path, row.at, row.at + len(row.name.encode()), row.line)
        symbol = self._outline(path).get((row.name, name_span.start.line))
        if symbol is not None:
            return _of_symbol(symbol)
        whole, wide_too = self._span(path, row.start, row.end, row.line)
        kind = _KINDS.get(Binds(row.kind), Kind.VARIABLE)
        container = _container(row, table.facts.bindings)
        return Definition(row.name, kind.value, container, language, path, whole, name_span, wide or wide_too)

    def _outline(self, path: str) -> dict[tuple[str, int], StoredSymbol]:
        if path not in self._outlines:
            self._outlines[path] = {
                (symbol.name, symbol.name_line): symbol for symbol in self._view.outline(path)
            }
        return self._outlines[path]

    def _span(self, path: str, start: int, end: int, line: int) -> tuple[Span, bool]:
        """Bytes as lines and columns; the line alone where the text has changed since."""
        lines = self._provider.lines(path)
        if lines is None:
            return Span(Position(line, 0), Position(line, 0)), False
        first = lines.line_of(start)
        last = lines.line_of(end, first)
        span = Span(Position(first, lines.column(first, start)), Position(last, lines.column(last, end)))
        return span, lines.is_wide(first) or lines.is_wide(last)

    def _incomplete(self, message: str, path: str | None = None) -> None:
        self._result.complete = False
        self._result.problems.append(Problem(Code.RELATIONS_INCOMPLETE, message, path))


def _unknown(count: int) -> str:
    uses = "1 use" if count == 1 else f"{count:,} uses"
    return f"{uses} of the name may mean it or not: the text does not say what stands before the dot"


def _passed(count: int) -> str:
    uses = "1 use passes" if count == 1 else f"{count:,} uses pass"
    return f"{uses} it on without calling it: what receives it may call it"


def _container(row: Binding, rows: Rows[Binding]) -> str:
    # A block that adds to a type is not inside of it, and its name says which type it is.
    names = [row.container] if row.container and row.kind != Binds.IMPLEMENTS else []
    while row.owner >= 0:
        row = rows[row.owner]
        names.append(row.container or row.name)
    return ".".join(reversed(names))


def _of_symbol(symbol: StoredSymbol) -> Definition:
    return Definition(
        symbol.name,
        symbol.kind,
        symbol.container,
        symbol.language,
        symbol.path,
        Span(Position(symbol.start_line, symbol.start_col), Position(symbol.end_line, symbol.end_col)),
        Span(Position(symbol.name_line, symbol.name_col), Position(symbol.name_line, symbol.name_end_col)),
        symbol.wide,
        symbol.signature,
        symbol.doc,
    )
