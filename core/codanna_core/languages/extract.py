"""From the bytes of a file to its symbols: parse, run the language's query, read the matches off in order.

This runs for every definition of every file, two million times for a large kernel tree, so the loop below
works on byte offsets and decodes only what a symbol keeps.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence

from tree_sitter import Node

from codanna_core.languages import comments
from codanna_core.languages.docs import Docs
from codanna_core.languages.line_windows import windows
from codanna_core.languages.lines import Lines
from codanna_core.languages.nesting import OpenDefinition, constructed_type
from codanna_core.languages.parse import Match, levels, load, parse_and_match, text_of, unparsed
from codanna_core.languages.registry import SNIFFED_BYTES, Language, detect_language, languages
from codanna_core.languages.signatures import (
    MAX_SIGNATURE,
    finished,
    joined,
    plain_container,
    signature_of,
    split_name,
    up_to_line_end,
)
from codanna_core.languages.text_only import as_text, grammar_of
from codanna_core.languages.uncovered import uncovered_code
from codanna_core.model import Extraction, Kind, Problem, Symbol
from codanna_core.problems import Code
from codanna_core.runtime.limits import processor_time

DEADLINE_S = 5.0
"""Longest time for one file; a file that needs more is searched by line windows."""

MAX_NAME = 200
MAX_LEVELS = 16
"""Longest and deepest container chain; without a bound nested functions would cost quadratic memory."""

WORTH_A_PROBLEM = 0.02
"""Share of a file that may be unreadable without a word. Macros alone leave an error in every third C file,
half of them under 0.3 %, with all symbols around it in place."""

_DEFINITION = "definition."
_FUNCTION = Kind.FUNCTION.value
_METHOD = Kind.METHOD.value
_SCOPE = "scope"
_CALLABLE = {_FUNCTION, _METHOD}
_LOCAL = {Kind.CONSTANT.value, Kind.FIELD.value, Kind.VARIABLE.value}
_CLAUSES = _CALLABLE | {Kind.CONSTANT.value}
"""Kinds that some languages write in several clauses, or with their type apart."""
_CLAUSE_GAP = b" \t\r\n;."
_FIELD = Kind.FIELD.value
_HEADING = Kind.HEADING.value
_SMALL = _LOCAL | {Kind.MACRO.value}
"""Kinds that have no body of their own and whose comment may trail them."""
_NEVER_CONTAINERS = {Kind.FIELD.value, Kind.MACRO.value, Kind.TEXT.value}

_SPACE = b" \t\r\n"
_NAME_QUOTES = "\"'`"


def extract(
    data: bytes, path: str, language: str | None = None, deadline_s: float = DEADLINE_S
) -> Extraction:
    """The symbols of one file. Never raises for bad input: what could not be read is a problem."""
    name = language or detect_language(path, data[:SNIFFED_BYTES])
    known = languages().get(name) if name else None
    if known is None or known.grammar is None:
        return Extraction(name or "text", windows(data))
    parsed = parse_and_match(data, known, time.monotonic() + deadline_s)
    if parsed is None:
        message = f"takes too long to parse as {known.name}; it is searched by its text only"
        return Extraction(known.name, windows(data), [Problem(Code.SLOW_FILE, message, path)])
    matches, has_error = parsed
    result = _read(data, known, matches)
    share = unparsed(matches) / max(len(data), 1) if has_error else 0
    if share >= WORTH_A_PROBLEM:
        message = f"{share:.0%} of the file does not parse as {known.name}; symbols there may be missing"
        result.problems.append(Problem(Code.SYNTAX, message, path))
    return result


def extract_within(data: bytes, path: str, seconds: float) -> Extraction:
    """As `extract`, for helper processes: more processor time than this ends the process.

    What is loaded first is ours, and does not count.
    """
    language = grammar_of(data, path)
    if language is None:
        return as_text(data, path)
    load(language)
    with processor_time(seconds):
        return extract(data, path, language.name, math.inf)


def _read(data: bytes, language: Language, matches: list[Match]) -> Extraction:
    definitions, module_doc = _sorted(matches, data)
    level_of = levels(language.name)
    if level_of:
        _reach_next_level(definitions, level_of, len(data))
    lines = Lines(data)
    docs = Docs(lines, language)
    symbols: list[Symbol] = []
    covered: list[tuple[int, int]] = []
    methods_in = {*language.methods_in, _SCOPE}
    never_containers = _NEVER_CONTAINERS.union(language.not_containers)
    separators = language.name_separators
    deprecated_texts = language.deprecated
    starts, texts, line_of = lines.starts, lines.texts, lines.line_of
    last_line = len(starts) - 1
    open_ = [OpenDefinition(-1, len(data) + 1, "", "", 0)]
    fields: set[tuple[str, str]] = set()
    start_line = covered_to = 0

    for start, negative_end, pattern, name_start, key, captures in definitions:
        end = min(-negative_end, len(data))  # The parser is given a line end more than the file has.
        while end > start and data[end - 1] in _SPACE:
            end -= 1  # Some grammars put the line's end into the node.
        if language.trim_comments or pattern in level_of:
            end = docs.without_trailing(start, end)
        while open_[-1].end <= start or (open_[-1].end == end and open_[-1].start == start):
            open_.pop()  # What has the same span is a neighbour: two names in one declaration.
        inside = open_[-1]
        kind = key[11:]  # Behind "definition."; nothing is left of "scope".
        owner = inside
        if "member" in captures:
            found = constructed_type(open_, language.constructors)
            if found is None:
                continue
            owner = found
        elif kind in _LOCAL and inside.kind in _CALLABLE:
            continue

        names = captures["name"]
        name_end = names[-1].end_byte
        qualifiers = ""
        if len(names) > 1:
            name_start = names[-1].start_byte
            qualifiers = "".join(f"{_in_one_line(text_of(data, node))}." for node in names[:-1])
        name = data[name_start:name_end].decode("utf-8", "replace")
        chain = owner.chain
        if kind == _HEADING:
            name = comments.heading_text(name)[:MAX_NAME]
            if not name:
                continue
        elif not name.isidentifier() or len(name) > MAX_NAME:
            for separator in separators:
                if separator in name:
                    qualifier, name = split_name(name, separator)
                    name_start = name_end - len(name.encode())
                    chain = joined(chain, plain_container(qualifier, separators))
            name = " ".join(name.split()).strip(_NAME_QUOTES)[:MAX_NAME]
            if not name:
                continue
        # A name of several lines is marked up to the end of its first; that comes last, for it moves the end.
        written = data[name_start:name_end]
        if b"\n" in written or b"\r" in written:
            name_end = name_start + len(up_to_line_end(written))
        name = qualifiers + name
        if "container" in captures:
            text = text_of(data, captures["container"][0])
            chain = joined(chain, plain_container(text, separators))
        if not kind:
            if start >= covered_to:
                covered.append((line_of(start), line_of(end)))
                covered_to = end
            part = Kind.MODULE if pattern in level_of else _SCOPE
            open_.append(OpenDefinition(start, end, part, joined(chain, name), inside.levels + 1))
            continue
        if kind == _FUNCTION and inside.kind in methods_in:
            kind = _METHOD
        if kind == _FIELD and language.constructors:
            if "member" in captures and (chain, name) in fields:
                continue  # Declared already; here it is set.
            fields.add((chain, name))

        body_start = end
        if "body" in captures:
            body_start = captures["body"][0].start_byte
        elif pattern in level_of:
            body_start = captures[key][0].end_byte
        elif kind not in _SMALL:
            body = captures[key][0].child_by_field_name("body")
            if body is not None:
                body_start = body.start_byte
        body_start = min(body_start, end)
        if kind == _HEADING:
            signature = texts[line_of(name_start)].strip().decode("utf-8", "replace")[:MAX_SIGNATURE]
        else:
            head = data[start : min(body_start, start + MAX_SIGNATURE)]
            # Nearly every head is one short line; the others need the slow way.
            if (
                b"\n" in head
                or "doc" in captures
                or len(head) == MAX_SIGNATURE
                or name_start >= body_start
                or b"\r" in head
            ):
                code = _code_of_head(data, start, body_start, captures.get("doc", ()), docs.line_markers)
                if code is None:
                    signature = signature_of(data, start, body_start, name_start, name)
                else:
                    in_code = len(code) if name_start >= body_start else 0
                    signature = signature_of(code, 0, len(code), in_code, name)
            else:
                signature = finished(b" ".join(head.split()).decode("utf-8", "replace"))

        start_line = line_of(start, start_line)
        name_line = end_line = start_line
        if start_line < last_line:
            next_line = starts[start_line + 1]
            if name_start >= next_line:
                name_line = line_of(name_start, start_line)
            if end >= next_line:
                end_line = line_of(end, start_line)

        doc, first_line = docs.above(start, start_line)
        if "doc" in captures:
            doc_nodes = _without_gaps(captures["doc"])
            doc = "\n".join(comments.clean(text_of(data, node), language) for node in doc_nodes)
            docs.claimed.add(line_of(doc_nodes[-1].end_byte - 1))
        elif not doc and kind in _SMALL:
            doc = docs.trailing(end, end_line)
        if language.merge_adjacent and symbols and "doc" not in captures:
            first = symbols[-1]
            # A comment with a blank line above it begins another definition of the same name.
            apart = doc and not texts[first_line - 1].strip()
            gap = data[first.end_byte : starts[first_line]]
            if not apart and _is_clause_of(first, name, kind, chain, gap):
                if first.body_start_byte == first.end_byte:
                    first.body_start_byte = body_start
                first.end_byte, first.end_line = end, end_line
                first.end_col = lines.column(end_line, end)
                first.wide = first.wide or lines.is_wide(end_line)
                first.doc = first.doc or doc
                covered.append((first_line, end_line))
                covered_to = max(covered_to, end)
                open_.append(OpenDefinition(start, end, first.kind, joined(chain, name), inside.levels + 1))
                continue
        deprecated = "deprecated" in captures or comments.is_deprecated(doc)
        if deprecated_texts and not deprecated:
            marked = signature
            if first_line < start_line:
                marked += b" ".join(texts[first_line:start_line]).decode("utf-8", "replace")
            for text in deprecated_texts:
                if text in marked:
                    deprecated = True

        if lines.ascii:
            start_col = start - starts[start_line]
            name_col = name_start - starts[name_line]
            name_end_col = name_col + name_end - name_start
            end_col = end - starts[end_line]
            wide = False
        else:
            name_end = min(name_end, starts[name_line] + len(texts[name_line].rstrip()))
            start_col = lines.column(start_line, start)
            name_col = lines.column(name_line, name_start)
            name_end_col = lines.column(name_line, name_end)
            end_col = lines.column(end_line, end)
            wide = lines.is_wide(start_line) or lines.is_wide(name_line) or lines.is_wide(end_line)
        symbols.append(
            Symbol(
                name,
                kind,
                chain,
                signature,
                doc,
                start_line,
                start_col,
                end_line,
                end_col,
                name_line,
                name_col,
                name_end_col,
                start,
                end,
                body_start,
                deprecated,
                wide,
            )
        )
        if start >= covered_to:
            covered.append((first_line, end_line))
            covered_to = end
        if kind not in never_containers:
            reach = len(data) if "file_scope" in captures else end
            if inside.levels < MAX_LEVELS:
                chain = joined(chain, name)
            open_.append(OpenDefinition(start, reach, kind, chain, inside.levels + 1))

    if not symbols:
        symbols = windows(data, lines)
    else:
        uncovered = uncovered_code(lines, language, docs, covered)
        if uncovered:
            symbols += uncovered
            symbols.sort(key=lambda symbol: symbol.start_byte)
    doc = comments.clean(module_doc, language) if module_doc else docs.opening()
    return Extraction(language.name, symbols, module_doc=doc)


Definition = tuple[int, int, int, int, str, dict[str, list[Node]]]
"""Start, negated end, pattern, start of the name, definition capture, all captures; sorts outermost first."""


def _sorted(matches: list[Match], data: bytes) -> tuple[list[Definition], str]:
    """One definition for each name node, by the first pattern in the query, and the module's docstring."""
    best: dict[int, Definition] = {}
    keys: dict[int, str] = {}
    module_doc = ""
    for pattern, captures in matches:
        names = captures.get("name")
        if names is None:
            if "module_doc" in captures and not module_doc:
                module_doc = text_of(data, captures["module_doc"][0])
            continue
        key = keys.get(pattern)
        if key is None:
            key = keys[pattern] = _definition_key(captures)
        name_start = names[0].start_byte
        known = best.get(name_start)
        if known is not None and (
            known[2] < pattern or (known[2] == pattern and ("doc" in known[5] or "doc" not in captures))
        ):
            continue
        node = captures[key][0]
        end = captures["end"][-1].end_byte if "end" in captures else node.end_byte
        best[name_start] = (node.start_byte, -end, pattern, name_start, key, captures)
    return sorted(best.values()), module_doc


