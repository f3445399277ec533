"""Who has no team pays nothing for it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SCRIPT = """
import sys
from codanna_core import Engine
from codanna_core.results import SearchRequest
from codanna_core.testing.embedder import FakeEmbedder
overrides = {"team": {"url": sys.argv[2]}} if len(sys.argv) > 2 else {}
with Engine.open(sys.argv[1], sys.argv[1] + "-index", overrides=overrides, embedder=FakeEmbedder()) as engine:
    engine.sync()
    engine.search(SearchRequest("save it", team=True))
    engine.symbols("save")
print([name for name in sys.modules if name.startswith(("codanna_team", "keyring", "http.client", "ssl"))])
"""


def loaded(root: Path, *url: str) -> str:
    (root / "store.py").write_text("def save():\n    pass\n")
    command = [sys.executable, "-c", SCRIPT, str(root), *url]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_nothing_is_imported(tmp_path: Path) -> None:
    """Without an address neither the package nor anything of a network is loaded, whatever is asked."""
    assert loaded(tmp_path) == "[]"


def test_the_check_notices(tmp_path: Path) -> None:
    """With an address it is."""
    assert "codanna_team.asking" in loaded(tmp_path, "https://127.0.0.1:9")
