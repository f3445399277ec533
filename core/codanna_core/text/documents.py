"""Documents of the text index as JSON, built in indexing workers without importing tantivy."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import Any

import orjson

from codanna_core.model import Extraction, Kind, Symbol
from codanna_core.words import index_text, index_words, raw_words

# A body beyond this many bytes says little more about what a definition is for, and long tables would fill
# the index.
BODY_LIMIT = 1600
_BODY_WORDS = 160

KINDS = tuple(kind.value for kind in Kind)
_KIND_CODES = {kind: code for code, kind in enumerate(KINDS)}


def own_body(data: bytes, symbol: Symbol, children: Sequence[Symbol]) -> bytes:
    """The source of a definition without the definitions inside it, so that a method's words count for it
    alone.
    """
    start, end = symbol.body_start_byte, symbol.end_byte
    if not children:
        return data[start : min(end, start + BODY_LIMIT)]
    pieces: list[bytes] = []
    left = BODY_LIMIT
    for child in children:
        if child.start_byte > start:
            piece = data[start : min(child.start_byte, start + left)]
            pieces.append(piece)
            left -= len(piece)
            if left <= 0:
                break
        # A child's name belongs to what its parent is about; its body does not.
        pieces.append(b" " + child.name.encode("utf-8", "replace") + b" ")
        start = max(start, child.end_byte)
    if left > 0 and end > start:
        pieces.append(data[start : min(end, start + left)])
    return b"".join(pieces)


def direct_children(symbols: Sequence[Symbol]) -> list[list[Symbol]]:
    """For each symbol the symbols directly inside it, in order. `symbols` must be sorted by start, outer
    first.
    """
    children: list[list[Symbol]] = [[] for _ in symbols]
    stack: list[int] = []
    for number, symbol in enumerate(symbols):
        while stack and symbols[stack[-1]].end_byte <= symbol.start_byte:
            stack.pop()
        if stack and symbols[stack[-1]].end_byte >= symbol.end_byte:
            children[stack[-1]].append(symbol)
        stack.append(number)
    return children


def body_words(body: bytes) -> list[bytes]:
    """The words of a body that are indexed and embedded: the first ones, up to a cap."""
    return raw_words(body)[:_BODY_WORDS]


def file_key(path: str) -> int:
    """Tells, without reading a document, which file a symbol is in."""
    return int.from_bytes(blake2b(path.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")


def symbol_traits(kind: str, name_text: str) -> int:
    """What ranking must know of every candidate, in one number: kind, and how many words the name has."""
    return _KIND_CODES.get(kind, 0) | min(255, len(set(name_text.split()))) << 8


def pack_payload(values: Sequence[Any]) -> str:
    """Values of a stored document with a checksum, so that a damaged store can never yield a wrong symbol."""
    raw = orjson.dumps(values)
    return base64.b64encode(zlib.crc32(raw).to_bytes(4, "little") + raw).decode("ascii")


def unpack_payload(raw: bytes) -> list[Any]:
    """Reverse of `pack_payload`; raises ValueError on damage."""
    body = raw[4:]
    if zlib.crc32(body).to_bytes(4, "little") != raw[:4]:
        raise ValueError("checksum of a stored document does not match")
    values = orjson.loads(body)
    if not isinstance(values, list):
        raise ValueError("a stored document is not a list")
    return values


def stored_values(symbol: Symbol, path: str, language: str, key: int) -> tuple[Any, ...]:
    """What the index gives back of a symbol, in the order of `StoredSymbol`."""
    return (
        symbol.name,
        symbol.kind,
        symbol.container,
        language,
        path,
        symbol.signature,
        symbol.doc,
        symbol.start_line,
        symbol.start_col,
        symbol.end_line,
        symbol.end_col,
        symbol.name_line,
        symbol.name_col,
        symbol.name_end_col,
        (1 if symbol.deprecated else 0) | (2 if symbol.wide else 0),
        key,
    )


def symbol_document(
    path: str, file: int, path_text: str, language: str, symbol: Symbol, key: int, body: list[bytes]
) -> str:
    """The JSON document of one symbol. `file` is `file_key(path)` and `path_text` is `index_text(path)`,
    computed once a file; `body` its words.
    """
    name = index_text(symbol.name)
    document = {
        "owner": path,
        "lang": language,
        "kind": symbol.kind,
        # A window of lines has a heading, not a name that anybody would ask for.
        "exact": symbol.name if symbol.kind != "text" else "",
        "name": name,
        "container": index_text(symbol.container),
        "path": path_text,
        "sig": index_text(symbol.signature),
        "doc": index_text(symbol.doc),
        "body": index_words(body),
        "key": key,
        "file_key": file,
        "traits": symbol_traits(symbol.kind, name),
        "data": pack_payload(stored_values(symbol, path, language, key)),
    }
    return orjson.dumps(document).decode("utf-8")


def file_document(
    path: str,
    mtime_ns: int,
    size: int,
    seen_ns: int,
    digest: bytes,
    extraction: Extraction,
    path_text: str,
    words: Iterable[bytes],
) -> str:
    """The JSON document of one file: what tells whether it changed, and what was found in it.

    `words` are the different words of all its symbols: a file answers a question whose words are spread over
    it.
    """
    payload = (
        path,
        mtime_ns,
        size,
        seen_ns,
        digest.hex(),
        extraction.language,
        len(extraction.symbols),
        [(problem.code, problem.message) for problem in extraction.problems],
    )
    document = {
        "file": path,
        "file_key": file_key(path),
        "file_path": path_text,
        "file_words": index_words(list(words)),
        "data": pack_payload(payload),
    }
    return orjson.dumps(document).decode("utf-8")
