"""The real server over the real engine, with an embedder that needs no weights."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from codanna_core.engine import Engine
from codanna_core.testing.embedder import FakeEmbedder
from codanna_lsp.main import InstalledEngine, serve


class WithFakeEmbedder(InstalledEngine):
    """Engines whose vectors are computed from words."""

    def open(self, root: Path, overrides: Mapping[str, Any]) -> Engine:
        """Open the index of a folder."""
        return Engine.open(root, overrides=overrides, embedder=FakeEmbedder())


if __name__ == "__main__":  # Worker processes import this file anew.
    sys.exit(serve(sys.argv[1:], WithFakeEmbedder()))
