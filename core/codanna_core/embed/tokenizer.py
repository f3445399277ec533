"""The tokenizer of static models: the same tokens as their `tokenizer.json`, with every word looked up once.

Reading a Unigram vocabulary into a dict and caching words is several times faster than the tokenizers library
and needs none of its memory in worker processes.
"""

from __future__ import annotations

import re
import threading
from array import array
from collections.abc import Callable, Sequence
from functools import cached_property
from itertools import count
from operator import itemgetter
from pathlib import Path

import numpy as np
import orjson
from numpy.typing import NDArray

from codanna_core.errors import ModelUnavailable
from codanna_core.records import dataclass

HUMPS = r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])"
"""Where identifiers are split; `tokenizer.json` holds the same pattern as its first normaliser."""
PIECES = r"[^\W\d_]+|[0-9]+|[-!#$%&*+./<=>?@\\^|~:]{2,3}"
"""What is looked up after lower-casing: letters, digits, short operators. Everything else is dropped."""

_LONGEST_PIECE = 256
"""Taking a word apart costs its length times that of the longest piece."""
MAX_TOKENS = 512
"""fastembed cuts static models' input here; the two readers must give equal vectors."""
_MAX_CHARACTERS = 1 << 16
ID = np.dtype(np.int32)
_LIST, _LIST_END, _BETWEEN_PIECES = b'"vocab":[[', b"]]", b"],["
_FEW = 24
"""So many words are looked for in the list; reading it takes as long as finding three times as many."""
_MARK, _MARK_ID = "\x01", -1
_BETWEEN = f" {_MARK} "
"""Stands between texts whose words are looked up together."""
# Enough for the distinct words of a large workspace, yet a few megabytes at most.
_CACHE_WORDS = 100_000


class _Cache(dict[str, bytes]):
    """Packed token ids by word; forgets everything when it has grown too large."""

    def __init__(self, compute: Callable[[str], bytes]) -> None:
        super().__init__()
        self._compute = compute

    def __missing__(self, word: str) -> bytes:
        if len(self) >= _CACHE_WORDS:
            self.clear()
        packed = self[word] = self._compute(word)
        return packed


@dataclass(frozen=True, slots=True)
class _Pieces:
    """All that is read of a vocabulary."""

    ids: dict[str, int]
    scores: list[float]

    @classmethod
    def of(cls, vocabulary: Sequence[tuple[str, float]]) -> _Pieces:
        """Checked, for each piece costs time and memory."""
        ids = dict(zip(map(itemgetter(0), vocabulary), count(), strict=False))
        scores = list(map(float, map(itemgetter(1), vocabulary)))
        if max(map(len, ids), default=0) > _LONGEST_PIECE or len(ids) != len(scores):
            raise ValueError("its pieces are too long, or some are there twice")
        return cls(ids, scores)

    @property
    def longest(self) -> int:
        """Characters of the longest piece."""
        return max(map(len, self.ids), default=1)

    @property
    def unknown_score(self) -> float:
        """Below that of every piece."""
        return min(self.scores, default=0.0) - 10.0


