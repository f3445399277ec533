"""`codanna-lsp doctor [PATH]`: is everything there, and what to do where it is not."""

from __future__ import annotations

import argparse
import importlib.metadata
import platform
import sys
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path

from codanna_core._version import __version__
from codanna_core.cli.arguments import add_common, add_json, add_root, index_dir_of, overrides_of
from codanna_core.cli.envelope import ENVELOPE_VERSION, write_json
from codanna_core.cli.exit_codes import ExitCode
from codanna_core.cli.main import explain_os_error
from codanna_core.cli.notes import note_lines, problem_line
from codanna_core.cli.render import Style, print_text, style_for
from codanna_core.cli.scope import scope_of
from codanna_core.errors import CodannaError
from codanna_core.inert import inert
from codanna_core.problems import Code
from codanna_core.records import dataclass

_PACKAGES = (
    "tantivy",
    "tree-sitter",
    "tree-sitter-language-pack",
    "ignore-python",
    "numpy",
    "fastembed",
    "pygls",
    "lsprotocol",
    "orjson",
    "watchfiles",
)


class Verdict(StrEnum):
    """How one check ended."""

    OK = "ok"
    NOTE = "note"
    """Works, but something is worth knowing."""
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the report."""

    name: str
    verdict: Verdict
    detail: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of this command."""
    add_root(parser)
    add_json(parser)
    add_common(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run every check; one that fails does not hide the others."""
    root = scope_of(options).root
    checks: list[Check] = []
    for name, examine in (
        ("python", _python),
        ("packages", _packages),
        ("languages", _languages),
        ("settings", lambda: _settings(root, options)),
        ("model", lambda: _model(root, options)),
        ("index", lambda: _index(root, options)),
    ):
        checks.extend(_examined(name, examine))
    failed = any(check.verdict is Verdict.FAIL for check in checks)
    if options.json:
        write_json(
            {
                "version": ENVELOPE_VERSION,
                "ok": not failed,
                "checks": [
                    {"name": check.name, "verdict": str(check.verdict), "detail": check.detail}
                    for check in checks
                ],
            }
        )
    else:
        style = style_for(sys.stdout, "auto")
        print_text("\n".join(_line(check, style) for check in checks))
    return ExitCode.FAILED if failed else ExitCode.FOUND


def _examined(name: str, examine: Callable[[], Iterator[tuple[Verdict, str]]]) -> list[Check]:
    found: list[Check] = []
    try:
        found.extend(Check(name, verdict, detail) for verdict, detail in examine())
    except OSError as error:
        found.append(Check(name, Verdict.FAIL, explain_os_error(error)))
    except CodannaError as error:
        found.append(Check(name, Verdict.FAIL, str(error)))
    except Exception as error:  # A broken installation can fail in any way, and that is the finding.
        found.append(Check(name, Verdict.FAIL, f"{type(error).__name__}: {error}; install codanna-lsp again"))
    return found


def _line(check: Check, style: Style) -> str:
    colour = {Verdict.OK: "good", Verdict.NOTE: "warn", Verdict.FAIL: "bad"}[check.verdict]
    return f"{style(colour, check.verdict.ljust(4))}  {check.name.ljust(9)}  {inert(check.detail)}"


def _python() -> Iterator[tuple[Verdict, str]]:
    version = platform.python_version()
    yield Verdict.OK, f"codanna-lsp {__version__} on Python {version}, {platform.platform(terse=True)}"


def _packages() -> Iterator[tuple[Verdict, str]]:
    present, missing = [], []
    for package in _PACKAGES:
        try:
            present.append(f"{package} {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:
            missing.append(package)
    if missing:
        yield Verdict.FAIL, f"missing: {', '.join(missing)}; install codanna-lsp again"
    yield Verdict.OK, ", ".join(present)


def _languages() -> Iterator[tuple[Verdict, str]]:
    from codanna_core.languages.registry import languages
    from codanna_core.parsing.parser import probe

    found = probe(b"def probe():\n    pass\n", "probe.py")
    if [symbol.name for symbol in found.symbols] != ["probe"]:
        yield Verdict.FAIL, "the Python grammar does not parse a function; install codanna-lsp again"
    yield Verdict.OK, f"{len(languages())} languages"


def _settings(root: Path, options: argparse.Namespace) -> Iterator[tuple[Verdict, str]]:
    from codanna_core.config import load

    resolved = load(root, overrides_of(options))
    for problem in resolved.problems:
        yield Verdict.NOTE, problem_line(problem)
    changed = sum(origin != "default" for origin in resolved.origins.values())
    yield Verdict.OK, f"{changed} of {len(resolved.origins)} settings differ from the default"


def _model(root: Path, options: argparse.Namespace) -> Iterator[tuple[Verdict, str]]:
    from codanna_core.config import load_settings
    from codanna_core.embed.registry import load_embedder

    settings, _ = load_settings(root, overrides_of(options))
    if not settings.semantic.enabled:
        yield Verdict.NOTE, "search by meaning is off ([semantic] enabled = false)"
        return
    embedder = load_embedder(settings.semantic)
    if not embedder.embed_query("read a file").any():
        yield Verdict.FAIL, f"{embedder.model_id} gives empty vectors; import it again"
    yield Verdict.OK, f"{embedder.model_id}, {embedder.dimension} dimensions"


def _index(root: Path, options: argparse.Namespace) -> Iterator[tuple[Verdict, str]]:
    from codanna_core.engine import Engine

    with Engine.open(root, index_dir_of(options), overrides=overrides_of(options)) as engine:
        status = engine.status()
    for line in note_lines(problem for problem in status.problems if problem.code is not Code.CONFIG):
        yield Verdict.NOTE, line
    if not status.generation:
        yield Verdict.NOTE, f"none yet; `codanna-lsp index` builds it in {status.index_dir}"
        return
    yield Verdict.OK, f"{status.files_indexed:,} files, {status.symbols:,} symbols in {status.index_dir}"
