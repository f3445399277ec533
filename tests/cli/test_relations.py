"""refs, callers, calls and impact: what they print, and what their exit codes say."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any, get_type_hints

import pytest

from codanna_core.cli.edges import render_mermaid
from codanna_core.errors import InvalidQuery
from codanna_core.files.diffs import changed_lines
from codanna_core.model import Position, Span
from codanna_core.results import Confidence, Definition, Edge, Relation, RelationResult
from codanna_core.wire import DefinitionJson, EdgeJson

FILES = {
    "shop.py": "class Cart:\n    def total(self): return price()\n\n\ndef price(): return 3\n",
    "pay.py": "from shop import Cart\n\n\ndef pay():\n    return Cart().total()\n\n\ndef twin(): pass\n",
    "twin.py": "def twin(): pass\n\n\ndef user():\n    return twin()\n",
    "tests/test_pay.py": "from pay import pay\n\n\ndef test_pay(): pay()\n",
}


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "shop"
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    monkeypatch.chdir(root)
    return root


def test_callers_with_place_definition_and_reason(shop: Path, run: Any) -> None:
    """One line a call: where, in what, how sure and why."""
    outcome = run("callers", "price")
    assert outcome.code == 0
    assert outcome.out == "shop.py:2  Cart.total  certain  defined in this file\n"
    assert outcome.err == ""


def test_refs_say_how_a_name_is_used(shop: Path, run: Any) -> None:
    """Imports are marked as such."""
    outcome = run("refs", "Cart")
    assert outcome.out.splitlines() == [
        "pay.py:1  (top of the file)  certain  import, imported in line 1",
        "pay.py:5  pay  certain  call, imported in line 1",
    ]


def test_refs_of_a_name_that_nothing_defines(shop: Path, run: Any) -> None:
    """Its uses are listed with a note, with `--text` its mentions, too; of an unused name there are none."""
    (shop / "web.py").write_text("import flask\n# flask runs\nflask.run()\n")
    outcome = run("refs", "flask")
    assert [line.partition("  ")[0] for line in outcome.out.splitlines()] == ["web.py:1", "web.py:3"]
    assert outcome.code == 0
    assert "nothing here defines flask" in outcome.err
    assert len(run("refs", "flask", "--text").out.splitlines()) == 3
    document = json.loads(run("refs", "flask", "--json").out)
    assert document["target"] is None
    assert [edge["role"] for edge in document["edges"]] == ["import", "read"]
    assert not any("via" in edge for edge in document["edges"])
    assert "there is no definition of nowhere" in run("refs", "nowhere").err


def test_callers_of_what_is_passed_on(shop: Path, run: Any) -> None:
    """A handler without a call by name is never told to be without callers."""
    (shop / "web.py").write_text("def handle(): pass\n\nregister(handle)\n")
    outcome = run("callers", "handle")
    assert (outcome.code, outcome.out) == (1, "")
    assert "1 use passes it on without calling it" in outcome.err
    assert "no callers" not in outcome.err
    assert json.loads(run("callers", "handle", "--json").out)["passed"] == 1


def test_calls_say_where_the_callee_is(shop: Path, run: Any) -> None:
    """And with `--depth` which of the calls goes on."""
    assert run("calls", "Cart.total").out == "shop.py:2  price in shop.py:5  certain  defined in this file\n"
    deep = run("calls", "pay", "--depth", "2").out.splitlines()
    assert deep[-1] == "shop.py:2  price in shop.py:5 by Cart.total  certain  defined in this file"


def test_namesakes_are_listed_with_an_exit_code_of_their_own(shop: Path, run: Any) -> None:
    """Never a mix; a place, or a container, says which is meant."""
    outcome = run("callers", "twin")
    assert outcome.code == 4
    assert outcome.out.splitlines() == ["pay.py:8  function  twin", "twin.py:1  function  twin"]
    assert "2 definitions of that name; write its container as well (`Session.save`), or NAME@" in outcome.err
    chosen = run("callers", "twin@twin.py:1")
    assert (chosen.code, chosen.out) == (0, "twin.py:5  user  certain  defined in this file\n")
    assert run("callers", "twin@twin.py:5").out == chosen.out, "a use names the definition, too"
    ambiguous = run("callers", "twin", "--json")
    assert ambiguous.code == 4
    assert [one["path"] for one in ambiguous.json["candidates"]] == ["pay.py", "twin.py"]
    assert (ambiguous.json["target"], ambiguous.json["edges"]) == (None, [])


def test_the_json_document(shop: Path, run: Any) -> None:
    """The documented keys, exactly; positions as everywhere."""
    document = run("callers", "Cart.total", "--json").json
    page = (Path(__file__).parents[2] / "docs" / "cli.md").read_text("utf-8")
    example = next(one for one in re.findall(r"```json\n(.*?)```", page, re.DOTALL) if '"edges"' in one)
    assert set(document) == set(json.loads(example))
    (edge,) = document["edges"]
    required = {key for key in get_type_hints(EdgeJson) if key not in EdgeJson.__optional_keys__}
    assert set(edge) == required == set(json.loads(example)["edges"][0])
    assert set(edge["symbol"]) == set(get_type_hints(DefinitionJson)) == set(document["target"])
    assert (edge["path"], edge["symbol"]["name"], edge["tier"]) == ("pay.py", "pay", "certain")
    assert edge["range"] == {"start": {"line": 4, "character": 18}, "end": {"line": 4, "character": 23}}
    assert document["complete"]


def test_a_call_that_cannot_be_known_is_unknown_and_not_none(shop: Path, run: Any) -> None:
    """The unknown use is counted; "no callers" is said where all uses are known."""
    (shop / "box.py").write_text("class Box:\n    def get(self): pass\n\n\ndef user(x):\n    x.get()\n")
    outcome = run("callers", "Box.get")
    assert (outcome.code, outcome.out) == (1, "")
    assert "no callers" not in outcome.err
    assert "unknown here what 1 use of the name means" in outcome.err
    assert run("callers", "Box.get", "--json").json["unknown"] == 1
    (shop / "box.py").write_text("class Box:\n    def get(self): pass\n")
    assert "no callers of get" in run("callers", "Box.get").err


def test_a_name_that_is_nowhere(shop: Path, run: Any) -> None:
    """Says what is near."""
    outcome = run("callers", "prices")
    assert outcome.code == 1
    assert "there is no definition of prices; did you mean price?" in outcome.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("callers",),
        ("callers", " "),
        ("impact",),
        ("callers", "price@nowhere.py:1"),
        ("callers", "price@shop.py:0"),
        ("callers", "price", "--depth", "0"),
        ("callers", "price", "--budget", "-1"),
        ("callers", "price", "--min-confidence", "sure"),
        ("impact", "price", ".", "--diff", "x.diff"),
        ("impact", "--diff", "nowhere.diff"),
        ("impact", "--diff", "shop.py"),
        ("refs", "price", "--graph"),
    ],
)
def test_wrong_use(shop: Path, run: Any, arguments: tuple[str, ...]) -> None:
    """Is refused in one sentence."""
    outcome = run(*arguments)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith("codanna-lsp: ")
    assert len(outcome.err.splitlines()) == 1


DIFF = """diff --git a/shop.py b/shop.py
--- a/shop.py
+++ b/shop.py
@@ -3,3 +3,3 @@


