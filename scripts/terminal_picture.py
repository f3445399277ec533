"""Draws what a command prints on a terminal as SVG: the picture at the top of the README.

    .venv/bin/python scripts/terminal_picture.py

It asks about this project itself, in whatever index this user has of it.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from xml.sax.saxutils import escape

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "docs" / "images" / "terminal-search.svg"
COMMAND = 'codanna-lsp search "replace a worker that crashed" -n 3'
COLUMNS, LINE, CELL, EDGE = 92, 20, 8.4, 16
COLORS = {"35": "#d2a8ff", "32": "#7ee787", "36": "#79c0ff", "1": "#ffffff", "2": "#8b949e"}
_PAINTED = re.compile(r"\x1b\[(\d+)m(.*?)\x1b\[0m|([^\x1b]+)")


def drawn(lines: list[str]) -> str:
    """The rows as SVG. Everything that is shown is escaped, so that text of a file stays text."""
    width, height = round(COLUMNS * CELL + 2 * EDGE), LINE * len(lines) + 2 * EDGE
    rows = [
        f'<text x="{EDGE}" y="{EDGE + LINE * number + 14}" xml:space="preserve">{"".join(spans(line))}</text>'
        for number, line in enumerate(lines)
    ]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" role="img">',
            f"<title>{escape(COMMAND)}</title>",
            "<style>text { font: 14px ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace;"
            " fill: #c9d1d9 }</style>",
            f'<rect width="{width}" height="{height}" rx="8" fill="#0d1117"/>',
            *rows,
            "</svg>",
            "",
        ]
    )


def spans(line: str) -> Iterator[str]:
    """The parts of a row in their colors."""
    for code, painted, plain in _PAINTED.findall(line):
        weight = ' font-weight="bold"' if code == "1" else ""
        text = escape(painted or plain)
        yield f'<tspan fill="{COLORS[code]}"{weight}>{text}</tspan>' if code else f"<tspan>{text}</tspan>"


def main() -> None:
    words = shlex.split(COMMAND)[1:]
    program = [sys.executable, "-P", "-m", "codanna_core.cli.main", *words, "--color", "always"]
    done = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, check=True)
    lines = done.stdout.rstrip().splitlines()
    PICTURE.write_text(drawn([f"\x1b[2m$\x1b[0m {COMMAND}", "", *lines]), "utf-8")


if __name__ == "__main__":
    main()
