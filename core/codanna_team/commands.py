"""`codanna-lsp team init|publish|status|remove|doctor`: thin, over what publishing and asking do."""

from __future__ import annotations

import argparse
import getpass
import os
import sys
import time
from typing import Any, Final

from codanna_core.cli.arguments import add_common, add_json, add_root, overrides_of, root_of
from codanna_core.cli.envelope import ENVELOPE_VERSION, write_json
from codanna_core.cli.exit_codes import ExitCode
from codanna_core.cli.render import counted, print_line, say
from codanna_core.cli.session import stoppable
from codanna_core.config import Settings, load_settings, user_file
from codanna_core.config.addresses import url_fault
from codanna_core.embed.registry import load_embedder
from codanna_core.errors import CodannaError, InvalidQuery
from codanna_core.files.repository import branch_of, repository_names
from codanna_core.files.revision import revision_of
from codanna_team.asking import client_for
from codanna_team.codebook import Codebook
from codanna_team.engine import OpenSearch
from codanna_team.http import EngineError, Trouble
from codanna_team.publish import Publisher, Report, Target
from codanna_team.reading import Folder
from codanna_team.remote import RemoteFailure, RemoteQuestion
from codanna_team.source import TeamSource
from codanna_team.template import made_for
from codanna_team.token import VARIABLE, Token, forget, store, token_for
from codanna_team.upkeep import Published, published, remove, set_up, sweep
from codanna_team.user_settings import set_user_setting
from codanna_team.visible import index_made_for, key_of

_LISTED: Final = 20
_PROMPT: Final = "Token (user:password, or a bearer token; empty if the engine needs none): "


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command and its actions."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)

    init = actions.add_parser("init", help="connect to a team's index, and store the token for it")
    init.add_argument("url", metavar="URL", help="such as https://search.example.com:9200/codanna")
    init.add_argument("--create", action="store_true", help="create the index; once for a team")
    init.add_argument("--shards", type=int, default=1, metavar="N", help="with --create: shards of the index")
    init.add_argument("--replicas", type=int, default=1, metavar="N", help="with --create: copies of a shard")
    init.add_argument("--link", default="", metavar="TEMPLATE", help="what opens a result: team.link")
    _finish(init, run_init, json=False)

    publish = actions.add_parser("publish", help="publish a folder, so that others find code in it")
    add_root(publish)
    publish.add_argument("--repository", metavar="NAME", help="default is the path of the git remote")
    publish.add_argument("--branch", metavar="NAME", help="default is the branch that is checked out")
    publish.add_argument(
        "--side", action="store_true", help="a branch that only `repo:NAME@BRANCH` searches, beside another"
    )
    publish.add_argument(
        "--days", type=int, default=0, metavar="N", help="remove it N days after the last publishing"
    )
    publish.add_argument("--everything", action="store_true", help="send unchanged files as well")
    publish.add_argument("--dry-run", action="store_true", help="list what would be sent, and send nothing")
    _finish(publish, run_publish)

    status = actions.add_parser("status", help="list what is published")
    _finish(status, run_status)

    gone = actions.add_parser("remove", help="remove a published repository")
    gone.add_argument("repository", metavar="NAME", help="as `status` lists it")
    gone.add_argument("--branch", metavar="NAME", help="default is all of its branches")
    _finish(gone, run_remove, json=False)

    doctor = actions.add_parser("doctor", help="check the connection to the team's index")
    doctor.add_argument("--forget", action="store_true", help="remove the stored token instead")
    _finish(doctor, run_doctor, json=False)


def _finish(parser: argparse.ArgumentParser, run: Any, *, json: bool = True) -> None:
    if json:
        add_json(parser)
    add_common(parser)
    parser.set_defaults(run=run)


def run_init(options: argparse.Namespace) -> int:
    """Check the address and the token, then keep both."""
    url = options.url.rstrip("/")
    if fault := url_fault(url):
        raise InvalidQuery(f"the address must be {fault}")
    given = os.environ.get(VARIABLE, "") or _typed()
    token = Token(given, "what was typed") if given else None
    engine = OpenSearch(client_for(url, token))
    try:
        if options.create:
            made = set_up(
                engine, _model(_settings(options)), shards=options.shards, replicas=options.replicas
            )
            print_line(f"{'created' if made else 'found'} the index {engine.index}")
        _check_made_for(engine)
    finally:
        engine.close()
    if token is not None and not os.environ.get(VARIABLE):
        print_line(f"the token is in {store(url, given).origin}")
    set_user_setting(user_file(), "team.url", url)
    if options.link:
        set_user_setting(user_file(), "team.link", options.link)
    print_line(f"questions and their vectors are sent to {url} from now on; see {user_file()}")
    return ExitCode.FOUND


