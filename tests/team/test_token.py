"""The token is kept where this user alone reads it, and shown nowhere."""

from __future__ import annotations

import base64
import os
import pickle
import stat
from pathlib import Path

import pytest

from codanna_core.errors import CodannaError
from codanna_core.runtime.system import WINDOWS
from codanna_team.token import VARIABLE, Token, forget, store, token_file, token_for

URL = "https://search.example.com"
SECRET = "reader:s3cret-of-the-team"


class Ring:
    """A keyring in memory; a locked one raises, as real ones do."""

    def __init__(self, *, locked: bool = False) -> None:
        self.kept: dict[tuple[str, str], str] = {}
        self.locked = locked

    def get_password(self, service: str, name: str) -> str | None:
        if self.locked:
            raise RuntimeError("locked")
        return self.kept.get((service, name))

    def set_password(self, service: str, name: str, secret: str) -> None:
        if self.locked:
            raise RuntimeError("locked")
        self.kept[service, name] = secret

    def delete_password(self, service: str, name: str) -> None:
        del self.kept[service, name]


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    folder = str(tmp_path / "config")
    return {"XDG_CONFIG_HOME": folder, "APPDATA": folder}


def test_the_keyring_comes_before_the_file(environ: dict[str, str]) -> None:
    """A token goes into the keyring where there is one, and no copy of it stays in the file."""
    locked, ring = Ring(locked=True), Ring()
    assert store(URL, "old", environ, locked).origin == str(token_file(environ))
    assert store(URL, SECRET, environ, ring).origin == "the keyring"
    assert "old" not in token_file(environ).read_text()
    found = token_for(URL, environ, ring)
    assert found is not None
    assert found.revealed() == SECRET
    assert token_for("https://other.example.com", environ, ring) is None


@pytest.mark.skipif(WINDOWS, reason="modes are a matter of other systems")
def test_the_file_is_its_users_alone(environ: dict[str, str]) -> None:
    """Without a keyring the file has mode 0600; one that others can read, and a link, are not used."""
    locked = Ring(locked=True)
    store(URL, "abc", environ, locked)
    path = token_file(environ)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    found = token_for(URL, environ, locked)
    assert found is not None
    assert found.revealed() == "abc"
    path.chmod(0o640)
    with pytest.raises(CodannaError, match="chmod 600"):
        token_for(URL, environ, locked)
    path.chmod(0o600)
    os.rename(path, path.with_suffix(".real"))
    path.symlink_to(path.with_suffix(".real"))
    with pytest.raises(OSError, match="link"):
        token_for(URL, environ, locked)


def test_the_environment_comes_first(environ: dict[str, str]) -> None:
    """A pipeline gives its token for one run."""
    ring = Ring()
    store(URL, "stored", environ, ring)
    found = token_for(URL, {**environ, VARIABLE: "given\n"}, ring)
    assert found is not None
    assert found.revealed() == "given"


def test_a_token_shows_itself_nowhere() -> None:
    """Neither text, representation nor pickle holds it, and messages that quote it are masked."""
    token = Token(SECRET, "a test")
    for shown in (repr(token), str(token), f"{token}", f"{[token]}"):
        assert "s3cret" not in shown
    with pytest.raises(TypeError):
        pickle.dumps(token)
    sent = base64.b64encode(SECRET.encode()).decode()
    said = token.masked(f"401 for {SECRET}, sent as {sent}; password s3cret-of-the-team")
    assert "s3cret" not in said
    assert sent not in said


@pytest.mark.parametrize("secret", ["", " \n", "a\nHost: evil", "gehe\u0131m", "x" * 20_000])
def test_what_no_header_can_hold_is_refused(secret: str) -> None:
    """A token with line ends or the like would change the request; the message does not repeat it."""
    with pytest.raises(CodannaError) as caught:
        Token(secret, "a test")
    assert "evil" not in str(caught.value)


def test_a_token_can_be_forgotten(environ: dict[str, str]) -> None:
    """From the keyring and from the file."""
    ring = Ring()
    store(URL, "abc", environ, Ring(locked=True))
    store("https://other.example.com", "kept", environ, Ring(locked=True))
    ring.set_password("codanna-lsp", URL, "def")
    assert forget(URL, environ, ring)
    assert token_for(URL, environ, ring) is None
    assert token_for("https://other.example.com", environ, ring) is not None
    assert not forget(URL, environ, ring)


def test_a_damaged_file_says_what_to_do(environ: dict[str, str]) -> None:
    """It is not taken for an empty one, since the next `init` would then drop the tokens of other engines."""
    path = token_file(environ)
    path.parent.mkdir(parents=True)
    path.write_bytes(b'{"https://search')
    path.chmod(0o600)
    with pytest.raises(CodannaError, match="team init"):
        token_for(URL, environ, Ring())
