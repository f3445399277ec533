"""Each language folder gives the outline that stands beside its fixture file.

`CODANNA_UPDATE_GOLDENS=1` writes the outlines anew; read the difference before committing it.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from codanna_core.languages import detect_language, languages
from codanna_core.languages.extract import extract
from codanna_core.model import Extraction, Kind, Symbol

FIXTURES = Path(__file__).parent / "fixtures"
WITH_SYMBOLS = sorted(name for name, language in languages().items() if language.grammar)


@pytest.mark.parametrize("name", WITH_SYMBOLS)
def test_outline_equals_the_golden_one(name: str) -> None:
    """Name, kind, container, spans, signature and doc of every symbol of the fixture are as reviewed."""
    source = fixture_of(name)
    data = source.read_bytes()
    assert detect_language(source.name, data) == name
    result = extract(data, source.name)
    for symbol in result.symbols:
        assert_in_order(symbol, data)
    outline = render(result)
    golden = FIXTURES / name / "outline.txt"
    if os.environ.get("CODANNA_UPDATE_GOLDENS"):
        golden.write_text(outline, encoding="utf-8")
    assert golden.read_text(encoding="utf-8") == outline


@pytest.mark.parametrize("name", WITH_SYMBOLS)
def test_fixture_parses_without_problems(name: str) -> None:
    """The fixture is right in its language, so that the outline shows what real code gives."""
    source = fixture_of(name)
    assert extract(source.read_bytes(), source.name).problems == []


def fixture_of(name: str) -> Path:
    (source,) = (path for path in (FIXTURES / name).iterdir() if path.name != "outline.txt")
    return source


def assert_in_order(symbol: Symbol, data: bytes) -> None:
    start = (symbol.start_line, symbol.start_col)
    name = (symbol.name_line, symbol.name_col)
    end = (symbol.end_line, symbol.end_col)
    assert start <= name <= (symbol.name_line, symbol.name_end_col) <= end, symbol
    assert 0 <= symbol.start_byte <= symbol.body_start_byte <= symbol.end_byte <= len(data), symbol
    line = data.decode("utf-8").splitlines()[symbol.name_line].encode("utf-16-le")
    name_text = line[symbol.name_col * 2 : symbol.name_end_col * 2].decode("utf-16-le").strip("\"'` ")
    if symbol.kind != Kind.HEADING:  # A heading's name is without its marks.
        assert name_text in (symbol.name, symbol.name.rpartition(".")[2])


def render(result: Extraction) -> str:
    lines = [f"language: {result.language}"]
    if result.module_doc:
        lines.append(f"module doc: {result.module_doc!r}")
    for symbol in result.symbols:
        path = f"{symbol.container} > {symbol.name}" if symbol.container else symbol.name
        marks = "  DEPRECATED" * symbol.deprecated
        lines.append(f"\n{symbol.kind} {path}{marks}")
        lines.append(
            f"    {symbol.start_line + 1}:{symbol.start_col}-{symbol.end_line + 1}:{symbol.end_col}"
            f" name {symbol.name_line + 1}:{symbol.name_col}-{symbol.name_end_col}"
            f" body {symbol.body_start_byte - symbol.start_byte}/{symbol.end_byte - symbol.start_byte}"
        )
        lines.append(f"    {symbol.signature}")
        if symbol.doc:
            lines.append(f"    doc: {symbol.doc!r}")
    return "\n".join(lines) + "\n"
