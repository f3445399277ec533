"""How often an edge of a tier is right, by language, as measured against compilers."""

from __future__ import annotations

_MEASURED: dict[str, dict[str, float]] = {
    "go": {"certain": 0.995, "likely": 0.9},
    "python": {"certain": 0.995, "likely": 0.92},
    "java": {"certain": 0.995, "likely": 0.8},
    "typescript": {"certain": 0.99, "likely": 0.85},
    "tsx": {"certain": 0.99, "likely": 0.92},
    "javascript": {"certain": 0.99, "likely": 0.95},
    "rust": {"certain": 0.97, "likely": 0.75},
    "c": {"certain": 0.985, "likely": 0.8},
    "generic": {"likely": 0.93},
    "cpp": {"certain": 0.95, "likely": 0.8},
}
"""Shares over the calls of the projects that `benchmarks/truth/README.md` names, all together."""

_DEFAULT = {"certain": 0.9, "likely": 0.7}

_SHARED = 0.95
"""How often one of several possible definitions is the right one."""
_ALONE = 0.3
"""How often the only definition is, where its name is a common one."""
OF_LIBRARY = 0.5
"""How often a function of the standard library that the project defines, too, is the one of the project."""
_ALONE_BY_NAME = 0.8
"""The same of the generic tier, where a name may be any; measured on languages with rules, without them."""


def probability(language: str, tier: str, targets: int) -> float:
    """The share of right edges among those like this one; of several targets, each has its part."""
    if tier == "possible":
        alone = _ALONE_BY_NAME if language == "generic" else _ALONE
        return _SHARED / targets if targets > 1 else alone
    return _MEASURED.get(language, {}).get(tier, _DEFAULT[tier])
