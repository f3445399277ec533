"""window/workDoneProgress/cancel: the user pressed the cross beside a progress display."""

from __future__ import annotations

from codanna_lsp.registry import Registry
from codanna_lsp.session import Session
from codanna_rpc.params import Params


def decode(params: Params) -> int | str | None:
    """The token."""
    return params.token("token")


def cancel(session: Session, token: int | str | None) -> None:
    """Stop the work at its next committed state."""
    if token is not None:
        session.progresses.cancel(token)


def setup(registry: Registry) -> None:
    """Register the feature."""
    registry.sync("window/workDoneProgress/cancel", decode, cancel)
