"""Writes a key into the user's own settings file and leaves the rest of it as it is."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

from codanna_core.errors import ConfigError
from codanna_core.storage.foreign import ForeignFile

_HEADER = re.compile(r"\s*\[")


def set_user_setting(path: Path, name: str, value: str) -> None:
    """Set `section.key` to a text. ConfigError where the file cannot be understood or changes meanwhile."""
    file = ForeignFile(path)
    before = file.read()
    text = (before or b"").decode("utf-8-sig", "strict")
    section, _, key = name.partition(".")
    after = with_key(text, section, key, value)
    try:
        done = tomllib.loads(after).get(section, {}).get(key) == value
    except (tomllib.TOMLDecodeError, AttributeError):
        done = False
    if not done or not file.replace(before, after.encode()):
        line = f"{key} = {json.dumps(value)}"
        raise ConfigError(f"{path} cannot be changed here; write `{line}` below `[{section}]` into it")


def with_key(text: str, section: str, key: str, value: str) -> str:
    """A settings file with a key set: in its own line, at the head of its section, or in a new one."""
    line = f"{key} = {json.dumps(value, ensure_ascii=False)}"
    lines = text.splitlines()
    header = re.compile(rf"\s*\[\s*{re.escape(section)}\s*\]\s*(#.*)?")
    assignment = re.compile(rf"\s*{re.escape(key)}\s*=")
    at = next((number for number, one in enumerate(lines) if header.fullmatch(one)), None)
    if at is None:
        return "\n".join([*lines, *([""] if lines and lines[-1] else []), f"[{section}]", line, ""])
    end = next((n for n in range(at + 1, len(lines)) if _HEADER.match(lines[n])), len(lines))
    old = next((number for number in range(at + 1, end) if assignment.match(lines[number])), None)
    if old is None:
        lines.insert(at + 1, line)
    else:
        lines[old] = line
    return "\n".join([*lines, ""])
