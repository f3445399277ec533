"""The words of a question, and what each of them counts for."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from codanna_core.search.view import SearchView
from codanna_core.words import STOP_WORDS, find_words, index_text


def query_terms(view: SearchView, query: str) -> list[str]:
    """The analysed words of a question without those that say nothing about code."""
    words = [word for word in find_words(query) if word.lower() not in STOP_WORDS]
    if not words:
        words = find_words(query)
    return view.kept.terms(" ".join(index_text(word) for word in words))


def term_shares(view: SearchView, terms: Iterable[str]) -> dict[str, float]:
    """Each term's share of the question's rarity: short and common parts of a name must not drown it."""
    total = max(1, view.size)
    rarity = {term: math.log(1 + total / max(1, view.frequency("file_words", term))) for term in terms}
    whole = sum(rarity.values()) or 1.0
    return {term: value / whole for term, value in rarity.items()}


def text_weights(shares: Mapping[str, float]) -> Mapping[str, float]:
    """What each term counts in the text of a symbol: a rare one more than its share, for most symbols hold
    only some of the terms.
    """
    whole = sum(share * share for share in shares.values()) or 1.0
    return {term: share * share / whole for term, share in shares.items()}
