"""A key is written into the user's settings file, and nothing else of it changes."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from codanna_core.errors import ConfigError
from codanna_team.user_settings import set_user_setting, with_key


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", '[team]\nurl = "x"\n'),
        ("[search]\nlimit = 3", '[search]\nlimit = 3\n\n[team]\nurl = "x"\n'),
        ("[team]\n# old\nurl = 'y'\nlink = ''\n", "[team]\n# old\nurl = \"x\"\nlink = ''\n"),
        ("[ team ] # ours\n[search]\nurl = 1\n", '[ team ] # ours\nurl = "x"\n[search]\nurl = 1\n'),
    ],
)
def test_with_key(before: str, after: str) -> None:
    """In its own line, at the head of its section, or in a new section."""
    assert with_key(before, "team", "url", "x") == after
    assert tomllib.loads(after)["team"]["url"] == "x"


@pytest.mark.parametrize("text", ["team = 3\n", "[team\n", 'team.url = "y"\n', '[[team]]\nurl = "y"\n'])
def test_what_cannot_be_changed_stays(tmp_path: Path, text: str) -> None:
    """The file is left as it is, and the message has the line to write."""
    path = tmp_path / "config.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=r"\[team\]"):
        set_user_setting(path, "team.url", 'a"b')
    assert path.read_text() == text
