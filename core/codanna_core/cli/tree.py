"""The commands and their options as plain data, read from the parser: for completion and the manual."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from enum import Enum

from codanna_core.records import dataclass


class Takes(Enum):
    """What is written in the place of an argument."""

    NOTHING = "nothing"
    WORD = "word"
    """Free text, or one of the known words where there are any."""
    FILE = "file"
    FOLDER = "folder"


@dataclass(frozen=True, slots=True)
class Argument:
    """An option, or an argument without a name."""

    flags: tuple[str, ...]
    metavar: str
    help: str
    takes: Takes
    words: tuple[str, ...] = ()

    @property
    def is_option(self) -> bool:
        """Whether it has a name."""
        return bool(self.flags)


@dataclass(frozen=True, slots=True)
class Command:
    """A command; its name has a space where it is one of several actions, and is empty for the program."""

    name: str
    help: str
    arguments: tuple[Argument, ...]
    below: tuple[Command, ...]

    @property
    def options(self) -> list[Argument]:
        """The arguments with a name."""
        return [one for one in self.arguments if one.is_option]

    @property
    def operands(self) -> list[Argument]:
        """The arguments without."""
        return [one for one in self.arguments if not one.is_option]

    def all(self) -> Iterator[Command]:
        """It and all below it, each before what is below."""
        yield self
        for command in self.below:
            yield from command.all()


def command_tree(parser: argparse.ArgumentParser, name: str = "", help: str = "") -> Command:
    """All of a parser."""
    arguments: list[Argument] = []
    below: list[Command] = []
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            helps = {choice.dest: choice.help or "" for choice in action._choices_actions}
            below += [
                command_tree(inner, f"{name} {word}".strip(), helps.get(word, ""))
                for word, inner in action.choices.items()
            ]
        elif action.help != argparse.SUPPRESS:
            arguments.append(_argument(action))
    return Command(name, help or parser.description or "", tuple(arguments), tuple(below))


def _argument(action: argparse.Action) -> Argument:
    metavar = action.metavar if isinstance(action.metavar, str) else ""
    words = tuple(map(str, action.choices or ()))
    takes = Takes.NOTHING if action.nargs == 0 else _TAKES.get(metavar, Takes.WORD)
    if not words:
        words = _known_words(metavar)
    return Argument(
        tuple(action.option_strings),
        metavar or "|".join(words),
        " ".join((action.help or "").split()),
        takes,
        words,
    )


_TAKES = {
    "PATH": Takes.FOLDER,
    "DIR": Takes.FOLDER,
    "FILE": Takes.FILE,
    "FILE:LINE": Takes.FILE,
    "GLOB": Takes.FILE,
    "SOURCE": Takes.FILE,
}


def _known_words(metavar: str) -> tuple[str, ...]:
    if metavar == "KIND":
        from codanna_core.model import Kind

        return tuple(Kind)
    if metavar == "LANG":
        from codanna_core.languages.registry import languages

        return tuple(sorted(languages()))
    if metavar == "KEY=VALUE":
        from codanna_core.config.resolve import all_keys

        return tuple(f"{info.name}=" for info in all_keys())
    return ()
