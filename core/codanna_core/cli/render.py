"""What people see: pure functions from results to text, with colours or without."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TextIO

from codanna_core.cli.cells import Screen, cut, width
from codanna_core.inert import inert
from codanna_core.problems import Code
from codanna_core.records import dataclass
from codanna_core.results import Hit, SnippetLine, Status, SymbolHit, SyncReport

_WIDTH = 160
_COLOURS = {
    "path": "35",
    "line": "32",
    "kind": "36",
    "name": "1",
    "dim": "2",
    "good": "32",
    "bad": "31",
    "warn": "33",
    "chosen": "7",
}


@dataclass(frozen=True, slots=True)
class Style:
    """Paints words, or leaves them alone."""

    coloured: bool

    def __call__(self, what: str, text: str) -> str:
        return f"\x1b[{_COLOURS[what]}m{text}\x1b[0m" if self.coloured and text else text


def style_for(stream: TextIO, choice: str) -> Style:
    """Colours on a terminal unless NO_COLOR is set or the terminal cannot; `--color` overrides."""
    if choice != "auto":
        return Style(choice == "always")
    return Style(stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb")


def shown_path(root: Path, here: Path) -> Callable[[str], str]:
    """Turns a path of the index into one that a click or an editor opens from the current folder."""
    near = root.is_relative_to(here) or here.is_relative_to(root)

    def shown(path: str) -> str:
        whole = os.path.join(root, path.replace("/", os.sep))
        whole = os.path.relpath(whole, here) if near else whole
        # Who hands it to an editor must not hand it an option or a command.
        return inert(f".{os.sep}{whole}" if whole.startswith(("-", "+")) else whole)

    return shown


PIPE = Screen()


def render_hits(hits: Sequence[Hit], style: Style, shown: Callable[[str], str], screen: Screen = PIPE) -> str:
    """Hits as blocks: place, kind and name; signature; the best lines."""
    return "\n\n".join("\n".join(_hit_lines(hit, style, shown, screen)) for hit in hits)


def render_symbols(hits: Sequence[SymbolHit], style: Style, shown: Callable[[str], str]) -> str:
    """One line a symbol."""
    return "\n".join(head_line(hit, style, shown) for hit in hits)


def render_sync(report: SyncReport, status: Status) -> str:
    """One sentence on what indexing did."""
    if not status.writer and status.files_total > status.files_indexed:
        return f"another process indexes this folder: {_indexed(status)} files so far"
    if not status.writer:
        return "another process keeps this index up to date; nothing to do"
    indexed = report.added + report.changed
    if not indexed and not report.removed:
        return f"up to date: {counted(report.unchanged, 'file')}, nothing changed ({report.seconds:.2f} s)"
    parts = []
    if indexed:
        kinds = ((report.added, "new"), (report.changed, "changed"))
        which = ", ".join(f"{number:,} {what}" for number, what in kinds if number)
        parts.append(f"indexed {counted(indexed, 'file')} ({which})")
    if report.removed:
        parts.append(f"forgot {counted(report.removed, 'removed file')}")
    if indexed:
        parts += [counted(report.symbols, "symbol"), counted(report.embedded, "new vector")]
    return f"{', '.join(parts)} in {report.seconds:.1f} s"


def no_files(status: Status) -> str:
    """Why an index is empty."""
    if any(problem.code is Code.NOTHING_LEFT for problem in status.problems):
        return f"{status.root} contains no files to index (rules leave all of them out)"
    skipped = ", ".join(
        f"{count:,} {reason}" for reason, count in sorted(status.files_skipped.items()) if count
    )
    reason = f"skipped: {skipped}" if skipped else "hidden files and what .gitignore names do not count"
    return f"{status.root} contains no files to index ({reason})"


def render_status(status: Status, problems: Iterable[str], style: Style) -> str:
    """The index at a glance, with a line for each problem."""
    skipped = sum(status.files_skipped.values())
    rows = [
        ("folder", status.root),
        ("index", f"{status.index_dir} ({size(status.bytes_on_disk)})"),
        ("state", f"{status.state}, generation {status.generation}"),
        ("files", f"{_indexed(status)} indexed, {skipped:,} skipped"),
        *(("", f"  {count:,} {reason}") for reason, count in sorted(status.files_skipped.items()) if count),
        ("symbols", f"{status.symbols:,}"),
        ("vectors", f"{status.vectors_total:,}, {status.vectors_pending:,} pending"),
        *([("callers", _callers(status))] if status.facts_total else []),
        ("model", f"{status.model}{f', {status.dimension} dimensions' if status.dimension else ''}"),
    ]
    lines = [f"{style('dim', name.ljust(8))} {inert(value)}" for name, value in rows]
    lines += [f"{style('warn', 'problem'.ljust(8))} {inert(line)}" for line in problems]
    return "\n".join(lines)


def _callers(status: Status) -> str:
    if status.facts_files >= status.facts_total:
        return f"prepared for all {counted(status.facts_total, 'file')}"
    prepared = f"prepared for {status.facts_files:,} of {counted(status.facts_total, 'file')}"
    return f"{prepared}; `callers`, `refs` and `impact` read the rest when they need it"


def _indexed(status: Status) -> str:
    if status.files_total <= status.files_indexed:
        return f"{status.files_indexed:,}"
    share = status.files_indexed / status.files_total
    return f"{status.files_indexed:,} of {status.files_total:,} ({share:.0%})"


def size(count: int) -> str:
    """Bytes for people."""
    value = float(count)
    for unit in ("B", "KiB", "MiB"):
        if value < 1024:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:.1f} GiB"


def counted(number: int, noun: str) -> str:
    """A number with its noun, in the plural where it needs one."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def print_text(rendered: str) -> None:
    """Print an answer on standard output: what the functions above made, already inert and coloured."""
    if rendered:
        sys.stdout.write(rendered + "\n")


