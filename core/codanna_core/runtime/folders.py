"""The user's folders by the custom of the platform. No setting of a workspace can move them."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from codanna_core.errors import ConfigError

if TYPE_CHECKING:
    from platformdirs.api import PlatformDirsABC

_OURS: Final = "codanna-lsp"


def home_folder() -> Path:
    """The user's home folder; ConfigError where neither HOME nor the system names one."""
    try:
        return Path.home()
    except RuntimeError:
        raise ConfigError("your home folder is unknown; set HOME to a folder that you can write to") from None


def expanded(path: str) -> Path:
    """A path with `~` in front, as a shell reads it: the name of an unknown user stays as it is."""
    return Path(os.path.expanduser(path))


def cache_folder() -> Path:
    """Ours for what can be made again, such as indexes."""
    return _known("XDG_CACHE_HOME", ".cache") or Path(_platform().user_cache_dir) / _OURS


def state_folder() -> Path:
    """Ours for what should outlast a restart, such as the record of our indexes."""
    return _known("XDG_STATE_HOME", ".local/state") or Path(_platform().user_state_dir) / _OURS


def log_folder() -> Path:
    """Ours for log files."""
    return Path(_platform().user_log_dir) / _OURS if sys.platform == "darwin" else state_folder()


def config_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Ours for the user's settings; on macOS too they are where programs of a terminal keep them."""
    windows = sys.platform == "win32"
    named = environ.get("APPDATA" if windows else "XDG_CONFIG_HOME", "")
    if os.path.isabs(named):
        return Path(named) / _OURS
    return Path(_platform().user_config_dir if windows else home_folder() / ".config") / _OURS


def models_folder() -> Path:
    """Ours for downloaded and imported models; `FASTEMBED_CACHE_PATH` moves it.

    fastembed's own default is the temporary folder, which many systems empty at every start.
    """
    configured = os.environ.get("FASTEMBED_CACHE_PATH", "")
    return expanded(configured) if configured else cache_folder() / "models"


def _known(variable: str, otherwise: str) -> Path | None:
    """The folder by the custom of Linux, or the one that the environment names on Windows; None where the
    library has to be asked, which takes long to load.
    """
    if sys.platform == "darwin":
        return None
    windows = sys.platform == "win32"
    named = os.environ.get("LOCALAPPDATA" if windows else variable, "")
    if os.path.isabs(named):
        return Path(named) / _OURS
    return None if windows else home_folder() / otherwise / _OURS


def _platform() -> PlatformDirsABC:
    # Late, because `--version` and `--help` import no library.
    return _windows() if sys.platform == "win32" else _macos()


def _windows() -> PlatformDirsABC:
    from platformdirs.windows import Windows

    class Plain(Windows):
        """Without a folder `Cache` inside ours; settings roam, the rest does not."""

        @property
        def user_config_dir(self) -> str:
            return Windows(appauthor=False, roaming=True).user_data_dir

    return Plain(appauthor=False, opinion=False)


def _macos() -> PlatformDirsABC:
    from platformdirs.macos import MacOS

    class Library(MacOS):
        """Without the variables of XDG, which move folders on Linux alone: an index and the record of it stay
        where they were, whatever the shell that started the editor has set.
        """

        @property
        def user_cache_dir(self) -> str:
            return os.path.expanduser("~/Library/Caches")

        @property
        def user_state_dir(self) -> str:
            return os.path.expanduser("~/Library/Application Support")

    return Library()
