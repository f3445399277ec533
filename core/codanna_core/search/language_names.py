"""The language that most of a folder is written in says nothing in a question about it."""

from __future__ import annotations

from typing import Final

from codanna_core.search.view import SearchView

_LANGUAGES: Final = {
    **{
        name: name
        for name in (
            *(
                "python",
                "java",
                "javascript",
                "typescript",
                "kotlin",
                "scala",
                "groovy",
                "ruby",
                "php",
                "perl",
            ),
            *("rust", "swift", "csharp", "fsharp", "haskell", "elixir", "erlang", "clojure", "lua", "julia"),
        )
    },
    "golang": "go",
    "js": "javascript",
    "ts": "typescript",
}
"""Languages by what questions call them; those that are called like other things are left out."""
_MOST = 0.4
"""Share of all documents, those of files among them."""


def without_language(view: SearchView, text: str) -> str:
    """The question without the name of the language that most of the folder is written in, unless nothing
    else is left of it.
    """
    words = text.split()
    named = {word for word in words if word.lower() in _LANGUAGES}
    if not named or len(named) == len(words):
        return text
    most = _MOST * view.published.size
    silent = {word for word in named if view.published.frequency("lang", _LANGUAGES[word.lower()]) > most}
    return " ".join(word for word in words if word not in silent) if silent else text
