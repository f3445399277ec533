"""What resolving asks of whoever keeps the files: a few questions about names and files."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from codanna_core.relations.encoding import Wanted
from codanna_core.relations.facts import Facts


class OutOfTime(Exception):
    """A provider raises it when the time for a question is over; what was found until then counts."""


class Provider(Protocol):
    """Paths are relative to the root, with `/`. All answers are of one state of the files."""

    def facts(self, path: str) -> Facts | None:
        """The facts of a file; None where there are none (another language, gone, not read yet)."""

    def language(self, path: str) -> str:
        """The language of a file as its facts say it, without reading them; "" where it is not known."""

    def may_use(self, path: str, wanted: Wanted) -> bool:
        """False where the facts of a file are there and say: no use of one of the names, no import of one of
        them under another name, no variable that keeps one.
        """

    def using(self, name: str) -> Collection[str]:
        """Paths of the files that use an identifier outside comments and strings."""

    def defining(self, name: str) -> Collection[str]:
        """Paths of the files that define the name as a symbol of any kind."""

    def mentioning(self, word: str) -> Collection[str]:
        """Paths of the files whose text contains a word anywhere; one too many does no harm."""

    def exists(self, path: str) -> bool:
        """Whether there is such a file among those indexed."""

    def folder(self, path: str) -> Collection[str]:
        """Paths of the files directly inside a folder, "" for the root."""

    def named(self, base: str) -> Collection[str]:
        """Paths of the files of that base name, wherever they are; folders before it have to be theirs."""

    def read(self, path: str) -> bytes | None:
        """The bytes of a manifest, at most a megabyte; None where it cannot be read."""
