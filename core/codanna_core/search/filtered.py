"""Why filters let nothing through: which one is to blame."""

from __future__ import annotations

from codanna_core.model import Problem
from codanna_core.problems import Code
from codanna_core.results import Filters
from codanna_core.search.candidates import index_filter
from codanna_core.search.view import SearchView

_TYPED = {
    "languages": "lang:",
    "kinds": "kind:",
    "paths": "path:",
    "containers": "in:",
    "excluded_words": "-",
}
"""How each filter is typed. Phrases are reported by whoever looks for them."""


def filtered_out(view: SearchView, filters: Filters) -> list[Problem]:
    """One problem that names the filter without which something would be left, if filters exclude all."""
    given = {name: values for name in _TYPED if (values := getattr(filters, name))}
    if not given or _any(view, Filters(**given)):
        return []
    alone = [name for name, values in given.items() if not _any(view, Filters(**{name: values}))]
    if alone:
        shown = " and ".join(_shown(name, given[name]) for name in alone)
        return [Problem(Code.FILTERED_OUT, f"nothing passes {shown}; remove or change it")]
    without = [name for name in given if _any(view, Filters(**{**given, name: ()}))]
    shown = " and ".join(_shown(name, values) for name, values in given.items())
    hint = f"; there is something without {_shown(without[0], given[without[0]])}" if without else ""
    return [Problem(Code.FILTERED_OUT, f"nothing passes {shown} together{hint}")]


def _any(view: SearchView, filters: Filters) -> bool:
    return len(view.passing(index_filter(filters), 1)) > 0


def _shown(name: str, values: tuple[str, ...]) -> str:
    typed = _TYPED[name]
    if name == "excluded_words":
        return " ".join(f"`{typed}{value}`" for value in values)
    return f"`{typed}{','.join(values)}`"
