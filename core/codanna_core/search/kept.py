"""What is kept from one question to the next, so that it is not worked out again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from codanna_core.cache import Cache
from codanna_core.names import NameIndex
from codanna_core.ranking.paths import PathTable, is_secondary
from codanna_core.text.impact import FIELDS, word_levels
from codanna_core.text.schema import code_analyzer

_WORDS = 100_000
_PATHS = 100_000
_BUFFERS = 64
_SECONDARY = 1 << 14


BufferWords = list[dict[str, str]]
"""The analysed words of each symbol of one state of a buffer, with their levels."""


class Kept:
    """The caches of one engine, each bounded, and the threads that search words beside vectors."""

    def __init__(self) -> None:
        self._analyze = code_analyzer().analyze
        self.stems = Cache("the analysed forms of single words", _WORDS, self._stem)
        self.traits = PathTable(self.stems)
        self.paths: Cache[int, str] = Cache("paths by the keys of their files", _PATHS, _unknown)
        self.secondary = Cache("whether a path is a test, an example or a copy", _SECONDARY, is_secondary)
        self._of_buffers: Cache[str, tuple[object, BufferWords]] = Cache(
            "words of buffers by their paths, each with its buffer", _BUFFERS, _unknown
        )
        self._names: Cache[int, tuple[object, NameIndex]] = Cache(
            "names in all buffers, with these", 1, _unknown
        )
        self.threads = ThreadPoolExecutor(max_workers=8, thread_name_prefix="codanna-text")

    def terms(self, words: str) -> list[str]:
        """Words as every index knows them, each once, in order."""
        return list(dict.fromkeys(self._analyze(words)))

    def buffer_words(
        self, path: str, buffer: object, fields: Sequence[Mapping[str, Counter[str]]]
    ) -> BufferWords:
        """The words of each of a buffer's symbols; worked out once for each state of a buffer, of which the
        last one is kept: an earlier one holds a whole text.
        """
        known = self._of_buffers.get(path)
        if known is not None and known[0] is buffer:
            return known[1]
        stem = self.stems.__getitem__
        words = [
            word_levels([" ".join(map(stem, one[name].elements())) for name in FIELDS]) for one in fields
        ]
        return self._of_buffers.keep(path, (buffer, words))[1]

    def names_in(self, buffers: object, names: Callable[[], Iterable[str]]) -> NameIndex:
        """The distinct names of all buffers, for fuzzy search; made once for each state of them."""
        known = self._names.get(id(buffers))
        if known is not None and known[0] is buffers:
            return known[1]
        return self._names.keep(id(buffers), (buffers, NameIndex.build(names())))[1]

    def _stem(self, word: str) -> str:
        analysed = self._analyze(word)
        return analysed[0] if analysed else word


def _unknown(key: object) -> Any:
    raise KeyError(key)
