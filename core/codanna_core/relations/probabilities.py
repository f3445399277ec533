"""How often an edge of a tier is right, by language, as measured against compilers."""

from __future__ import annotations

_MEASURED: dict[str, dict[str, float]] = {}
_DEFAULT = {"certain": 0.97, "likely": 0.8, "possible": 0.3}


def probability(language: str, tier: str, how: str, targets: int) -> float:
    """The share of right edges among those like this one; of several targets, each has its part."""
    stated = _MEASURED.get(language, {}).get(f"{tier}.{how}", _DEFAULT[tier])
    return stated / targets if targets > 1 else stated