def run_publish(options: argparse.Namespace) -> int:
    """Read a folder and bring the engine to what it holds."""
    root = root_of(options).resolve()
    settings, _ = load_settings(root, overrides_of(options))
    names = repository_names(root)
    target = Target(
        options.repository or names[min(1, len(names) - 1)],
        options.branch or branch_of(root) or "main",
        revision_of(root),
        default=not options.side,
        days=options.days,
    )
    model = _model(settings)
    engine = _engine(settings)
    try:
        with stoppable() as cancel:
            folder = Folder.read(root, settings, model, cancel)
            publisher = Publisher(engine, target, _codebook(model))
            _check_one_default(published(engine), target)
            if options.dry_run:
                return _planned(options, target, *publisher.plan(folder))
            report = publisher.publish(folder, cancel, everything=options.everything)
            sweep(engine)
    finally:
        engine.close()
    _print_report(options, target, report)
    return ExitCode.FOUND


def run_status(options: argparse.Namespace) -> int:
    """One line for each branch."""
    settings = _settings(options)
    engine = _engine(settings)
    try:
        found = published(engine)
    finally:
        engine.close()
    if options.json:
        write_json({"version": ENVELOPE_VERSION, "url": settings.team.url, "branches": _branches(found)})
    for one in found if not options.json else ():
        print_line(_branch_line(one))
    if not found and not options.json:
        say("nothing is published; `codanna-lsp team publish` publishes the folder that you are in")
    return ExitCode.FOUND if found else ExitCode.NOTHING


def run_remove(options: argparse.Namespace) -> int:
    """Take a repository out of every answer."""
    engine = _engine(_settings(options))
    try:
        name = options.repository.lower()
        of_name = [one.branch for one in published(engine) if one.repository.lower() == name]
        branches = [options.branch] if options.branch else of_name
        if not branches:
            raise InvalidQuery(
                f"{options.repository} is not published; `codanna-lsp team status` lists what is"
            )
        for branch in branches:
            key = key_of(options.repository, branch)
            print_line(f"removed {key}: {counted(remove(engine, key), 'row')}")
    finally:
        engine.close()
    return ExitCode.FOUND


def run_doctor(options: argparse.Namespace) -> int:
    """Each step of asking, with what to do where it fails."""
    settings = _settings(options)
    url = settings.team.url
    if not url:
        raise InvalidQuery("no team's index is set up; run `codanna-lsp team init URL`")
    if options.forget:
        done = forget(url)
        print_line(f"the token for {url} is removed" if done else f"no token is stored for {url}")
        return ExitCode.FOUND if done else ExitCode.NOTHING
    token = token_for(url)
    print_line(f"ok    address   {url}")
    print_line(f"ok    token     {'none' if token is None else f'from {token.origin}'}")
    engine = OpenSearch(client_for(url, token))
    try:
        _check_made_for(engine)
        print_line(f"ok    index     {engine.index}, made for this version")
        wanted = made_for(*_model_and_codebook(settings))
        fits = index_made_for(engine) == wanted
        detail = (
            "as here" if fits else "not the one of your settings; the team's index is searched by text only"
        )
        print_line(f"{'ok  ' if fits else 'note'}  model     {detail}")
        found = published(engine)
        symbols = sum(one.symbols for one in found)
        names = [one.repository for one in found[:_LISTED]] + ["…"] * (len(found) > _LISTED)
        print_line(f"ok    content   {symbols:,} symbols, published from: {', '.join(names) or 'nothing'}")
        return _timed(engine, settings)
    except (EngineError, RemoteFailure, CodannaError) as error:
        print_line(f"FAIL  engine    {error}")
        return ExitCode.FAILED
    finally:
        engine.close()


def _timed(engine: OpenSearch, settings: Settings) -> int:
    """How long a question takes, once it is connected."""
    source = TeamSource(engine)
    times = []
    for _ in range(3):
        begun = time.monotonic()
        source.ask(RemoteQuestion(words={"parse": 1.0}), begun + 10.0)
        times.append(1000 * (time.monotonic() - begun))
    took, deadline = min(times), settings.team.deadline_ms
    verdict, hint = ("ok  ", "") if took <= deadline else ("FAIL", "; raise team.deadline_ms")
    print_line(f"{verdict}  question  {took:.0f} ms of {deadline} ms{hint}")
    return ExitCode.FOUND if took <= deadline else ExitCode.FAILED


