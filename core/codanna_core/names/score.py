"""How well one name answers a query: the kind of match and a score from 0 to 1."""

from __future__ import annotations

from enum import StrEnum
from itertools import accumulate
from typing import NamedTuple

from codanna_core.cache import Cache
from codanna_core.names.words import squeeze, words
from codanna_core.records import dataclass


class MatchKind(StrEnum):
    """How a name matched."""

    EXACT = "exact"
    PREFIX = "prefix"
    HUMPS = "humps"
    WORD = "word"
    SUBSTRING = "substring"
    SUBSEQUENCE = "subsequence"
    TYPO = "typo"


class Score(NamedTuple):
    """A judged name."""

    value: float
    kind: MatchKind


@dataclass(frozen=True, slots=True)
class Query:
    """A query prepared for scoring many names."""

    text: str
    squeezed: str
    segments: tuple[str, ...]
    """The pieces that capitals and separators mark, in lower case: `gUsN` is g, us, n."""
    initials: str
    """The first letters of the pieces."""
    heads: tuple[int, ...]
    """Where the pieces begin in the squeezed query."""

    @classmethod
    def of(cls, text: str) -> Query:
        """Prepare a query."""
        segments = tuple(words(text))
        initials = "".join(segment[0] for segment in segments)
        heads = tuple(sum(map(len, segments[:number])) for number in range(len(segments)))
        return cls(text, squeeze(text), segments, initials, heads)


def score(query: Query, name: str, tier: MatchKind | None = None) -> Score | None:
    """Judge a name; None where nothing fits.

    `tier` tells how the name was found, so that only what this promises is tried; None tries everything.
    """
    target = squeeze(name)
    wanted = query.squeezed
    if not wanted:
        return Score(1.0, MatchKind.EXACT) if name == query.text else None
    at = target.find(wanted)
    # Where the query is not in the name, it may be the longer one.
    cover = len(wanted) / len(target) if at >= 0 else 0.0
    if at == 0:
        return _beginning(query, name, target, cover)
    rivals: list[Score | None] = []
    if at > 0:
        inside = _inside(query, name, target, at, cover)
        if inside.kind is MatchKind.WORD:
            return inside
        rivals.append(inside)
    if tier in (None, MatchKind.HUMPS):
        rivals.append(_humps(query, name, target))
    if at < 0 and tier in (None, MatchKind.TYPO, MatchKind.SUBSEQUENCE):
        rivals.append(_typo(query, target, name))
        if tier is not MatchKind.TYPO:
            rivals.append(_subsequence(wanted, name, target))
    return max((rival for rival in rivals if rival is not None), key=_value, default=None)


def _value(judged: Score) -> float:
    return judged.value


def _beginning(query: Query, name: str, target: str, cover: float) -> Score:
    if len(target) == len(query.squeezed):
        if name == query.text:
            return Score(1.0, MatchKind.EXACT)
        same_case = name.lower() != query.text.lower()
        return Score(0.96 if same_case else 0.98, MatchKind.EXACT)
    if name.startswith(query.text):
        return Score(0.90 + 0.05 * cover, MatchKind.PREFIX)
    # Pieces marked by capitals or separators that the name does not have are rather meant as humps.
    meant = query.heads == (0,) or _word_places[name].keys() >= set(query.heads)
    return Score((0.86 if meant else 0.79) + 0.03 * cover, MatchKind.PREFIX)


def _inside(query: Query, name: str, target: str, at: int, cover: float) -> Score:
    size = len(query.squeezed)
    starts = _word_places[name]
    while at >= 0:
        if at in starts:
            # A match up to the end is a whole tail of words, which people remember best.
            whole = at + size == len(target) or at + size in starts
            value = 0.64 + 0.06 * cover + (0.03 if whole else 0.0) + (0.02 if query.text in name else 0.0)
            return Score(value, MatchKind.WORD)
        at = target.find(query.squeezed, at + 1)
    return Score(0.54 + 0.07 * cover, MatchKind.SUBSTRING)


def _places_of_words(name: str) -> dict[int, str]:
    found = words(name)
    return dict(zip(accumulate(map(len, found), initial=0), found, strict=False))


_word_places: Cache[str, dict[int, str]] = Cache(
    "where each word begins in a squeezed name", 1 << 14, _places_of_words
)


