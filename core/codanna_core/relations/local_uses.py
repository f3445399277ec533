"""Uses of parameters and local variables: facts leave them out, so they are read from the text."""

from __future__ import annotations

from collections.abc import Iterator

from codanna_core.relations.facts import Binding, Binds, is_local
from codanna_core.relations.identifiers import places
from codanna_core.relations.scopes import Table

_AROUND = (Binds.FUNCTION, Binds.TYPE, Binds.MODULE, Binds.IMPLEMENTS)
_SPACE = b" \t\r\n"


def local_at(table: Table, data: bytes, at: int) -> int | None:
    """The parameter or local variable whose name stands at a place of the text."""
    for start, word in places(data, table.facts.language):
        if start <= at <= start + len(word):
            found = _meant(table, data, start, word)
            if found is not None:
                return found
        if start > at:
            break
    return None


def local_uses(table: Table, data: bytes, number: int) -> Iterator[tuple[int, bool]]:
    """Where the variable is used, from the first byte of its scope on, and whether it gets a value there."""
    row = table.row(number)
    name = row.name.encode("utf-8", "replace")
    own = [table.row(other) for other in table.by_name[row.name]]
    written = {one.at for one in own if _scope(one) == _scope(row)}
    for start, word in places(data, table.facts.language):
        if word != name:
            continue
        found = number if start in written else _meant(table, data, start, word)
        if found is not None and _scope(table.row(found)) == _scope(row):
            yield start, start in written


def owner_at(table: Table, at: int) -> int:
    """The innermost definition around a place, -1 at the top."""
    around = [
        (row.start, number)
        for number, row in enumerate(table.facts.bindings)
        if row.kind in _AROUND and row.start <= at < row.end
    ]
    return max(around)[1] if around else -1


def _meant(table: Table, data: bytes, at: int, word: bytes) -> int | None:
    name = word.decode("utf-8", "replace")
    if name not in table.by_name or _names_a_member(table.facts.language, data, at, at + len(word)):
        return None
    for number in table.by_name[name]:
        if table.row(number).at == at:
            return number if is_local(table.facts, table.row(number)) else None
    found = table.lookup(name, at, owner_at(table, at))
    return found[0] if found and is_local(table.facts, table.row(found[0])) else None


def _scope(row: Binding) -> tuple[int, int]:
    return row.scope_start, row.scope_end


def _names_a_member(language: str, data: bytes, start: int, end: int) -> bool:
    """Whether what stands around says that the name is a member, a keyword argument or a key."""
    before = data[max(0, start - 80) : start].rstrip(_SPACE)
    if before.endswith((b".", b"->", b"::")) and not before.endswith(b".."):
        return True
    after = data[end : end + 80].lstrip(_SPACE)
    if language == "python":
        return before.endswith((b"(", b",")) and after[:1] == b"=" and after[:2] != b"=="
    return before.endswith((b"{", b",")) and after[:1] == b":" and after[:2] != b"::"
