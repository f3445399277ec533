"""workspace/didChangeConfiguration: new settings take effect at once."""

from __future__ import annotations

from typing import Any

from codanna_lsp import settings
from codanna_lsp.registry import Registry
from codanna_lsp.session import Session
from codanna_rpc.params import Params


def decode(params: Params) -> dict[str, Any] | None:
    """The options in the notification; None where the client wants to be asked instead."""
    return settings.unwrap(params.raw("settings")) or None


def did_change_configuration(session: Session, options: dict[str, Any] | None) -> None:
    """Apply the pushed settings, or pull them."""
    if session.options.client.pulls_configuration:
        # A client that can be asked sends here anything from everything to nothing.
        session.long_pool.submit(session.pull_configuration)
    elif options is not None:
        session.apply_options(options)


def setup(registry: Registry) -> None:
    """Register the feature."""
    registry.sync("workspace/didChangeConfiguration", decode, did_change_configuration)
