"""The map as SVG."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest

from codanna_core.results import SymbolHit
from codanna_core.testing.hostile import EVERYTHING, attacks
from codanna_core.vectors.drawing import svg
from codanna_core.vectors.sheet import ClusterMap, MapRegion, MapSymbol

ATTACK = f"</title><script>alert(1)</script>\"'<a href='javascript:x'>&{EVERYTHING}\x00\ufffe"


def a_map(
    name: str = "retry", path: str = "src/a.py", words: tuple[str, ...] = ("retry", "upload")
) -> ClusterMap:
    hit = SymbolHit(name, "function", "Box", "python", path, 8, 0, 9, 0, 8, 4, 9, 0.5, "meaning")
    return ClusterMap(
        (MapRegion(words, 1200, 0.1, -0.2, 0.2, (MapSymbol(hit, 0.12, -0.21),)),), 1200, False, 1
    )


def parsed(document: str) -> ElementTree.Element:
    return ElementTree.fromstring(document)


def named(root: ElementTree.Element, tag: str) -> list[ElementTree.Element]:
    return [element for element in root.iter() if element.tag.rpartition("}")[2] == tag]


def test_regions_have_words_and_dots_lead_to_their_lines(tmp_path: Path) -> None:
    """A dot's title says what it is, its link is relative to the picture and ends with the line."""
    root = parsed(svg(a_map(), tmp_path, tmp_path / "pictures" / "map.svg"))
    texts = [element.text for element in named(root, "text")]
    assert {"retry", "upload", tmp_path.name, "1,200 definitions, laid out by meaning"} <= set(texts)
    (link,) = named(root, "a")
    assert link.get("href") == "../src/a.py#L9"
    titles = [element.text for element in named(root, "title")]
    assert "function Box.retry, src/a.py:9" in titles
    assert "retry, upload: 1,200 definitions" in titles


def test_an_empty_map_is_a_picture(tmp_path: Path) -> None:
    """It says that there is nothing."""
    root = parsed(svg(ClusterMap((), 0, False, 0), tmp_path, tmp_path / "m.svg"))
    assert "0 definitions, laid out by meaning" in [element.text for element in named(root, "text")]


def test_a_hostile_project_draws_text_alone(tmp_path: Path) -> None:
    """Names, paths and words add no element, no attribute and no character that XML forbids."""
    folder = tmp_path / "<b>&\"'"
    document = svg(a_map(ATTACK, "a/b.py", (ATTACK, "two")), folder, tmp_path / "m.svg")
    assert attacks(document) == []
    root = parsed(document)
    tags = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert tags == {"svg", "style", "g", "a", "circle", "text", "title"}
    attributes = {name for element in root.iter() for name in element.attrib}
    assert attributes == {"viewBox", "class", "cx", "cy", "r", "x", "y", "font-size", "href"}


@pytest.mark.parametrize(
    "path",
    ["javascript:alert(1).py", "a b#c?.py", "ü\udcff.py", "data:text/html,x"],
)
def test_links_stay_in_the_project(tmp_path: Path, path: str) -> None:
    """No name is taken for a scheme or for another host, and each leads to its file."""
    root = parsed(svg(a_map(path=path), tmp_path, tmp_path / "m.svg"))
    (link,) = named(root, "a")
    href = str(link.get("href"))
    assert href.startswith("./")
    way, _, line = href.partition("#")
    assert line == "L9"
    assert (tmp_path / unquote(way, errors="surrogateescape")).resolve() == (
        tmp_path / path.lstrip("/")
    ).resolve()


@pytest.mark.parametrize("path", ["//attacker.invalid/x.py", "/etc/passwd", "../outside.py", "a/../../b.py"])
def test_no_link_leaves_the_project(tmp_path: Path, path: str) -> None:
    """A path that is none of the project gets its dot and no link."""
    assert named(parsed(svg(a_map(path=path), tmp_path, tmp_path / "m.svg")), "a") == []
