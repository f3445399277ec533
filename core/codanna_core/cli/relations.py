"""What `refs`, `callers`, `calls` and `impact` have in common: a definition in, edges out."""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from codanna_core.cli.arguments import (
    add_answering,
    add_common,
    add_json,
    add_repo,
    add_root,
    repositories_of,
    root_of,
)
from codanna_core.cli.edges import render_candidates, render_edges, render_elsewhere, render_mermaid
from codanna_core.cli.envelope import relations_document, write_json
from codanna_core.cli.exit_codes import ExitCode
from codanna_core.cli.render import counted, print_text, say, shown_path, style_for
from codanna_core.cli.session import asked_engine, report_problems
from codanna_core.cli.similar import file_in
from codanna_core.errors import InvalidQuery
from codanna_core.files import decode, read_regular
from codanna_core.files.diffs import MAX_BYTES, changed_lines
from codanna_core.problems import Code
from codanna_core.results import Confidence, Relation, RelationRequest, RelationResult

if TYPE_CHECKING:
    from codanna_core.search.service import CommandService

_AT = re.compile(r"(?P<name>[^@]+)@(?P<file>.+):(?P<line>\d+)")
_DEPTHS = {Relation.IMPACT: 3}
"""Unless `--depth` says otherwise: what a change reaches is seldom one call away."""
_NOUNS = {
    Relation.REFERENCES: "references to",
    Relation.CALLERS: "callers of",
    Relation.CALLS: "calls in",
    Relation.IMPACT: "code that reaches",
}


def add_arguments(parser: argparse.ArgumentParser, relation: Relation) -> None:
    """Options of one of the commands."""
    impact = relation is Relation.IMPACT
    parser.add_argument(
        "name",
        metavar="NAME",
        nargs="?" if impact else None,
        help="a name (`save`, `Session.save`); NAME@FILE:LINE where several definitions have it",
    )
    add_root(parser)
    parser.add_argument("--depth", type=_depth, metavar="N", help="follow up to N edges in a row")
    parser.add_argument(
        "--min-confidence",
        choices=[str(one) for one in Confidence],
        default=Confidence.LIKELY.value,
        help="the least certain edges to list; the default is `likely`",
    )
    parser.add_argument(
        "--budget", type=_seconds, metavar="SECONDS", help="answer with what is found by then"
    )
    if relation is Relation.REFERENCES:
        parser.add_argument(
            "--text", action="store_true", help="also comments, strings and names of tests that mention it"
        )
        add_repo(parser)
    if impact:
        parser.add_argument(
            "--diff", metavar="FILE", help="what the lines of a unified diff reach; `-` for standard input"
        )
    if relation in (Relation.CALLS, Relation.CALLERS):
        parser.add_argument("--graph", action="store_true", help="print a Mermaid flowchart")
    add_json(parser)
    add_answering(parser)
    add_common(parser)
    parser.set_defaults(run=run, relation=relation, diff=None, graph=False, text=False, repositories=[])


def run(options: argparse.Namespace) -> int:
    """Find the definition, and list its edges."""
    if options.diff is not None:
        options.path, options.name = _path_beside_diff(options), ""
    elif options.name is None:
        raise InvalidQuery("name a definition, or give a diff with --diff FILE")
    request = _request(options)
    with asked_engine(options, team=request.team) as (engine, cancel):
        return print_answer(engine, engine.relations(request, cancel=cancel), options)


def _path_beside_diff(options: argparse.Namespace) -> str:
    """With a diff there is no name, so that the first word is the folder."""
    if options.name is not None and options.path != ".":
        raise InvalidQuery("--diff takes the place of NAME; leave the name out")
    return str(options.name if options.name is not None else options.path)


def _request(options: argparse.Namespace) -> RelationRequest:
    relation: Relation = options.relation
    root = root_of(options)
    name, path, line = options.name, None, None
    changed: tuple[tuple[str, int, int], ...] = ()
    if options.diff is not None:
        changed = changed_lines(_read_diff(options.diff))
    elif not name.strip():
        raise InvalidQuery("the name is empty; write one, for instance: codanna-lsp callers read_settings")
    elif at := _AT.fullmatch(name):
        name, path, line = at["name"], file_in(root, at["file"]), int(at["line"]) - 1
        if line < 0:
            raise InvalidQuery(f"{options.name!r} is not a place; lines count from 1")
    return RelationRequest(
        relation,
        name,
        path,
        line,
        changed=changed,
        confidence=Confidence(options.min_confidence),
        depth=options.depth or _DEPTHS.get(relation, 1),
        budget=options.budget,
        text=options.text,
        team=relation is Relation.REFERENCES,
        repositories=repositories_of(options),
    )


