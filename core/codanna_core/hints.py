"""What was probably meant by a word that is not known."""

from __future__ import annotations

from collections.abc import Sequence


def nearest(given: str, known: Sequence[str]) -> list[str]:
    """The known word that is nearest to what was given, or nothing."""
    from difflib import get_close_matches  # Late: only what is wrong is compared.

    return get_close_matches(given, known, 1)
