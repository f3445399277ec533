"""Makes the site's pages from the Markdown of the repository, and checks what was built; `make site` runs it.

Links between documents become links between pages. Pages on settings, methods and codes come from the code.
"""

from __future__ import annotations

import argparse
import posixpath
import re
import shutil
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Final

from settings_table import settings_table

from codanna_core._version import __version__
from codanna_core.problems import Code
from codanna_lsp.features import register_all
from codanna_lsp.registry import Method, Registry, SnapshotMethod, SyncMethod

ROOT: Final = Path(__file__).resolve().parents[1]
PAGES: Final = {
    "README.md": "index.md",
    "ARCHITECTURE.md": "architecture.md",
    "CHANGELOG.md": "changelog.md",
    "CODE_OF_CONDUCT.md": "code-of-conduct.md",
    "CONTRIBUTING.md": "contributing.md",
    "LICENSE": "license.md",
    "packaging/README.md": "packaging.md",
    "SECURITY.md": "security.md",
}
"""Documents outside of docs/; those inside keep their names."""
LINK: Final = re.compile(r"(\]\()([^)\s]+)(\))")
FENCE: Final = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
FETCHING: Final = {("script", "src"), ("link", "href"), ("img", "src"), ("iframe", "src"), ("source", "src")}
"""Attributes whose address a browser asks for by itself."""


STYLE: Final = """.md-typeset h1 { color: var(--md-default-fg-color); font-weight: 400; }
.md-typeset p a, .md-typeset li a, .md-typeset td a { text-decoration: underline; }
.md-typeset .headerlink { text-decoration: none; }
[data-md-color-scheme="default"] {
  --md-code-hl-operator-color: #555; --md-code-hl-punctuation-color: #555;
  --md-code-hl-comment-color: #555; --md-code-hl-variable-color: #555;
}
[data-md-color-scheme="slate"] { --md-code-hl-constant-color: #b9aef5; --md-code-hl-number-color: #f4988d; }
"""
"""Some colors of the theme are too faint for their ground, and links are to be told without color."""
SCRIPT: Final = """document$.subscribe(() => {
  document.querySelector(".md-search")?.setAttribute("aria-label", "Search");
  const wide = ".md-typeset__scrollwrap, .md-typeset pre > code";
  for (const place of document.querySelectorAll(wide)) place.tabIndex = 0;
});
"""
"""Tables and code that are wider than the screen are reached by keyboard, and the search has a name."""


class BadSite(Exception):
    """What would be broken on the site."""


def pages(root: Path = ROOT) -> dict[str, str]:
    """Every page of the site by its name: what the repository has, and what is generated."""
    places = PAGES | {f"docs/{path.name}": path.name for path in sorted((root / "docs").glob("*.md"))}
    made = {
        page: moved((root / source).read_text("utf-8"), source, places) for source, page in places.items()
    }
    made["license.md"] = f"# License\n\n```text\n{made['license.md'].strip()}\n```\n"
    return made | {"settings.md": settings_page(), "reference.md": reference_page()}


def moved(text: str, source: str, places: dict[str, str]) -> str:
    """A document with its links as they are on the site; code blocks stay as they are."""

    def to_page(match: re.Match[str]) -> str:
        target, hash_, anchor = match[2].partition("#")
        if not target or ":" in target:
            return match[0]
        file = posixpath.normpath(posixpath.join(posixpath.dirname(source), target))
        if file.startswith("docs/images/"):
            return f"{match[1]}{file.removeprefix('docs/')}{match[3]}"
        if file not in places:
            raise BadSite(f"{source} links to {target}, which is no page of the site")
        return f"{match[1]}{places[file]}{hash_}{anchor}{match[3]}"

    parts = []
    end = 0
    for fence in FENCE.finditer(text):
        parts += [LINK.sub(to_page, text[end : fence.start()]), fence[0]]
        end = fence.end()
    return "".join([*parts, LINK.sub(to_page, text[end:])])


def settings_page() -> str:
    """All settings, from their definitions."""
    return (
        f"# Settings\n\nOf version {__version__}; `codanna-lsp config schema` prints the same for programs. "
        f"[Where they are set](index.md#settings) is explained on the first page.\n\n{settings_table()}\n"
    )


def reference_page() -> str:
    """All methods that the server answers, and all codes of problems, from their definitions."""
    registry = Registry()
    register_all(registry)
    methods = [
        f"| `{name}` | {_how(method)} | {_sentence(method)} |"
        for name, method in sorted(registry.methods.items())
    ]
    codes = [f"| `{code.value}` | {text} |" for code, text in _codes().items()]
    return "\n".join(
        [
            f"# Methods and codes\n\nOf version {__version__}; [the protocol](protocol.md) explains them.\n",
            "## Methods\n",
            "| Method | Runs | |\n| --- | --- | --- |",
            *methods,
            "\n## Codes of problems\n",
            "| Code | Meaning |\n| --- | --- |",
            *codes,
            "",
        ]
    )


def _how(method: Method) -> str:
    if isinstance(method, SyncMethod):
        return "in the order of arrival"
    if isinstance(method, SnapshotMethod):
        return "beside others" + ("; a newer one cancels it" if method.supersedes else "")
    return "for as long as it takes"


def _sentence(method: Method) -> str:
    handler = getattr(method.handle, "func", method.handle)  # Of a partial, what it calls.
    return " ".join((handler.__doc__ or "").partition(".")[0].split()).replace("|", "\\|")


def _codes() -> dict[Code, str]:
    text = Path(sys.modules[Code.__module__].__file__ or "").read_text("utf-8")
    found = dict(re.findall(r'^    \w+ = "([\w-]+)"\n    """(.*?)"""', text, re.MULTILINE | re.DOTALL))
    return {code: " ".join(found[code.value].split()) for code in Code}


def assemble(target: Path) -> None:
    """Write all pages and pictures into an empty folder."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for name, text in pages().items():
        (target / name).write_text(text, "utf-8")
    (target / "site.css").write_text(STYLE, "utf-8")
    (target / "site.js").write_text(SCRIPT, "utf-8")
    shutil.copytree(ROOT / "docs" / "images", target / "images")


class _Fetched(HTMLParser):
    """The addresses of other hosts that a page makes a browser ask for."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        for name, value in attrs:
            fetches = (tag, name) in FETCHING and given.get("rel") != "canonical"
            if fetches and value and re.match(r"(?:https?:)?//", value):
                self.found.append(value)


def check(folder: Path) -> None:
    """Refuse a built site of which a page, or a style, makes a browser ask another host."""
    built = sorted(folder.rglob("*.html"))
    if not built:
        raise BadSite(f"{folder} has no pages")
    for path in built:
        parser = _Fetched()
        parser.feed(path.read_text("utf-8"))
        if parser.found:
            raise BadSite(f"{path.relative_to(folder)} asks for {', '.join(parser.found)}")
    for path in folder.rglob("*.css"):
        if found := re.findall(r"(?:url\(|@import )[\"']?(https?:[^\"')]+)", path.read_text("utf-8")):
            raise BadSite(f"{path.relative_to(folder)} asks for {', '.join(found)}")
    print(f"{len(built)} pages, none of which asks another host")


def main() -> int:
    """`--assemble` before mkdocs, `--check` after it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--assemble", type=Path, metavar="FOLDER")
    parser.add_argument("--check", type=Path, metavar="FOLDER")
    options = parser.parse_args()
    try:
        if options.assemble:
            assemble(options.assemble)
        if options.check:
            check(options.check)
    except BadSite as error:
        print(f"site: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
