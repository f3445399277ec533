"""What of an index is visible: a condition of every question, by which publishers count as well."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

from codanna_team.engine import Engine
from codanna_team.template import META

GRACE_MS: Final = 600_000
"""So long a revision that went is kept, by the engine's clock: readers may not know yet that it went."""

Condition = dict[str, Any]


def key_of(repository: str, branch: str) -> str:
    """What the manifest of a branch is called. Repositories differ by more than upper and lower case."""
    return f"{repository.lower()}@{branch}"


def marks_of(manifest: Mapping[str, Any]) -> list[str]:
    """The published attempts whose rows still carry marks, in their order."""
    return [str(mark["id"]) for mark in manifest.get("unswept") or ()]


def unmarked(published: Sequence[str]) -> list[Condition]:
    """What a visible document must not meet, where these attempts are published."""
    unborn: Condition = {"bool": {"must": [{"exists": {"field": "born"}}]}}
    hidden: list[Condition] = [unborn]
    if published:
        unborn["bool"]["must_not"] = [{"terms": {"born": list(published)}}]
        hidden.append({"terms": {"died": list(published)}})
    return hidden


def visible(published: Sequence[str], kinds: Sequence[str], *, key: str) -> Condition:
    """The documents of one branch that can be seen; `kinds` are s for symbols and f for files."""
    must: list[Condition] = [{"terms": {"t": list(kinds)}}, {"term": {"key": key}}]
    return {"bool": {"filter": must, "must_not": unmarked(published)}}


def index_made_for(engine: Engine) -> dict[str, Any]:
    """What the document of an index says of it; empty where there is none."""
    meta = engine.get(META, time.monotonic() + 10.0)
    return dict(meta.fields) if meta else {}