def _typed() -> str:
    """A token from the terminal without an echo, or the first line of standard input."""
    if sys.stdin.isatty():
        return getpass.getpass(_PROMPT).strip()
    return sys.stdin.readline().strip()


def _settings(options: argparse.Namespace) -> Settings:
    """Those of the user alone: no project names an engine."""
    return load_settings(None, overrides_of(options))[0]


def _engine(settings: Settings) -> OpenSearch:
    url = settings.team.url
    if not url:
        raise InvalidQuery("no team's index is set up; run `codanna-lsp team init URL`")
    return OpenSearch(client_for(url, token_for(url)))


def _model(settings: Settings) -> str:
    return load_embedder(settings.semantic).model_id if settings.semantic.enabled else ""


def _model_and_codebook(settings: Settings) -> tuple[str, str]:
    model = _model(settings)
    codebook = _codebook(model)
    return model, codebook.name if codebook is not None else ""


def _codebook(model: str) -> Codebook | None:
    """None without a model, or of one whose vectors the engine does not search."""
    return Codebook.shipped(model) if model else None


def _check_made_for(engine: OpenSearch) -> None:
    """Whether there is an index that this version can read."""
    found = index_made_for(engine)
    if not found:
        raise EngineError(
            Trouble.MISSING,
            f"the engine has no index {engine.index} of codanna-lsp; whoever operates it creates it with"
            " `codanna-lsp team init URL --create`",
        )
    wanted = made_for("", "")
    if any(found.get(name) != wanted[name] for name in ("format", "features")):
        raise CodannaError(
            f"the index {engine.index} was made by another version of codanna-lsp; use the version that the"
            " team uses"
        )


def _check_one_default(found: list[Published], target: Target) -> None:
    """Two branches that every question searches would answer with each definition twice."""
    name = target.repository.lower()
    others = [one for one in found if one.default and one.repository.lower() == name]
    for other in (one.branch for one in others if one.branch != target.branch and target.default):
        raise CodannaError(
            f"questions search the branch {other} of {target.repository}; publish {target.branch} with"
            " --side, or first remove the other one: codanna-lsp team remove"
            f" {target.repository} --branch {other}"
        )


def _planned(options: argparse.Namespace, target: Target, fresh: set[str], gone: set[str]) -> int:
    """What would be sent, file by file."""
    if options.json:
        write_json(
            {
                "version": ENVELOPE_VERSION,
                "repository": target.repository,
                "branch": target.branch,
                "send": sorted(fresh),
                "remove": sorted(gone - fresh),
            }
        )
        return ExitCode.FOUND
    for path in sorted(fresh):
        print_line(f"send    {path}")
    for path in sorted(gone - fresh):
        print_line(f"remove  {path}")
    say(
        f"{target.key}: {counted(len(fresh), 'file')} would be sent: paths, names, signatures, doc comments,"
        " words, vectors and the first five lines of each definition; nothing was sent"
    )
    return ExitCode.FOUND


def _print_report(options: argparse.Namespace, target: Target, report: Report) -> None:
    if options.json:
        write_json(
            {
                "version": ENVELOPE_VERSION,
                "repository": target.repository,
                "branch": target.branch,
                "revision": target.revision or None,
                "files": report.files,
                "symbols": report.symbols,
                "sent": report.sent_rows,
                "removed": report.removed,
                "unchanged": report.unchanged,
            }
        )
        return
    whole = f"{target.key}: {counted(report.symbols, 'symbol')} of {counted(report.files, 'file')}"
    done = "nothing changed" if report.unchanged else f"sent {report.sent_rows:,}, removed {report.removed:,}"
    print_line(f"{whole}; {done}")


def _branches(found: list[Published]) -> list[dict[str, Any]]:
    return [
        {
            "repository": one.repository,
            "branch": one.branch,
            "default": one.default,
            "revision": one.revision or None,
            "files": one.files,
            "symbols": one.symbols,
            "published": one.published_ms,
            "days": one.days or None,
            "publishing": one.publishing,
        }
        for one in found
    ]


def _branch_line(one: Published) -> str:
    notes = [
        *(["only if named"] if not one.default else []),
        *([f"for {counted(one.days, 'day')}"] if one.days else []),
        *(["being published"] if one.publishing else []),
    ]
    when = time.strftime("%Y-%m-%d %H:%M", time.gmtime(one.published_ms / 1000))
    said = f" ({', '.join(notes)})" if notes else ""
    name = f"{one.repository}@{one.branch}"
    return f"{name}  {one.revision[:12] or '-'}  {one.symbols:,} symbols, {one.files:,} files  {when}{said}"
