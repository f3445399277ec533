"""What is done with a file that no grammar is for, or that must not be parsed: windows of its lines."""

from __future__ import annotations

from codanna_core.languages.line_windows import windows
from codanna_core.languages.registry import SNIFFED_BYTES, Language, detect_language, languages
from codanna_core.model import Extraction, Problem


def language_of(data: bytes, path: str) -> str | None:
    """The name of the language that a file is written in."""
    return detect_language(path, data[:SNIFFED_BYTES])


def grammar_of(data: bytes, path: str) -> Language | None:
    """The language that a file would be parsed as; None if it is searched by its text anyway."""
    name = language_of(data, path)
    known = languages().get(name) if name else None
    return known if known is not None and known.grammar is not None else None


def as_text(data: bytes, path: str, problem: Problem | None = None) -> Extraction:
    """Cover a file by windows of lines, without reading its structure."""
    problems = [problem] if problem is not None else []
    return Extraction(language_of(data, path) or "text", windows(data), problems)