-def price(): return 2
+def price(): return 3
"""


def test_impact_of_a_diff_lists_tests_first(
    shop: Path, run: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """From a file or standard input, for a folder or the current one."""
    (tmp_path / "change.diff").write_text(DIFF)
    outcome = run("impact", "--diff", tmp_path / "change.diff")
    assert outcome.code == 0
    assert [line.split("  ")[1] for line in outcome.out.splitlines()] == [
        "test_pay uses pay",
        "Cart.total",
        "pay uses Cart.total",
    ]
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(DIFF.encode())))
    monkeypatch.chdir(tmp_path)
    assert [line.split("  ")[1] for line in run("impact", "--diff", "-", shop).out.splitlines()] == [
        line.split("  ")[1] for line in outcome.out.splitlines()
    ]


def test_impact_of_a_definition(shop: Path, run: Any) -> None:
    """The same rows without a diff, as deep as asked."""
    assert len(run("impact", "price").out.splitlines()) == 3
    assert len(run("impact", "price", "--depth", "1").out.splitlines()) == 1


@pytest.mark.parametrize(
    ("diff", "changed"),
    [
        (DIFF, [("shop.py", 4, 4)]),
        ("--- a/x\n+++ b/x\n@@ -1,3 +1,2 @@\n a\n-b\n c\n", [("x", 0, 0)]),
        ("--- x\t2026-01-01\n+++ x\t2026-01-02\n@@ -1 +1,2 @@\n a\n+b\n", [("x", 1, 1)]),
        ('--- "a/\\303\\251\\"x"\n+++ "b/\\303\\251\\"x"\n@@ -0,0 +1 @@\n+b\n', [('\xe9"x', 0, 0)]),
        ("--- a/x\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n", []),
        ("--- a/x\n+++ b/../../etc/passwd\n@@ -1 +1 @@\n-a\n+b\n", []),
        ("--- a/x\n+++ /etc/passwd\n@@ -1 +1 @@\n-a\n+b\n", []),
        ("--- a/x\n+++ b/x\n@@ -1 +1,3 @@\n a\n+\n+   \n", []),
        ("--- a/x\n+++ b/x\n@@ -1 +1,99999999999 @@\n a\n+b\n", [("x", 1, 1)]),
        ("--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n---- a/y\n+++ b/y\n c\n", [("x", 0, 0)]),
    ],
)
def test_changed_lines_of_a_diff(diff: str, changed: list[tuple[str, int, int]]) -> None:
    """Of git and of diff, quoted names, deleted files, lies about counts, and paths that lead out."""
    assert list(changed_lines(diff)) == changed


def test_what_is_no_diff_is_refused() -> None:
    """Rather than found to change nothing."""
    with pytest.raises(InvalidQuery, match="not a unified diff"):
        changed_lines("hello\n")


def test_a_graph_is_escaped(shop: Path, run: Any) -> None:
    """Labels end where they end, whatever a name or a path holds."""
    assert run("calls", "Cart.total", "--graph").out == (
        'flowchart LR\n    n0["Cart.total"]\n    n1["price"]\n    n0 --> n1\n'
    )
    where = Span(Position(0, 0), Position(0, 1))
    evil = Definition(
        'a"]\n click n0 "javascript:x" <b>`%%{init}', "function", "", "python", "p", where, where
    )
    edge = Edge("p", where, "call", None, evil, Confidence.POSSIBLE, 0.5, "")
    drawn = render_mermaid(RelationResult(Relation.CALLERS, [evil], edges=[edge])).splitlines()
    assert len(drawn) == 4
    assert re.fullmatch(r'    n0\["[^"<>`%{}\[\]\\]+"\]', drawn[1])
    assert drawn[3] == "    n1 -.-> n0"
