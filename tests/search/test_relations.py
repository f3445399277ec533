"""Relations over one view: what is read, what is not, and what an answer says of itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from codanna_core import Engine
from codanna_core.cancel import Cancel
from codanna_core.errors import Cancelled, InvalidQuery
from codanna_core.model import Position, Span
from codanna_core.problems import Code
from codanna_core.relations.encoding import decode
from codanna_core.results import Confidence, Relation, RelationRequest, RelationResult
from codanna_core.testing.embedder import FakeEmbedder

Files = dict[str, str | bytes]


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    root = tmp_path / "work"
    root.mkdir()
    with Engine.open(root, tmp_path / "index", embedder=FakeEmbedder()) as opened:
        opened.sync()
        yield opened


def write(engine: Engine, files: Files) -> None:
    for path, text in files.items():
        file = engine.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
    engine.update(list(files))


def callers(engine: Engine, name: str, confidence: Confidence = Confidence.LIKELY) -> RelationResult:
    return engine.relations(RelationRequest(Relation.CALLERS, name, confidence=confidence))


def sources(result: RelationResult) -> list[str]:
    return [f"{edge.path}:{edge.source.name if edge.source else ''}" for edge in result.edges]


def test_a_block_of_a_type_is_named_once(engine: Engine) -> None:
    """A use in the head of a Rust `impl` is in that block, whose name has its type already."""
    rust = "mod ink {\n  pub struct Print;\n  impl Print {\n    fn new() -> Print { Print }\n  }\n}\n"
    write(engine, {"src/lib.rs": rust})
    found = engine.relations(RelationRequest(Relation.REFERENCES, "Print"))
    named = {f"{edge.source.container}.{edge.source.name}" for edge in found.edges if edge.source}
    assert named == {"ink.impl Print", "ink.Print.new"}


def test_a_qualified_name_means_what_is_spelled_like_it(engine: Engine) -> None:
    """The function of a package is no method of the class that is called like it in other case."""
    write(
        engine,
        {
            "shop/__init__.py": "",
            "shop/orders.py": "def total(): pass\n",
            "shop/app.py": "class Shop:\n    def total(self): pass\n",
        },
    )

    def asked(name: str) -> list[str]:
        found = callers(engine, name)
        return [f"{one.path}:{one.container}" for one in (found.candidates or found.targets)]

    assert asked("shop.total") == ["shop/orders.py:"]
    assert asked("orders.total") == ["shop/orders.py:"]
    assert asked("Shop.total") == ["shop/app.py:Shop"]
    assert asked("SHOP.total") == ["shop/app.py:Shop"]


def test_columns_are_utf16_whatever_the_encoding(engine: Engine) -> None:
    """A mark, line ends of all kinds, emoji and Latin-1: the place is where editors see it."""
    source = "from a import goal\ndef user():\n    s = '\U0001f600'; goal()\n"
    write(
        engine,
        {
            "a.py": "def goal(): pass\n",
            "mark.py": b"\xef\xbb\xbf" + source.encode(),
            "wide.py": source.encode("utf-16"),
            "windows.py": source.replace("\n", "\r\n"),
            "old.py": "from a import goal\ndef user():\n    s = '\xe9'; goal()\n".encode("latin-1"),
        },
    )
    result = callers(engine, "goal")
    assert sources(result) == ["mark.py:user", "old.py:user", "wide.py:user", "windows.py:user"]
    emoji = Span(Position(2, 14), Position(2, 18))
    assert [edge.span for edge in result.edges] == [
        emoji,
        Span(Position(2, 13), Position(2, 17)),
        emoji,
        emoji,
    ]
    assert all(edge.wide for edge in result.edges)


def test_prose_that_names_a_definition_is_no_use(engine: Engine) -> None:
    """Neither indexed nor typed, and the answer is complete without it."""
    write(engine, {"a.py": "def goal(): pass\ngoal()\n", "readme.md": "Call goal here.\n"})
    engine.set_overlay("notes.md", "# goal\n")
    result = callers(engine, "goal")
    assert sources(result) == ["a.py:"]
    assert result.complete
    assert result.problems == []


def test_a_file_that_became_a_link_is_not_read(engine: Engine, tmp_path: Path) -> None:
    """Neither its uses nor its text come from outside of the folder."""
    write(engine, {"a.py": "def goal(): pass\n", "b.py": "from a import goal\ngoal()\n"})
    outside = tmp_path / "outside.py"
    outside.write_text("from a import goal\ngoal()\n")
    (engine.root / "b.py").unlink()
    (engine.root / "b.py").symlink_to(outside)
    assert callers(engine, "goal").edges == []


def test_what_changed_since_it_was_indexed_is_said_to_be_missing(engine: Engine) -> None:
    """One state of the files: facts of a text that the index does not know would not fit the others."""
    write(engine, {"a.py": "def goal(): pass\n", "b.py": "from a import goal\ngoal()\n"})
    (engine.root / "b.py").write_text("from a import goal\n\n\n\ngoal()\n")
    result = callers(engine, "goal")
    assert result.edges == []
    assert not result.complete
    assert [problem.code for problem in result.problems] == [Code.RELATIONS_INCOMPLETE]
    assert "b.py" in result.problems[0].message


def test_a_spent_budget_is_said_with_counts(engine: Engine) -> None:
    """What was found in time, and how much was looked through."""
    write(
        engine,
        {"a.py": "def goal(): pass\n", **{f"u{n}.py": "from a import goal\ngoal()\n" for n in range(9)}},
    )
    result = engine.relations(RelationRequest(Relation.CALLERS, "goal", budget=0.0))
    assert not result.complete
    assert result.files < 10
    assert "files were looked through in time" in result.problems[-1].message


def test_a_cancelled_question_stops_between_files(engine: Engine) -> None:
    """Not only before the first one."""
    write(
        engine,
        {"a.py": "def goal(): pass\n", **{f"u{n}.py": "from a import goal\ngoal()\n" for n in range(9)}},
    )
    cancel = Cancel()
    heard: list[str] = []

    def first(edges: object) -> None:
        heard.append(str(edges))
        cancel.cancel()

    with pytest.raises(Cancelled):
        engine.relations(RelationRequest(Relation.CALLERS, "goal"), cancel=cancel, partial=first)
    assert len(heard) == 1


def test_a_place_outside_of_the_folder_is_refused(engine: Engine) -> None:
    """As for every question about a file."""
    with pytest.raises(InvalidQuery):
        engine.relations(RelationRequest(Relation.CALLERS, path="../a.py", line=0))


def test_other_names_of_a_definition_are_followed(engine: Engine) -> None:
    """An import under another name, in the same file and handed on to others."""
    write(
        engine,
        {
            "a.py": "def goal(): pass\n",
            "b.py": "from a import goal as target\ndef user():\n    target()\n",
            "lib.ts": "export function aim() {}\n",
            "pass.ts": "export { aim as shoot } from './lib';\n",
            "use.ts": "import { shoot } from './pass';\nfunction user() { shoot(); }\n",
        },
    )
    assert sources(callers(engine, "goal")) == ["b.py:user"]
    assert sources(callers(engine, "aim")) == ["use.ts:user"]


def test_members_that_headers_declare_are_found(engine: Engine) -> None:
    """Fields that are only declared are no symbols, and lead to definitions all the same."""
    write(
        engine,
        {
            "state.h": "namespace N {\nclass State {\n public:\n  void start();\n};\n"
            "class API Emitter {\n  void run();\n  State m_state;\n};\n}\n",
            "state.cpp": '#include "state.h"\nnamespace N { void State::start() {} }\n',
            "emitter.cpp": '#include "state.h"\nnamespace N { void Emitter::run() { m_state.start(); } }\n',
        },
    )
    request = RelationRequest(Relation.CALLERS, "start", "state.cpp", 1)
    assert sources(engine.relations(request)) == ["emitter.cpp:run"]


def test_no_use_of_a_name_in_cpp_is_taken_for_none(engine: Engine) -> None:
    """A receiver of a type that cannot be seen is unknown there, even if nothing here seems to be meant."""
    write(
        engine,
        {
            "a.cpp": "class Node {\n public:\n  void reset() {}\n};\n",
            "b.cpp": "void run() { Vague<Thing>().reset(); }\n",
        },
    )
    result = engine.relations(RelationRequest(Relation.CALLERS, "reset", "a.cpp", 2))
    assert len(result.edges) + result.unknown + result.weaker == 1


def test_making_an_instance_calls_the_type_and_its_constructor(engine: Engine) -> None:
    """Whichever of them was asked about, and where the constructor is inherited."""
    write(
        engine,
        {
            "a.py": "class Base:\n    def __init__(self): pass\n\nclass Heir(Base): pass\n\n"
            "def one(): Base()\ndef two(): Heir()\n"
        },
    )
    assert sources(callers(engine, "Base")) == ["a.py:one"]
    assert sources(callers(engine, "Heir")) == ["a.py:two"]
    assert "a.py:one" in sources(callers(engine, "Base.__init__"))


def test_a_constructor_is_told_from_its_overloads(engine: Engine) -> None:
    """By what is passed, as other methods are."""
    write(
        engine,
        {
            "Box.java": "class Box {\n  Box(int size) {}\n  Box(String name) {}\n"
            '  static Box one() { return new Box(1); }\n  static Box two() { return new Box("x"); }\n}\n',
            "box.js": "class Crate {\n  constructor() {}\n}\nfunction three() { return new Crate(); }\n",
        },
    )
    for line, caller in ((1, "one"), (2, "two")):
        request = RelationRequest(Relation.CALLERS, "Box", "Box.java", line)
        assert sources(engine.relations(request)) == [f"Box.java:{caller}"]
    assert sources(callers(engine, "Crate.constructor")) == ["box.js:three"]


def test_a_call_through_an_interface_is_a_possible_caller(engine: Engine) -> None:
    """It is counted where it is not asked for: "no callers" would be untrue."""
    write(
        engine,
        {
            "a.py": "class Shape:\n    def area(self): raise NotImplementedError\n\n"
            "class Circle(Shape):\n    def area(self): return 3\n\n"
            "def total(shape: Shape): return shape.area()\n"
        },
    )
    hidden = callers(engine, "Circle.area")
    assert (hidden.edges, hidden.weaker) == ([], 1)
    (edge,) = callers(engine, "Circle.area", Confidence.POSSIBLE).edges
    assert edge.source is not None
    assert (edge.source.name, edge.confidence) == ("total", Confidence.POSSIBLE)
    assert edge.reason == "through Shape.area, which it overrides"


def test_unknown_receivers_are_reported(engine: Engine) -> None:
    """A dynamic call that cannot be known is unknown, not absent."""
    write(engine, {"a.py": "class A:\n    def fetch(self): pass\nclass B:\n    def fetch(self): pass\n"})
    write(engine, {"b.py": "def f(x):\n    return x.fetch\n\ndef g(y):\n    y.fetch()\n"})
    result = callers(engine, "A.fetch")
    assert result.edges == []
    assert result.weaker + result.unknown == 1


def test_impact_goes_on_and_lists_tests_first(engine: Engine) -> None:
    """Callers of callers, each with the least confidence of its row, and each definition once."""
    write(
        engine,
        {
            "a.py": "def goal(): pass\ndef near(): goal()\ndef far(): near()\ndef again(): again(); far()\n",
            "tests/test_a.py": "from a import far\ndef test_far(): far()\n",
        },
    )
    result = engine.relations(RelationRequest(Relation.IMPACT, "goal", depth=9))
    assert [(edge.source.name, edge.depth) for edge in result.edges if edge.source] == [
        ("test_far", 3),
        ("near", 1),
        ("far", 2),
        ("again", 3),
        ("again", 4),
    ]
    near = engine.relations(RelationRequest(Relation.IMPACT, "goal", depth=1))
    assert [edge.source.name for edge in near.edges if edge.source] == ["near"]


def test_impact_of_changed_lines(engine: Engine) -> None:
    """Each definition around a changed line is asked about, and nothing else of the file."""
    write(
        engine,
        {"a.py": "def one():\n    pass\n\ndef two():\n    pass\n\ndef user():\n    one()\n    two()\n"},
    )
    request = RelationRequest(Relation.IMPACT, changed=(("a.py", 4, 4), ("gone.py", 0, 3)))
    result = engine.relations(request)
    assert [one.name for one in result.targets] == ["two"]
    assert [(edge.source.name, edge.target.name) for edge in result.edges if edge.source and edge.target] == [
        ("user", "two")
    ]


def test_a_file_that_the_parser_cannot_stand_is_named(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its facts are missing, the helper is replaced, and it is not tried again at every question."""
    monkeypatch.setattr("codanna_core.parsing.parser.seconds_for", lambda size: 0.001)
    text = b"def goal():\n" + b"    a(b(c(d(e(f(g(h(i))))))))\n" * 20_000
    first = decode(engine._parsing.facts(text, "slow.py"))
    assert not first.complete
    monkeypatch.setattr("codanna_core.parsing.parser.HELPERS", None)
    assert decode(engine._parsing.facts(text, "slow.py")) == first
    assert engine._parsing.facts(b"# Title\n", "readme.md") == b""


