"""What the server's tests share: the strict raw client, and the server over an engine in memory."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
sys.path.insert(0, str(Path(__file__).parent / "support"))


@pytest.fixture(autouse=True, scope="module")
def own_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Settings, logs and indexes of the person who runs the tests stay out of them, and the reverse."""
    monkeypatch = pytest.MonkeyPatch()
    home = tmp_path_factory.mktemp("home")
    for name in (
        "HOME",
        "XDG_CONFIG_HOME",
        "XDG_STATE_HOME",
        "XDG_CACHE_HOME",
        "XDG_DATA_HOME",
        "LOCALAPPDATA",
    ):
        monkeypatch.setenv(name, str(home))
    paths = [str(REPOSITORY / "core"), str(REPOSITORY / "lsp_server"), os.environ.get("PYTHONPATH", "")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, paths)))
    yield home
    monkeypatch.undo()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A small workspace."""
    root = tmp_path / "project"
    (root / "pkg").mkdir(parents=True)
    (root / "alpha.py").write_text("def alpha_one():\n    pass\n\n\ndef alpha_two():\n    pass\n")
    (root / "pkg" / "beta.py").write_text("class Beta:\n    def find_user(self):\n        pass\n")
    return root
