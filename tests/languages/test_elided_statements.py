"""Python's function bodies are not parsed where that changes nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from codanna_core.languages import languages
from codanna_core.languages.elide import statements
from codanna_core.languages.elide.statements import without_statements
from codanna_core.languages.extract import extract
from codanna_core.model import Extraction

LONG = "    value = compute(value, 1) + another_function(value, 'text (')  # what is computed\n" * 4

DEEP = LONG.replace("    ", "        ")
END = "    return value\n"

SOURCES = {
    "plain": f"def a(value):\n{LONG}    return value\n\nX = 1\n",
    "docstring": f'def a(value):\n    """Says\n\n  what: it does."""\n{LONG}{END}\ndef b(): pass\n',
    "one-line docstring": f"def a(value):\n    'What: it does.'\n{LONG}    return value\n",
    "head on many lines": f"def a(\n    value: int,\n    *,\n    key=(1, 2),\n) -> dict[str]:\n{LONG}{END}",
    "bracket in a default": f'def a(value="("):\n{LONG}{END}'
    'class B:\n    FIELD = ")"\n    if FIELD:\n        x = 1\n',
    "one line, then a class": "def helper(x: int) -> int: return x\n\nclass Config:\n"
    + "".join(f"    field_{number}: int = {number}\n" for number in range(9)),
    "overloads": "@overload\ndef f(x: int) -> int: ...\n@overload\ndef f(x: str) -> str: ...\n"
    "class E(Enum):\n" + "".join(f"    MEMBER_{number} = 'value {number}'\n" for number in range(9)),
    "method": f"class A:\n    x = 1\n    def a(self):\n{DEEP}        self.y = 2\n    z = 3\n",
    "constructor": f"class A:\n    def __init__(self, v):\n{DEEP}        self.y = 2\n        self.z = 3\n",
    "nested": f"def a():\n{LONG}    def b():\n{DEEP}        return 1\n    return b\n",
    "ends deeper": f"def a():\n{LONG}    if value:\n        for x in value:\n            print(x)\n\n\n"
    "def b():\n    pass\n",
    "ends with a comment": f"def a():\n{LONG}    return 1\n    # the end\n# at the margin\nX = 1\n",
    "comment behind the end": f"def a():\n{LONG}    return 1  # one\nX = 1\n",
    "comment at the margin inside": f"def a():\n{LONG}# here\n{LONG}    return 1\nX = 1\n",
    "text in the body": f"def a():\n{LONG}    x = '''\ndef no(): pass\n'''\n    return x\nX = 1\n",
    "no end of line": f"def a():\n{LONG}    return 1",
    "windows": f"def a():\n{LONG}    return 1\n\nX = 1\n".replace("\n", "\r\n"),
    "tabs": f"class A:\n\tdef a():\n{LONG.replace('    ', chr(9) * 2)}\t\treturn 1\n\tx = 2\n",
    "async": f"async def a():\n{LONG}    return 1\n",
    "continued": f"def a():\n{LONG}    return 1 + \\\n  2\nX = 1\n",
    "closing bracket at the margin": f"def a():\n{LONG}    return call(\n1,\n)\nX = 1\n",
    "broken": f"def a(:\n{LONG}    return )\nX = 1\n",
    "umlauts": f"def größe(wert):\n{LONG.replace('text', 'größe')}    return 'ü'\n\nÄ = 1\n",
}


def whole(data: bytes, monkeypatch: pytest.MonkeyPatch) -> Extraction:
    with monkeypatch.context() as patch:
        patch.setattr("codanna_core.languages.parse.without_statements", lambda data, language: data)
        return extract(data, "a.py")


@pytest.mark.parametrize("name", SOURCES)
def test_symbols_are_those_of_the_whole_text(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leaving statements out gives the same symbols, to the byte."""
    data = SOURCES[name].encode()
    assert extract(data, "a.py") == whole(data, monkeypatch)


def variants() -> Iterator[bytes]:
    """Two sources in one file, and each cut short."""
    texts = [text.encode() for text in SOURCES.values()]
    for first in texts:
        for second in texts:
            yield first + b"\n" + second
        for cut in range(20, len(first), 67):
            yield first[:cut]


def test_symbols_of_texts_put_together_and_cut_short(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same for texts that end anywhere and for every pair of them."""
    for data in variants():
        less, full = extract(data, "a.py"), whole(data, monkeypatch)
        if not full.problems:
            assert less.symbols == full.symbols, data.decode("utf-8", "replace")


def test_statements_are_left_out_and_offsets_stay() -> None:
    """The parser gets one name instead of the statements, and the docstring."""
    data = SOURCES["docstring"].encode()
    less = without_statements(data, languages()["python"])
    assert len(less) == len(data)
    assert b"compute" not in less
    assert b"what: it does." in less
    assert less.endswith(b"\n\ndef b(): pass\n")


def test_what_is_kept_of_a_text_is_bounded() -> None:
    """A file with a thousand different indentations does not stay in memory."""
    text = "".join(f"{' ' * depth}def a{depth}(value):\n{' ' * depth}{LONG}" for depth in range(1000))
    without_statements(text.encode(), languages()["python"])
    assert len(statements._behind) <= statements._behind.limit
