"""Documents of the text index as JSON, built in indexing workers."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from itertools import chain
from typing import Any

import orjson

from codanna_core.model import Extraction, Kind, Symbol
from codanna_core.text.impact import leveled
from codanna_core.text.name_terms import packed
from codanna_core.text.schema import USES, WORDS
from codanna_core.text.terms import known_terms
from codanna_core.words import WordsOfEach, raw_words

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
    first. A field that a method sets is none of its own: the statement is what the method does.
    """
    children: list[list[Symbol]] = [[] for _ in symbols]
    stack: list[int] = []
    for number, symbol in enumerate(symbols):
        while stack and symbols[stack[-1]].end_byte <= symbol.start_byte:
            stack.pop()
        if stack and symbol.kind == Kind.FIELD and symbols[stack[-1]].kind == Kind.METHOD:
            continue
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


PLACE_BIT = 16
"""From here on the traits of a symbol say which one of its file it is."""


def symbol_traits(kind: str, body: int, number: int) -> int:
    """What ranking must know of every candidate, in one number: kind, how many words the body has, and which
    symbol of the file it is.
    """
    return _KIND_CODES.get(kind, 0) | min(255, body) << 8 | number << PLACE_BIT


def _quoted(text: str) -> str:
    return orjson.dumps(text).decode("utf-8")


_BLOCK = 1000
"""Symbols whose words are counted together: a generated file has a hundred thousand."""


class FileDocuments:
    """Makes the documents of one file from its symbols and the words of their bodies. What they share is
    worked out once, and with it how their words are split, which their embedding texts need as well.
    """

    def __init__(
        self, path: str, language: str, symbols: Sequence[Symbol], bodies: Sequence[list[bytes]]
    ) -> None:
        self._path = path
        self._language = language
        self._symbols = symbols
        of_texts = WordsOfEach.of_texts
        self._names = of_texts([symbol.name for symbol in symbols])
        self._containers = of_texts([symbol.container for symbol in symbols])
        signatures = of_texts([symbol.signature for symbol in symbols])
        docs = of_texts([symbol.doc for symbol in symbols])
        self._fields = (self._names, self._containers, signatures, docs, WordsOfEach(bodies))
        in_path = of_texts([path])
        searched = chain(self._names.texts, signatures.texts, docs.texts, bodies)
        self._words = dict.fromkeys(chain.from_iterable(searched))
        """The different words of all symbols: a file answers a question whose words are spread over it."""
        self._terms = known_terms()
        self._terms.learn(chain(self._words, *self._containers.texts, *in_path.texts))
        self._path_terms = " ".join(*self._terms.of_each(in_path.texts))
        self._key = file_key(path)
        self._shared = f'"owner":{_quoted(path)},"lang":{_quoted(language)},"file_key":{self._key},'

    def symbols(self, keys: Sequence[int]) -> list[str]:
        """The JSON documents of the symbols, which have these keys.

        Terms hold letters, digits and underscores only, so that they stand in JSON as they are.
        """
        names = self._terms.of_each(self._names.texts)
        containers = self._terms.of_each(self._containers.texts)
        bodies, leveled = self._leveled()
        documents: list[str] = []
        fields = zip(self._symbols, keys, names, containers, bodies, leveled, strict=True)
        for number, (symbol, key, name, container, body, said) in enumerate(fields):
            kind = symbol.kind
            traits = symbol_traits(kind, body, number)
            document = (
                f'{{{self._shared}"kind":"{kind}","key":{key},"traits":{traits},'
                f'"name_terms":{packed(name)},'
                f'"name":"{" ".join(name)}","{WORDS}":"{said}",'
            )
            if symbol.has_name:
                document += f'"exact":{_quoted(symbol.name)},'
            if container:
                document += f'"container":"{" ".join(container)}",'
            payload = pack_payload(stored_values(symbol, self._path, self._language, key))
            documents.append(f'{document}"data":"{payload}"}}')
        return documents

    def _leveled(self) -> tuple[list[int], list[str]]:
        """How many terms the body of each symbol has, and all of its terms with their levels."""
        bodies: list[int] = []
        said: list[str] = []
        for first in range(0, len(self._symbols), _BLOCK):
            block = [words for field in self._fields for words in field.texts[first : first + _BLOCK]]
            numbers, counts = self._terms.numbers(block)
            of_field = counts.reshape(len(self._fields), -1)
            bodies += of_field[-1].tolist()
            said += leveled(numbers, of_field, self._terms.spelled)
        return bodies, said

    def file(
        self,
        mtime_ns: int,
        size: int,
        seen_ns: int,
        digest: bytes,
        extraction: Extraction,
        uses: Iterable[str] = (),
    ) -> str:
        """The JSON document of the file: what tells whether it changed, what was found in it, and the
        identifiers that it uses.
        """
        payload = (
            self._path,
            mtime_ns,
            size,
            seen_ns,
            digest.hex(),
            extraction.language,
            len(extraction.symbols),
            [(problem.code, problem.message) for problem in extraction.problems],
        )
        terms = self._terms.different(self._words)
        document = {
            "file": self._path,
            "file_key": self._key,
            "file_path": self._path_terms,
            "file_words": " ".join(terms),
            USES: " ".join(uses),
            "data": pack_payload(payload),
        }
        return orjson.dumps(document).decode("utf-8")
