"""Dataclasses whose methods are made late are those of the standard library."""

from __future__ import annotations

import dataclasses
import inspect
import os
import pickle
import re
import subprocess
import sys
from dataclasses import field
from pathlib import Path
from typing import Any

import pytest

from codanna_core import records

KINDS: list[dict[str, bool]] = [
    {},
    {"slots": True},
    {"slots": True, "eq": False},
    {"frozen": True},
    {"frozen": True, "slots": True},
    {"frozen": True, "slots": True, "eq": False},
    {"frozen": True, "slots": True, "kw_only": True},
]


class Plain:
    """What both decorators are given."""

    name: str
    count: int = 3
    items: list[int] = field(default_factory=list, compare=False)
    unset: str = field(init=False, repr=False, compare=False)
    own: list[int] = field(init=False, default_factory=list)
    fixed: int = field(init=False, default=4)


def made(decorator: Any, options: dict[str, bool]) -> Any:
    """The same class by either decorator."""
    plain = type("Made", (), {key: value for key, value in vars(Plain).items() if key[:6] != "__dict"})
    return decorator(**options)(plain)


def tried(action: Any) -> object:
    """What an action gives, or how it fails."""
    try:
        return action()
    except Exception as error:
        return type(error), str(error)


@pytest.mark.parametrize("options", KINDS, ids=str)
def test_help_shows_the_fields_before_anything_is_called(options: dict[str, bool]) -> None:
    """As the standard library does, and a subclass with an initializer of its own shows that one."""
    late, at_once = (made(decorator, options) for decorator in (records.dataclass, dataclasses.dataclass))
    assert str(inspect.signature(late)) == str(inspect.signature(at_once))

    class Other(late):  # type: ignore[misc, valid-type]
        def __init__(self, other: int) -> None:
            """Its own."""

    assert list(inspect.signature(Other).parameters) == ["other"]


@pytest.mark.parametrize("options", KINDS, ids=str)
def test_each_method_does_what_the_standard_library_does(options: dict[str, bool]) -> None:
    """Each is the first to be called once: what it does must not depend on which others were."""
    actions: list[Any] = [
        lambda new: repr(new(name="x", items=[1])),
        lambda new: tried(lambda: new("x")) if options.get("kw_only") else new("x", 4).count,
        lambda new: tried(lambda: new(nothing=1))[0],  # type: ignore[index]
        lambda new: new(name="x") == new(name="x", items=[5]),
        lambda new: new(name="x") == new(name="y"),
        lambda new: new(name="x") == ("x", 3),
        lambda new: isinstance(tried(lambda: hash(new(name="x"))), int),
        lambda new: tried(lambda: setattr(new(name="x"), "name", "y")),
        lambda new: tried(lambda: delattr(new(name="x"), "name")),
        lambda new: isinstance(tried(lambda: setattr(new(name="x"), "other", 1)), tuple),
        lambda new: dataclasses.replace(new(name="x"), count=7).count,
        lambda new: tried(lambda: dataclasses.asdict(new(name="x", items=[2]))),
        lambda new: [one.name for one in dataclasses.fields(new)],
        lambda new: new.__match_args__,
        lambda new: hasattr(new(name="x"), "__dict__"),
        lambda new: new(name="x").items is new(name="x").items,
        lambda new: tried(lambda: new(name="x").unset)[0],  # type: ignore[index]
        lambda new: (new(name="x").own, new(name="x").fixed, new(name="x").own is new(name="x").own),
        lambda new: new.__qualname__,
    ]
    for action in actions:
        ours, theirs = made(records.dataclass, options), made(dataclasses.dataclass, options)
        assert action(ours) == action(theirs)
        assert action(ours) == action(theirs)  # By now the methods are there.


def test_a_class_keeps_methods_of_its_own() -> None:
    """What a class body defines is never replaced, and what it defines to be called afterwards is."""

    @records.dataclass(frozen=True, slots=True)
    class Own:
        number: int

        def __post_init__(self) -> None:
            object.__setattr__(self, "number", self.number + 1)

        def __repr__(self) -> str:
            return "mine"

        def __hash__(self) -> int:
            return 5

    assert (Own(1).number, repr(Own(1)), hash(Own(1)), Own(1) == Own(1)) == (2, "mine", 5, True)


@records.dataclass(frozen=True, slots=True)
class Packed:
    """Frozen and without a dict, so that pickling cannot simply set what it holds."""

    name: str
    more: tuple[int, ...] = ()


def test_frozen_ones_can_be_pickled() -> None:
    """Processes hand each other records."""
    assert pickle.loads(pickle.dumps(Packed("x", (1, 2)))) == Packed("x", (1, 2))


def test_reading_the_modules_of_a_search_compiles_no_methods() -> None:
    """A start uses few of the classes; all by the standard library would take a quarter of it."""
    program = (
        "import dataclasses\n"
        "made = [0]; before = dataclasses._process_class\n"
        "def counted(cls, init, *rest):\n"
        "    made[0] += bool(init) and cls.__module__.startswith('codanna')\n"
        "    return before(cls, init, *rest)\n"
        "dataclasses._process_class = counted\n"
        "import codanna_core.cli.search, codanna_core.engine\n"
        "print(made[0])"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=os.environ)
    assert int(found.stdout) <= 12, found


def test_all_records_are_made_this_way() -> None:
    """`codanna_rpc` alone has its own, since it knows no engine."""
    root = Path(__file__).parents[1]
    by_library = re.compile(r"^from dataclasses import .*\bdataclass\b", re.MULTILINE)
    folders = ("core/codanna_core", "core/codanna_team", "lsp_server/codanna_lsp", "lsp_server/codanna_mcp")
    files = [path for folder in folders for path in (root / folder).rglob("*.py")]
    assert len(files) > 200
    assert [path for path in files if by_library.search(path.read_text("utf-8"))] == []
