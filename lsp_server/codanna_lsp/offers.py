"""What the client is offered: at `initialize`, and by registration once the settings want more."""

from __future__ import annotations

import logging
from concurrent.futures import CancelledError, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from typing import TYPE_CHECKING, Any

from codanna_lsp import settings
from codanna_lsp.capabilities import NAVIGATION
from codanna_lsp.options import Options
from codanna_lsp.protocol import ClientRefused

if TYPE_CHECKING:
    from codanna_lsp.protocol import Protocol

logger = logging.getLogger(__name__)

TIMEOUT = 30.0

OUTLINES = "textDocument/documentSymbol"
NAVIGATING = {
    f"textDocument/{'prepareCallHierarchy' if name == 'callHierarchy' else name}": name for name in NAVIGATION
}
"""Methods by the names of their capabilities."""
LENSES = "textDocument/codeLens"
FILES = "workspace/didChangeWatchedFiles"
CONFIGURATION = "workspace/didChangeConfiguration"
REGISTER_OPTIONS: dict[str, dict[str, Any]] = {
    OUTLINES: {"documentSelector": None},
    **{method: {"documentSelector": None} for method in NAVIGATING},
    LENSES: {"documentSelector": None},
    FILES: {"watchers": [{"globPattern": "**/*"}]},
    CONFIGURATION: {"section": settings.SECTION},
}


class Offers:
    """Grows only: what was offered and is not wanted any more answers with nothing."""

    def __init__(self, protocol: Protocol, options: Options, pool: ThreadPoolExecutor) -> None:
        self._protocol = protocol
        self._options = options
        self._pool = pool
        self._offered = self._wanted()

    def follow(self) -> None:
        """Offer what the settings want by now."""
        client = self._options.client
        names = {OUTLINES: "documentSymbol", LENSES: "codeLens", **NAVIGATING}
        can = {method: name in client.registers for method, name in names.items()}
        can[FILES] = client.watches_files
        new = {method for method in self._wanted() - self._offered if can[method]}
        self._offered |= new
        if new:
            self._pool.submit(self._register, [registration(method) for method in sorted(new)])

    def complete(self) -> bool:
        """Ask for what LSP lets only the client switch on. On a worker thread, because it waits."""
        registrations: list[dict[str, Any]] = []
        if self._options.client.registers_configuration:
            registrations.append(registration(CONFIGURATION))
        if FILES in self._offered:
            registrations.append(registration(FILES))
        return not registrations or self._register(registrations)

    def _wanted(self) -> set[str]:
        options = self._options
        wanted: set[str] = set()
        if settings.offers(options.server.document_symbols, options.languages.outline):
            wanted.add(OUTLINES)
        if settings.offers(options.server.navigation, options.languages.navigation):
            wanted.update(NAVIGATING)
        if options.server.code_lens:
            wanted.add(LENSES)
        if options.watched_by_client():
            wanted.add(FILES)
        return wanted

    def _register(self, registrations: list[dict[str, Any]]) -> bool:
        """Ask the client to switch abilities on. On a worker thread, because it waits."""
        try:
            self._protocol.request("client/registerCapability", {"registrations": registrations}, TIMEOUT)
        except (FutureTimeout, CancelledError, ClientRefused) as error:
            logger.warning("the client refused to register %d abilities: %s", len(registrations), error)
            return False
        return True


def registration(method: str) -> dict[str, Any]:
    """What switches a method on at the client."""
    return {"id": f"codanna-{method}", "method": method, "registerOptions": REGISTER_OPTIONS[method]}
