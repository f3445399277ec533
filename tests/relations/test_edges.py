"""Questions about one definition."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from codanna_core.relations.edges import Answer, Relations
from codanna_core.relations.resolve import Tier
from codanna_core.relations.values import Target
from codanna_core.testing.relations import MemoryProvider

Make = Callable[[dict[str, str]], MemoryProvider]

FILES = {
    "a.py": """
        def target(): ...
        def inner():
            return target()
    """,
    "b.py": """
        from a import target, inner
        class C:
            def run(self):
                target()
                inner()
                return target
    """,
    "c.py": """
        def target(): ...
        target()
    """,
}


def found(relations: Relations, path: str, name: str) -> Target:
    table = relations.resolver.typer.table(path)
    assert table is not None
    return Target(path, table.by_name[name][0])


def test_callers_are_told_from_namesakes(make_project: Make) -> None:
    """Only calls of this definition are its callers, each with the definition around it."""
    relations = Relations(make_project(FILES))
    answer = relations.callers(found(relations, "a.py", "target"))
    assert [(edge.path, edge.line, edge.tier, edge.reason) for edge in answer.edges] == [
        ("a.py", 2, Tier.CERTAIN, "defined in this file"),
        ("b.py", 3, Tier.CERTAIN, "imported in line 1"),
    ]
    assert answer.edges[1].source == found(relations, "b.py", "run")
    assert answer.complete


def test_references_hold_values_and_imports(make_project: Make) -> None:
    """Uses without a call count as references: the import and the name that is returned."""
    relations = Relations(make_project(FILES))
    answer = relations.references(found(relations, "a.py", "target"))
    assert [(edge.path, edge.line) for edge in answer.edges] == [
        ("a.py", 2),
        ("b.py", 0),
        ("b.py", 3),
        ("b.py", 5),
    ]


def test_calls_of_a_definition(make_project: Make) -> None:
    """What a method calls, in the order of the text."""
    relations = Relations(make_project(FILES))
    answer = relations.calls(found(relations, "b.py", "run"))
    assert [edge.target for edge in answer.edges] == [
        found(relations, "a.py", "target"),
        found(relations, "a.py", "inner"),
    ]


def test_a_spent_budget_is_said(make_project: Make) -> None:
    """An answer that ran out of time is not complete, and says how far it came."""
    relations = Relations(make_project(FILES))
    answer = relations.callers(found(relations, "a.py", "target"), budget_s=0)
    assert not answer.complete
    assert answer.files < answer.of_files == 3


def test_missing_facts_are_said(make_project: Make) -> None:
    """A file that uses the name and has no facts yet makes the answer incomplete."""
    provider = make_project(FILES)
    del provider.all["b.py"]
    relations = Relations(provider)
    answer = relations.callers(found(relations, "a.py", "target"))
    assert not answer.complete
    assert answer.problems == ["no facts of b.py yet"]


def test_files_that_cannot_use_a_definition_are_not_read(make_project: Make) -> None:
    """Those of other languages, those that only define the name, and in Go those of other packages."""
    texts = {
        "go.mod": "module m\n",
        "a/a.go": "package a\n\nfunc stop() {}\n\nfunc Stop() { stop() }\n",
        "a/b.go": "package a\n\nfunc f() { stop() }\n",
        "b/a.go": "package b\n\nfunc f(x T) { x.stop() }\n",
        "c.py": "def f(x): x.stop(); x.Stop()\n",
        "d/d.go": 'package d\n\nimport "m/a"\n\nfunc g() { a.Stop() }\n',
    }
    provider = make_project(texts)
    relations = Relations(provider)
    answer = relations.callers(found(relations, "a/a.go", "stop"))
    assert [edge.path for edge in answer.edges] == ["a/a.go", "a/b.go"]
    assert (answer.files, answer.unknown) == (2, 0)
    assert provider.asked == {"a/a.go", "a/b.go"}
    provider = make_project(texts)
    relations = Relations(provider)
    answer = relations.callers(found(relations, "a/a.go", "Stop"))
    assert [edge.path for edge in answer.edges] == ["d/d.go"]
    assert "c.py" not in provider.asked


@pytest.mark.parametrize("before", ["import os\n", ""], ids=["after a line", "at the first byte"])
def test_a_function_inside_another_is_used_in_its_file(make_project: Make, before: str) -> None:
    """Its name is bound nowhere else, so namesakes are not looked at."""
    inner = f"{before}def f():\n    def step(): ...\n    step()\n"
    provider = make_project({"a.py": inner, "b.py": "def g(step, x):\n    step()\n    x.step()\n"})
    relations = Relations(provider)
    answer = relations.callers(found(relations, "a.py", "step"))
    assert [(edge.path, edge.line) for edge in answer.edges] == [("a.py", 2 + before.count("\n"))]
    assert (answer.files, answer.unknown) == (1, 0)


def test_unknown_receivers_are_counted(make_project: Make) -> None:
    """A call that may mean the method is counted as unknown, not taken for none."""
    relations = Relations(
        make_project({"a.py": "class A:\n    def get(self): ...\ndef f(x):\n    x.get()\n"})
    )
    answer = relations.callers(found(relations, "a.py", "get"))
    assert answer.edges == []
    assert answer.unknown == 1


def test_hostile_sources_end(make_project: Make) -> None:
    """Cycles of imports, bases, aliases and returns end."""
    relations = Relations(
        make_project(
            {
                "a.py": """
                    from b import x, A
                    class B(A): ...
                    def f(): return g()
                    def g(): return f()
                    y = y.z().w
                    f().h()
                    x()
                    B().m()
                """,
                "b.py": """
                    from a import x, B
                    class A(B): ...
                """,
            }
        )
    )
    facts = relations.provider.facts("a.py")
    assert facts is not None
    for name in ("z", "w", "h", "m", "x"):
        reference = next(item for item in facts.references if item.name == name)
        assert relations.resolver.resolve("a.py", reference).targets == ()


def callers_of(make_project: Make, files: dict[str, str], path: str, name: str) -> Answer:
    relations = Relations(make_project(files))
    return relations.callers(found(relations, path, name))


def places(answer: Answer) -> list[tuple[str, int]]:
    return [(edge.path, edge.line + 1) for edge in answer.edges]


def test_default_exports_under_other_names(make_project: Make) -> None:
    """Importers of a default export choose its name, as do those who pass it on; all of them are found."""
    files = {
        "src/price.ts": "export default function price() { return 1; }\n",
        "src/cart/index.ts": "export default class { total() {} }\n",
        "src/list.js": "module.exports = function list() {};\n",
        "src/all.ts": "export { default as cost } from './price';\n",
        "src/a.ts": "import dear from './price.js';\ndear();\n",
        "src/b.ts": "import { cost } from './all';\ncost();\n",
        "src/c.js": "const many = require('./list');\nmany();\n",
        "src/d.ts": "import Basket from './cart';\nnew Basket();\n",
        "src/other.ts": "import price from 'prices';\nprice();\n",
    }
    assert places(callers_of(make_project, files, "src/price.ts", "price")) == [
        ("src/a.ts", 2),
        ("src/b.ts", 2),
    ]
    assert places(callers_of(make_project, files, "src/list.js", "default")) == [("src/c.js", 2)]
    assert places(callers_of(make_project, files, "src/cart/index.ts", "default")) == [("src/d.ts", 2)]


def test_inherited_constructors(make_project: Make) -> None:
    """A call of a subclass without a constructor of its own runs the inherited one."""
    files = {
        "a.py": """
            class Base:
                def __init__(self): ...
            class Middle(Base): ...
            class Own(Base):
                def __init__(self): ...
        """,
        "b.py": """
            from a import Base, Middle, Own
            class Last(Middle): ...
            Base()
            Middle()
            Own()
            Last()
        """,
    }
    answer = callers_of(make_project, files, "a.py", "__init__")
    assert places(answer) == [("b.py", 3), ("b.py", 4), ("b.py", 6)]


def test_a_variable_that_holds_a_function(make_project: Make) -> None:
    """A call of the variable is a use of it, although what is called is the function."""
    files = {
        "utils.js": "exports.stringify = function (x) { return x; };\n",
        "a.js": """
            const utils = require('./utils');
            const short = utils.stringify;
            short(1);
        """,
    }
    assert places(callers_of(make_project, files, "a.js", "short")) == [("a.js", 3)]
    assert places(callers_of(make_project, files, "utils.js", "stringify")) == [("a.js", 3)]


def test_what_is_passed_on_may_be_called(make_project: Make) -> None:
    """A function that is never called by its name but registered is not told to be without callers."""
    files = {
        "a.py": """
            def handle(): ...
            def unused(): ...
            routes = {"/": handle}
            register(handle)
        """,
    }
    answer = callers_of(make_project, files, "a.py", "handle")
    assert (answer.edges, answer.passed) == ([], 2)
    answer = callers_of(make_project, files, "a.py", "unused")
    assert (answer.edges, answer.passed) == ([], 0)


def test_a_field_that_may_hold_what_is_called(make_project: Make) -> None:
    """A call through something unknown of a name that fields of the project have is unknown, not outside."""
    files = {
        "plugin.ts": "export interface Plugin { load(): void; path: () => string }\n",
        "use.ts": "export function run(found: any) { found.pick().path(); }\n",
    }
    answer = callers_of(make_project, files, "plugin.ts", "path")
    assert (answer.edges, answer.unknown) == ([], 1)