def _read_diff(source: str) -> str:
    """The text of a diff: a file, or `-` for standard input."""
    if source == "-":
        data = sys.stdin.buffer.read(MAX_BYTES + 1)
    else:
        if not Path(source).is_file():
            raise InvalidQuery(f"there is no file {source}; --diff takes a unified diff, `-` standard input")
        data = read_regular(Path(source), MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise InvalidQuery(f"the diff is larger than {MAX_BYTES >> 20} MiB; give a part of it")
    return decode(data)[0]


def print_answer(engine: CommandService, result: RelationResult, options: argparse.Namespace) -> int:
    """Print edges, or the definitions between which the name does not decide."""
    if options.json:
        write_json(relations_document(result))
    else:
        style, shown = style_for(sys.stdout, options.color), shown_path(engine.root, Path.cwd())
        if result.candidates:
            print_text(render_candidates(result.candidates, style, shown))
            say(
                f"{counted(len(result.candidates), 'definition')} of that name; "
                "write its container as well (`Session.save`), or NAME@FILE:LINE"
            )
        elif options.graph and result.targets:
            print_text(render_mermaid(result))
        else:
            print_text(render_edges(result, style, shown))
            print_text(render_elsewhere(result, style, shown))
        report_problems(problem for problem in result.problems if problem.code is not Code.RELATIONS_UNKNOWN)
        for sentence in _summary(engine, result, options):
            say(sentence)
    if result.candidates:
        return ExitCode.AMBIGUOUS
    return ExitCode.FOUND if result.edges or result.elsewhere else ExitCode.NOTHING


def _summary(engine: CommandService, result: RelationResult, options: argparse.Namespace) -> list[str]:
    """What people must know of the answer beyond its edges: never "none" where the truth is "unknown"."""
    if result.candidates:
        return []
    if not result.targets and not result.edges and not result.elsewhere:
        return [_no_definition(engine, options)]
    lines = []
    meant = result.targets[0].name if len(result.targets) == 1 else "these"
    what = f"{_NOUNS[result.relation]} {meant}"
    if result.unknown:
        uses = "use of the name means" if result.unknown == 1 else "uses of the name mean"
        more = "more " if result.edges else ""
        lines.append(
            f"unknown here what {result.unknown:,} {more}{uses}; the receiver's type is not in the text"
        )
    if result.weaker:
        wanted = f"--min-confidence {_below(options.min_confidence)}"
        more = "more, with less" if result.edges else "with less"
        lines.append(f"{result.weaker:,} {more} confidence: {wanted} lists them")
    if result.passed:
        uses = "use passes" if result.passed == 1 else "uses pass"
        lines.append(f"{result.passed:,} {uses} it on without calling it: `refs` lists them")
    if not result.edges and not lines:
        unless = "" if result.complete else " in what was looked through"
        here = " in this folder" if result.elsewhere else ""
        lines.append(f"no {what if result.targets else _NOUNS[result.relation] + ' it'}{here}{unless}")
    return lines


def _below(confidence: str) -> str:
    return (Confidence.POSSIBLE if confidence != Confidence.CERTAIN else Confidence.LIKELY).value


def _no_definition(engine: CommandService, options: argparse.Namespace) -> str:
    if options.diff is not None:
        return "the diff changes no definition of this folder"
    if _AT.fullmatch(options.name):
        return f"nothing of that name is defined or used at {options.name.partition('@')[2]}"
    name = options.name
    near = list(dict.fromkeys(hit.name for hit in engine.symbols(name, limit=5) if hit.name != name))[:3]
    hint = f"; did you mean {', '.join(near)}?" if near else ""
    return f"there is no definition of {name}{hint}"


def _depth(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 20:
        raise argparse.ArgumentTypeError(f"{text!r} is not a depth; use 1 to 20")
    return int(text)


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= 86_400:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time; use seconds, such as 0.5")
    return value
