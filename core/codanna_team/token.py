"""The token for a team's engine: from the environment, the system's keyring, or a file of this user alone.

It is never a setting and never part of an address, and nothing that is printed or logged shows it.
"""

from __future__ import annotations

import base64
import os
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import orjson

from codanna_core.errors import CodannaError
from codanna_core.runtime.folders import config_folder
from codanna_core.runtime.system import WINDOWS
from codanna_core.storage.foreign import ForeignFile
from codanna_core.storage.private import OTHERS, open_file

VARIABLE: Final = "CODANNA_TEAM_TOKEN"
_SERVICE: Final = "codanna-lsp"
_FILE: Final = "team-tokens.json"
_LARGEST: Final = 64 << 10
_LONGEST: Final = 16 << 10


class Token:
    """A secret that shows itself only to who asks for it by name."""

    __slots__ = ("_secret", "origin")

    def __init__(self, secret: str, origin: str) -> None:
        secret = secret.strip()
        if not secret or len(secret) > _LONGEST or not secret.isascii() or not secret.isprintable():
            raise CodannaError(
                f"the token in {origin} is empty or has characters that no token has; store it again with"
                " `codanna-lsp team init`"
            )
        self._secret = secret
        self.origin = origin
        """Where it comes from, in words."""

    def revealed(self) -> str:
        """The secret itself: `name:password`, or a bearer token."""
        return self._secret

    def masked(self, text: str) -> str:
        """A text in which the secret, as it is or as it is sent, is replaced."""
        sent = base64.b64encode(self._secret.encode("ascii")).decode("ascii")
        for secret in (self._secret, sent, self._secret.partition(":")[2]):
            text = text.replace(secret, "…") if secret else text
        return text

    def __repr__(self) -> str:
        return "Token(…)"

    def __reduce__(self) -> Any:
        raise TypeError("a token is not written anywhere")


def token_for(url: str, environ: Mapping[str, str] = os.environ, keyring: Any = None) -> Token | None:
    """The token for an address: that of the environment, else the stored one."""
    if given := environ.get(VARIABLE, ""):
        return Token(given, f"the environment variable {VARIABLE}")
    ring = _keyring() if keyring is None else keyring
    if ring is not None and (kept := _asked(lambda: ring.get_password(_SERVICE, url))):
        return Token(kept, "the keyring")
    path = token_file(environ)
    kept = _read(path).get(url, "")
    return Token(kept, str(path)) if kept else None


def store(url: str, secret: str, environ: Mapping[str, str] = os.environ, keyring: Any = None) -> Token:
    """Keep a token for an address: in the keyring where there is one, else in a file of mode 0600."""
    token = Token(secret, "what was typed")
    ring = _keyring() if keyring is None else keyring
    if ring is not None and _asked(lambda: (ring.set_password(_SERVICE, url, secret.strip()), True)[1]):
        forget(url, environ, keyring=_NO_RING)
        token.origin = "the keyring"
        return token
    path = token_file(environ)
    _write(path, {**_read(path), url: secret.strip()})
    token.origin = str(path)
    return token


def forget(url: str, environ: Mapping[str, str] = os.environ, keyring: Any = None) -> bool:
    """Remove what is stored for an address; whether there was anything."""
    ring = _keyring() if keyring is None else keyring
    gone = False
    if ring is not None and ring is not _NO_RING and _asked(lambda: ring.get_password(_SERVICE, url)):
        gone = bool(_asked(lambda: (ring.delete_password(_SERVICE, url), True)[1]))
    path = token_file(environ)
    kept = _read(path)
    if url in kept:
        _write(path, {name: value for name, value in kept.items() if name != url})
        gone = True
    return gone


def token_file(environ: Mapping[str, str] = os.environ) -> Path:
    """Where tokens are kept without a keyring."""
    return config_folder(environ) / _FILE


_NO_RING: Final = object()


def _keyring() -> Any:
    """The system's keyring, where the package `keyring` is installed and finds one."""
    try:
        import keyring
        from keyring.backends import fail
    except ImportError:
        return None
    ring = _asked(keyring.get_keyring)
    return None if ring is None or isinstance(ring, fail.Keyring) else ring


def _asked(question: Callable[[], Any]) -> Any:
    """What a keyring says; None where it cannot be asked: locked, without a session, refused."""
    try:
        return question()
    except Exception:  # Each backend raises errors of its own; without a keyring the file is used.
        return None


def _read(path: Path) -> dict[str, str]:
    try:
        descriptor = open_file(path, os.O_RDONLY)
    except FileNotFoundError:
        return {}
    with open(descriptor, "rb") as file:
        info = os.fstat(file.fileno())
        if not WINDOWS and (stat.S_IMODE(info.st_mode) & OTHERS or info.st_uid != os.getuid()):
            raise CodannaError(
                f"{path} can be read by others, so the token in it is not used; make it yours alone with"
                f" `chmod 600 {path}`, and have the token replaced"
            )
        data = file.read(_LARGEST + 1)
    try:
        kept = orjson.loads(data) if len(data) <= _LARGEST else None
    except orjson.JSONDecodeError:
        kept = None
    if not isinstance(kept, dict) or not all(isinstance(value, str) for value in kept.values()):
        raise CodannaError(f"{path} is damaged; remove it, and run `codanna-lsp team init` again")
    return kept


def _write(path: Path, kept: Mapping[str, str]) -> None:
    file = ForeignFile(path)
    if not file.replace(file.read(), orjson.dumps(dict(kept), option=orjson.OPT_INDENT_2) + b"\n"):
        raise CodannaError(f"{path} is being changed by another process; try again")
