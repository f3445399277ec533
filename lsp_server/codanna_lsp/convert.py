"""The only place that builds LSP shapes: URIs, positions in the client's encoding, symbols and hits.

What an editor shows of them is inert (`codanna_core.inert`); what programs compare or open is exact.
"""

from __future__ import annotations

import ntpath
import os
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_from_bytes, unquote, unquote_to_bytes

from codanna_core.inert import inert
from codanna_core.runtime.system import WINDOWS
from codanna_core.wire import EDITOR, definition_json, edge_json, hit_json, problem_json
from codanna_lsp.documents import column_to_index, index_to_column, split_lines

if TYPE_CHECKING:
    from codanna_core.model import Origin, Position, Span, Symbol
    from codanna_core.results import Definition, Edge, Hit, Relation, Status, SymbolHit
    from codanna_core.wire import PositionJson, RangeJson

Json = dict[str, Any]
LineSource = Callable[[], Sequence[str]]

SYMBOL_KINDS = {
    "function": 12,
    "method": 6,
    "class": 5,
    "struct": 23,
    "enum": 10,
    "trait": 11,
    "interface": 11,
    "module": 2,
    "constant": 14,
    "variable": 13,
    "field": 8,
    "type": 26,
    "macro": 12,
    "heading": 15,
    "text": 15,
}
_MAX_DEPTH = 50
"""Deeper outlines are flattened; no editor shows more, and encoders have limits."""
_DEPRECATED_TAG = 1
_MAX_FILE = 64 << 20
"""No source file is larger; of one that is, lines beyond are not converted."""

# RFC 3986 unreserved characters; editors agree on these and on nothing else.
_SAFE = "/-._~"
_PLAIN_PATH = re.compile(rf"[A-Za-z0-9{re.escape(_SAFE)}]*")
_DRIVE = re.compile(r"/[A-Za-z]:")
_HOST = re.compile(r"\w[\w.-]*\$?|\[[0-9A-Fa-f:.]+\]")


def path_from_uri(uri: str) -> Path | None:
    """The absolute local path a `file:` URI names; None for everything else."""
    scheme, separator, rest = uri.partition(":")
    if not separator or scheme.lower() != "file":
        return None
    rest = rest.split("?", 1)[0].split("#", 1)[0]
    authority = ""
    if rest.startswith("//"):
        authority, slash, tail = rest[2:].partition("/")
        rest = slash + tail
    raw = unquote_to_bytes(rest)
    if not raw.startswith(b"/") or b"\0" in raw:
        return None
    path = os.fsdecode(raw)
    host = "" if authority.lower() == "localhost" else unquote(authority)
    if WINDOWS:
        named = windows_path(host, path)
        return Path(named) if named is not None else None
    return Path(os.path.normpath(path)) if not host else None


def windows_path(host: str, path: str) -> str | None:
    """The absolute path on Windows that a URI's host and path name: on a drive or a share, nothing else."""
    if host:
        # `//./` and `//?/` are devices, and no names of hosts.
        full = f"//{host}{path}" if _HOST.fullmatch(host) else ""
    else:
        full = f"{path[1:]}/" if _DRIVE.fullmatch(path) else path[1:]
    full = ntpath.normpath(full)
    drive, rest = ntpath.splitdrive(full)
    wanted = drive.startswith("\\") if host else _DRIVE.fullmatch(f"/{drive}")
    # After the drive a colon names another stream of a file.
    return full if wanted and rest.startswith("\\") and ":" not in rest else None


def quote_path(path: str) -> str:
    """Percent-encode a `/`-separated path; bytes that are no UTF-8 survive."""
    if _PLAIN_PATH.fullmatch(path):
        return path
    return quote_from_bytes(os.fsencode(path), safe=_SAFE)


def uri_from_path(path: Path) -> str:
    """The `file:` URI of an absolute path."""
    text = path.as_posix()
    if text.startswith("//"):
        return "file:" + quote_path(text)
    return "file://" + quote_path(text if text.startswith("/") else "/" + text)


def read_lines(path: Path) -> list[str]:
    """The lines of a file on disk; empty where it cannot be read."""
    from codanna_core.files import decode, read_regular  # Late: `initialize` is answered without numpy.

    try:
        return split_lines(decode(read_regular(path, _MAX_FILE))[0])
    except OSError:
        return [""]


def read_lines_inside(root: Path, path: str) -> list[str]:
    """The same for a path that an index names: it is read inside the root alone, through no link."""
    from codanna_core.files import decode
    from codanna_core.files.inside import read_inside

    try:
        return split_lines(decode(read_inside(root, path, _MAX_FILE))[0])
    except OSError:
        return [""]


