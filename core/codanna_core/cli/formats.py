"""The formats of an answer for people and editors: `--format`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from codanna_core.cli.arguments import Format
from codanna_core.cli.cells import Screen, cut
from codanna_core.cli.render import PIPE, Style, head_line, one_line, render_hits, render_symbols, whole_name
from codanna_core.inert import inert
from codanna_core.results import Hit, SymbolHit

Shown = Callable[[str], str]


def rendered_hits(
    hits: Sequence[Hit], wanted: Format | None, style: Style, shown: Shown, root: Path, screen: Screen = PIPE
) -> str:
    """Hits as wanted; without a wish as whole blocks, or with two lines a hit where those would scroll."""
    if wanted is Format.VIMGREP:
        return render_vimgrep(hits, shown, root)
    if wanted is not Format.COMPACT:
        whole = render_hits(hits, style, shown, screen)
        explained = any(hit.signals for hit in hits)
        if wanted is Format.FULL or explained or screen.fits(whole):
            return whole
    return "\n".join(line for hit in hits for line in _two_lines(hit, style, shown, screen))


def rendered_symbols(
    hits: Sequence[SymbolHit], wanted: Format | None, style: Style, shown: Shown, root: Path
) -> str:
    """Symbols, one line each in every format."""
    return (
        render_vimgrep(hits, shown, root) if wanted is Format.VIMGREP else render_symbols(hits, style, shown)
    )


def render_vimgrep(hits: Sequence[Hit] | Sequence[SymbolHit], shown: Shown, root: Path) -> str:
    """`path:line:column:text` as ripgrep's `--vimgrep` has it: columns count bytes, from 1."""
    return "\n".join(
        f"{shown(hit.path)}:{hit.selection.start.line + 1}:{_byte_column(hit, root)}:{_said(hit)}"
        for hit in hits
        if hit.origin is None  # An editor would look for its path in this folder.
    )


def _said(hit: Hit | SymbolHit) -> str:
    signature = one_line(hit.signature) if isinstance(hit, Hit) else ""
    text = " ".join(part for part in (inert(hit.kind), whole_name(hit)) if part)
    return cut(f"{text}  {signature}" if signature else text, PIPE.columns)


def _byte_column(hit: Hit | SymbolHit, root: Path) -> int:
    place = hit.selection.start
    if not hit.wide:
        return place.character + 1
    from codanna_core.search.snippets import SnippetReader

    lines = SnippetReader(root, lambda _path: None).lines(hit.path, place.line, place.line + 1)
    before = lines[0].encode("utf-16-le")[: 2 * place.character] if lines else b""
    return len(before.decode("utf-16-le", "ignore").encode()) + 1


def _two_lines(hit: Hit, style: Style, shown: Shown, screen: Screen) -> list[str]:
    """The head and the best line."""
    best = next((part for part in hit.snippet if part.best and part.text.strip()), None)
    number = f"{best.line + 1}  " if best is not None else ""
    text = one_line(best.text if best is not None else hit.signature or hit.doc)
    below = f"    {style('dim', number)}{cut(text, screen.columns - 4 - len(number))}".rstrip()
    return [head_line(hit, style, shown, screen.columns), below]