def test_a_language_without_rules_says_so(engine: Engine) -> None:
    """Its uses are found by name in all files that use it, typed ones included."""
    write(
        engine,
        {
            "a.rb": "def price\n  3\nend\n\ndef total\n  price\nend\n",
            "b.rb": "def pay\n  price()\nend\n",
            "readme.md": "price\n",
        },
    )
    engine.set_overlay("c.rb", "# \U0001f600\ndef typed\n  price\nend\n")
    result = callers(engine, "price")
    assert sources(result) == ["a.rb:total", "b.rb:pay", "c.rb:typed"]
    assert {edge.confidence for edge in result.edges} == {Confidence.LIKELY}
    assert [problem.code for problem in result.problems] == [Code.RELATIONS_BY_NAME]
    assert result.complete


HIERARCHY: Files = {
    "base.py": "class Base:\n    def run(self): ...\n\n\nclass Middle(Base): ...\n",
    "leaf.py": "from base import Middle as M\n\n\nclass Leaf(M):\n    def run(self): ...\n",
    "area.ts": "interface Shape { area(): number }\nclass Square implements Shape { area() { return 1 } }\n",
    "lib.rs": "trait Run { fn go(&self); }\nstruct A;\nimpl Run for A { fn go(&self) {} }\n",
    "doer.go": "package m\n\ntype Doer interface { Do(); Undo() }\ntype X struct{}\ntype Y struct{}\n"
    "func (x X) Do() {}\nfunc (x X) Undo() {}\nfunc (y Y) Do() {}\n",
    "P.java": "interface I { int f(); }\nclass P implements I { public int f() { return 1; } }\n",
}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Base", ["base.py:5 Middle certain", "leaf.py:4 Leaf certain"]),
        ("Base.run", ["leaf.py:5 run certain"]),
        ("Shape", ["area.ts:2 Square certain"]),
        ("Shape.area", ["area.ts:2 area certain"]),
        ("Run.go", ["lib.rs:3 go certain"]),
        ("Doer", ["doer.go:4 X likely"]),
        ("Doer.Do", ["doer.go:6 Do likely"]),
        ("I", ["P.java:2 P certain"]),
        ("Leaf", []),
    ],
)
def test_implementations(engine: Engine, name: str, expected: list[str]) -> None:
    """Subtypes through any number of types, overrides of a method, and interfaces of Go by their methods."""
    write(engine, HIERARCHY)
    result = engine.relations(RelationRequest(Relation.IMPLEMENTATIONS, name))
    found = [
        f"{edge.path}:{edge.span.start.line + 1} {edge.source.name} {edge.confidence.value}"
        for edge in result.edges
        if edge.source is not None
    ]
    assert found == expected
    assert result.complete


