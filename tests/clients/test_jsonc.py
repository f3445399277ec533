"""JSON with comments is changed by one entry, and every other byte stays."""

from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from codanna_core.clients.jsonc import BadJson, drop, parse, put

PATH = ("servers", "codanna")
OURS = {"command": "/opt/codanna-lsp", "args": ["mcp"]}

EXISTING = """{
  // The team's servers.
  "servers": {
    "other": { "command": "x" }, // keep me\x20\x20
    /* off for now
    "old": {} */
    "last": {"args": ["//", "/* no comment */"]} // and me
  },
  "inputs": [1, 2,],
}
"""


@pytest.mark.parametrize("eol", ["\n", "\r\n"])
@pytest.mark.parametrize("bom", ["", "\ufeff"])
@pytest.mark.parametrize(
    "text",
    [
        EXISTING,
        EXISTING.replace("} // and me", "}, // and me"),
        EXISTING.replace("  ", "\t"),
        '{"servers": {"a": 1}}',
        '{"servers": {"a": 1,}, "b": 2}',
        '{"servers": {"a": 1 /* x */ /* y */}}\n',
        '{\n  "servers": {\n    "a": 1\n    // none\n  }\n}',
        '{\n  "servers": {\n    "a": 1 /* c */ }\n}',
        '{\n  "servers": {\n    // nothing yet\n  }\n}\n',
        '{\n  "servers": {\n  }\n}\n',
    ],
)
def test_an_entry_comes_and_goes_without_a_trace(text: str, eol: str, bom: str) -> None:
    """After it was added and removed, the file is byte for byte what it was."""
    text = bom + text.replace("\n", eol)
    added = put(text, PATH, OURS)
    assert parse(added).value["servers"]["codanna"] == OURS
    without = dict(parse(added).value)
    without["servers"] = {key: value for key, value in without["servers"].items() if key != "codanna"}
    assert without == parse(text).value
    assert put(added, PATH, OURS) == added
    assert drop(added, PATH) == text


def test_the_entry_looks_like_its_neighbors() -> None:
    """Indentation, commas and line ends are those of the file."""
    text = '{\r\n\t"servers": {\r\n\t\t"a": {}\r\n\t}\r\n}\r\n'
    entry = ',\r\n\t\t"codanna": {\r\n\t\t\t"command": "x"\r\n\t\t}'
    assert put(text, PATH, {"command": "x"}) == text.replace('"a": {}', '"a": {}' + entry)


@pytest.mark.parametrize("text", ["", "\n", "\ufeff"])
def test_an_empty_file_gets_the_whole(text: str) -> None:
    """A file without content is written from nothing."""
    assert parse(put(text, PATH, OURS)).value == {"servers": {"codanna": OURS}}
    assert drop(text, PATH) == text


def test_missing_objects_are_made() -> None:
    """The objects on the way to the entry need not be there."""
    assert put("{}", PATH, 1) == '{\n  "servers": {\n    "codanna": 1\n  }\n}'
    assert put('{"a": 1}', PATH, 1) == '{"a": 1, "servers": {"codanna": 1}}'


def test_an_entry_is_replaced_in_place() -> None:
    """An older entry of the same name makes room for the new one, and nothing around it moves."""
    text = '{\n  "servers": {\n    "codanna": {"command": "old"}, // ours\n    "b": 1\n  }\n}\n'
    found = put(text, PATH, OURS)
    assert parse(found).value["servers"] == {"codanna": OURS, "b": 1}
    assert found.startswith(text[: text.index("{", 22)])
    assert found.endswith(text[text.index(", // ours") :])


def test_a_name_that_is_there_twice_goes_twice() -> None:
    """The last of two entries counts for readers, and removing leaves neither."""
    text = '{"servers": {"codanna": 1, "b": 2, "codanna": 3}}'
    assert drop(text, PATH) == '{"servers": {"b": 2}}'
    assert parse(put(text, PATH, 4)).value["servers"]["codanna"] == 4


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[]", "not an object"),
        ('{"servers": []}', "servers is not an object"),
        ('{"a": 1 "b": 2}', "line 1: a comma or } is expected"),
        ('{\n"a": tru}', "line 2: a value is expected"),
        ('{"a": 1} x', "nothing more"),
        ("{'a': 1}", "a name in quotation marks"),
        ('{"a"}', "a colon"),
        ('{"a": "x', "a value is expected"),
        ("[" * 10_000, "nested too deeply"),
        ("/* open", "a value is expected"),
        ('{"a": NaN1}', "a value is expected"),
    ],
)
def test_what_is_not_json_is_refused_with_its_line(text: str, complaint: str) -> None:
    """Nothing is written into a file that cannot be read."""
    with pytest.raises(BadJson, match=re.escape(complaint)):
        put(text, PATH, OURS)


_BLANKS = st.sampled_from(["", " ", "\n", "\n  ", "\t", " // x \n", "/* , } */", '\n    // "codanna": 1\n  '])
_NAMES = st.sampled_from(["a", "b", "c d", "\u00e9", 'q"', "servers", "x/y"])
_LEAVES = st.sampled_from(["1", "-2.5e3", "true", "null", '"s"', '"\\u0041 // }"', "[]", "[1, [2],]"])


@st.composite
def _objects(draw: st.DrawFn, depth: int = 2) -> str:
    names = draw(st.lists(_NAMES, max_size=3, unique=True))
    parts = []
    for number, name in enumerate(names):
        value = draw(_objects(depth - 1)) if depth and draw(st.booleans()) else draw(_LEAVES)
        comma = "," if number < len(names) - 1 or draw(st.booleans()) else ""
        quoted = '"' + name.replace('"', '\\"') + '"'
        parts.append(
            draw(_BLANKS) + quoted + draw(_BLANKS) + ":" + draw(_BLANKS) + value + draw(_BLANKS) + comma
        )
    return "{" + "".join(parts) + draw(_BLANKS) + "}"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_objects(), st.sampled_from(["codanna", "other"]))
def test_any_file_keeps_all_but_the_entry(inner: str, name: str) -> None:
    """Whatever blanks, comments and commas there are: the rest is read as before, and the text around the
    entry is the old one.
    """
    text = f'{{"servers": {inner} // end\n}}\n'
    added = put(text, ("servers", name), OURS)
    before = parse(text).value["servers"]
    assert parse(added).value["servers"] == {**before, name: OURS}
    removed = drop(added, ("servers", name))
    assert parse(removed).value == parse(text).value
    assert re.sub(r"\s", "", removed) == re.sub(r"\s", "", text)
