"""Doc comments as questions: a copy of a code base without its comments, and what they said."""

from __future__ import annotations

import os
import random
import re
from collections.abc import Iterator
from pathlib import Path

from tree_sitter import Node, Parser
from tree_sitter_language_pack import get_language

from codanna_core.languages import to_utf8
from codanna_core.languages.extract import extract
from codanna_core.languages.registry import detect_language, languages
from yardsticks.scores import Shown, Target, is_definition

ASKED_KINDS = ("function", "method", "class", "struct", "enum", "trait", "interface", "type", "macro")
SKIPPED_FOLDERS = {"node_modules", "__pycache__"}
MOST = 40
"""Questions of one code base."""
_DOC_ATTRIBUTES = (b"@doc", b"@moduledoc", b"@typedoc", b"@shortdoc")
_NOTHING = b"pass"
_SENTENCE_END = re.compile(r"(?<=[.!?])\s|\n\s*\n|\n\s*(?=[@:\\-])")


def files_of(root: Path) -> Iterator[tuple[str, bytes]]:
    """Text files below a folder, hidden ones left out."""
    for folder, names, files in os.walk(root):
        names[:] = sorted(name for name in names if name[0] != "." and name not in SKIPPED_FOLDERS)
        for name in sorted(files):
            file = Path(folder, name)
            if name[0] == "." or file.is_symlink() or file.stat().st_size > 1 << 20:
                continue
            data = file.read_bytes()
            if b"\0" not in data[:8000]:
                yield file.relative_to(root).as_posix(), data


def without_comments(data: bytes, path: str) -> bytes:
    """The source with blanks for comments, docstrings and doc attributes; every line stays where it is."""
    language = languages().get(detect_language(path, data[:200]) or "")
    if language is None or language.grammar is None:
        return data
    blanked = bytearray(data)
    for node in _comments(Parser(get_language(language.grammar)).parse(data).root_node):
        text = bytearray(re.sub(rb"[^\r\n]", b" ", data[node.start_byte : node.end_byte]))
        if node.type == "string":
            text[: len(_NOTHING)] = _NOTHING  # A body must not become empty.
        blanked[node.start_byte : node.end_byte] = text
    return bytes(blanked)


def _comments(root: Node) -> Iterator[Node]:
    stack = [root]
    while stack:
        node = stack.pop()
        if "comment" in node.type or _is_docstring(node) or _is_doc_attribute(node):
            yield node
        else:
            stack += node.children


def _is_docstring(node: Node) -> bool:
    """A string that stands as a statement of its own, as in Python."""
    return (
        node.type == "string"
        and node.parent is not None
        and node.parent.type in ("module", "block")
        and node.end_byte - node.start_byte > len(_NOTHING)
    )


def _is_doc_attribute(node: Node) -> bool:
    """`@doc` and its like in Elixir."""
    return node.type == "unary_operator" and (node.text or b"").startswith(_DOC_ATTRIBUTES)


def first_sentence(doc: str) -> str:
    """What a comment says first, empty where that is no question."""
    sentence = " ".join(_SENTENCE_END.split(doc.strip())[0].split())
    if sentence.startswith(("@", ":", "{@", "\\", "-", "*", "TODO")):
        return ""
    return sentence if 4 <= len(sentence.split()) <= 30 else ""


def blanked_copy(root: Path, copy: Path) -> dict[str, Target]:
    """Copy a folder without its comments; gives each first sentence with its definition. What is written
    already is left alone, so that an index of the copy stays valid.
    """
    asked: dict[str, Target] = {}
    twice: set[str] = set()
    for path, raw in files_of(root):
        data = to_utf8(raw)
        blanked = without_comments(data, path)
        target = copy / path
        if not target.is_file() or target.read_bytes() != blanked:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(blanked)
        left = [
            Shown(path, symbol.name, symbol.kind, "", symbol.start_line + 1, symbol.end_line + 1)
            for symbol in extract(blanked, path).symbols
        ]
        for symbol in extract(data, path).symbols:
            sentence = first_sentence(symbol.doc) if symbol.kind in ASKED_KINDS else ""
            place = Target(path, symbol.name, symbol.start_line + 1, symbol.end_line + 1)
            # A definition that is no longer seen without its comment cannot be found.
            if sentence and any(is_definition(one, place) for one in left):
                if sentence in asked:
                    twice.add(sentence)
                asked[sentence] = place
    return {sentence: place for sentence, place in asked.items() if sentence not in twice}


def sample(asked: dict[str, Target]) -> dict[str, Target]:
    """The same few of them every time."""
    chosen = random.Random(7).sample(sorted(asked), min(MOST, len(asked)))
    return {sentence: asked[sentence] for sentence in chosen}