def _reach_next_level(definitions: list[Definition], level_of: dict[int, int], file_end: int) -> None:
    """Make headings, and what else opens a part of a file, reach to the next one of their level or above."""
    next_start: dict[int, int] = {}
    for number in range(len(definitions) - 1, -1, -1):
        start, _, pattern, name_start, key, captures = definitions[number]
        level = level_of.get(pattern)
        if level is None:
            continue
        if "body" not in captures:
            end = min((begin for other, begin in next_start.items() if other <= level), default=file_end)
            definitions[number] = (start, -end, pattern, name_start, key, captures)
        next_start[level] = start


def _is_clause_of(first: Symbol, name: str, kind: str, chain: str, gap: bytes) -> bool:
    """Whether a definition is a further clause of the one before it, with nothing but `gap` between them."""
    return (
        first.name == name
        and first.container == chain
        and first.kind in _CLAUSES
        and kind in _CLAUSES
        and not gap.strip(_CLAUSE_GAP)
    )


def _without_gaps(nodes: list[Node]) -> list[Node]:
    """The nodes up to the first that does not begin on the line after the one before it."""
    for number in range(1, len(nodes)):
        if nodes[number].start_point.row > nodes[number - 1].end_point.row + 1:
            return nodes[:number]
    return nodes


def _in_one_line(name: str) -> str:
    return " ".join(name.split())[:MAX_NAME]


def _code_of_head(
    data: bytes, start: int, body_start: int, docs: Sequence[Node], markers: tuple[bytes, ...]
) -> bytes | None:
    """The head without docstrings and comment lines; None where there are none in it."""
    inside = [node for node in docs if start <= node.start_byte < body_start]
    if not inside and data.find(b"\n", start, body_start) < 0:
        return None
    kept = []
    for node in inside:
        kept.append(data[start : node.start_byte].rstrip())
        start = min(node.end_byte, body_start)
    kept.append(data[start : min(body_start, start + 4 * MAX_SIGNATURE)])
    lines = b"".join(kept).split(b"\n")
    code = [line for line in lines if not (markers and line.lstrip().startswith(markers))]
    return b"\n".join(code) if inside or len(code) < len(lines) else None


def _definition_key(captures: dict[str, list[Node]]) -> str:
    return next((key for key in captures if key.startswith(_DEFINITION)), _SCOPE)