def test_uses_of_a_local_variable(engine: Engine) -> None:
    """In its scope alone: no keyword of a call, no member, no string, and not the other one of that name."""
    text = (
        "def one(tax):\n"
        "    cart.tax = tax\n"
        "    return pay(tax=tax, note='tax')  # tax\n"
        "\n"
        "def two(tax): return tax\n"
    )
    write(engine, {"a.py": text, "b.py": "tax = 1\n"})
    request = RelationRequest(Relation.REFERENCES, path="a.py", line=1, character=16, exact=True)
    result = engine.relations(request)
    assert [(one.name, one.selection.start) for one in result.targets] == [("tax", Position(0, 8))]
    places = [(edge.path, edge.span.start.line, edge.span.start.character) for edge in result.edges]
    assert places == [("a.py", 1, 15), ("a.py", 2, 19)]


def test_uses_in_one_file(engine: Engine) -> None:
    """Other files are not looked through."""
    user = "from a import goal\ndef user(): goal()\n"
    write(engine, {"a.py": "def goal(): pass\n", "b.py": user, "c.py": user})
    result = engine.relations(RelationRequest(Relation.REFERENCES, "goal", within="c.py"))
    assert {edge.path for edge in result.edges} == {"c.py"}
    assert (result.files, result.of_files, result.complete) == (1, 1, True)


def test_definitions_alone(engine: Engine) -> None:
    """With depth 0 nothing is looked through, and what is no name means nothing."""
    write(engine, {"a.py": "def goal(): return 1\n", "b.py": "import a\n\n\ndef user():\n    a.goal()\n"})
    result = engine.relations(
        RelationRequest(Relation.REFERENCES, path="b.py", line=4, character=7, depth=0, exact=True)
    )
    assert [(one.name, one.signature) for one in result.targets] == [("goal", "def goal()")]
    assert (result.edges, result.files) == ([], 0)
    module = RelationRequest(Relation.REFERENCES, path="b.py", line=0, character=7, exact=True)
    assert [(one.path, one.kind) for one in engine.relations(module).targets] == [("a.py", "module")]
    nothing = RelationRequest(Relation.REFERENCES, path="a.py", line=0, character=14, exact=True)
    assert [one.name for one in engine.relations(nothing).targets] == ["goal"]
    blank = RelationRequest(Relation.REFERENCES, path="b.py", line=2, character=0, exact=True)
    assert engine.relations(blank).targets == []
