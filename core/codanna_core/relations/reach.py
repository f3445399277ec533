"""Which files can use a definition at all, told before their facts are read."""

from __future__ import annotations

from codanna_core.relations.meant import Meant
from codanna_core.relations.modules import HOMES, module_rules
from codanna_core.relations.provider import Provider
from codanna_core.relations.rules import family
from codanna_core.relations.typer import Typer
from codanna_core.relations.values import FILE, Target


class Reach:
    """By the languages of the definitions, and by where their names are visible."""

    def __init__(self, typer: Typer, meant: Meant) -> None:
        self._provider: Provider = typer.provider
        targets = meant.targets | meant.types | meant.through.keys()
        places = [_seen_from(typer, target) for target in targets]
        self._places = None if None in places else frozenset(places)
        tables = (typer.table(target.path) for target in targets)
        self._families = {family(table.facts.language) for table in tables if table is not None}

    def has(self, path: str) -> bool:
        """Whether the definitions may be used in a file."""
        places = self._places
        if places is not None and path not in places and path.rpartition("/")[0] not in places:
            return False
        language = self._provider.language(path)
        return not language or family(language) in self._families


def _seen_from(typer: Typer, target: Target) -> str | None:
    table = typer.table(target.path)
    if table is None or target.number == FILE or table.facts.language not in HOMES:
        return None
    return module_rules(table.facts.language).seen_from(typer, target.path, table.row(target.number))
