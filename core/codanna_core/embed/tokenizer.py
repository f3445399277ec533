"""The tokenizer of static models: the same tokens as their `tokenizer.json`, with every word looked up once.

Reading a Unigram vocabulary into a dict and caching words is several times faster than the tokenizers library
and needs none of its memory in worker processes.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import orjson
from numpy.typing import NDArray

from codanna_core.errors import ModelUnavailable

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


class WordTokenizer:
    """Token ids of a text. Unknown characters give the unknown token, whose row weighs nothing."""

    def __init__(self, vocabulary: dict[str, int], scores: list[float], unknown: int) -> None:
        self._vocabulary = vocabulary
        self._scores = scores
        self._unknown = unknown
        self._unknown_score = min(scores, default=0.0) - 10.0
        self._longest = max(map(len, vocabulary), default=1)
        self._humps = re.compile(HUMPS)
        self._pieces = re.compile(PIECES)
        self._cache = _Cache(self._packed)

    @classmethod
    def read(cls, path: Path) -> WordTokenizer:
        """Read `tokenizer.json`; `ModelUnavailable` when it is not one of ours."""
        try:
            raw = orjson.loads(path.read_bytes())
            model = raw["model"]
            humps = raw["normalizer"]["normalizers"][0]["pattern"]["Regex"]
            pieces = raw["pre_tokenizer"]["pattern"]["Regex"]
            if (model["type"], humps, pieces) != ("Unigram", HUMPS, PIECES):
                raise ModelUnavailable(f"{path} is not a tokenizer of this program; reinstall codanna-lsp")
            vocabulary = {piece: index for index, (piece, _) in enumerate(model["vocab"])}
            scores = [float(score) for _, score in model["vocab"]]
            if max(map(len, vocabulary), default=0) > _LONGEST_PIECE or len(vocabulary) != len(scores):
                raise ValueError("its pieces are too long, or some are there twice")
            if type(model["unk_id"]) is not int or not 0 <= model["unk_id"] < len(scores):
                raise ValueError("it has no unknown token")
            return cls(vocabulary, scores, model["unk_id"])
        except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
            raise ModelUnavailable(f"{path} cannot be read ({error}); reinstall codanna-lsp") from error

    @property
    def size(self) -> int:
        """Number of tokens."""
        return len(self._scores)

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
        for piece in self._pieces.findall(self._humps.sub(" ", word).lower()):
            known = self._vocabulary.get(piece)
            ids += [known] if known is not None else self._best_pieces(piece)
        return ids

    def _best_pieces(self, piece: str) -> list[int]:
        """The pieces of the highest total score, found by Viterbi; neighbouring unknowns are one."""
        length, longest = len(piece), self._longest
        index_of, scores = self._vocabulary.get, self._scores
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
            if best[-1] + self._unknown_score > top:
                top, begin, token = best[-1] + self._unknown_score, end - 1, self._unknown
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