def _humps(query: Query, name: str, target: str) -> Score | None:
    """Pieces of the query, each at the beginning of a word, in order; words may be left out."""
    parts = list(_word_places[name].values())
    found = _split(query.squeezed, parts)
    if found is None:
        return None
    first_word, used, pieces = found
    size = len(query.squeezed)
    cover = size / len(target)
    share = len(pieces) / len(parts)
    # Marked by capitals or separators, or pure initials: meant as humps. Otherwise letters may just happen
    # to fit.
    marked = len(query.segments) == len(pieces) and all(
        length == len(segment) for length, segment in zip(pieces, query.segments, strict=True)
    )
    meant = marked or len(pieces) == size
    gaps = used - len(pieces)
    value = (0.76 if meant else 0.53) + 0.05 * share + 0.04 * cover
    value += 0.005 * (("_" in query.text) == ("_" in name))
    value -= 0.06 * (first_word > 0) + 0.02 * min(4, gaps)
    return Score(value, MatchKind.HUMPS)


def _split(query: str, parts: list[str]) -> tuple[int, int, list[int]] | None:
    """The fewest pieces: the number of the first word used, how many words they span, and their lengths."""
    size = len(query)
    best: tuple[int, int, list[int]] | None = None
    dead: set[tuple[int, int]] = set()

    def search(at: int, word: int) -> list[int] | None:
        """Lengths taken from `word` on (0 leaves a word out), or None."""
        if at == size:
            return []
        if word == len(parts) or (at, word) in dead:
            return None
        text = parts[word]
        longest = 0
        while longest < len(text) and at + longest < size and text[longest] == query[at + longest]:
            longest += 1
        for length in range(longest, 0, -1):
            rest = search(at + length, word + 1)
            if rest is not None:
                return [length, *rest]
        rest = search(at, word + 1)
        if rest is not None:
            return [0, *rest]
        dead.add((at, word))
        return None

    for start in range(len(parts)):
        if not parts[start].startswith(query[0]):
            continue
        lengths = search(0, start)
        if lengths is None:
            break  # A later start has fewer words to offer.
        pieces = [length for length in lengths if length]
        skipped = next(i for i, length in enumerate(lengths) if length)
        if best is None or len(pieces) < len(best[2]):
            best = (start + skipped, len(lengths) - skipped, pieces)
    return best


def _subsequence(wanted: str, name: str, target: str) -> Score | None:
    """Letters in order, the first at the beginning of a word; the tighter the better."""
    best: tuple[int, int] | None = None
    for start, word in _word_places[name].items():
        if word[0] != wanted[0]:
            continue
        at = start
        for char in wanted:
            at = target.find(char, at) + 1
            if not at:
                break
        if not at:
            break
        if best is None or at - start < best[0]:
            best = at - start, start
    if best is None:
        return None
    span, start = best
    tight = len(wanted) / span
    value = 0.16 + 0.26 * tight + 0.08 * len(wanted) / len(target) + (0.02 if start == 0 else 0.0)
    return Score(value, MatchKind.SUBSEQUENCE)


def _typo(query: Query, target: str, name: str) -> Score | None:
    """One edit away from the name, its beginning, or the beginning of one of its words."""
    wanted = query.squeezed
    if len(wanted) < 4:
        return None
    best: Score | None = None
    for start in _word_places[name]:
        rest = target[start:]
        length = _edited_length(wanted, rest)
        if length is None:
            continue
        whole = length == len(rest)
        value = 0.36 + 0.06 * len(wanted) / max(len(wanted), len(target)) + (0.05 if start == 0 else 0.0)
        if whole:
            # A whole name that is one slip away is a likelier meaning than letters which happen to fit.
            value += 0.16 if start == 0 else 0.04
        if best is None or value > best.value:
            best = Score(value, MatchKind.TYPO)
        if start == 0 and whole:
            break
    return best


def _edited_length(wanted: str, text: str) -> int | None:
    """How much of the text's beginning equals the query but for one edit; None where it takes more."""
    same = 0
    while same < len(wanted) and same < len(text) and wanted[same] == text[same]:
        same += 1
    left, right = wanted[same:], text[same:]
    size = len(left)
    if not left:
        return same
    fits = []
    if right[: size - 1] == left[1:]:
        fits.append(size - 1)  # The query has a letter too much.
    if right[1:size] == left[1:] and right:
        fits.append(size)  # One letter is another.
    if right[1 : size + 1] == left:
        fits.append(size + 1)  # The query lacks a letter.
    if size > 1 and right[:2] == left[1] + left[0] and right[2:size] == left[2:]:
        fits.append(size)  # Two neighbours are swapped.
    if not fits:
        return None
    # The reading that uses up the text is the likeliest.
    return same + (len(right) if len(right) in fits else fits[0])
