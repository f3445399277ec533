"""What the manifest of the VS Code extension promises, checked where no editor is installed."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

EXTENSION = Path(__file__).parents[2] / "editors" / "vscode"
MANIFEST: dict[str, Any] = json.loads((EXTENSION / "package.json").read_text("utf-8"))
CONTRIBUTES: dict[str, Any] = MANIFEST["contributes"]
SOURCES = "\n".join(path.read_text("utf-8") for path in sorted((EXTENSION / "src").glob("*.ts")))
STEPS: list[dict[str, Any]] = CONTRIBUTES["walkthroughs"][0]["steps"]
COMMANDS = {one["command"] for one in CONTRIBUTES["commands"]}


@pytest.mark.parametrize("step", STEPS, ids=lambda step: str(step["id"]))
def test_each_step_of_the_walkthrough_leads_somewhere(step: dict[str, Any]) -> None:
    """Its button runs a command that exists, its page is packaged, and what completes it can happen."""
    button = re.findall(r"\[[^\]]+\]\(command:([\w.]+)\)", step["description"])
    assert len(button) == 1
    assert button[0] in COMMANDS
    # VS Code shows a single mark as it is, and code between double ones.
    assert not re.search(r"(?<!`)`(?!`)", step["description"])
    page = EXTENSION / step["media"]["markdown"]
    assert page.read_text("utf-8").startswith("## ")
    assert "!media/**" in (EXTENSION / ".vscodeignore").read_text("utf-8").split()
    assert step["completionEvents"]
    views = {view["id"] for views in CONTRIBUTES["views"].values() for view in views}
    for event in step["completionEvents"]:
        kind, _, name = event.partition(":")
        if kind == "onContext":
            assert f'"setContext", "{name}"' in SOURCES
        else:
            assert name in {"onCommand": COMMANDS, "onView": views}[kind]


def test_commands_of_the_manifest_are_registered() -> None:
    """What the palette, a menu, a key or a welcome text names is a command that the code registers."""
    menus = {entry["command"] for entries in CONTRIBUTES["menus"].values() for entry in entries}
    keys = {entry["command"] for entry in CONTRIBUTES["keybindings"]}
    welcomes = set(re.findall(r"command:([\w.]+)", json.dumps(CONTRIBUTES["viewsWelcome"])))
    assert len(menus) > 10
    assert len(keys) > 3
    assert welcomes
    assert menus | keys | welcomes <= COMMANDS
    registered = set(re.findall(r"\bcommand\(\"(codanna\.[\w.]+)\"", SOURCES))
    assert registered >= COMMANDS


def shown_title(key: str) -> str:
    """As VS Code makes it of the last part of a key."""
    words = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", key.rpartition(".")[2])
    words = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1 \2", words)
    return words[:1].upper() + words[1:]


KEYS = [key for part in CONTRIBUTES["configuration"] for key in part["properties"]]


@pytest.mark.parametrize("key", KEYS)
def test_titles_of_settings_are_words(key: str) -> None:
    """`codanna.discovery.maxFileSize` is Max File Size; an underscore or a number would stay as it is."""
    assert re.fullmatch(r"[A-Z][a-z]+( [A-Z][a-z]+)*", shown_title(key))


def test_titles_of_groups_are_words() -> None:
    """The groups of the settings are named, not numbered or spelled as in the file."""
    titles = [part["title"] for part in CONTRIBUTES["configuration"]]
    assert len(titles) == len(set(titles)) > 6
    assert all(re.fullmatch(r"[A-Z][a-z]+", title) for title in titles)
    assert shown_title("codanna.discovery.max_file_size") == "Max_file_size"


def test_pages_take_their_colors_from_the_theme() -> None:
    """Text and what is behind it are the theme's, light or dark; of our own are hues in the middle alone."""
    sheets = {path.name: path.read_text("utf-8") for path in sorted((EXTENSION / "media").glob("*.css"))}
    assert len(sheets) == 2
    for name, sheet in sheets.items():
        painted = re.findall(
            r"(?:^|[\s;])((?:background|color|border-color|outline-color|fill|stroke)): ([^;]+);", sheet
        )
        assert painted, name
        free = ("var(--", "color-mix(", "transparent", "none", "inherit", "currentColor")
        assert [pair for pair in painted if not pair[1].startswith(free)] == [], name
        assert not re.search(r"#[0-9a-fA-F]{3,8}\b|\brgba?\(", sheet), name
        assert set(re.findall(r"hsl\([^)]*\)", sheet)) <= {
            f"hsl({hue}, 60%, 52%)" for hue in range(0, 360, 30)
        }
