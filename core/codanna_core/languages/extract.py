"""From the bytes of a file to its symbols: parse, run the language's query, read the matches off in order.

This runs for every definition of every file, two million times for a large kernel tree, so the loop below
works on byte offsets and decodes only what a symbol keeps.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass

from tree_sitter import Node

from codanna_core.languages import comments
from codanna_core.languages.docs import Docs
from codanna_core.languages.lines import Lines
from codanna_core.languages.loose import loose_code
from codanna_core.languages.parse import Match, parse_and_match
from codanna_core.languages.registry import SNIFFED_BYTES, Language, detect_language, languages
from codanna_core.languages.windows import windows
from codanna_core.model import Extraction, Kind, Problem, Symbol

DEADLINE_S = 5.0
"""Longest time for one file; a file that needs more is searched by line windows."""

MAX_SIGNATURE = 300
MAX_NAME = 200
MAX_CHAIN = 300
MAX_LEVELS = 16
"""Longest and deepest container chain; without a bound nested functions would cost quadratic memory."""

_DEFINITION = "definition."
_FUNCTION = Kind.FUNCTION.value
_METHOD = Kind.METHOD.value
_SCOPE = "scope"
_CALLABLE = {_FUNCTION, _METHOD}
_LOCAL = {Kind.CONSTANT.value, Kind.FIELD.value, Kind.VARIABLE.value}
_SMALL = _LOCAL | {Kind.MACRO.value}
"""Kinds that have no body of their own and whose comment may trail them."""
_NEVER_CONTAINERS = {Kind.FIELD.value, Kind.MACRO.value, Kind.TEXT.value}

_SPACE = b" \t\r\n"
_NAME_QUOTES = "\"'`"
_HEAD_ENDS = " {:=;,"
_GENERICS = re.compile(r"<[^<>]*>|\[[^\[\]]*\]")


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
        message = f"parsing as {known.name} took over {deadline_s:g} s; the file is searched by its text only"
        return Extraction(known.name, windows(data), [Problem("slow-file", message, path)])
    matches, has_error = parsed
    result = _read(data, known, matches)
    if has_error:
        message = f"parts of the file do not parse as {known.name}; symbols in them may be missing"
        result.problems.append(Problem("syntax", message, path))
    return result


@dataclass(slots=True)
class _Open:
    """A definition whose end has not been passed yet."""

    start: int
    end: int
    kind: str
    chain: str
    levels: int


def _read(data: bytes, language: Language, matches: list[Match]) -> Extraction:
    definitions, module_doc = _sorted(matches)
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
    open_ = [_Open(-1, len(data) + 1, "", "", 0)]
    start_line = covered_to = 0

    for start, negative_end, _, name_start, key, captures in definitions:
        end = -negative_end
        while end > start and data[end - 1] in _SPACE:
            end -= 1  # Some grammars put the line's end into the node.
        while open_[-1].end <= start or (open_[-1].end == end and open_[-1].start == start):
            open_.pop()  # What has the same span is a neighbour: two names in one declaration.
        inside = open_[-1]
        kind = key[11:]  # Behind "definition."; nothing is left of "scope".
        if kind in _LOCAL and inside.kind in _CALLABLE:
            continue

        name_end = captures["name"][0].end_byte
        name = data[name_start:name_end].decode("utf-8", "replace")
        chain = inside.chain
        if not name.isidentifier() or len(name) > MAX_NAME:
            for separator in separators:
                if separator in name:
                    qualifier, name = _split_name(name, separator)
                    name_start = name_end - len(name.encode())
                    chain = _joined(chain, _plain_container(qualifier, separators))
            name = " ".join(name.split()).strip(_NAME_QUOTES)[:MAX_NAME]
            if not name:
                continue
        if "container" in captures:
            node = captures["container"][0]
            text = data[node.start_byte : node.end_byte].decode("utf-8", "replace")
            chain = _joined(chain, _plain_container(text, separators))
        if not kind:
            if start >= covered_to:
                covered.append((line_of(start), line_of(end)))
                covered_to = end
            open_.append(_Open(start, end, _SCOPE, _joined(chain, name), inside.levels + 1))
            continue
        if kind == _FUNCTION and inside.kind in methods_in:
            kind = _METHOD

        body_start = end
        if "body" in captures:
            body_start = captures["body"][0].start_byte
        elif kind not in _SMALL:
            body = captures[key][0].child_by_field_name("body")
            if body is not None:
                body_start = body.start_byte
        signature = _signature(data, start, body_start, name_start, name)

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
            doc = "\n".join(
                comments.clean(data[node.start_byte : node.end_byte].decode("utf-8", "replace"), language)
                for node in captures["doc"]
            )
        elif not doc and kind in _SMALL:
            doc = docs.trailing(end, end_line)
        deprecated = "deprecated" in captures or comments.is_deprecated(doc)
        if deprecated_texts and not deprecated:
            head = signature
            if first_line < start_line:
                head += b" ".join(texts[first_line:start_line]).decode("utf-8", "replace")
            deprecated = any(text in head for text in deprecated_texts)

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
                chain = _joined(chain, name)
            open_.append(_Open(start, reach, kind, chain, inside.levels + 1))

    if not symbols:
        symbols = windows(data, lines)
    else:
        loose = loose_code(lines, language, docs, covered)
        if loose:
            symbols += loose
            symbols.sort(key=lambda symbol: symbol.start_byte)
    doc = comments.clean(module_doc.decode("utf-8", "replace"), language) if module_doc else docs.opening()
    return Extraction(language.name, symbols, module_doc=doc)


Definition = tuple[int, int, int, int, str, dict[str, list[Node]]]
"""Start, negated end, pattern, start of the name, definition capture, all captures; sorts outermost first."""


def _sorted(matches: list[Match]) -> tuple[list[Definition], bytes | None]:
    """One definition for each name node, by the first pattern in the query, and the module's docstring."""
    best: dict[int, Definition] = {}
    keys: dict[int, str] = {}
    module_doc = None
    for pattern, captures in matches:
        names = captures.get("name")
        if names is None:
            if "module_doc" in captures and module_doc is None:
                module_doc = captures["module_doc"][0].text
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
        best[name_start] = (node.start_byte, -node.end_byte, pattern, name_start, key, captures)
    return sorted(best.values()), module_doc


