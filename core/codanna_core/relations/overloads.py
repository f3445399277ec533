"""Which of several functions of one name a call means, by the types of its arguments."""

from __future__ import annotations

from codanna_core.relations.facts import SEPARATOR, Reference
from codanna_core.relations.typer import Typer
from codanna_core.relations.types import shape_of
from codanna_core.relations.values import Place, Target, Value

MAX_PARENTS = 12
_NUMBERS = {"int": 1, "Integer": 1, "long": 2, "Long": 2, "float": 3, "double": 4, "Double": 4, "char": 1}


def best_overloads(typer: Typer, targets: list[Target], reference: Reference, at: Place) -> list[Target]:
    """The functions whose parameters fit best; all of them where the arguments say nothing."""
    forms = reference.passed.split(SEPARATOR)
    given = [_names(typer, form, at) for form in forms]
    scores = [_score(typer, target, given) for target in targets]
    best = max(scores)
    return [target for target, score in zip(targets, scores, strict=True) if score == best]


def _names(typer: Typer, form: str, at: Place) -> list[str]:
    """Names of the type of an argument and of what it inherits from, nearest first; empty for unknown."""
    if form.startswith("<") and form.endswith(">") and form.count("<") == form.count(">") == 1:
        literal = form[1:-1].rsplit(".", 1)[-1]
        value = typer.form_value(form, at)
        return _parents(typer, value) if value is not None and value.kind == "instance" else [literal]
    value = typer.form_value(form, at)
    if value is None or value.kind != "instance":
        return _declared(typer, form, at)
    return _parents(typer, value)


def _declared(typer: Typer, form: str, at: Place) -> list[str]:
    """The type that the declaration of a plain variable or function names, of the project or not."""
    called = form.endswith("()")
    name = form.removesuffix("()")
    found = []
    if name.isidentifier():
        found = typer.names(name, at, called)
    elif "." in name:
        holder, _, last = name.rpartition(".")
        value = typer.form_value(holder, at)
        if value is not None:
            found = typer.member_bindings(value, last, called)[0]
    texts = {typer.row(*item).value for item in found}
    table = typer.table(at[0])
    if len(texts) != 1 or table is None or not typer.row(*found[0]).flags & 2:
        return []
    return [_simple(texts.pop(), table.facts.language)]


def _simple(text: str, language: str) -> str:
    shape = shape_of(text, language)
    if shape.kind == "name":
        return shape.name.rsplit(".", 1)[-1]
    return text.split("<")[0].rsplit(".", 1)[-1].strip()


def _parents(typer: Typer, value: Value) -> list[str]:
    names: list[str] = []
    waiting = [value]
    while waiting and len(names) < MAX_PARENTS:
        held = waiting.pop(0)
        row = typer.row(held.path, held.number)
        names.append(row.name)
        names += [base.split("<")[0].rsplit(".", 1)[-1] for base in row.bases]
        waiting += [
            base
            for base in typer.bases(held.path, held.number)
            if base is not None and base.kind == "instance"
        ]
    return names


def _score(typer: Typer, target: Target, given: list[list[str]]) -> int:
    row = typer.row(*target)
    table = typer.table(target.path)
    assert table is not None
    score = 0
    for number, names in enumerate(given):
        if not row.bases:
            return 0
        wanted = _simple(row.bases[min(number, len(row.bases) - 1)], table.facts.language)
        if not names:
            continue
        if wanted == names[0]:
            score += 10
        elif wanted in names:
            score += 8
        elif wanted in _NUMBERS and names[0] in _NUMBERS:
            score += 4 if _NUMBERS[wanted] >= _NUMBERS[names[0]] else -10
        elif wanted in ("Object", "T", "CharSequence", "Iterable", "Collection", "Comparable"):
            score += 2
        else:
            score -= 10
    return score
