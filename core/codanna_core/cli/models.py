"""`codanna-lsp models list|check|import`."""

from __future__ import annotations

import argparse
import time

from codanna_core.cli.arguments import add_common, add_json, add_root, overrides_of, root_of
from codanna_core.cli.envelope import ENVELOPE_VERSION, write_json
from codanna_core.cli.exit_codes import ExitCode
from codanna_core.cli.render import print_line, size

_SAMPLE = "def read_settings(path: Path) -> Settings: read the settings file and merge it with the defaults"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of this command."""
    commands = parser.add_subparsers(dest="action", metavar="ACTION", required=True)

    listing = commands.add_parser("list", help="the models that the setting semantic.model can name")
    add_json(listing)
    add_common(listing)
    listing.set_defaults(run=run_list)

    check = commands.add_parser(
        "check", help="load the model of a folder's settings and embed something with it"
    )
    check.add_argument("--model", metavar="NAME", help="try this model instead")
    add_root(check)
    add_json(check)
    add_common(check)
    check.set_defaults(run=run_check)

    bring = commands.add_parser("import", help="import a model from local files, without a download")
    bring.add_argument(
        "source", metavar="SOURCE", help="a folder with an ONNX model, or the name of a package"
    )
    bring.add_argument(
        "--name", metavar="NAME", help="how settings will name it; default is the source's own name"
    )
    bring.add_argument(
        "--int8", action="store_true", help="make the weights four times smaller, a little less exact"
    )
    add_json(bring)
    add_common(bring)
    bring.set_defaults(run=run_import)


def run_list(options: argparse.Namespace) -> int:
    """Print the known models, those that are on this machine first."""
    from codanna_core.embed.registry import list_models

    models = list_models()
    if options.json:
        write_json(
            {
                "version": ENVELOPE_VERSION,
                "models": [
                    {
                        "name": model.name,
                        "dimension": model.dimension,
                        "bytes": model.bytes,
                        "where": str(model.where),
                        "license": model.license,
                        "description": model.description,
                    }
                    for model in models
                ],
            }
        )
        return ExitCode.FOUND if models else ExitCode.NOTHING
    width = max((len(model.name) for model in models), default=0)
    for model in models:
        print_line(
            f"{model.name.ljust(width)}  {model.where:<12}  {model.dimension:>4} dimensions"
            f"  {size(model.bytes):>9}  {model.license}"
        )
    return ExitCode.FOUND if models else ExitCode.NOTHING


def run_check(options: argparse.Namespace) -> int:
    """Load a model as indexing would, and measure it."""
    root = root_of(options).resolve()
    overrides = overrides_of(options)
    if options.model:
        overrides.setdefault("semantic", {})["model"] = options.model
    from codanna_core.config import load_settings
    from codanna_core.embed.registry import check_model

    settings, _ = load_settings(root, overrides)
    started = time.perf_counter()
    embedder = check_model(settings.semantic)
    loaded = time.perf_counter()
    count = 64
    embedder.embed_passages([f"{_SAMPLE} {number}" for number in range(count)])
    done = time.perf_counter()
    facts = {
        "model": embedder.model_id,
        "dimension": embedder.dimension,
        "loadMilliseconds": round((loaded - started) * 1000, 1),
        "textsPerSecond": round(count / (done - loaded)),
    }
    if options.json:
        write_json({"version": ENVELOPE_VERSION, **facts})
    else:
        print_line(
            f"{facts['model']} works: {facts['dimension']} dimensions,"
            f" loaded in {facts['loadMilliseconds']:.0f} ms, {facts['textsPerSecond']:,} texts a second"
        )
    return ExitCode.FOUND


def run_import(options: argparse.Namespace) -> int:
    """Make a model usable from files that are here already."""
    from codanna_core.embed.registry import import_model

    model = import_model(options.source, name=options.name, int8=options.int8)
    if options.json:
        write_json({"version": ENVELOPE_VERSION, "name": model.name, "dimension": model.dimension})
    else:
        print_line(f'imported {model.name}; use it with [semantic] model = "{model.name}"')
    return ExitCode.FOUND
