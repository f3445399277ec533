"""Options that several subcommands share, and the values they turn into."""

from __future__ import annotations

import argparse
import os
from enum import StrEnum
from pathlib import Path
from typing import Any

from codanna_core.config.resolve import NO_SECRET, SECRET, all_keys, fault_of
from codanna_core.errors import InvalidQuery
from codanna_core.hints import nearest
from codanna_core.model import Kind
from codanna_core.results import Filters, Mode


def add_common(parser: argparse.ArgumentParser) -> None:
    """Options of every command."""
    group = parser.add_argument_group("general options")
    group.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        dest="assignments",
        help="override a setting, for instance --set semantic.enabled=false; may be repeated",
    )
    group.add_argument(
        "-v", "--verbose", action="count", default=0, help="log to standard error; twice for more"
    )


class Format(StrEnum):
    """How hits are printed."""

    FULL = "full"
    COMPACT = "compact"
    VIMGREP = "vimgrep"
    JSON = "json"


class _TakeFormat(argparse.Action):
    """`--format json` is `--json` by another name, and the last of the two counts."""

    def __call__(
        self, _parser: argparse.ArgumentParser, namespace: argparse.Namespace, value: Any, _name: Any = None
    ) -> None:
        namespace.format = Format(value)
        namespace.json = namespace.format is Format.JSON


def add_json(parser: argparse.ArgumentParser) -> None:
    """`--json`."""
    parser.add_argument("--json", action="store_true", help="print one JSON document and nothing else")


def add_answering(parser: argparse.ArgumentParser) -> None:
    """`--color` and `--no-sync`, of every command that answers."""
    parser.add_argument(
        "--color",
        choices=("auto", "always", "never"),
        default="auto",
        help="when to use colors; auto means on a terminal, unless NO_COLOR is set",
    )
    parser.add_argument(
        "--no-sync",
        action="store_true",
        help="answer from the index as it is, without looking for changed files",
    )


def add_root(parser: argparse.ArgumentParser) -> None:
    """PATH and where its index lives."""
    parser.add_argument(
        "path", nargs="?", default=".", metavar="PATH", help="the folder; default is this one"
    )
    parser.add_argument(
        "--index-dir", metavar="DIR", help="where the index lives; default is a folder in the user's cache"
    )


def add_answer(parser: argparse.ArgumentParser, *, filters: bool = True, formats: bool = True) -> None:
    """Options of every command that shows hits."""
    parser.add_argument("-n", "--limit", type=_count, metavar="N", help="maximum number of results")
    if formats:
        parser.add_argument(
            "--format",
            action=_TakeFormat,
            choices=[str(one) for one in Format],
            help="`compact` takes two lines a result, `vimgrep` one line for an editor's error list; the "
            "default is `full`, and `compact` on a terminal that `full` would scroll",
        )
        add_json(parser)
    add_answering(parser)
    if filters:
        group = parser.add_argument_group(
            "filters, each may be repeated or contain several values with commas"
        )
        group.add_argument("--kind", action="append", default=[], metavar="KIND", help=", ".join(Kind))
        group.add_argument(
            "--lang", action="append", default=[], metavar="LANG", help="language or file suffix"
        )
        group.add_argument(
            "--path",
            action="append",
            default=[],
            metavar="GLOB",
            dest="path_globs",
            help="as in src/**/*.py or src/",
        )
        group.add_argument(
            "--container",
            action="append",
            default=[],
            metavar="NAME",
            help="enclosing class, module or heading",
        )
        add_repo(group)


def add_repo(group: argparse._ActionsContainer) -> None:
    """`--repo`, of every command that asks a team's index."""
    group.add_argument(
        "--repo",
        action="append",
        default=[],
        metavar="NAME",
        dest="repositories",
        help="repository of the team's index, or this folder by its name; NAME@BRANCH for another branch",
    )


def repositories_of(options: argparse.Namespace) -> tuple[str, ...]:
    """The repositories asked for."""
    return _values(options.repositories)