def _definition_key(captures: dict[str, list[Node]]) -> str:
    return next((key for key in captures if key.startswith(_DEFINITION)), _SCOPE)


def _signature(data: bytes, start: int, body_start: int, name_start: int, name: str) -> str:
    """The head on one line. A head too long for it, say of decorators, begins at the name's line instead."""
    head = data[start : min(body_start, start + 4 * MAX_SIGNATURE)]
    if b"\\" in head:
        head = head.replace(b"\\\r\n", b" ").replace(b"\\\n", b" ")
    text = b" ".join(head.split()).decode("utf-8", "replace")
    if name_start >= body_start:
        return f"{text.rstrip(_HEAD_ENDS)} {name}"[:MAX_SIGNATURE]  # `typedef struct {...} name`
    if len(text) > MAX_SIGNATURE:
        if name_start - start > MAX_SIGNATURE // 2:
            line_start = max(data.rfind(b"\n", start, name_start) + 1, start)
            if line_start > start:
                return _signature(data, line_start, body_start, name_start, name)
        text = text[:MAX_SIGNATURE]
    return text.rstrip(_HEAD_ENDS).removesuffix("=>").rstrip()


def _joined(chain: str, name: str) -> str:
    if not chain or not name:
        return chain or name
    joined = f"{chain}.{name}"
    return joined if len(joined) <= MAX_CHAIN else chain


def _split_name(name: str, separator: str) -> tuple[str, str]:
    """`A<b::c>::d` gives `A<b::c>` and `d`: by the last separator outside `<>` and before any `operator`."""
    limit = name.find("operator")
    depth = 0
    position = (len(name) if limit < 0 else limit) - 1
    while position >= 0:
        character = name[position]
        depth += (character == ">") - (character == "<")
        if not depth and name.startswith(separator, position):
            return name[:position], name[position + len(separator) :]
        position -= 1
    return "", name


def _plain_container(text: str, separators: tuple[str, ...]) -> str:
    """A container's name without generic arguments, pointer marks and spaces, its parts joined by `.`."""
    previous = ""
    while previous != text and len(text) < 4 * MAX_CHAIN:
        previous, text = text, _GENERICS.sub("", text)
    for separator in separators:
        text = text.replace(separator, ".")
    return "".join(text.split()).strip(".*&()")[:MAX_CHAIN]
