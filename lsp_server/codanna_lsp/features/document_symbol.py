"""textDocument/documentSymbol: an outline for languages that have no other server."""

from __future__ import annotations

from codanna_lsp import convert
from codanna_lsp.convert import Json
from codanna_lsp.features.answers import engine_of
from codanna_lsp.registry import Registry
from codanna_lsp.settings import serves
from codanna_lsp.snapshot import Context, Snapshot
from codanna_rpc.params import Params


def document_symbol(context: Context, snapshot: Snapshot, uri: str) -> list[Json]:
    """Parse the text as it stands in the editor; empty where another server is to answer."""
    if snapshot.locate(uri) is None or not _ours(snapshot, uri):
        return []
    folder, engine, path = engine_of(context, snapshot, uri)
    lines = snapshot.lines(folder, path)
    outline = convert.document_symbols(
        engine.document_symbols(path, "".join(lines)).symbols, lines, snapshot.client.position_encoding
    )
    return outline if snapshot.client.hierarchical_symbols else convert.flat_symbols(outline, uri)


def _ours(snapshot: Snapshot, uri: str) -> bool:
    wish = snapshot.server_settings.document_symbols
    return serves(wish, snapshot.languages.outline, snapshot.language(uri))


def setup(registry: Registry) -> None:
    """Register the feature."""
    registry.snapshot("textDocument/documentSymbol", Params.document, document_symbol)
