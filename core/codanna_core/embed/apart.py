"""Models that run in a helper process: what this process knows of them, and how it asks.

Weights, tokenizers and archives of a user may come from anywhere. What they do to the libraries that read
them ends a helper, never this process, and the answer comes from text.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codanna_core.cancel import Cancel
from codanna_core.config import SemanticSettings
from codanna_core.embed.base import ModelInfo, Where
from codanna_core.embed.exchange import pack_request, unpack_facts, unpack_vectors
from codanna_core.embed.trusted import check_dimension
from codanna_core.errors import CodannaError, ModelLost, ModelUnavailable
from codanna_core.runtime.helpers import HelperLost, Overran, WarmHelpers
from codanna_core.runtime.limits import GIB, Limits

HELPERS = WarmHelpers("codanna_core.embed.service:serve", Limits(memory=8 * GIB), most=1)
"""Shared by all engines of this process. One, because each holds the whole model in memory."""

_LOAD_S = 120.0
"""Processor time; the largest model that fastembed knows takes about twenty seconds."""
_QUERY_S = 10.0
_PASSAGES_S, _PASSAGE_S = 20.0, 5.0
_TEXTS = 32
"""Texts of one request: a query waits for the request before it."""
_LONGEST_ID = 500


class ModelApart:
    """An embedder whose model is in a helper process. Threads take turns; a query goes before passages."""

    def __init__(self, settings: SemanticSettings, models: Path, *, offline: bool = False) -> None:
        self._name = settings.model_path or settings.model
        self._texts = min(settings.batch, _TEXTS)
        self._turn = threading.Lock()
        self._facts: dict[str, Any] = {
            "settings": asdict(settings),
            "models": str(models),
            "offline": offline,
        }
        facts = self._checked(unpack_facts, self._ask("describe", _LOAD_S))
        try:
            model_id, dimension, self._instant = facts["modelId"], facts["dimension"], bool(facts["instant"])
            if not isinstance(model_id, str) or not 0 < len(model_id) <= _LONGEST_ID:
                raise ValueError("a name of that kind")
        except (KeyError, TypeError, ValueError) as error:
            raise self._odd(error) from error
        self._model_id = model_id
        self._dimension = check_dimension(Path(self._name), dimension)
        # A helper that has to load the model again must not find other weights.
        self._facts["modelId"] = model_id
        HELPERS.keep()
        weakref.finalize(self, HELPERS.release)

    @property
    def model_id(self) -> str:
        """Name and digest of the weights."""
        return self._model_id

    @property
    def dimension(self) -> int:
        """Length of every vector."""
        return self._dimension

    @property
    def instant(self) -> bool:
        """As the model says."""
        return self._instant

    def embed_passages(self, texts: Sequence[str], cancel: Cancel | None = None) -> NDArray[np.float32]:
        """float32[len(texts), dimension]; texts of like length share a request, since they are padded."""
        result = np.zeros((len(texts), self._dimension), np.float32)
        order = sorted(range(len(texts)), key=lambda number: len(texts[number]))
        for first in range(0, len(order), self._texts):
            if cancel is not None:
                cancel.raise_if_cancelled()
            with self._turn:
                pass  # A query is being answered or waits.
            numbers = order[first : first + self._texts]
            result[numbers] = self._vectors("passages", [texts[number] for number in numbers])
        return result

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """float32[dimension] of what a user typed."""
        with self._turn:
            vector: NDArray[np.float32] = self._vectors("query", [text])[0]
        return vector

    def _vectors(self, kind: str, texts: list[str]) -> NDArray[np.float32]:
        seconds = _QUERY_S if kind == "query" else _PASSAGES_S + _PASSAGE_S * len(texts)
        answer = self._ask(kind, seconds, texts)
        rows: NDArray[np.float32] = self._checked(
            lambda message: unpack_vectors(message, len(texts), self._dimension), answer
        )
        return rows

    def _ask(self, kind: str, seconds: float, texts: Sequence[str] = ()) -> bytes:
        return _ask(self._name, kind, seconds, self._facts, texts)

    def _checked(self, unpack: Any, answer: bytes) -> Any:
        try:
            return unpack(answer)
        except ValueError as error:
            raise self._odd(error) from error

    def _odd(self, error: Exception) -> ModelLost:
        return ModelLost(f"the process that runs the model {self._name} gave an odd answer ({error!r:.200})")


def request_facts(kind: str, facts: dict[str, Any], seconds: float) -> Any:
    """Ask a helper for something other than vectors."""
    answer = _ask(str(facts.get("source", "")), kind, seconds, facts)
    try:
        return unpack_facts(answer)
    except ValueError as error:
        raise ModelUnavailable(f"the process that reads models gave an odd answer ({error})") from error


def infos_from(facts: Any) -> list[ModelInfo]:
    """The lines of `models list`."""
    return [info_from(entry) for entry in facts]


def info_from(facts: Any) -> ModelInfo:
    """One line of `models list`; its values are of the kinds that they have to be."""
    try:
        return ModelInfo(
            str(facts["name"]),
            int(facts["dimension"]),
            int(facts["bytes"]),
            Where(facts["where"]),
            str(facts["license"]),
            str(facts["description"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ModelUnavailable(f"the process that reads models gave an odd answer ({error})") from error


def _ask(name: str, kind: str, seconds: float, facts: dict[str, Any], texts: Sequence[str] = ()) -> bytes:
    """Ask twice where the helper dies, for that need not be the fault of the model."""
    message = pack_request(kind, seconds, _LOAD_S, facts, texts)
    called = f"the model {name}" if name else "the list of models"
    lost: Exception | None = None
    for _ in range(2):
        try:
            return HELPERS.ask((message,), seconds + _LOAD_S)
        except Overran as error:
            raise ModelLost(
                f"{called} took too much processor time and was stopped; search continues by text. "
                "Use another model"
            ) from error
        except (HelperLost, CodannaError, OSError) as error:
            lost = error
    raise ModelLost(
        f"{called} ended the process that runs it ({lost}); search continues by text. "
        "Use another model, or free memory and restart"
    ) from lost
