"""The body of the helper process that reads model files and runs models for another process."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import asdict
from pathlib import Path
from typing import Any

from codanna_core.config import SemanticSettings
from codanna_core.embed.base import Embedder
from codanna_core.embed.exchange import Request, pack_error, pack_facts, pack_vectors, unpack_request
from codanna_core.embed.imports import import_model
from codanna_core.embed.loading import list_here, load_here
from codanna_core.errors import ModelUnavailable
from codanna_core.runtime.frames import READY, own_pipes, read_frame, write_frame
from codanna_core.runtime.limits import processor_time

_LOADED = 2
"""While one model takes the place of another, both are asked."""


def serve() -> None:
    """Answer requests until the pipe is closed. An exception ends the process, as a crash would."""
    requests, answers = own_pipes()
    models = _Models()
    write_frame(answers, READY)
    while True:
        try:
            request = unpack_request(read_frame(requests))
        except EOFError:
            return
        try:
            answer = _answer(request, models)
        except (ModelUnavailable, OSError) as error:
            answer = pack_error(str(error))
        write_frame(answers, answer)


class _Models:
    """The models that were asked for last, by their settings."""

    def __init__(self) -> None:
        self._loaded: OrderedDict[str, Embedder] = OrderedDict()

    def get(self, facts: dict[str, Any], seconds: float) -> Embedder:
        """A loaded model; `ModelUnavailable` where its files are others than they were."""
        wanted = facts["settings"]
        key = repr((sorted(wanted.items()), facts["models"], facts["offline"]))
        model = self._loaded.pop(key, None)
        if model is None:
            while len(self._loaded) >= _LOADED:
                self._loaded.popitem(last=False)
            with processor_time(seconds):
                settings = SemanticSettings(**wanted)
                model = load_here(settings, Path(facts["models"]), offline=facts["offline"])
        expected = facts.get("modelId")
        if expected is not None and model.model_id != expected:
            raise ModelUnavailable(f"the files of the model {expected} were changed; restart to use them")
        self._loaded[key] = model
        return model


def _answer(request: Request, models: _Models) -> bytes:
    facts = request.facts
    if request.kind == "list":
        with processor_time(request.seconds):
            return pack_facts([asdict(info) for info in list_here(Path(facts["models"]))])
    if request.kind == "import":
        with processor_time(request.seconds):
            info = import_model(
                facts["source"],
                Path(facts["models"]),
                Path(facts["work"]),
                name=facts["label"],
                int8=facts["int8"],
            )
        return pack_facts(asdict(info))
    model = models.get(facts, request.load_seconds)
    with processor_time(request.seconds):
        if request.kind == "describe":
            return pack_facts(
                {"modelId": model.model_id, "dimension": model.dimension, "instant": model.instant}
            )
        if request.kind == "query":
            return pack_vectors(model.embed_query(request.texts[0])[None, :])
        return pack_vectors(model.embed_passages(request.texts))
