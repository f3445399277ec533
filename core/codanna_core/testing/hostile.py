"""A workspace whose names and texts attack whatever shows them: terminals, logs, editors, shells.

It is built by code, because not every system can check such file names out.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Final

MARK: Final = "FORGED"
"""Follows each line break of the attacks: a line of output that begins with it was begun by an attacker."""

TITLE: Final = "\x1b]0;owned\x07"
LINK: Final = "\x1b]8;;https://attacker.invalid\x1b\\click\x1b]8;;\x1b\\"
ERASE: Final = "\x1b[2J\x9b2J\x08\x7f"
BIDI: Final = "\u202e\u2066\u200f\u061c"
BREAKS: Final = f"\r\n{MARK}\u2028{MARK}\u2029{MARK}\x85{MARK}"
MARKDOWN: Final = "![i](https://attacker.invalid/i.png) [l](command:workbench.action.quit) <img src=x>"
ICON: Final = "$(trash)"
SHELL: Final = "$(touch owned) `touch owned`;"
EVERYTHING: Final = f"retry {TITLE}{LINK}{ERASE}{BIDI}{BREAKS}{MARKDOWN}{ICON}{SHELL}"

_FORBIDDEN: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
_OUR_COLOURS: Final = re.compile("\x1b\\[[0-9]{0,2}m")

NAMES: Final = (
    f"retry{TITLE}.py",
    f"retry{ERASE}\u202egnp.md",
    f"retry\n{MARK}\r.py",
    f"retry\u2028{MARK}\x85.js",
    "retry\u2066\u200f\u061c/inner\x1b[31m.py",
    "-retry.py",
    "+retry|q!.py",
    "$(touch owned).py",
    "`touch owned`;.md",
    f"{ICON} retry.md",
    "![i](https:attacker.invalid).md",
    "[l](command:workbench.action.quit).md",
    "retry.py;touch owned",
)
_UNDECODABLE: Final = b"retry\xff\x9b.py"


def _python(name: str) -> str:
    doc = EVERYTHING.replace("\\", "\\\\")
    return (
        f'def retry_{name}(upload="{BIDI}{TITLE}"):\n    """Retry the failed upload. {doc}"""\n'
        f"    log('{LINK}{ERASE}{MARKDOWN}')\n    return {name}\n"
    )


def _text(path: str, number: int) -> str:
    if path.endswith(".py"):
        return _python(f"upload{number}")
    if path.endswith(".md"):
        heading = f"retry {TITLE}{ERASE}{BIDI}\x85{MARK} {MARKDOWN}{ICON}{SHELL}"
        return f"# {heading} {number}\n\n{EVERYTHING}\n\n```\n{LINK}\n```\nvi: set modeline exrc:\n"
    if path.endswith(".js"):
        return f"class Retry {{\n  'retry {TITLE}{BIDI}\u2029{ICON}'(failed) {{ return '{LINK}' }}\n}}\n"
    return f"retry the failed upload {EVERYTHING}\n" * 3


SETTINGS: Final = (
    f'[search]\nmode = "retry \\u001b[2J\\u202e\\n{MARK} all is well"\n'
    f'"retry \\u001b]0;owned\\u0007\\u2028{MARK}" = 1\n'
)


def build(parent: Path) -> Path:
    """Make the workspace in `parent`; its own name is hostile, too. What a system refuses is left out."""
    root = parent / f"retry {TITLE}\u202e\n{MARK} [l](command:x) {ICON}"
    try:
        root.mkdir(parents=True)
    except OSError:  # Windows allows no control characters in names.
        root = parent / f"retry \u202e [l](command-x) {ICON}"
        root.mkdir(parents=True)
    for number, name in enumerate(NAMES):
        _write(root / name, _text(name, number))
    if os.name == "posix" and sys.platform != "darwin":
        _write(Path(os.fsdecode(os.fsencode(root) + b"/" + _UNDECODABLE)), _python("undecodable"))
    _write(root / "retry.py", _python("plain"))
    _write(root / ".codanna.toml", SETTINGS)
    return root


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode("utf-8"))
    except OSError:
        return  # A name that this system does not allow cannot attack on it.


def attacks(shown: str) -> list[str]:
    """What in a text would drive a terminal, reorder it or begin a line; our own colours are no attack."""
    plain = _OUR_COLOURS.sub("", shown)
    found = [f"{match.group()!r} in {plain[max(0, match.start() - 40) : match.end() + 20]!r}"
             for match in _FORBIDDEN.finditer(plain)]  # fmt: skip
    return found + [f"a forged line: {line!r}" for line in plain.split("\n") if line.startswith(MARK)]
