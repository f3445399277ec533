"""A hit of a team is sent with its link and its repository, and no file of the folder is read for it."""

from __future__ import annotations

from typing import Any

import pytest

from codanna_core.model import Origin, Position, Span
from codanna_core.results import Hit
from codanna_lsp import convert
from codanna_lsp.features import answers


class Untouched:
    """Stands for a snapshot and a folder that nobody may ask."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"{name} was asked for")


def hit(url: str, path: str = "src/store.py") -> Hit:
    place = Span(Position(3, 4), Position(3, 8))
    origin = Origin("team/app", "main", "0" * 40, url)
    return Hit(
        "save",
        "method",
        "Store",
        "python",
        path,
        place,
        place,
        "def save()",
        "",
        0.5,
        wide=True,
        origin=origin,
    )


@pytest.mark.parametrize("url", ["https://git.example.com/team/app/src/store.py#L4", ""])
def test_a_hit_elsewhere(url: str) -> None:
    """Its URI is the link, also in an encoding for whose columns a file of the folder would be read."""
    nobody: Any = Untouched()
    item = answers._shape(nobody, convert.Columns("utf-8"), nobody, hit(url))
    assert item["uri"] == item["url"] == url
    assert item["repository"] == "team/app"
    assert item["range"]["start"] == {"line": 3, "character": 4}


def test_without_links_they_are_still_several() -> None:
    """Hits without a URI are told apart by their repositories and paths; the same from two folders is one."""
    nobody: Any = Untouched()
    found = [hit(""), hit("", "src/other.py"), hit("")]
    items = [answers._shape(nobody, convert.Columns("utf-16"), nobody, one) for one in found]
    assert [item["path"] for item in convert.without_doubles(items)] == ["src/store.py", "src/other.py"]
