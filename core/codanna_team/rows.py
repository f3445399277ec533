"""What travels of a symbol and of a file: everything that a question needs, and nothing else of the source.

A row is addressed by its content. Where in its file it stands is no part of that, so that code which only
moved down does not travel again.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import Any, Final, NamedTuple

import numpy as np
import orjson
from numpy.typing import NDArray

from codanna_core.records import dataclass
from codanna_core.text.documents import PLACE_BIT, unpack_payload
from codanna_core.text.impact import VALUES
from codanna_core.text.schema import FEATURE_VERSION, USES, WORDS
from codanna_core.text.stored import StoredSymbol

FORMAT: Final = 2
"""Of what the engine holds. Another one is not asked, and publishing to it is refused."""

SNIPPET_LINES, SNIPPET_CHARACTERS = 5, 240
"""So much of a definition travels beside its signature and doc."""
SIGNATURE_CHARACTERS, DOC_CHARACTERS = 400, 600
_MOST_USES = 2_000
"""Of one file: a table of ten thousand constants answers no question about the use of one."""


TIMES: Final = {level: round(8 * value) for level, value in VALUES.items()}
"""How often the engine takes a word of each level to be in a symbol, so that it counts as levels do."""
_PLACE: Final = re.compile(r"[0-9]{1,9}(?:,[0-9]{1,9}){7}")


class Place(NamedTuple):
    """Where a symbol stands in its file, with its number among the symbols there."""

    start_line: int
    start_col: int
    end_line: int
    end_col: int
    name_line: int
    name_col: int
    name_end_col: int
    number: int

    def packed(self) -> str:
        """As one short text."""
        start = self.start_line
        values = (
            start,
            self.start_col,
            self.end_line - start,
            self.end_col,
            self.name_line - start,
            self.name_col,
            self.name_end_col,
            self.number,
        )
        return ",".join(map(str, values))

    @classmethod
    def read(cls, text: str) -> Place:
        """Reverse of `packed`; ValueError where that is not what it is."""
        if not _PLACE.fullmatch(text):
            raise ValueError("a place of a symbol cannot be read")
        start, start_col, lines, end_col, name, name_col, name_end, number = map(int, text.split(","))
        if name_end < name_col or (end_col < start_col and not lines):
            raise ValueError("a symbol ends before it starts")
        return cls(start, start_col, start + lines, end_col, start + name, name_col, name_end, number)


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """A symbol as it travels."""

    path: str
    language: str
    kind: str
    name: str
    container: str
    signature: str
    doc: str
    snippet: str
    """The first lines of the definition."""
    flags: int
    traits: int
    """Kind and length of the body, without the place."""
    words: str
    """As the text index holds them, with their levels."""
    container_words: str
    vector: NDArray[np.int8] | None
    place: Place
    address: str
    """Of its content, and of which of several equal ones of its file it is."""


@dataclass(frozen=True, slots=True, eq=False)
class FileRow:
    """A file as it travels, with its symbols."""

    path: str
    language: str
    digest: str
    """Of what makes its rows: unchanged means that nothing of it has to travel."""
    path_words: str
    words: str
    uses: str
    rows: tuple[Row, ...]


def counted(words: str) -> str:
    """Words with levels as the engine takes them: each with how often it is there."""
    return " ".join([f"{word[:-1]}|{TIMES[word[-1]]}" for word in words.split()])


def int8_rows(vectors: NDArray[np.float32]) -> NDArray[np.int8]:
    """Vectors of any length as directions: the largest component becomes 127."""
    peaks = np.abs(vectors).max(axis=1, initial=0.0, keepdims=True)
    scaled = np.divide(vectors * 127.0, peaks, out=np.zeros_like(vectors), where=peaks > 1e-30)
    rows: NDArray[np.int8] = np.rint(scaled).astype(np.int8)
    return rows


def cosines(rows: NDArray[np.int8], question: NDArray[np.float32]) -> NDArray[np.float32]:
    """Of each row with a question of length 1; 0 for a row of zeros."""
    exact = rows.astype(np.float32)
    lengths = np.sqrt(np.einsum("ij,ij->i", exact, exact))
    found: NDArray[np.float32] = (exact @ question) / np.maximum(lengths, 1e-9)
    return found


def file_digest(content: bytes, path: str, model: str) -> str:
    """What the rows of a file depend on."""
    parts = (content, path.encode("utf-8", "surrogatepass"), model.encode("utf-8"))
    digest = blake2b(b"%d/%d" % (FORMAT, FEATURE_VERSION), digest_size=16)
    for part in parts:
        digest.update(len(part).to_bytes(4, "little") + part)
    return digest.hexdigest()


def rows_of_file(
    digest: str,
    file_document: str,
    documents: Sequence[str],
    vectors: NDArray[np.float32] | None,
    lines: Sequence[str],
) -> FileRow:
    """What travels of a file that a worker prepared; `lines` are those of its text."""
    file: dict[str, Any] = orjson.loads(file_document)
    rows: list[Row] = []
    eight = int8_rows(vectors) if vectors is not None and len(vectors) else None
    seen: dict[bytes, int] = {}
    for number, text in enumerate(documents):
        row = _row(orjson.loads(text), lines, None if eight is None else eight[number], seen)
        rows.append(row)
    uses = " ".join(str(file[USES]).split(" ")[:_MOST_USES])
    return FileRow(
        file["file"], _language(file), digest, file["file_path"], file["file_words"], uses, tuple(rows)
    )


def _row(
    document: dict[str, Any], lines: Sequence[str], vector: NDArray[np.int8] | None, seen: dict[bytes, int]
) -> Row:
    stored = StoredSymbol(*unpack_payload(base64.b64decode(document["data"])))
    signature, doc = _cut(stored.signature, SIGNATURE_CHARACTERS), _cut(stored.doc, DOC_CHARACTERS)
    end = min(stored.end_line + 1, stored.start_line + SNIPPET_LINES)
    snippet = _cut("\n".join(lines[stored.start_line : end]), SNIPPET_CHARACTERS)
    traits = int(document["traits"])
    # They come in any order, and the address must not depend on it.
    words, container_words = " ".join(sorted(document[WORDS].split())), document.get("container", "")
    content = (stored.path, stored.name, stored.kind, stored.container, signature, doc, snippet, words)
    parts = [*content, stored.language, str(stored.flags), str(traits & (1 << PLACE_BIT) - 1)]
    digest = blake2b("\0".join(parts).encode("utf-8", "surrogatepass"), digest_size=12)
    if vector is not None:
        digest.update(vector.tobytes())
    first = digest.digest()
    count = seen[first] = seen.get(first, 0) + 1
    place = Place(
        stored.start_line,
        stored.start_col,
        stored.end_line,
        stored.end_col,
        stored.name_line,
        stored.name_col,
        stored.name_end_col,
        traits >> PLACE_BIT,
    )
    return Row(
        stored.path,
        stored.language,
        stored.kind,
        stored.name,
        stored.container,
        signature,
        doc,
        snippet,
        stored.flags,
        traits & (1 << PLACE_BIT) - 1,
        words,
        container_words,
        vector,
        place,
        first.hex() if count == 1 else f"{first.hex()}.{count}",
    )


def _cut(text: str, characters: int) -> str:
    return text if len(text) <= characters else text[: characters - 1] + "…"


def _language(file: dict[str, Any]) -> str:
    return str(unpack_payload(base64.b64decode(file["data"]))[5])


def symbols_of(files: Iterable[FileRow]) -> int:
    """How many there are."""
    return sum(len(file.rows) for file in files)