def print_line(text: str) -> None:
    """Print one line on standard output, whatever its parts hold."""
    print_text(inert(text))


def say(text: str, prefix: str = "codanna-lsp: ") -> None:
    """Print one line for people on standard error, whatever its parts hold."""
    print(inert(prefix + text), file=sys.stderr)


def head_line(
    hit: Hit | SymbolHit, style: Style, shown: Callable[[str], str], columns: int | None = None
) -> str:
    """Place, kind and name. The place is never cut, the name if need be."""
    path, line, kind = shown_place(hit, shown), str(hit.selection.start.line + 1), inert(hit.kind)
    room = _WIDTH if columns is None else max(8, columns - width(f"{path}:{line}  {kind}  "))
    place = f"{style('path', path)}:{style('line', line)}"
    return f"{place}  {style('kind', kind)}  {style('name', cut(whole_name(hit), room))}".rstrip()


def shown_place(hit: Hit | SymbolHit, shown: Callable[[str], str]) -> str:
    """The path of a hit; of one of a team behind its repository, so that nobody takes it for a file here."""
    if hit.origin is None:
        return shown(hit.path)
    return inert(f"[{hit.origin.repository}] {hit.path}")


def whole_name(hit: Hit | SymbolHit) -> str:
    """The name with its container, on one line."""
    return one_line(f"{hit.container}.{hit.name}" if hit.container and hit.name else hit.name)


def _hit_lines(hit: Hit, style: Style, shown: Callable[[str], str], screen: Screen) -> list[str]:
    lines = [head_line(hit, style, shown)]
    if hit.origin is not None and hit.origin.url:
        lines.append(f"    {style('dim', inert(hit.origin.url))}")
    numbered = _trimmed(hit.snippet)
    signature = one_line(hit.signature)
    if signature and not any(one_line(part.text).startswith(signature) for part in numbered):
        lines += [f"    {row}" for row in screen.lines(signature, 4)]
    digits = len(str(numbered[-1].line + 1)) if numbered else 0
    for part in numbered:
        mark = "›" if part.best else " "
        first, *more = screen.lines(inert(part.text).expandtabs(4), digits + 6)
        lines.append(f"  {mark} {style('dim', str(part.line + 1).rjust(digits))}  {first}".rstrip())
        lines += [f"{'':{digits + 6}}{row}" for row in more]
    if hit.signals:
        lines += [f"    {style('dim', row)}" for row in screen.whole(_explained(hit), 4)]
    return lines


def _explained(hit: Hit) -> str:
    """The parts of the score as they are shown add up to the sum as it is shown."""
    parts = {name: round(value * 100) for name, value in hit.signals.items()}
    total = sum(parts.values())
    named = ", ".join(f"{name} {part / 100:.2f}" for name, part in parts.items() if part)
    return f"score {hit.score:.2f} from {total / 100:.2f} = {named}"


def _trimmed(snippet: Sequence[SnippetLine]) -> list[SnippetLine]:
    """The snippet without empty lines at its ends."""
    lines = list(snippet)
    while lines and not lines[0].text.strip():
        lines.pop(0)
    while lines and not lines[-1].text.strip():
        lines.pop()
    return lines


def one_line(text: str) -> str:
    """The text without what a terminal would obey, its white space as single spaces."""
    return inert(" ".join(text.split()))