class Columns:
    """Turns the engine's UTF-16 columns into the client's, reading a file only where they differ."""

    def __init__(self, encoding: str) -> None:
        self.encoding = encoding

    def position(self, place: Position, wide: bool, lines: LineSource) -> PositionJson:
        """One position; `lines` is asked only when the columns may differ."""
        character = place.character
        if wide and self.encoding != "utf-16":
            text = lines()
            if place.line < len(text):
                line = text[place.line]
                character = index_to_column(line, column_to_index(line, character, "utf-16"), self.encoding)
        return {"line": place.line, "character": character}

    def range(self, span: Span, wide: bool, lines: LineSource) -> RangeJson:
        """One range."""
        if not wide or self.encoding == "utf-16":
            start, end = span.start, span.end
            return {
                "start": {"line": start.line, "character": start.character},
                "end": {"line": end.line, "character": end.character},
            }
        return {
            "start": self.position(span.start, wide, lines),
            "end": self.position(span.end, wide, lines),
        }


def symbol_information(hit: SymbolHit, uri: str, lines: LineSource, columns: Columns, *, tags: bool) -> Json:
    """A `WorkspaceSymbol`, which every older client also reads as `SymbolInformation`."""
    if hit.wide:
        place = columns.range(hit.selection, hit.wide, lines)
    else:  # Nearly always, and two hundred times for every letter typed.
        line = hit.name_line
        place = {
            "start": {"line": line, "character": hit.name_col},
            "end": {"line": line, "character": hit.name_end_col},
        }
    item: Json = {
        "name": inert(hit.name),
        "kind": SYMBOL_KINDS.get(hit.kind, 13),
        "location": {"uri": uri, "range": place},
        "containerName": inert(hit.container or hit.path),
        "data": {"name": hit.name, "kind": hit.kind, "line": hit.name_line},
    }
    if hit.deprecated:
        item.update({"tags": [_DEPRECATED_TAG]} if tags else {"deprecated": True})
    return item


def symbol_elsewhere(hit: SymbolHit, origin: Origin, *, tags: bool) -> Json:
    """The same of a hit of the team's index: its location is its link, and no file here is read for it."""
    item = symbol_information(hit, origin.url, lambda: (), Columns("utf-16"), tags=tags)
    item["containerName"] = inert(f"[{origin.repository}] {hit.container or hit.path}")
    item["data"] = {"repository": origin.repository, "path": hit.path}
    return item


def search_hit(hit: Hit | SymbolHit, uri: str, columns: Columns, lines: LineSource) -> Json:
    """One hit of `codanna/semanticSearch` and its relatives."""
    found = hit_json(hit, EDITOR, lambda span: columns.range(span, hit.wide, lines))
    return {**found, "uri": uri, "symbolKind": SYMBOL_KINDS.get(hit.kind, 13)}


def definition(one: Definition, uri: str, columns: Columns, lines: LineSource) -> Json:
    """An end of an edge."""
    found = definition_json(one, EDITOR, lambda span: columns.range(span, one.wide, lines))
    return {**found, "uri": uri, "symbolKind": SYMBOL_KINDS.get(one.kind, 13)}


def edge(
    item: Edge,
    relation: Relation,
    targets: Sequence[Definition],
    file: tuple[str, LineSource],
    columns: Columns,
    define: Callable[[Definition], Any],
) -> Json:
    """A use of a name; `define` makes its ends, `file` is the URI and the lines of where it is."""
    uri, lines = file
    found = edge_json(
        item, relation, targets, EDITOR, define, lambda span: columns.range(span, item.wide, lines)
    )
    return {**found, "uri": uri}


def status(item: Status, uri: str) -> Json:
    """The state of one folder."""
    return {
        "uri": uri,
        "state": str(item.state),
        "generation": item.generation,
        "writer": item.writer,
        "filesIndexed": item.files_indexed,
        "filesTotal": item.files_total,
        "filesSkipped": item.files_skipped,
        "symbols": item.symbols,
        "vectors": item.vectors_total,
        "vectorsPending": item.vectors_pending,
        "factsFiles": item.facts_files,
        "factsTotal": item.facts_total,
        "model": inert(item.model),
        "dimension": item.dimension,
        "bytesOnDisk": item.bytes_on_disk,
        "indexDir": inert(item.index_dir),
        "problems": [problem_json(one, EDITOR) for one in item.problems],
    }


