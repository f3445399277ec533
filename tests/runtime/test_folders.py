"""The user's folders stay where they were, on every system: an index that moved would be built again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import platformdirs.windows
import pytest

from codanna_core.runtime import folders

VARIABLES = (
    "XDG_CACHE_HOME",
    "XDG_STATE_HOME",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "LOCALAPPDATA",
    "APPDATA",
    "FASTEMBED_CACHE_PATH",
)
ALL: tuple[Callable[[], Path], ...] = (
    folders.cache_folder,
    folders.state_folder,
    folders.log_folder,
    folders.config_folder,
    folders.models_folder,
)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def below(home: Path) -> list[str]:
    return [folder().relative_to(home).as_posix() for folder in ALL]


def test_linux(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hidden folders of the home; the variables of XDG move each, unless they are relative."""
    monkeypatch.setattr("sys.platform", "linux")
    before = [
        ".cache/codanna-lsp",
        ".local/state/codanna-lsp",
        ".local/state/codanna-lsp",
        ".config/codanna-lsp",
        ".cache/codanna-lsp/models",
    ]
    assert below(home) == before
    for name in VARIABLES[:4]:
        monkeypatch.setenv(name, "relative")
    assert below(home) == before
    for name in VARIABLES[:4]:
        monkeypatch.setenv(name, str(home / name))
    assert below(home) == [
        "XDG_CACHE_HOME/codanna-lsp",
        "XDG_STATE_HOME/codanna-lsp",
        "XDG_STATE_HOME/codanna-lsp",
        "XDG_CONFIG_HOME/codanna-lsp",
        "XDG_CACHE_HOME/codanna-lsp/models",
    ]


def test_macos(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Folders of the Library, which no variable moves; settings are where a terminal's programs keep them."""
    monkeypatch.setattr("sys.platform", "darwin")
    library = [
        "Library/Caches/codanna-lsp",
        "Library/Application Support/codanna-lsp",
        "Library/Logs/codanna-lsp",
        ".config/codanna-lsp",
        "Library/Caches/codanna-lsp/models",
    ]
    assert below(home) == library
    for name in VARIABLES[:4]:
        monkeypatch.setenv(name, str(home / name))
    assert below(home) == [*library[:3], "XDG_CONFIG_HOME/codanna-lsp", library[4]]


def test_windows(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Local application data, without a folder of the author or a `Cache` inside; settings roam."""
    monkeypatch.setattr("sys.platform", "win32")
    folders_of_the_system = {"CSIDL_LOCAL_APPDATA": "Local", "CSIDL_APPDATA": "Roaming"}
    monkeypatch.setattr(
        platformdirs.windows, "get_win_folder", lambda name: str(home / folders_of_the_system[name])
    )
    before = [
        "Local/codanna-lsp",
        "Local/codanna-lsp",
        "Local/codanna-lsp",
        "Roaming/codanna-lsp",
        "Local/codanna-lsp/models",
    ]
    assert below(home) == before
    monkeypatch.setenv("LOCALAPPDATA", str(home / "L"))
    monkeypatch.setenv("APPDATA", str(home / "R"))
    assert below(home) == [path.replace("Local", "L").replace("Roaming", "R") for path in before]


def test_models_have_a_variable_of_their_own(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable of fastembed names the folder itself."""
    monkeypatch.setenv("FASTEMBED_CACHE_PATH", "~/weights")
    assert folders.models_folder() == home / "weights"
