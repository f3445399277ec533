"""Questions in German and Chinese: their small words are left out, and their technical ones searched for in
English as well. Code names things in English, whatever its authors speak; comments are found as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import orjson

from codanna_core.words import find_words

_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]+")
_ENDINGS = ("en", "es", "er", "em", "e", "n", "s", "t")
_LEAST_STEM, _LONGEST = 4, 60
_LINKS = ("", "s", "n", "en", "es")
"""What may stand between the parts of a German compound."""
_ALSO_ENGLISH = frozenset(("all", "am", "an", "die", "er", "hat", "in", "man", "mit", "so", "war", "was"))
"""Words that alone do not show that a question is German."""
_SURE = 2


@cache
def _table() -> Mapping[str, Any]:
    text = Path(__file__).with_name("foreign.json").read_bytes()
    table = orjson.loads(text)
    stop = frozenset(table["de"]["stop"].split())
    return {**table, "stop": stop, "german": stop - _ALSO_ENGLISH}


def in_english(text: str) -> tuple[str, dict[str, str]]:
    """What is left of a question without its small words, and the English of the words that are known; the
    question as it is and nothing for one in English.
    """
    english = dict(_of_chinese(text))
    words = find_words(text)
    if not _is_german(words):
        return text, english
    stop = _table()["stop"]
    kept = [word for word in words if word.lower() not in stop]
    for word in kept:
        if known := _of_german(word.lower()):
            english[word] = known
    return " ".join(kept) or text, english


def _is_german(words: list[str]) -> bool:
    """Two small words that are not English as well, or one with a known word, or a known umlaut."""
    small = _table()["german"]
    lowered = [word.lower() for word in words]
    sure = sum(word in small for word in lowered)
    known = [word for word in lowered if word not in small and _of_german(word)]
    spelled = any(not word.isascii() for word in known)
    return sure >= _SURE or bool(known and (sure or spelled)) or (len(words) == len(known) > 0 and spelled)


def _of_german(word: str) -> str:
    """The English of a word, in one of its forms or of its parts."""
    known = _table()["de"]["words"]
    if len(word) > _LONGEST:
        return ""
    for form in _forms(word):
        if form in known:
            return str(known[form])
    for at in range(len(word) - _LEAST_STEM + 1, _LEAST_STEM - 1, -1):
        head, tail = word[:at], word[at:]
        heads = (head.removesuffix(link) for link in _LINKS)
        first = next((known[one] for one in heads if one in known), "")
        if first and (rest := _of_german(tail)):
            return f"{first} {rest}"
    return ""


def _forms(word: str) -> Iterator[str]:
    yield word
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _LEAST_STEM:
            yield word[: -len(ending)]
            yield f"{word[: -len(ending)]}en"


def _of_chinese(text: str) -> Iterator[tuple[str, str]]:
    """The longest known words of each run of Chinese characters."""
    known = _table()["zh"]["words"]
    longest = max(map(len, known))
    for run in _HAN.findall(text):
        at = 0
        while at < len(run):
            sizes = range(longest, 0, -1)
            word = next((run[at : at + size] for size in sizes if run[at : at + size] in known), "")
            if word and known[word]:
                yield word, known[word]
            at += len(word) or 1
