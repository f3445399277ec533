"""Sets an index up, looks into it, and removes what nobody sees any more."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Final

from codanna_core.errors import CodannaError
from codanna_core.records import dataclass
from codanna_team.codebook import Codebook
from codanna_team.engine import Manifest, OpenSearch, Write
from codanna_team.http import EngineError, Trouble
from codanna_team.sending import Checkpoint
from codanna_team.template import META, SETTLE, index_body, made_for
from codanna_team.visible import GRACE_MS, index_made_for, marks_of, visible

_DAY_MS: Final = 86_400_000


@dataclass(frozen=True, slots=True)
class Published:
    """A branch as its manifest describes it."""

    repository: str
    branch: str
    default: bool
    revision: str
    files: int
    symbols: int
    published_ms: int
    """When, by the engine's clock."""
    days: int
    publishing: bool
    """Whether an attempt is under way, or was left."""


def set_up(engine: OpenSearch, model: str, *, shards: int = 1, replicas: int = 1) -> bool:
    """Make the index, or see that it is the right one; whether it was made."""
    codebook = Codebook.shipped(model)
    wanted = made_for(model, codebook.name if codebook else "")
    made = True
    try:
        body = index_body(model, wanted["codebook"], shards=shards, replicas=replicas)
        engine.call("PUT", f"/{engine.index}", body)
    except EngineError as error:
        if "resource_already_exists" not in str(error) and "already exists" not in str(error):
            raise
        made = False
    found = index_made_for(engine)
    if not found:
        engine.call("PUT", f"/{engine.index}/_doc/{META}?refresh=true", {"t": "c", "manifest": wanted})
    elif found != wanted:
        raise CodannaError(
            f"the index {engine.index} was made for {_told(found)}, this version needs"
            f" {_told(wanted)}; choose another name for a new index"
        )
    return made


def _told(made: Mapping[str, Any]) -> str:
    return f"format {made.get('format')}.{made.get('features')} and the model {made.get('model') or 'none'}"


def manifests(engine: OpenSearch) -> dict[str, Manifest]:
    """All of an index, by key, as they are now."""
    found = {}
    for hit in engine.scan({"term": {"t": "m"}}, []):
        manifest = engine.get(str(hit["_id"]))
        if manifest is not None:
            found[str(hit["_id"])] = manifest
    return found


def published(engine: OpenSearch) -> list[Published]:
    """What an index holds, in the order of names."""
    found = []
    for _, manifest in sorted(manifests(engine).items()):
        fields = manifest.fields
        if not fields.get("published") or fields.get("removed"):
            continue
        repository, branch = str(fields["repository"]), str(fields["branch"])
        found.append(
            Published(
                repository,
                branch,
                bool(fields.get("default")),
                str(fields.get("revision") or ""),
                int(fields.get("files") or 0),
                int(fields.get("symbols") or 0),
                int(fields.get("published_at") or 0),
                int(fields.get("days") or 0),
                bool(fields.get("attempt")),
            )
        )
    return found


def remove(engine: OpenSearch, key: str) -> int:
    """Take a branch out of every answer, then delete what it had; how many rows that were."""
    manifest = engine.get(key)
    if manifest is None:
        raise CodannaError(f"there is no {key} in the team's index; `codanna-lsp team status` lists what is")
    kept = {name: value for name, value in manifest.fields.items() if name != "attempt"}
    # From here on no attempt that is under way can be published, and nobody is shown its rows.
    engine.put(key, {**kept, "removed": True}, manifest.version)
    return _removed(engine, key)


def _removed(engine: OpenSearch, key: str) -> int:
    engine.refresh()
    rows = [str(hit["_id"]) for hit in engine.scan({"term": {"key": key}}, [])]
    engine.delete([*rows, key])
    engine.refresh()
    return len(rows)


def sweep(engine: OpenSearch, *, grace_ms: int = GRACE_MS, checkpoint: Checkpoint = lambda step: None) -> int:
    """Remove rows that went long enough ago, leftovers of attempts that ended, and branches whose time is up;
    how many rows that were.
    """
    count = 0
    for key, manifest in manifests(engine).items():
        try:
            count += _swept(engine, key, manifest, grace_ms, checkpoint)
        except EngineError as error:
            if error.trouble is not Trouble.CONFLICT:
                raise  # Whoever was first sweeps, too, or will be swept after.
    return count


def _swept(engine: OpenSearch, key: str, manifest: Manifest, grace_ms: int, checkpoint: Checkpoint) -> int:
    fields = dict(manifest.fields)
    waiting = [mark for name in ("unswept", "abandoned") for mark in fields.get(name) or ()]
    days = int(fields.get("days") or 0)
    if fields.get("removed"):
        return _removed(engine, key)
    if not waiting and not days:
        return 0
    # Putting it unchanged is how the engine says what time it is, and that nobody else is at it.
    manifest = engine.put(key, fields, manifest.version)
    fields = dict(manifest.fields)
    now = int(fields["seen"])
    if days and now - int(fields.get("published_at") or now) > days * _DAY_MS:
        return remove(engine, key)
    due = [mark for mark in fields.get("unswept") or () if int(mark["at"]) <= now - grace_ms]
    ended = [mark for mark in fields.get("abandoned") or () if int(mark["at"]) <= now - grace_ms]
    if not due and not ended:
        return 0
    checkpoint("sweep")
    shown = set(marks_of(fields))
    active = (fields.get("attempt") or {}).get("id")
    count = sum(_forget(engine, key, str(mark["id"]), shown, active) for mark in [*due, *ended])
    engine.refresh()
    old = {mark["id"] for mark in ended if int(mark["at"]) <= now - _DAY_MS}
    fields["unswept"] = [mark for mark in fields.get("unswept") or () if mark not in due]
    # The process of an attempt may still run, and write what nobody will see: it is looked for again.
    fields["abandoned"] = [mark for mark in fields.get("abandoned") or () if mark["id"] not in old]
    checkpoint("swept")
    engine.put(key, fields, manifest.version)
    return count


def _forget(engine: OpenSearch, key: str, attempt: str, shown: set[str], active: str | None) -> int:
    """Let every row forget one attempt; those that it hid for good, or that only it brought, go."""
    marked = [{"term": {name: attempt}} for name in ("born", "died", "moved")]
    query = {"bool": {"filter": [{"term": {"key": key}}], "should": marked, "minimum_should_match": 1}}
    is_shown = attempt in shown
    gone: list[str] = []
    settled: list[Write] = []
    for hit in engine.scan(query, ["born", "died"]):
        source, address = hit["_source"], str(hit["_id"])
        born = set(source.get("born") or ())
        if (is_shown and attempt in (source.get("died") or ())) or (
            not is_shown and attempt in born and not born & shown and active not in born
        ):
            gone.append(address)
        elif is_shown or attempt not in born:
            parameters = {"attempt": attempt, "visible": is_shown}
            settled.append(Write(address, None, SETTLE, parameters))
    engine.delete(gone)
    engine.upsert(settled)
    return len(gone)


def counts(engine: OpenSearch, key: str) -> tuple[int, int]:
    """How many files and symbols of a branch are visible."""
    manifest = engine.get(key)
    marks = marks_of(manifest.fields) if manifest else []
    return engine.count(visible(marks, ["f"], key=key)), engine.count(visible(marks, ["s"], key=key))


def soon(seconds: float) -> float:
    """A deadline."""
    return time.monotonic() + seconds