class WordTokenizer:
    """Token ids of a text. Unknown characters give the unknown token, whose row weighs nothing.

    Reading the vocabulary costs more than a question: its few words are looked for in the text of the file,
    if that `listed` is given, and only a word that is not in it, or many words, make all pieces be read.
    """

    def __init__(self, pieces: _Pieces | None, size: int, unknown: int, listed: bytes = b"") -> None:
        self._read = pieces
        self._listed = listed
        self._reading = threading.Lock()
        self._listed_left = _FEW if pieces is None else 0
        self._unknown = unknown
        self.size = size
        """Number of tokens."""
        self._humps = re.compile(HUMPS)
        self._pieces = re.compile(PIECES)
        self._cache = _Cache(self._packed)

    @classmethod
    def read(cls, path: Path, *, own: bool = False) -> WordTokenizer:
        """Read `tokenizer.json`; `ModelUnavailable` when it is not one of ours. Pieces of our `own` are not
        checked again.
        """
        try:
            data = path.read_bytes()
            listed = b""
            if own and (found := data.find(_LIST)) >= 0:
                begin = found + len(_LIST) - 1
                end = data.index(_LIST_END, begin) + 1
                data, listed = data[:begin] + data[end:], data[begin:end]
            raw = orjson.loads(data)
            model = raw["model"]
            humps = raw["normalizer"]["normalizers"][0]["pattern"]["Regex"]
            pieces = raw["pre_tokenizer"]["pattern"]["Regex"]
            if (model["type"], humps, pieces) != ("Unigram", HUMPS, PIECES):
                raise ModelUnavailable(f"{path} is not a tokenizer of this program; reinstall codanna-lsp")
            known = None if listed else _Pieces.of(model["vocab"])
            size = listed.count(_BETWEEN_PIECES) + 1 if known is None else len(known.scores)
            if type(model["unk_id"]) is not int or not 0 <= model["unk_id"] < size:
                raise ValueError("it has no unknown token")
            return cls(known, size, model["unk_id"], listed)
        except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
            raise ModelUnavailable(f"{path} cannot be read ({error}); reinstall codanna-lsp") from error

    def ids(self, text: str) -> NDArray[np.int32]:
        """The first tokens of a text, at most `MAX_TOKENS`."""
        return np.frombuffer(self._packed_ids(text.replace(_MARK, " ")), ID)

    def ids_of_each(self, texts: Sequence[str]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """The same of many texts, one after the other, and how many each has. Looking their words up together
        costs a third.
        """
        if not texts:
            return np.zeros(0, ID), np.zeros(0, np.int64)
        ids = np.frombuffer(self._looked_up(_BETWEEN.join(texts)), ID)
        marks = np.flatnonzero(ids == _MARK_ID)
        counts = np.diff(marks, prepend=-1, append=len(ids)) - 1
        too_long = max(map(len, texts), default=0) > _MAX_CHARACTERS
        if too_long or len(counts) != len(texts) or counts.max() > MAX_TOKENS:
            packed = [self._packed_ids(text.replace(_MARK, " ")) for text in texts]
            counts = np.array([len(one) // ID.itemsize for one in packed], np.int64)
            return np.frombuffer(b"".join(packed), ID), counts
        return ids[ids != _MARK_ID], counts

    def _packed_ids(self, text: str) -> bytes:
        return self._looked_up(text[:_MAX_CHARACTERS])[: MAX_TOKENS * ID.itemsize]

    def _looked_up(self, text: str) -> bytes:
        # Joining the bytes of whole words is several times faster than a list of integers.
        return b"".join(map(self._cache.__getitem__, text.split()))

    def _packed(self, word: str) -> bytes:
        if word == _MARK:
            return array(ID.char, [_MARK_ID]).tobytes()
        return array(ID.char, self._split(word)).tobytes()

    def _split(self, word: str) -> list[int]:
        ids: list[int] = []
        whole = word.isascii() and word.isalpha() and word.islower()  # As nearly all are.
        pieces = [word] if whole else self._pieces.findall(self._humps.sub(" ", word).lower())
        for piece in pieces:
            known = self._id_of(piece)
            ids += [known] if known is not None else self._best_pieces(piece)
        return ids

    def _id_of(self, piece: str) -> int | None:
        listed = self._listed  # Another thread may drop it any moment.
        if self._listed_left and listed and "\\" not in piece:
            self._listed_left -= 1
            # What stands in quotes there is a piece, for none contains a quote or a bracket.
            at = listed.find(b'["%b",' % piece.encode())
            if at >= 0:
                return listed.count(_BETWEEN_PIECES, 0, at + 1)
        return self._all().ids.get(piece)

    def _all(self) -> _Pieces:
        known = self._read
        if known is None:
            with self._reading:
                known = self._read
                if known is None:
                    known = self._read = _Pieces.of(orjson.loads(b"[%b]" % self._listed))
                    self._listed = b""
        return known

    @cached_property
    def _longest_piece(self) -> int:
        return self._all().longest

    @cached_property
    def _unknown_score(self) -> float:
        return self._all().unknown_score

    def _best_pieces(self, piece: str) -> list[int]:
        """The pieces of the highest total score, found by Viterbi; neighbouring unknowns are one."""
        known = self._all()
        length, longest, unknown_score = len(piece), self._longest_piece, self._unknown_score
        index_of, scores = known.ids.get, known.scores
        best = [0.0]
        origin = [(0, self._unknown)]
        for end in range(1, length + 1):
            top, begin, token = float("-inf"), 0, self._unknown
            for start in range(max(0, end - longest), end):
                index = index_of(piece[start:end])
                if index is not None:
                    score = best[start] + scores[index]
                    if score > top:
                        top, begin, token = score, start, index
            if best[-1] + unknown_score > top:
                top, begin, token = best[-1] + unknown_score, end - 1, self._unknown
            best.append(top)
            origin.append((begin, token))
        ids: list[int] = []
        end = length
        while end:
            end, index = origin[end]
            if not (index == self._unknown and ids and ids[-1] == index):
                ids.append(index)
        ids.reverse()
        return ids
