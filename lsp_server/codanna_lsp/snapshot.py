"""What handlers on worker threads get: a snapshot to look at, and no way to change anything."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from codanna_core.cancel import Cancel
from codanna_core.records import dataclass
from codanna_core.workspace.folder import Folder
from codanna_core.workspace.keeper import Reporter
from codanna_lsp import convert
from codanna_lsp.capabilities import ClientCapabilities
from codanna_lsp.documents import Document
from codanna_lsp.settings import Languages

if TYPE_CHECKING:
    from codanna_core.config import ServerSettings
    from codanna_core.search.service import IndexService, SearchService


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a query may look at. Taken on the event loop, so it is ordered against edits."""

    folders: tuple[Folder, ...]
    client: ClientCapabilities
    documents: Mapping[Path, Document]
    languages: Languages
    server_settings: ServerSettings
    counters: Callable[[], dict[str, Any]]
    handed_over: Callable[[], None]
    """Wait until the engines have the texts as they were when this was taken."""

    @property
    def columns(self) -> convert.Columns:
        """The conversion of columns for this client."""
        return convert.Columns(self.client.position_encoding)

    def engines(self, cancel: Cancel) -> list[tuple[Folder, SearchService]]:
        """Whom to ask: the engines that could be opened; waits for those that are being opened."""
        return list(opened(self.folders, cancel))

    def only(self, folder: Folder) -> Snapshot:
        """The same, of one folder."""
        return replace(self, folders=(folder,))

    def locate(self, uri: str) -> tuple[Folder, str] | None:
        """The innermost folder that holds a document, and the path in it."""
        path = convert.path_from_uri(uri)
        return None if path is None else innermost(self.folders, path)

    def language(self, uri: str) -> str | None:
        """The language of an open document, as the client calls it."""
        path = convert.path_from_uri(uri)
        document = self.documents.get(path) if path is not None else None
        return document.language if document is not None else None

    def lines(self, folder: Folder, path: str) -> list[str]:
        """The current lines of a file: those of the editor, else those on disk."""
        document = self._document(folder, path)
        # Copying a list is one step under the interpreter lock, so an edit cannot tear it.
        return list(document.lines) if document is not None else convert.read_lines_inside(folder.root, path)

    def line_source(self, folder: Folder, path: str) -> convert.LineSource:
        """The lines of a file, read only when asked for, and once."""
        return cache(lambda: self.lines(folder, path))

    def uri(self, folder: Folder, path: str) -> str:
        """The URI of a file, spelled as the client spells it."""
        document = self._document(folder, path)
        return document.uri if document is not None else f"{folder.uri}/{convert.quote_path(path)}"

    def _document(self, folder: Folder, path: str) -> Document | None:
        """The open document of a file, under the folder's name or that of what it links to."""
        found = (self.documents.get(root / path) for root in folder.roots)
        return next((document for document in found if document is not None), None)

    def uris(self, folder: Folder) -> Callable[[str], str]:
        """The same for many files of one folder."""
        opened = {
            relative: document.uri
            for path, document in list(self.documents.items())
            if (relative := folder.relative(path)) is not None
        }
        return lambda path: opened.get(path) or f"{folder.uri}/{convert.quote_path(path)}"

    def near(self, folder: Folder) -> list[str]:
        """The open files of a folder; symbols close to them come first."""
        paths = (folder.relative(path) for path in list(self.documents))
        return [path for path in paths if path is not None]


@dataclass(frozen=True, slots=True)
class Context:
    """The request that a worker thread is working on."""

    cancel: Cancel
    partial: Callable[[int | str, Any], None]
    """Send a part of the result, by the token that the client gave for it."""


class Client(Protocol):
    """What a command may say to the client, and ask it. Any thread."""

    def notify(self, method: str, params: Any = None) -> None:
        """Tell it."""

    def request(self, method: str, params: Any, timeout: float) -> Any:
        """Ask it and wait."""

    def send_request(self, method: str, params: Any = None) -> Any:
        """Ask it and do not wait."""


@dataclass(frozen=True, slots=True)
class Work(Context):
    """The command that a worker thread is working on; unlike other requests, it may change the index."""

    client: Client
    progress: Callable[[str, Cancel, int | str | None], AbstractContextManager[Reporter]]
    """A progress display: title, what its cancel button sets, and the client's token if there is one."""
    reopen_folders: Callable[[Cancel, bool], None]
    """Close every engine and open it again, with its index removed if asked; waits."""

    def engines(self, snapshot: Snapshot) -> list[tuple[Folder, IndexService]]:
        """Whose index to work on; waits for those that are being opened."""
        return list(opened(snapshot.folders, self.cancel))


def opened(folders: Iterable[Folder], cancel: Cancel) -> Iterator[tuple[Folder, IndexService]]:
    """The folders whose engine could be opened; waits for those that are being opened."""
    for folder in folders:
        if (engine := folder.ready(cancel)) is not None:
            yield folder, engine


def innermost(folders: Iterable[Folder], path: Path) -> tuple[Folder, str] | None:
    """The deepest folder that holds the path."""
    found: tuple[Folder, str] | None = None
    for folder in folders:
        relative = folder.relative(path)
        if relative is not None and (found is None or len(folder.root.parts) > len(found[0].root.parts)):
            found = folder, relative
    return found
