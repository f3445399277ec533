"""All numbers of the ranking in one place, each with the sentence that says which wrong result it
prevents.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Weights:
    """Fixed at import; the engine never changes them at run time."""

    name: float = 4.0
    """A definition called what was asked for must beat one that merely mentions it."""
    container: float = 1.5
    """`Session.save` must beat other `save`s when the question says session."""
    path: float = 1.5
    """File and folder names are how people remember where things are."""
    sig: float = 1.0
    """Parameter and return types tell overloads apart."""
    doc: float = 1.5
    """A doc comment states the purpose; a body only implements it."""
    body: float = 1.0
    """Undocumented code must still be found by the words in it."""
    rrf_k: int = 60
    """Keeps a single list's first hit from deciding alone against agreement of both."""

    def fields(self) -> dict[str, float]:
        """Boosts of the searched fields."""
        return {
            "name": self.name,
            "container": self.container,
            "path": self.path,
            "sig": self.sig,
            "doc": self.doc,
            "body": self.body,
        }


WEIGHTS = Weights()
