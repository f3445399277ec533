"""The one JSON shape: what the encoder makes, what its types, the docs and the plug-ins say."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, get_type_hints

import pytest

from codanna_core.model import Origin, Position, Problem, Span
from codanna_core.problems import Code
from codanna_core.results import Hit, SnippetLine, State, SymbolHit
from codanna_core.wire import EDITOR, PROGRAM, EditorHitJson, HitJson, ProblemJson, hit_json, problem_json

ROOT = Path(__file__).parents[2]
TYPES = (ROOT / "editors" / "vscode" / "src" / "protocol.ts").read_text("utf-8")

HIT = Hit(
    name="od\nd",
    kind="function",
    container="Box",
    language="python",
    path="a\x1b.py",
    span=Span(Position(1, 2), Position(3, 4)),
    selection=Span(Position(1, 6), Position(1, 9)),
    signature="def odd()",
    doc="First.\nSecond.",
    score=1 / 3,
    reasons=("meaning", "name"),
    snippet=(SnippetLine(1, "def odd():", True),),
    signals={"meaning": 2 / 3},
    origin=Origin("team/app", "main", "0" * 40, "https://git.example.com/team/app/a.py"),
)
NAMED = SymbolHit("odd", "function", "Box", "python", "a.py", 1, 2, 3, 4, 1, 6, 9, 0.5, "exact")


def interface(name: str) -> dict[str, bool]:
    """Keys of an interface of the VS Code extension, and whether each may be absent."""
    body = re.search(rf"interface {name} \{{\n(.*?)^\}}", TYPES, re.MULTILINE | re.DOTALL)
    assert body is not None
    return {key: mark == "?" for key, mark in re.findall(r"^  (\w+)(\??):", body[1], re.MULTILINE)}


def typed(shape: Any) -> dict[str, bool]:
    return {key: key in shape.__optional_keys__ for key in get_type_hints(shape)}


@pytest.mark.parametrize("door", [PROGRAM, EDITOR])
def test_the_encoder_makes_what_the_types_say(door: Any) -> None:
    """A full hit has every key, one found by its name the required ones."""
    assert set(hit_json(HIT, door)) == set(typed(HitJson))
    assert set(hit_json(NAMED, door)) == {key for key, absent in typed(HitJson).items() if not absent}


def test_programs_get_exact_values_and_editors_inert_ones() -> None:
    """Only text differs between the doors."""
    exact, inert = hit_json(HIT), hit_json(HIT, EDITOR)
    assert (exact["name"], exact["path"]) == ("od\nd", "a\x1b.py")
    assert (inert["name"], inert["path"]) == (r"od\nd", r"a\x1b.py")
    assert inert["doc"] == exact["doc"] == "First.\nSecond."
    assert exact["score"] == inert["score"] == 0.333333
    assert hit_json(NAMED)["reasons"] == ["exact"]


def test_problems_of_both_doors() -> None:
    """What is about no file has a null for programs, and no key in editors."""
    problem = Problem(Code.WATCH, "see [x](command:y)")
    assert problem_json(problem) == {"code": "watch", "message": "see [x](command:y)", "path": None}
    assert problem_json(problem, EDITOR) == {"code": "watch", "message": "see [x] (command:y)"}
    of_file = problem_json(Problem(Code.SYNTAX, "m", "a\n.py"), EDITOR)
    assert of_file == {"code": "syntax", "message": "m", "path": r"a\n.py"}
    assert set(of_file) == set(typed(ProblemJson))


def test_the_vs_code_extension_knows_the_shapes() -> None:
    """Its types have the same keys, each required or optional as the language server sends it."""
    always = {"signature", "doc", "snippet"}
    sent = {key: absent and key not in always for key, absent in typed(EditorHitJson).items()}
    assert interface("Hit") == sent
    assert interface("Problem") == typed(ProblemJson)
    states = re.search(r"state:\s*((?:\s*\|?\s*\"[a-z-]+\")+);", TYPES)
    assert states is not None
    assert set(re.findall(r'"([a-z-]+)"', states[1])) == {"opening", "failed", *State}


def test_the_command_line_documents_every_key() -> None:
    """The example in docs/cli.md is a full hit."""
    page = (ROOT / "docs" / "cli.md").read_text("utf-8")
    example = next(one for one in re.findall(r"```json\n(.*?)```", page, re.DOTALL) if '"hits"' in one)
    answer = json.loads(example)
    assert set(answer["hits"][0]) == set(typed(HitJson))
    assert set(answer["problems"][0]) == set(typed(ProblemJson))


def test_the_status_bar_names_the_reason_of_read_only() -> None:
    """`read-only` is an index that may not be written; another window is told by `writer`, in any state."""
    text = (ROOT / "editors" / "vscode" / "src" / "statusBar.ts").read_text("utf-8")
    assert re.search(r'state === "read-only"\) \{\s+return `\$\{count\}, read-only`;', text)
    assert re.search(r"folder\.writer === false \? `\$\{count\}, kept current by another window`", text)
