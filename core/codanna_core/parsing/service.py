"""The body of the helper process that parses single files for a process which answers requests."""

from __future__ import annotations

import gc

from codanna_core.languages.exchange import Request, pack_answer, unpack_request
from codanna_core.languages.extract import extract, extract_within
from codanna_core.runtime.frames import READY, own_pipes, read_frame, write_frame
from codanna_core.runtime.memory import give_back

_LARGE = 200_000
_TIDY_EVERY = 64


def serve(language: str = "python") -> None:
    """Answer requests until the pipe is closed; the first are probably in this language. An exception ends
    the process, as a crash would.
    """
    requests, answers = own_pipes()
    extract(b"def warm(): pass\n", "", language, 60.0)
    gc.freeze()
    write_frame(answers, READY)
    served = 0
    while True:
        try:
            message = read_frame(requests)
        except EOFError:
            return
        size = len(message)
        request = unpack_request(message)
        del message
        answer = _answer(request)
        write_frame(answers, answer)
        served += 1
        if size > _LARGE or served % _TIDY_EVERY == 0:
            del request, answer
            give_back()


def _answer(request: Request) -> bytes:
    """The symbols of a file, or its facts; nothing for a language without rules for them."""
    if not request.facts:
        return pack_answer(extract_within(request.data, request.path, request.seconds))
    # Late: encoding needs numpy, which takes half of the memory of a helper that only parses.
    from codanna_core.relations.encoding import encode
    from codanna_core.relations.reader import read_facts_within

    facts = read_facts_within(request.data, request.path, request.seconds)
    return encode(facts) if facts is not None else b""
