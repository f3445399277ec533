"""The map of a code base as an SVG document: regions with their words, a dot for each definition."""

from __future__ import annotations

import html
import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from codanna_core.inert import inert
from codanna_core.vectors.sheet import ClusterMap, MapRegion, MapSymbol

_SCALE, _TOP, _MARGIN = 800, 56, 20
_WIDTH, _HEIGHT = round(1.6 * _SCALE) + 2 * _MARGIN, _SCALE + _TOP + _MARGIN
_HUES = 12
_WIDE = 0.58
"""Of the size of a letter, what it is wide."""
_STYLE = """
svg { background: #fff; color: #222; font-family: system-ui, sans-serif; }
text { fill: currentColor; }
.note { opacity: .7; }
.words { text-anchor: middle; font-weight: 600; pointer-events: none; stroke: #fff; stroke-width: 3px;
  stroke-linejoin: round; paint-order: stroke; }
circle { fill: var(--hue); }
.disk { fill-opacity: .13; stroke: var(--hue); stroke-opacity: .5; }
a circle { fill-opacity: .75; }
a:hover circle, a:focus circle { stroke: currentColor; stroke-width: 2px; fill-opacity: 1; }
@media (prefers-color-scheme: dark) {
  svg { background: #1e1e1e; color: #ddd; }
  .words { stroke: #1e1e1e; }
}
"""


def svg(found: ClusterMap, root: Path, place: Path) -> str:
    """The document. A dot leads to its file, by a path that starts where the document is: `place`."""
    hues = "".join(
        f".h{number} {{ --hue: hsl({number * 360 // _HUES}, 60%, 52%); }}\n" for number in range(_HUES)
    )
    count = f"{found.symbols:,} definitions, laid out by meaning"
    sampled = "; those of some files, chosen by chance" if found.sampled else ""
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}">',
            f"<style>{_STYLE}{hues}</style>",
            f'<text x="{_MARGIN}" y="26" font-size="18">{_escaped(root.name)}</text>',
            f'<text x="{_MARGIN}" y="46" font-size="13" class="note">{count}{sampled}</text>',
            *(
                line
                for number, region in enumerate(found.regions)
                for line in _region(region, number, root, place)
            ),
            "</svg>\n",
        )
    )


def _region(region: MapRegion, number: int, root: Path, place: Path) -> Iterator[str]:
    x, y = _at(region.x, region.y)
    radius = region.radius * _SCALE
    yield f'<g class="h{number % _HUES}">'
    words = ", ".join(region.words)
    yield (
        f'<circle class="disk" cx="{x}" cy="{y}" r="{radius:.1f}"><title>{_escaped(words)}: '
        f"{region.count:,} definitions</title></circle>"
    )
    for symbol in region.symbols:
        yield _dot(symbol, root, place)
    longest = max(map(len, region.words), default=1)
    size = max(9.0, min(17.0, 1.7 * radius / (longest * _WIDE)))
    for line, word in enumerate(region.words):
        at = y + (line - (len(region.words) - 1) / 2) * size * 1.15 + size * 0.35
        yield f'<text class="words" x="{x}" y="{at:.1f}" font-size="{size:.1f}">{_escaped(word)}</text>'
    yield "</g>"


def _dot(symbol: MapSymbol, root: Path, place: Path) -> str:
    x, y = _at(symbol.x, symbol.y)
    hit = symbol.hit
    name = f"{hit.container}.{hit.name}" if hit.container else hit.name
    said = _escaped(f"{hit.kind} {name}, {hit.path}:{hit.name_line + 1}")
    dot = f'<circle cx="{x}" cy="{y}" r="3"><title>{said}</title></circle>'
    link = _link(root, hit.path, place, hit.name_line + 1)
    return f'<a href="{link}">{dot}</a>' if link else dot


def _link(root: Path, path: str, place: Path, line: int) -> str:
    """From the picture to a file of the project. Relative, so that a picture that is shown around does not
    say where the code is, and beginning with a dot, so that no name is taken for a scheme.
    """
    if path.startswith("/") or ".." in path.split("/"):
        return ""
    try:
        way = Path(os.path.relpath(root / path, place.absolute().parent)).as_posix()
    except ValueError:  # Another drive of Windows.
        return ""
    return f"{'' if way.startswith('../') else './'}{quote(way, errors='surrogateescape')}#L{line}"


def _at(x: float, y: float) -> tuple[float, float]:
    return round(_WIDTH / 2 + x * _SCALE, 1), round(_TOP + _SCALE / 2 + y * _SCALE, 1)


def _escaped(text: str) -> str:
    return html.escape(inert(text))
