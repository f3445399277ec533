"""Addresses of a team's index: encrypted, without secrets, and no template lets a name choose the host."""

from __future__ import annotations

from pathlib import Path

import pytest

from codanna_core.cli.main import main
from codanna_core.config import ClientOptions, load
from codanna_core.config.addresses import link_fault, url_fault, without_secrets


@pytest.mark.parametrize(
    "url", ["https://search.example.com:9200", "https://a/b", "http://127.0.0.1:9200", "http://[::1]:9200"]
)
def test_addresses(url: str) -> None:
    """HTTPS, and plain HTTP on this machine."""
    assert url_fault(url) == ""


@pytest.mark.parametrize(
    "url",
    [
        "search.example.com",
        "http://search.example.com",
        "ftp://search.example.com",
        "https://",
        "https://user:s3cret@search.example.com",
        "https://search.example.com?token=s3cret",
        "https://search.example.com#s3cret",
        "https://search.example.com:port",
        "https://search.example.com/a b",
        "https://search.example.com\\@evil.example.com",
        "https://[::1",
        "https://" + "a" * 3000,
    ],
)
def test_other_addresses(url: str) -> None:
    """Each is refused in words that do not repeat it."""
    fault = url_fault(url)
    assert fault
    assert "s3cret" not in fault


@pytest.mark.parametrize(
    ("link", "fine"),
    [
        ("https://git.example.com/{repository}/blob/{revision}/{path}#L{line}", True),
        ("https://git.example.com/{path}", True),
        ("http://git.example.com/{path}", False),
        ("vscode://file/{path}", False),
        ("https://{repository}/{path}", False),
        ("https://{repository}.example.com/{path}", False),
        ("https://git.example.com/", False),
        ("https://git.example.com/{path}/{user}", False),
        ("https://name@git.example.com/{path}", False),
        ("javascript:alert(1)", False),
    ],
)
def test_link_templates(link: str, fine: bool) -> None:
    """HTTPS, a fixed host, and the known fields alone."""
    assert (link_fault(link) == "") is fine


def test_problems_show_no_secret(tmp_path: Path) -> None:
    """What is wrong with an address is said without what may be a password, however long it is."""
    for secret in ("s3cret", "s3cret" * 30):
        found = load(tmp_path, ClientOptions(team={"url": f"https://u:{secret}@host/x", "token": secret}))
        assert found.settings.team.url == ""
        said = " ".join(problem.message for problem in found.problems)
        assert "s3cret" not in said
        assert "team.url" in said
        assert "codanna-lsp team init" in said
    assert without_secrets("https://u:s3@cret@host/x?y=s3cret") == "https://…host/x…"


def test_a_project_names_no_engine(tmp_path: Path) -> None:
    """Questions go where the user says, not where the code says."""
    lines = '[team]\nurl = "https://evil.example.com"\nlink = "https://evil.example.com/{path}"\n'
    (tmp_path / ".codanna.toml").write_text(lines + "deadline_ms = 9000\nrepositories = ['x']\n")
    found = load(tmp_path, {}, {"XDG_CONFIG_HOME": str(tmp_path / "none")})
    assert found.settings.team == type(found.settings.team)()
    assert len(found.problems) == 4


def test_a_token_is_no_option(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--set` refuses it and says where tokens belong, without repeating it."""
    for given in ("team.token=s3cret", "team.url=https://u:s3cret@host"):
        assert main(["search", "x", str(tmp_path), "--set", given]) == 2
        said = capsys.readouterr().err
        assert "team init" in said
        assert "s3cret" not in said
