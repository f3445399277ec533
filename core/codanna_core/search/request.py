"""A question as it is asked: what was left out comes from the settings, what no text can hold is refused."""

from __future__ import annotations

from codanna_core.config import SearchSettings
from codanna_core.errors import InvalidQuery
from codanna_core.results import Filters, Mode, SearchRequest


def request_of(
    query: str | SearchRequest,
    settings: SearchSettings,
    limit: int | None,
    mode: Mode | str | None,
    filters: Filters | None,
    *,
    explain: bool,
) -> SearchRequest:
    """The whole request; one that is given as such stays as it is."""
    if not isinstance(query, SearchRequest):
        query = SearchRequest(
            query,
            settings.limit if limit is None else limit,
            mode_of(settings.mode if mode is None else mode),
            filters or Filters(),
            explain=explain,
        )
    _check_text(query)
    return query


def mode_of(name: Mode | str) -> Mode:
    """The mode of a name."""
    try:
        return Mode(name)
    except ValueError:
        choices = ", ".join(mode.value for mode in Mode)
        raise InvalidQuery(f"mode is {name!r}; use one of {choices}") from None


def _check_text(request: SearchRequest) -> None:
    """Refuse what no text can hold; such characters come from damaged input, never from a keyboard."""
    filters = request.filters
    texts = (
        request.query,
        *filters.languages,
        *filters.kinds,
        *filters.paths,
        *filters.containers,
        *filters.excluded_words,
        *filters.phrases,
    )
    try:
        "".join(texts).encode("utf-8")
    except UnicodeEncodeError:
        raise InvalidQuery("the question or a filter contains half of a character; type it again") from None
