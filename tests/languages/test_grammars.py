"""Grammars come one by one, the same as from their pack."""

from __future__ import annotations

import subprocess
import sys

import pytest
from tree_sitter import Parser
from tree_sitter_language_pack import get_language

from codanna_core.languages.grammars import grammar
from codanna_core.languages.registry import languages

PROGRAM = """
import sys
from codanna_core.languages.extract import extract
assert [symbol.name for symbol in extract(b"def f(): pass\\n", "a.py", "python", 60.0).symbols] == ["f"]
print(*(name for name in ("tree_sitter_language_pack", "tree_sitter_c_sharp") if name in sys.modules))
"""


def test_every_grammar_loads() -> None:
    """Those of the pack, and those that it takes from other packages."""
    for language in languages().values():
        if language.grammar is not None:
            assert Parser(grammar(language.grammar)).parse(b"").root_node is not None, language.name


@pytest.mark.parametrize("name", ["python", "cpp", "csharp", "yaml"])
def test_it_is_the_grammar_of_the_pack(name: str) -> None:
    """Also where both are loaded in one process."""
    own, given = grammar(name), get_language(name)
    assert (own.name, own.abi_version, own.node_kind_count) == (
        given.name,
        given.abi_version,
        given.node_kind_count,
    )


def test_an_unknown_grammar_is_said_to_be_one() -> None:
    """As the pack says it."""
    with pytest.raises(LookupError):
        grammar("no such grammar")


def test_a_process_that_parses_loads_no_more() -> None:
    """Neither the whole pack nor what that takes from other packages."""
    found = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert found.stdout.split() == []
