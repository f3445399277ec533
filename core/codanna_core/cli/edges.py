"""What people see of relations: edges as lines, and as a Mermaid flowchart."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from codanna_core.cli.cells import cut
from codanna_core.cli.render import Style, head_line, one_line
from codanna_core.inert import inert
from codanna_core.results import Confidence, Definition, Edge, Relation, RelationResult

Shown = Callable[[str], str]

_NAME_CELLS = 100
_COLOURS = {Confidence.CERTAIN: "good", Confidence.LIKELY: "warn", Confidence.POSSIBLE: "bad"}
_LABEL = 120
"""A longer label makes the picture unreadable."""
_PLAIN = frozenset(" ._-/:")


def render_candidates(candidates: Sequence[Definition], style: Style, shown: Shown) -> str:
    """One line a definition, with what to write for it."""
    return "\n".join(
        f"{_place(one.path, one.selection.start.line, style, shown)}  {style('kind', inert(one.kind))}  "
        f"{style('name', whole_name(one))}"
        for one in candidates
    )


def render_edges(result: RelationResult, style: Style, shown: Shown) -> str:
    """One line an edge: the place, the definition at its other end, how sure it is and why."""
    return "\n".join(_edge_line(edge, result, style, shown) for edge in result.edges)


def render_elsewhere(result: RelationResult, style: Style, shown: Shown) -> str:
    """One line for each definition of the team's index that uses the name."""
    why = f"{style('warn', Confidence.POSSIBLE.value)}  {style('dim', 'uses the name')}"
    return "\n".join(f"{head_line(hit, style, shown)}  {why}" for hit in result.elsewhere)


def whole_name(one: Definition) -> str:
    """The name with its container, on one line and not too long."""
    return cut(one_line(f"{one.container}.{one.name}" if one.container else one.name), _NAME_CELLS)


def _edge_line(edge: Edge, result: RelationResult, style: Style, shown: Shown) -> str:
    near, far = edge.ends(result.relation)
    name = style("name", whole_name(far)) if far is not None else style("dim", "(top of the file)")
    if result.relation is Relation.CALLS and far is not None:
        name += f" {style('dim', 'in')} {_place(far.path, far.selection.start.line, style, shown)}"
    if near is not None and (len(result.targets) != 1 or near != result.targets[0]):
        name += f" {style('dim', 'by' if result.relation is Relation.CALLS else 'uses')} {whole_name(near)}"
    role = f"{edge.role}, " if result.relation is Relation.REFERENCES else ""
    why = style("dim", inert(f"{role}{edge.reason}"))
    sure = style(_COLOURS[edge.confidence], edge.confidence.value)
    return f"{_place(edge.path, edge.span.start.line, style, shown)}  {name}  {sure}  {why}"


def _place(path: str, line: int, style: Style, shown: Shown) -> str:
    return f"{style('path', shown(path))}:{style('line', str(line + 1))}"


def render_mermaid(result: RelationResult) -> str:
    """A flowchart from callers to what they call; nothing in a name can end its label or act."""
    numbers: dict[Definition | str, int] = {}
    lines = ["flowchart LR"]
    drawn: set[tuple[int, int]] = set()

    def node(one: Definition | None, path: str) -> int:
        key: Definition | str = one if one is not None else path
        if key not in numbers:
            numbers[key] = len(numbers)
            name = f"{one.container}.{one.name}" if one is not None and one.container else ""
            label = name or (one.name if one is not None else f"top of {path}")
            lines.append(f'    n{numbers[key]}["{_escaped(label)}"]')
        return numbers[key]

    for target in result.targets:
        node(target, target.path)
    for edge in result.edges:
        ends = node(edge.source, edge.path), node(edge.target, edge.path)
        if ends not in drawn:
            drawn.add(ends)
            arrow = "-->" if edge.confidence is Confidence.CERTAIN else "-.->"
            lines.append(f"    n{ends[0]} {arrow} n{ends[1]}")
    return "\n".join(lines)


def _escaped(label: str) -> str:
    """Letters and digits as they are, and all that Mermaid, HTML or Markdown could read by its number."""
    text = cut(one_line(label), _LABEL)
    return "".join(one if one.isalnum() or one in _PLAIN else f"#{ord(one)};" for one in text)
