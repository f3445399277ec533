"""What an empty symbol query shows: the open files, and what the project is made of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from codanna_core.search.view import SearchView
from codanna_core.text.stored import StoredFile, StoredSymbol

_OPEN_FILES = 3
_OF_OPEN_FILES = 50
_FILES = 20
_OF_A_FILE = 5
_ENOUGH = 60
"""Files that are chosen from; a deeper level of folders is looked at where there are fewer."""
_DEEPEST = 5
_KINDS: Mapping[str, int] = {
    kind: place
    for place, kind in enumerate(
        ("class", "struct", "interface", "trait", "enum", "type", "function", "macro")
    )
}
"""What a project is made of, types first."""


def overview(view: SearchView, near: Sequence[str], limit: int) -> list[StoredSymbol]:
    """Symbols of the open files, then the top-level ones of the largest files of the largest folders."""
    found = [symbol for path in near[:_OPEN_FILES] for symbol in view.outline(path) if symbol.has_name][
        :_OF_OPEN_FILES
    ]
    shown = set(near[:_OPEN_FILES])
    for file in _main_files(view):
        if len(found) >= limit:
            break
        if file.path not in shown:
            found += _top(view.outline(file.path))
    return found[:limit]


def _main_files(view: SearchView) -> list[StoredFile]:
    """The same for the same files, whatever happened before."""
    files: list[StoredFile] = []
    for depth in range(_DEEPEST + 1):
        files = [
            file for file in view.tree.down_to(depth) if file.symbols and not view.kept.secondary[file.path]
        ]
        if len(files) >= _ENOUGH:
            break
    folders = Counter(file.path.rpartition("/")[0] for file in files)

    def weight(file: StoredFile) -> tuple[int, str, int, str]:
        folder = file.path.rpartition("/")[0]
        return -folders[folder], folder, -file.symbols, file.path

    return sorted(files, key=weight)[:_FILES]


def _top(outline: Sequence[StoredSymbol]) -> list[StoredSymbol]:
    own = [symbol for symbol in outline if symbol.kind in _KINDS and not symbol.container]
    public_first = sorted(
        own, key=lambda symbol: (symbol.name.startswith("_"), _KINDS[symbol.kind], symbol.name_line)
    )
    chosen = public_first[:_OF_A_FILE]
    return sorted(chosen, key=lambda symbol: symbol.name_line)
