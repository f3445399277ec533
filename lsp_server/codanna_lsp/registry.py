"""Which handler answers which method, and how it runs.

The way of running is part of a handler's type. A `sync` handler gets the session, may change it, and must be
quick, because everybody waits for it. A `snapshot` handler runs on a worker thread and gets only a snapshot
and a cancel token: it cannot change anything, and it may take its time. A `work` handler runs the commands
that a user gives; it gets the means to change the index and to talk to the client.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from codanna_core.records import dataclass

if TYPE_CHECKING:
    from codanna_lsp.session import Session
    from codanna_lsp.snapshot import Context, Snapshot, Work
    from codanna_rpc.params import Params

P = TypeVar("P")

Decode = Callable[["Params"], P]


@dataclass(frozen=True, slots=True)
class SyncMethod(Generic[P]):
    """Runs on the event loop, in the order of arrival."""

    decode: Decode[P]
    handle: Callable[[Session, P], Any]


@dataclass(frozen=True, slots=True)
class SnapshotMethod(Generic[P]):
    """Runs on a worker thread; with `supersedes`, a new request cancels the one before it."""

    decode: Decode[P]
    handle: Callable[[Context, Snapshot, P], Any]
    supersedes: bool = False


@dataclass(frozen=True, slots=True)
class WorkMethod(Generic[P]):
    """Runs on a thread beside the queries, because it takes seconds or minutes, and may change the index."""

    decode: Decode[P]
    handle: Callable[[Work, Snapshot, P], Any]


Method = SyncMethod[Any] | SnapshotMethod[Any] | WorkMethod[Any]


class Registry:
    """Method name to handler."""

    def __init__(self) -> None:
        self.methods: dict[str, Method] = {}

    def sync(self, method: str, decode: Decode[P], handle: Callable[[Session, P], Any]) -> None:
        """Register a handler that may change the session."""
        self.methods[method] = SyncMethod(decode, handle)

    def snapshot(
        self,
        method: str,
        decode: Decode[P],
        handle: Callable[[Context, Snapshot, P], Any],
        *,
        supersedes: bool = False,
    ) -> None:
        """Register a handler that only reads."""
        self.methods[method] = SnapshotMethod(decode, handle, supersedes)

    def work(self, method: str, decode: Decode[P], handle: Callable[[Work, Snapshot, P], Any]) -> None:
        """Register a handler of commands."""
        self.methods[method] = WorkMethod(decode, handle)
