"""The body of an indexing worker process: batches of files in, prepared files out, over its own pipes."""

from __future__ import annotations

import gc
from collections.abc import Mapping

from codanna_core.embed.base import Embedder
from codanna_core.embed.loading import load_here
from codanna_core.errors import ModelUnavailable
from codanna_core.indexing.prepare import FileTask, Parse, Prepared, WorkerSetup, prepare
from codanna_core.languages.extract import extract_within
from codanna_core.languages.text_only import as_text, grammar_of
from codanna_core.model import Extraction
from codanna_core.parsing.verdicts import content_key, problem_of, seconds_for
from codanna_core.runtime.folders import models_folder
from codanna_core.runtime.frames import READY, own_pipes, receive, send
from codanna_core.runtime.memory import freeze_gc, give_back

_TIDY_EVERY = 16


def main() -> None:
    """Serve batches until the engine closes the pipe."""
    requests, answers = own_pipes()
    try:
        setup: WorkerSetup = receive(requests)
    except EOFError:
        return  # It was started before it was known whether it is needed, and is not.
    embedder = the_model_of(setup)
    want_texts = setup.want_texts or (setup.semantic is not None and embedder is None)
    parse = parse_within_limits(setup.unparsed)
    send(answers, READY)
    # What parsing makes by the million has no cycles, and the collector would walk over it again and again.
    freeze_gc()
    gc.disable()
    served = 0
    while True:
        try:
            tasks: list[FileTask] = receive(requests)
        except EOFError:
            return
        batch: list[Prepared] = [
            prepare(setup.root, task, setup.discovery, parse, embedder, want_texts=want_texts)
            for task in tasks
        ]
        send(answers, batch)
        served += 1
        if served % _TIDY_EVERY == 0:
            give_back()  # A header of ten thousand macros leaves a hundred megabytes behind.


def the_model_of(setup: WorkerSetup) -> Embedder | None:
    """The model that the engine uses, or None, so that the engine embeds: the package may have been upgraded
    since it started, or its settings name a model that it has yet to switch to.
    """
    if setup.semantic is None:
        return None
    try:
        embedder = load_here(setup.semantic, models_folder(), offline=True)
    except ModelUnavailable:
        return None
    return embedder if embedder.model_id == setup.model_id else None


def parse_within_limits(unparsed: Mapping[str, str]) -> Parse:
    """How a worker parses: what takes too long ends it, and what is known to do so is not tried."""

    def parse(data: bytes, task: FileTask) -> Extraction:
        if unparsed:
            language = grammar_of(data, task.path)
            code = unparsed.get(content_key(language.name, data)) if language is not None else None
            if language is not None and code is not None:
                return as_text(data, task.path, problem_of(code, language.name, task.path))
        return extract_within(data, task.path, seconds_for(len(data)) * task.times)

    return parse
