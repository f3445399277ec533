"""Path globs as regular expressions, for the index and for unsaved buffers alike."""

from __future__ import annotations

import re
from collections.abc import Sequence

from codanna_core.errors import InvalidQuery

# Characters with a meaning in tantivy's and Python's regular expressions that a glob takes literally.
_SPECIAL = set(r"\.+()|^$#&~")


MAX_WILDCARDS = 12
"""In one glob. Both the automaton of the index and Python's matcher grow quickly with them."""
MAX_GLOBS = 1000
MAX_ALL_WILDCARDS = 500
MAX_ALL_CHARACTERS = 20_000


def globs_to_regexes(globs: Sequence[str]) -> tuple[str, ...]:
    """Regular expressions for the globs of one question; InvalidQuery where they would cost too much."""
    globs = [re.sub(r"\*{3,}", "**", glob) for glob in globs]
    wildcards = [len(re.findall(r"\*+", glob)) for glob in globs]
    if max(wildcards, default=0) > MAX_WILDCARDS:
        raise InvalidQuery(f"a path filter may contain at most {MAX_WILDCARDS} wildcards; simplify it")
    too_long = sum(wildcards) > MAX_ALL_WILDCARDS or sum(map(len, globs)) > MAX_ALL_CHARACTERS
    if too_long or len(globs) > MAX_GLOBS:
        raise InvalidQuery(
            f"one question may have {MAX_GLOBS:,} path filters with {MAX_ALL_CHARACTERS:,} characters and"
            f" {MAX_ALL_WILDCARDS} wildcards together; use fewer or shorter ones"
        )
    return tuple(map(glob_to_regex, globs))


def literal_end(name: str) -> str:
    """A regular expression for the paths of files of exactly this name."""
    return f"(.*/)?{_literal(name)}"


def _literal(text: str) -> str:
    return "".join("\\" + one if one in _SPECIAL or one in "*?[]{}" else one for one in text)


def glob_to_regex(glob: str) -> str:
    """A regular expression for the whole path. `src/` means everything below; no slash means any folder.

    A file whose name holds glob characters is also matched by that name itself.
    """
    regex = _glob_to_regex(glob)
    if not re.search(r"[\[{]", glob):
        return regex
    return f"({regex})|((.*/)?{_literal(glob)})"


def _glob_to_regex(glob: str) -> str:
    pattern = glob.strip()
    if pattern.startswith("./"):
        pattern = pattern[2:]
    if pattern.endswith("/"):
        pattern += "**"
    anchored = "/" in pattern.rstrip("/")
    pattern = pattern.lstrip("/")
    if not re.search(r"[*?\[{]", pattern) and anchored:
        # A plain path is the file itself or the folder.
        return f"{_translate(pattern)}(/.*)?"
    body = _translate(pattern)
    if not anchored:
        return f"(.*/)?{body}" if re.search(r"[*?\[{]", pattern) else f"(.*/)?{body}(/.*)?"
    return body


def _translate(pattern: str) -> str:
    out: list[str] = []
    position = 0
    depth = 0
    while position < len(pattern):
        character = pattern[position]
        position += 1
        if character == "*":
            if pattern.startswith("*/", position):
                out.append("(.*/)?")
                position += 2
            elif pattern.startswith("*", position):
                out.append(".*")
                position += 1
            else:
                out.append("[^/]*")
        elif character == "?":
            out.append("[^/]")
        elif character == "[" and (end := pattern.find("]", position + 1)) > 0:
            inner = pattern[position:end]
            negated = inner.startswith("!")
            # Only the dash keeps its meaning inside a set.
            members = "".join(one if one.isalnum() or one == "-" else "\\" + one for one in inner[negated:])
            out.append(f"[^{members}]" if negated else f"[{members}]")
            position = end + 1
        elif character == "{" and pattern.find("}", position) > 0:
            out.append("(")
            depth += 1
        elif character == "}" and depth:
            out.append(")")
            depth -= 1
        elif character == "," and depth:
            out.append("|")
        elif character in _SPECIAL or character in "[]{}":
            out.append("\\" + character)
        else:
            out.append(character)
    return "".join(out)
