"""What the client can do and what it wants, as it is now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codanna_lsp import settings
from codanna_lsp.capabilities import ClientCapabilities

if TYPE_CHECKING:
    from codanna_core.config import ServerSettings


class Options:
    """Changed on the event loop alone."""

    def __init__(
        self,
        client: ClientCapabilities,
        overrides: dict[str, Any],
        server: ServerSettings,
        languages: settings.Languages | None = None,
    ) -> None:
        self.client = client
        self.overrides = overrides
        """The client's options, for the engines."""
        self.server = server
        """The settings of the server itself, from all layers."""
        self.languages = languages or settings.Languages()
        """For which the client says that no other server answers."""
        self._initial = overrides

    def change(self, options: Mapping[str, Any]) -> bool:
        """Take what the client sent; what it sent at the start stays below it. Whether that is new."""
        overrides = settings.layered(self._initial, options)
        if overrides == self.overrides:
            return False
        self.overrides = overrides
        return True

    def read_again(self, root: Path | None) -> None:
        """Judge the settings of the server again, with the files of a folder."""
        self.server = settings.server_settings(self.overrides, root)

    def pause(self) -> float:
        """For how many seconds edits and changes on disk are collected."""
        return self.server.debounce_ms / 1000

    def watched_by_client(self) -> bool:
        """Whether the client is to report changes on disk."""
        return self.server.watch == "client" or (self.server.watch == "auto" and self.client.watches_files)

    def watched_here(self) -> bool:
        """Whether we are to watch ourselves."""
        return self.server.watch != "off" and not self.watched_by_client()

    def client_does_not_watch(self) -> None:
        """The client refused to watch although it had said it can."""
        self.client = replace(self.client, watches_files=False)