def _outline_entry(symbol: Symbol, lines: Sequence[str], encoding: str) -> Json:
    def place(line: int, column: int) -> Json:
        if symbol.wide and encoding != "utf-16" and line < len(lines):
            text = lines[line]
            column = index_to_column(text, column_to_index(text, column, "utf-16"), encoding)
        return {"line": line, "character": column}

    return {
        "name": inert(symbol.name) or "(anonymous)",  # VS Code refuses a whole outline for one empty name.
        "kind": SYMBOL_KINDS.get(symbol.kind, 13),
        "detail": inert(symbol.signature)[:200],
        "range": {
            "start": place(symbol.start_line, symbol.start_col),
            "end": place(symbol.end_line, symbol.end_col),
        },
        "selectionRange": {
            "start": place(symbol.name_line, symbol.name_col),
            "end": place(symbol.name_line, symbol.name_end_col),
        },
        **({"tags": [_DEPRECATED_TAG]} if symbol.deprecated else {}),
    }


def name_range(symbol: Symbol, lines: Sequence[str], encoding: str) -> Json:
    """Where the name of a symbol stands."""
    area: Json = _outline_entry(symbol, lines, encoding)["selectionRange"]
    return area


_ACTIVE_MARKDOWN = re.compile(r"[\\`*\[\]<>&!#|~]|(?<!\w)_|_(?!\w)")
_BEGINS_LIST = re.compile(r"^(\d{0,9})([-+=.)])", re.MULTILINE)


def plain_markdown(text: str) -> str:
    """Markdown that shows an inert text as it is: without links, images, HTML, headings, lists and code."""
    lines = "\n".join(line.strip() for line in text.split("\n"))
    escaped = _ACTIVE_MARKDOWN.sub(r"\\\g<0>", lines)
    return _BEGINS_LIST.sub(r"\1\\\2", escaped)


def fenced(code: str, language: str) -> str:
    """A code block that nothing inside of it can end."""
    longest = max((len(run) for run in re.findall("`+", code)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{re.sub(r'[^a-z0-9_+#-]', '', language)}\n{code}\n{fence}"


def without_doubles(items: Iterable[Json]) -> list[Json]:
    """The items in order, without what nested workspace folders found twice."""
    seen: set[tuple[str, int, str]] = set()
    kept: list[Json] = []
    for item in items:
        place = item.get("location", item)
        start = (place.get("selectionRange") or place["range"])["start"]
        # Without a link template all hits of a team have the same URI, an empty one.
        path = place["uri"] or f"{item.get('repository')}\n{item.get('path')}"
        key = (path, start["line"], item["name"])
        if key not in seen:
            seen.add(key)
            kept.append(item)
    return kept


def _point(place: Json) -> tuple[int, int]:
    return place["line"], place["character"]


def document_symbols(symbols: Sequence[Symbol], lines: Sequence[str], encoding: str) -> list[Json]:
    """An outline as a tree: a symbol lies in the innermost one whose range encloses it."""
    ordered = sorted(
        (symbol for symbol in symbols if symbol.has_name),
        key=lambda symbol: (symbol.start_line, symbol.start_col, -symbol.end_line, -symbol.end_col),
    )
    roots: list[Json] = []
    open_entries: list[Json] = []
    for symbol in ordered:
        entry = _outline_entry(symbol, lines, encoding)
        start, end = _point(entry["range"]["start"]), _point(entry["range"]["end"])
        selection = entry["selectionRange"]
        if not (start <= _point(selection["start"]) and _point(selection["end"]) <= end):
            # The specification demands it, and VS Code throws on an outline that breaks it.
            entry["selectionRange"] = {"start": entry["range"]["start"], "end": entry["range"]["start"]}
        while open_entries and _point(open_entries[-1]["range"]["end"]) < end:
            open_entries.pop()
        while open_entries and _point(open_entries[-1]["range"]["end"]) <= start:
            open_entries.pop()
        del open_entries[_MAX_DEPTH:]
        (open_entries[-1].setdefault("children", []) if open_entries else roots).append(entry)
        open_entries.append(entry)
    return roots


def flat_symbols(tree: Sequence[Json], uri: str, container: str = "") -> list[Json]:
    """The same outline as `SymbolInformation`, for clients without hierarchical support."""
    flat: list[Json] = []
    for entry in tree:
        flat.append(
            {
                "name": entry["name"],
                "kind": entry["kind"],
                "location": {"uri": uri, "range": entry["range"]},
                "containerName": container,
            }
        )
        flat.extend(flat_symbols(entry.get("children", ()), uri, entry["name"]))
    return flat