def add_mode(parser: argparse.ArgumentParser) -> None:
    """`--mode` and `--explain`."""
    parser.add_argument("--mode", choices=[str(mode) for mode in Mode], help="which searches take part")
    parser.add_argument("--explain", action="store_true", help="show each signal's part of the score")


def filters_of(options: argparse.Namespace) -> Filters:
    """The filters asked for; InvalidQuery names what is misspelt."""
    kinds = tuple(kind.lower() for kind in _values(options.kind))
    for kind in kinds:
        if kind not in list(Kind):
            raise InvalidQuery(_unknown("kind", kind, list(Kind)))
    return Filters(
        languages=tuple(_language(name) for name in _values(options.lang)),
        kinds=kinds,
        paths=tuple(_below(glob, os.path.abspath(options.path)) for glob in options.path_globs),
        containers=_values(options.container),
        repositories=repositories_of(options),
    )


def _below(glob: str, root: str) -> str:
    """A glob as it is, or that of a pasted absolute path below the folder in question."""
    inside = glob.removeprefix(root)
    return inside if glob != inside and inside.startswith(("/", os.sep)) else glob


def root_of(options: argparse.Namespace) -> Path:
    """The folder to work on, checked before anything slow is loaded."""
    path = Path(options.path)
    if path.is_dir():
        return path
    if path.exists():
        raise InvalidQuery(
            f"{path} is a file; name the folder that contains it, and use --path to narrow the answer"
        )
    hint = ", and put a question of several words in quotes" if "query" in options else ""
    raise InvalidQuery(f"there is no folder {path}; check the spelling{hint}")


def index_dir_of(options: argparse.Namespace) -> Path | None:
    """The index folder named on the command line, seen from the current folder as users expect."""
    return Path(os.path.abspath(os.path.expanduser(options.index_dir))) if options.index_dir else None


def overrides_of(options: argparse.Namespace) -> dict[str, Any]:
    """The `--set` options as raw settings: section → key → value."""
    raw: dict[str, Any] = {}
    for assignment in options.assignments:
        name, equals, text = assignment.partition("=")
        section, dot, key = name.strip().partition(".")
        if not (equals and dot and section and key):
            raise InvalidQuery(f"--set {assignment}: write SECTION.KEY=VALUE, for instance search.limit=20")
        if f"{section}.{key}" == SECRET:
            raise InvalidQuery(f"--set {SECRET}: {NO_SECRET}")
        raw.setdefault(section, {})[key] = _toml_value(text.strip())
    known = [info.name for info in all_keys()]
    for name in (f"{section}.{key}" for section, keys in raw.items() for key in keys):
        if name not in known:
            raise InvalidQuery(f"--set: {_unknown('setting', name, known)}")
    # What a file gets wrong is noted and skipped; what was typed just now is better refused.
    for section, keys in raw.items():
        for key, value in keys.items():
            if fault := fault_of(f"{section}.{key}", value):
                raise InvalidQuery(f"--set {section}.{key}: the value must be {fault}")
    return raw


def _toml_value(text: str) -> Any:
    """`true`, `20`, `["a"]` as in a settings file; anything else is a plain string."""
    import tomllib

    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _count(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of results; use 1 or more")
    return int(text)


def _values(given: list[str]) -> tuple[str, ...]:
    return tuple(value.strip() for part in given for value in part.split(",") if value.strip())


def _language(name: str) -> str:
    """The language of a name or a file suffix such as `py` or `.rs`."""
    from codanna_core.languages.registry import detect_language, languages

    wanted = name.lower()
    if wanted in languages():
        return wanted
    found = detect_language(f"file.{name.lstrip('.')}", b"")
    if found is None:
        raise InvalidQuery(_unknown("language", name, sorted(languages())))
    return found


def _unknown(what: str, given: str, known: list[str]) -> str:
    near = nearest(given.lower(), known)
    hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
    return f"there is no {what} {given!r}; {hint}"
