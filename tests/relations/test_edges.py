"""Questions about one definition."""

from __future__ import annotations

from collections.abc import Callable

from codanna_core.relations.edges import Relations
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
