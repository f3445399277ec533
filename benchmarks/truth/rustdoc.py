"""Every use of a name in a Rust crate with the place that rustdoc's link-to-definition gives.

    RUSTC_BOOTSTRAP=1 RUSTDOCFLAGS="-Zunstable-options --generate-link-to-definition" \\
        cargo doc --no-deps --document-private-items --lib
    python benchmarks/truth/rustdoc.py PROJECT target/doc/src/CRATE SOURCE_FOLDER > truth.tsv
"""

from __future__ import annotations

import posixpath
import re
import sys
from html.parser import HTMLParser
from pathlib import Path

_WORD = re.compile(r"\w+")


class Page(HTMLParser):
    """The links of a source page with the line and byte column of their text."""

    def __init__(self) -> None:
        super().__init__()
        self.inside = False
        self.number = False
        self.href: str | None = None
        self.line = self.column = 0
        self.text = ""
        self.links: list[tuple[int, int, str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "code":
            self.inside = True
        if tag == "a" and self.inside:
            self.number = "data-nosnippet" in values
            self.href = None if self.number else values.get("href")

    def handle_endtag(self, tag: str) -> None:
        if tag == "a":
            self.number, self.href = False, None
        if tag == "code":
            self.inside = False

    def handle_data(self, data: str) -> None:
        if not self.inside or self.number:
            return
        if self.href is not None:
            self.links.append((self.line, self.column, data, self.href))
        self.text += data
        newlines = data.count("\n")
        tail = len(data.rsplit("\n", 1)[-1].encode())
        self.line += newlines
        self.column = tail if newlines else self.column + tail


def name_line(source: list[str], name: str, first: int, last: int) -> int:
    """The line of the definition's name; its span begins with attributes or `pub`."""
    word = re.compile(rf"\b{re.escape(name)}\b")
    return next((at for at in range(first, min(last + 1, len(source))) if word.search(source[at])), first)


def main() -> None:
    root, pages = Path(sys.argv[1]).resolve(), Path(sys.argv[2])
    folder = sys.argv[3]
    sources: dict[str, list[str]] = {}
    for page in sorted(pages.rglob("*.rs.html")):
        here = posixpath.join(folder, page.relative_to(pages).as_posix().removesuffix(".html"))
        parser = Page()
        parser.feed(page.read_text("utf-8"))
        lines = (root / here).read_text("utf-8").splitlines()
        for line, column, text, href in parser.links:
            words = list(_WORD.finditer(text))
            if not words or line >= len(lines):
                continue
            name = words[-1][0]
            if name in ("self", "crate", "super", "Self"):
                continue
            at = column + len(text[: words[-1].start()].encode())
            rest = lines[line].encode()[at + len(name.encode()) :]
            called = re.match(rb"(?:::<[^()]*>)?\(|!", rest) is not None
            if href.startswith("http"):
                target = "-\t0"
            else:
                place, _, span = href.partition("#")
                if place and not place.endswith(".rs.html"):
                    continue
                first, _, last = span.partition("-")
                if not first.isdigit():
                    continue
                path = posixpath.normpath(
                    posixpath.join(posixpath.dirname(here), place.removesuffix(".html"))
                )
                path = path if place else here
                if path not in sources and (root / path).is_file():
                    sources[path] = (root / path).read_text("utf-8").splitlines()
                if path not in sources:
                    continue
                found = name_line(sources[path], name, int(first) - 1, int(last or first) - 1)
                target = f"{path}\t{found}"
            print(here, line, at, "call" if called else "ref", name, target, sep="\t")


if __name__ == "__main__":
    main()
