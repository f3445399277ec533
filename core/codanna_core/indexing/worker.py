"""The body of an indexing worker process: batches of files in, prepared files out, over its own pipes."""

from __future__ import annotations

import gc
from collections.abc import Mapping

from codanna_core.embed.registry import load_embedder
from codanna_core.indexing.prepare import FileTask, Parse, Prepared, WorkerSetup, prepare
from codanna_core.languages.extract import extract_within
from codanna_core.languages.text_only import as_text, grammar_of
from codanna_core.model import Extraction
from codanna_core.parsing.verdicts import content_key, problem_of, seconds_for
from codanna_core.runtime.frames import READY, own_pipes, receive, send
from codanna_core.runtime.memory import give_back, settle

_TIDY_EVERY = 16


def main() -> None:
    """Serve batches until the engine closes the pipe."""
    requests, answers = own_pipes()
    setup: WorkerSetup = receive(requests)
    embedder = load_embedder(setup.semantic) if setup.semantic is not None else None
    parse = parse_within_limits(setup.unparsed)
    send(answers, READY)
    # What parsing makes by the million has no cycles, and the collector would walk over it again and again.
    settle()
    gc.disable()
    served = 0
    while True:
        try:
            tasks: list[FileTask] = receive(requests)
        except EOFError:
            return
        batch: list[Prepared] = [
            prepare(setup.root, task, setup.discovery, parse, embedder, want_texts=setup.want_texts)
            for task in tasks
        ]
        send(answers, batch)
        served += 1
        if served % _TIDY_EVERY == 0:
            give_back()  # A header of ten thousand macros leaves a hundred megabytes behind.


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
