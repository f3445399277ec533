"""Comment and docstring text without its marks."""

from __future__ import annotations

import inspect
import re
from functools import cache

from codanna_core.languages.registry import Language

MAX_DOC = 2000
"""Longest doc text that is kept, in characters; search learns nothing more from the rest."""

_QUOTED = re.compile(r"""[A-Za-z@$~]{0,3}(\"{3}|'{3}|["'`])""")
_XML_REFERENCE = re.compile(r"""<(?:see|seealso|paramref|typeparamref)\s+\w+=["']([^"']*)["']\s*/?>""")
_XML_PARAMETER = re.compile(r"""<(?:param|typeparam|exception)\s+\w+=["']([^"']*)["']\s*>""")
_XML_TAG = re.compile(r"</?[A-Za-z][^<>]*>")
_LEGAL = re.compile(
    r"(?i)\bspdx-|\bcopyright\b|\(c\) \d{4}|all rights reserved|licensed? under|terms of the|redistribut|"
    r"permission is hereby|without warranty|warranty of|you should have received|free software"
)
_CLOSING_HASHES = re.compile(r"\s+#+\s*$")
_CODE_SPAN = re.compile(r"(`+)(.+?)\1")
_LINK = re.compile(r"!?\[([^\]]*)\](?:\([^)]*\)|\[[^\]]*\])")
_MARKUP = re.compile(r"\*+|</?[A-Za-z][^<>]*>")
_DEPRECATED = re.compile(r"(?im)^\s*[@\\:.]*\s*deprecated\b")


def is_deprecated(doc: str) -> bool:
    """True where the text says so in a place of its own, as `@deprecated` or `Deprecated: ...` do."""
    # The first test spares nearly every doc the slow one.
    return "eprecated" in doc and _DEPRECATED.search(doc) is not None


def clean(raw: str, language: Language) -> str:
    """The text of one comment, of several joined by new lines, or of a string literal."""
    raw = raw.strip()
    for opener, closer in language.block_comments:
        if raw.startswith(opener):
            return finish(block_lines(raw, opener, closer), language)
    if language.line_comments and raw.startswith(language.line_comments):
        return finish([_unmarked(line.strip(), language) for line in raw.split("\n")], language)
    quoted = _QUOTED.match(raw)
    inside = raw[quoted.end() :].removesuffix(quoted[1]) if quoted else raw
    return finish(inspect.cleandoc(inside).split("\n"), language)


def line_block(lines: list[str], language: Language) -> str:
    """The text of consecutive line comments."""
    return finish([_unmarked(line, language) for line in lines], language)


def block_lines(raw: str, opener: str, closer: str) -> list[str]:
    """The lines inside a block comment, without the column of stars that many carry."""
    raw = raw.removesuffix(closer)[len(opener) :]
    lines = []
    for line in raw.split("\n"):
        line = line.strip()
        # `**bold**` is text, a run of stars is an opener such as `/**` or a frame.
        stripped = line.lstrip("*!")
        if stripped[:1] in ("", " ", "\t", "@", "/", "<"):
            line = stripped.strip()
        lines.append(line)
    return lines


def without_legal_notes(doc: str) -> str:
    """The paragraphs of a file's opening comment that are not a licence or a copyright line."""
    return "\n\n".join(part for part in doc.split("\n\n") if not _LEGAL.search(part)).strip()


def finish(lines: list[str], language: Language) -> str:
    """Drop frames, directives and empty ends, take off XML tags, and cut to length."""
    if language.doc_ignore:
        lines = [line for line in lines if not line.startswith(language.doc_ignore)]
    kept = ["" if _is_frame(line) else line.rstrip() for line in lines]
    doc = "\n".join(kept).strip()
    if language.xml_docs and "<" in doc:
        doc = _XML_REFERENCE.sub(r"\1", doc)
        doc = _XML_PARAMETER.sub(r"\1: ", doc)
        doc = "\n".join(line.strip() for line in _XML_TAG.sub("", doc).split("\n") if line.strip())
    if len(doc) > MAX_DOC:
        doc = doc[:MAX_DOC].rsplit(None, 1)[0]
    return doc


def heading_text(raw: str) -> str:
    """A heading as it reads: without marks of code, emphasis, links and HTML, and without closing `#`s."""
    parts = _CODE_SPAN.split(_CLOSING_HASHES.sub("", raw))
    # Every third part is what stands between back-ticks, and stays as it is; the one before it are the ticks.
    for number in range(0, len(parts), 3):
        parts[number] = _MARKUP.sub("", _LINK.sub(r"\1", parts[number]))
    return " ".join("".join(part for number, part in enumerate(parts) if number % 3 != 1).split())


def _is_frame(line: str) -> bool:
    """A line of dashes, stars and the like says nothing."""
    if line.lstrip()[:1].isalnum():
        return False  # Nearly every line.
    return bool(line) and not any(map(str.isalnum, line[:200]))


def _unmarked(line: str, language: Language) -> str:
    for marker in language.line_comments:
        if line.startswith(marker):
            # More of the mark's own character is decoration: `////`, `###`, `;;;;`.
            rest = line[len(marker) :].lstrip(marker[-1])
            return rest[1:] if rest[:1] in (" ", "\t") else rest
    return line


@cache
def encoded(markers: tuple[str, ...]) -> tuple[bytes, ...]:
    """The markers as bytes, for looking at undecoded lines."""
    return tuple(marker.encode() for marker in markers)
