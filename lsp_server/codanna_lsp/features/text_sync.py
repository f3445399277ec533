"""textDocument/didOpen, didChange, didSave, didClose."""

from __future__ import annotations

import logging

from codanna_core.records import dataclass
from codanna_lsp import convert
from codanna_lsp.documents import Document, Point, split_lines
from codanna_lsp.registry import Registry
from codanna_lsp.session import Session
from codanna_rpc.params import Params

logger = logging.getLogger(__name__)

MAX_TEXT = 200_000_000


@dataclass(frozen=True, slots=True)
class Opened:
    """A text with its identity."""

    uri: str
    language: str
    version: int
    text: str


@dataclass(frozen=True, slots=True)
class Change:
    """One edit; without a range it is the whole text."""

    area: tuple[Point, Point] | None
    text: str


@dataclass(frozen=True, slots=True)
class Changed:
    """Edits of one document, to be applied in order."""

    uri: str
    version: int
    changes: tuple[Change, ...]


def decode_open(params: Params) -> Opened:
    """Read `DidOpenTextDocumentParams`."""
    item = params.child("textDocument")
    return Opened(
        item.text("uri", limit=10_000),
        item.text("languageId", ""),
        item.integer("version", 0, -(2**31)),
        item.text("text", limit=MAX_TEXT),
    )


def decode_change(params: Params) -> Changed:
    """Read `DidChangeTextDocumentParams`."""
    document = params.child("textDocument")
    changes = tuple(
        Change(item.range() if item.has("range") else None, item.text("text", limit=MAX_TEXT))
        for item in params.children("contentChanges")
    )
    return Changed(document.text("uri", limit=10_000), document.integer("version", 0, -(2**31)), changes)


def did_open(session: Session, opened: Opened) -> None:
    """Keep the text; nothing is read or parsed here."""
    path = convert.path_from_uri(opened.uri)
    if path is None:
        return  # Not a file: an unsaved buffer without a name, a diff, a text from another scheme.
    session.texts.open(Document(opened.uri, path, opened.version, split_lines(opened.text), opened.language))


def did_change(session: Session, changed: Changed) -> None:
    """Apply the edits to the kept text."""
    path = convert.path_from_uri(changed.uri)
    document = session.texts.documents.get(path) if path is not None else None
    if document is None:
        logger.info("ignored a change of a document that is not open")
        return
    for change in changed.changes:
        if change.area is None:
            document.replace_all(change.text)
        else:
            document.replace(*change.area, change.text, session.options.client.position_encoding)
    document.version = changed.version
    document.changed = True
    session.texts.changed(document)


def did_save(session: Session, uri: str) -> None:
    """Index the file; what is on disk now counts, not what the notification carries."""
    path = convert.path_from_uri(uri)
    if path is not None:
        session.texts.saved(path)


def did_close(session: Session, uri: str) -> None:
    """Let the text go."""
    path = convert.path_from_uri(uri)
    if path is not None:
        session.texts.close(path)


def setup(registry: Registry) -> None:
    """Register the feature."""
    registry.sync("textDocument/didOpen", decode_open, did_open)
    registry.sync("textDocument/didChange", decode_change, did_change)
    registry.sync("textDocument/didSave", Params.document, did_save)
    registry.sync("textDocument/didClose", Params.document, did_close)
