"""textDocument/codeLens: "Find similar code" above definitions; off by default."""

from __future__ import annotations

from codanna_lsp import convert
from codanna_lsp.convert import Json
from codanna_lsp.features.answers import engine_of
from codanna_lsp.features.code_action import similar_command
from codanna_lsp.registry import Registry
from codanna_lsp.snapshot import Context, Snapshot
from codanna_rpc.params import Params

LENS_KINDS = frozenset({"function", "method", "class", "struct", "trait", "interface"})
MAX_LENSES = 500


def code_lens(context: Context, snapshot: Snapshot, uri: str) -> list[Json]:
    """One lens for each function and type."""
    if not snapshot.server_settings.code_lens or snapshot.locate(uri) is None:
        return []
    folder, engine, path = engine_of(context, snapshot, uri)
    lines = snapshot.lines(folder, path)
    encoding = snapshot.client.position_encoding
    lenses: list[Json] = []
    for symbol in engine.document_symbols(path, "".join(lines)).symbols:
        if symbol.kind in LENS_KINDS and len(lenses) < MAX_LENSES:
            area = convert.name_range(symbol, lines, encoding)
            lenses.append({"range": area, "command": similar_command(snapshot.client, uri, area)})
    return lenses


def setup(registry: Registry) -> None:
    """Register the feature."""
    registry.snapshot("textDocument/codeLens", Params.document, code_lens)
