"""Packs hits into a block of text within a number of tokens: code of the best, a line for each other one.

The block is fenced and its parts are headed by marks longer than any inside, so that no text of a workspace
can end it or pass for one of its headers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import field
from itertools import accumulate, islice

from codanna_core.context.handles import handle_of, qualified
from codanna_core.context.listing import DATA, longest_run
from codanna_core.context.statements import Body, Statement, body_of
from codanna_core.context.tokens import WHOLE, cost, line_costs, most_tokens
from codanna_core.errors import InvalidQuery
from codanna_core.inert import inert, inert_lines
from codanna_core.records import dataclass
from codanna_core.results import Context, Form, Hit, SearchResult, ShownHit

LEAST_BUDGET = 50
"""Less holds hardly the frame."""
MOST_BUDGET = 100_000
MOST_HITS = 60

_TOKENS_A_HIT = 75
"""One more hit is asked for with each of these."""
_LINES_SHARE = 0.2
"""What the lines of hits may take before code is chosen."""
_ONE_SHARE = 0.4
"""What is left may be given to the code of one hit to this share; more is shown in part."""
_PART_SHARE = 0.2
"""And this share to one that is shown in part."""
_WORTH = 30 * WHOLE
"""With less left there is no room for a part of anything."""
_LEAST_PART, _ENOUGH = 0.08, 4
"""Less than this share, or so many lines, of a definition says nothing about it."""
_MARK, _FENCE = "@", "`"
_LONGEST_RUN = 32
"""Code with more of these marks in a row is not shown, for a frame that is longer would cost more than it."""
_SIGNATURE = 200
"""Characters shown of a definition that no file here has."""
_LONGEST_CODE = 600
"""Lines of code that are looked at for one hit."""

Run = tuple[int, int]
"""Lines [first, end), counted from the first one of a definition."""
Lines = Callable[[str, int, int], list[str]]
"""Gives lines of a file by path, first line and the line behind the last."""


def hits_for(budget: int) -> int:
    """How many hits fit well into a budget."""
    return max(10, min(MOST_HITS, budget // _TOKENS_A_HIT))


_UNKNOWN = Body(0, ())


@dataclass(slots=True)
class _Item:
    """A hit while it is packed."""

    hit: Hit
    lines: list[str]
    """Its code as it is shown; empty where the file is no longer the one that was indexed."""
    handle: str
    text: str = field(init=False)
    """Its lines as one text."""
    blanks: list[int] = field(init=False)
    """How many of its lines up to each are blank."""
    costs: list[int] = field(default_factory=list)
    """What its lines cost up to each, with their line breaks: worked out for all items at once."""
    form: Form = Form.LINE
    kept: list[Run] = field(default_factory=list)
    """The runs of its lines that are shown, each [first, end)."""
    _body: Body | None = _UNKNOWN

    def __post_init__(self) -> None:
        self.text = "\n".join(self.lines)
        self.blanks = [*accumulate((not line for line in self.lines), initial=0)]

    @property
    def first(self) -> int:
        """Where its first line is in the file."""
        return self.hit.span.start.line

    @property
    def body(self) -> Body | None:
        """Its statements; worked out only where it is not shown whole."""
        if self._body is _UNKNOWN:
            hit = self.hit
            self._body = body_of(self.lines, hit.signature, hit.language) if hit.kind != "text" else None
        return self._body

    def cost(self, run: Run) -> int:
        """What these lines cost."""
        return self.costs[run[1]] - self.costs[run[0]]

    def in_file(self, run: Run) -> Run:
        """These lines as lines of the file."""
        return self.first + run[0], self.first + run[1]


def pack(
    result: SearchResult, lines: Lines, budget: int, terms: frozenset[str], revision: str = ""
) -> Context:
    """The hits of an answer as one text of at most `budget` tokens."""
    if not LEAST_BUDGET <= budget <= MOST_BUDGET:
        raise InvalidQuery(f"budget is {budget}; ask for {LEAST_BUDGET} to {MOST_BUDGET:,} tokens")
    items = [_item(hit, lines) for hit in result.hits]
    costs = iter(line_costs([line for item in items for line in item.lines]))
    for item in items:
        item.costs = [*accumulate(islice(costs, len(item.lines)), initial=0)]
    block = _Block(items, terms)
    block.fill((budget - 1) * WHOLE)
    text = block.text()
    shown = [
        ShownHit(
            item.hit, item.handle, item.form, tuple((item.first + a, item.first + b) for a, b in item.kept)
        )
        for item in block.listed
    ]
    return Context(result, text, most_tokens(text), budget, revision, shown, len(items) - len(shown))


def _item(hit: Hit, lines: Lines) -> _Item:
    if hit.origin is not None:
        return _Item(hit, [], "")  # Whatever file has its path here is another one.
    first, last = hit.span.start.line, hit.span.end.line
    if hit.span.end.character == 0 and last > first:
        last -= 1
    code = lines(hit.path, first, min(last + 1, first + _LONGEST_CODE))
    at_name = hit.selection.start.line - first
    name = hit.name.replace("::", ".").rpartition(".")[2]
    there = hit.kind == "text" or (0 <= at_name < len(code) and name in code[at_name])
    handle = str(handle_of(hit.path, hit.container, hit.name, hit.kind, first, code if there else ()))
    if not there or last + 1 - first > _LONGEST_CODE:
        return _Item(hit, [], handle)
    item = _Item(hit, _dedented(inert_lines(code)), handle)
    marked = max(longest_run(mark, [item.text]) for mark in (_MARK, _FENCE))
    return item if marked <= _LONGEST_RUN else _Item(hit, [], handle)


def _dedented(lines: list[str]) -> list[str]:
    """Lines without the indentation that all of them share, if the first has no less than the others."""
    margin = re.match(r"[ \t]*", lines[0]) if lines else None
    common = margin.group() if margin else ""
    if not common or any(line.strip() and not line.startswith(common) for line in lines):
        return [line.rstrip() for line in lines]
    return [line[len(common) :].rstrip() for line in lines]


class _Block:
    """The text in the making: which hits have a line, and what is shown of their code."""

    def __init__(self, items: Sequence[_Item], terms: frozenset[str]) -> None:
        self.listed: list[_Item] = []
        self._items = items
        self._terms = terms
        self._taken: dict[str, set[int]] = {}
        """Lines of each file that are shown."""
        texts = [item.text for item in items]
        self._mark = _MARK * max(2, 1 + longest_run(_MARK, texts))
        self._fence = _FENCE * max(3, 1 + longest_run(_FENCE, [*texts, *(item.hit.path for item in items)]))

    def fill(self, room: int) -> None:
        """Choose what is shown so that the text costs `room` hundredths of a token at most."""
        room -= cost(DATA + "\n") + 2 * cost(self._fence + "\n")
        heads = line_costs([self._head(item) for item in self._items])
        spent = 0
        for item, head in zip(self._items, heads, strict=True):
            if spent + head > (room * _LINES_SHARE if self.listed else room):
                break
            spent += head
            self.listed.append(item)
        left = room - spent
        for item in self.listed:
            left -= self._show(item, left, left * _ONE_SHARE, left * _PART_SHARE)
        for item in self.listed:
            if item.form is not Form.WHOLE:
                left -= self._show(item, left, left, left)
        for item, head in list(zip(self._items, heads, strict=True))[len(self.listed) :]:
            if head > left:
                break
            left -= head
            self.listed.append(item)
            left -= self._show(item, left, left, left)

    def text(self) -> str:
        """What was chosen, in the order of the hits."""
        if not self.listed:
            return ""
        parts = [DATA, self._fence]
        for item in self.listed:
            parts.append(self._head(item))
            parts += _shown_lines(item)
        return "\n".join((*parts, self._fence, ""))

    def _head(self, item: _Item) -> str:
        hit = item.hit
        last = item.first + len(item.lines) if item.lines else hit.span.end.line + 1
        place = f"{item.first + 1}-{last}" if last > item.first + 1 else f"{item.first + 1}"
        name = "" if hit.kind == "text" else f" {inert(qualified(hit.container, hit.name))}"
        far = hit.origin
        path = inert(hit.path if far is None else f"{far.repository}@{far.branch} {hit.path}")
        signature = f": {inert(hit.signature[:_SIGNATURE])}" if far is not None and hit.signature else ""
        return f"{self._mark} {path}:{place} {inert(hit.kind)}{name}{signature}"

    def _show(self, item: _Item, left: int, for_whole: float, for_part: float) -> int:
        """Show as much of a definition as these allow; gives what that costs beyond what is shown of it."""
        if not item.lines:
            return 0
        taken = self._taken.setdefault(item.hit.path, set())
        own = {number for first, end in item.kept for number in range(item.first + first, item.first + end)}
        others = taken - own
        numbers = range(item.first, item.first + len(item.lines))
        before = _cost_of(item, item.kept)
        free = not others.intersection(numbers)
        whole = item.costs[-1]
        kept: list[Run] = []
        if free and whole - before <= for_whole:
            kept, form = [(0, len(item.lines))], Form.WHOLE
        elif for_part >= _WORTH and item.body is not None:
            kept, form = _chosen(item, item.body, others, before + for_part, self._terms), Form.PART
        if not kept or _cost_of(item, kept) - before > left or (item.kept and _cost_of(item, kept) <= before):
            return 0
        item.kept, item.form = kept, form
        taken.update(item.first + number for first, end in kept for number in range(first, end))
        return _cost_of(item, kept) - before


def _chosen(item: _Item, body: Body, others: set[int], allowed: float, terms: frozenset[str]) -> list[Run]:
    """The head and those statements that hold most of the words asked for, then the first ones."""

    def held(statement: Statement) -> int:
        text = "\n".join(item.lines[statement.first : statement.end]).lower()
        return -sum(term in text for term in near)

    whole = item.text.lower()
    near = [term for term in terms if term in whole]
    chosen: list[Run] = [(0, body.head)]
    if others.intersection(range(item.first, item.first + body.head)) or _cost_of(item, chosen) > allowed:
        return []
    for statement in sorted(body.statements, key=lambda one: (held(one), one)):
        wanted = {(statement.first, statement.end), *statement.heads}
        least = sum(map(item.cost, chosen)) + item.cost((statement.first, statement.end))
        if least > allowed or any(others.intersection(range(*item.in_file(run))) for run in wanted):
            continue
        more = _joined({*chosen, *wanted}, item)
        if _cost_of(item, more) <= allowed:
            chosen = more
    shown = sum(end - first for first, end in chosen) - body.head
    return chosen if shown >= max(2, min(_ENOUGH, _LEAST_PART * len(item.lines))) else []


def _joined(runs: Iterable[Run], item: _Item) -> list[Run]:
    """Runs in order; what is between two of them is shown, too, where it costs no more than to say so."""
    joined: list[Run] = []
    for first, end in sorted(runs):
        if joined and joined[-1][1] >= first - _least_gap(item, joined[-1][1], first):
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((first, end))
    return joined


def _least_gap(item: _Item, first: int, end: int) -> int:
    """How many lines of a gap are shown instead of it: all or none."""
    count = end - first
    if count <= 0:
        return 0
    blank = item.blanks[end] - item.blanks[first] == count
    return count if blank or item.cost((first, end)) <= _gap_cost(count) else 0


def _cost_of(item: _Item, runs: Sequence[Run]) -> int:
    """What these lines cost, with a line for each gap behind them."""
    return sum(item.cost((first, end)) + _gap_cost(left) for first, end, left in _with_gaps(item, runs))


_GAPS = [cost(f"... {'1' * digits} more lines\n") for digits in range(1, 8)]
"""What a gap costs by the digits of its number, all of which cost the same."""


def _gap_cost(left: int) -> int:
    return _GAPS[len(str(left)) - 1] if left else 0


def _with_gaps(item: _Item, runs: Sequence[Run]) -> Iterator[tuple[int, int, int]]:
    """Each run, and how many lines are left out behind it."""
    for number, (first, end) in enumerate(runs):
        following = runs[number + 1][0] if number + 1 < len(runs) else len(item.lines)
        while end < following and not item.lines[following - 1]:
            following -= 1
        yield first, end, following - end


def _gap(left: int) -> str:
    return f"... {left} more line{'s' if left > 1 else ''}"


def _shown_lines(item: _Item) -> Iterator[str]:
    for first, end, left in _with_gaps(item, item.kept):
        yield from item.lines[first:end]
        if left:
            yield _gap(left)
