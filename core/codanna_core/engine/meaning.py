"""The model and its vectors, opened together on first use: an index opens without loading either."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from codanna_core.config import Settings
from codanna_core.embed.base import Embedder
from codanna_core.embed.registry import load_embedder
from codanna_core.engine.layout import IndexFolder
from codanna_core.errors import CodannaError, IndexCorrupt, ModelUnavailable
from codanna_core.model import Problem
from codanna_core.storage.collect import remove_tree
from codanna_core.storage.directory import FsDirectory
from codanna_core.vectors import open_vector_index
from codanna_core.vectors.base import VectorIndex, VectorOptions

log = logging.getLogger("codanna.engine")


@dataclass(slots=True)
class Meaning:
    """An embedding model with the store of its vectors."""

    embedder: Embedder
    vectors: VectorIndex | None
    """None while there is no store and this process may not make one."""
    writable: bool
    problem: Problem | None = None
    """Set where a damaged store was dropped; its vectors are computed again."""

    def close(self) -> None:
        """Release the store."""
        if self.vectors is not None:
            self.vectors.close()


def vector_options(settings: Settings) -> VectorOptions:
    """The options of the store, from the settings."""
    chosen = settings.vectors
    return VectorOptions(
        metric=chosen.metric,  # type: ignore[arg-type]  # Checked against its choices when resolved.
        precision=chosen.precision,  # type: ignore[arg-type]
        implementation=chosen.implementation,  # type: ignore[arg-type]
        recall_target=chosen.recall_target,
    )


def open_meaning(
    folder: IndexFolder,
    settings: Settings,
    *,
    embedder: Embedder | None,
    writable: bool,
    checkpoint: Callable[[str], None] | None,
) -> Meaning:
    """Load the model that the settings name, unless one is given, and open its vectors; raises ModelUnavailable."""
    if not settings.semantic.enabled:
        raise ModelUnavailable("search by meaning is switched off in the settings ([semantic] enabled)")
    if embedder is None:
        embedder = load_embedder(settings.semantic)
    options = vector_options(settings)
    digest = f"{options.metric}-{options.precision}-{options.implementation}"
    path = folder.vectors(embedder.model_id, digest)
    directory = FsDirectory(path, checkpoint)
    problem = None
    try:
        vectors: VectorIndex | None = open_vector_index(directory, options, writable=writable)
    except IndexCorrupt as error:
        log.warning("vectors are damaged: %s", error)
        problem = Problem("vectors-corrupt", f"the vectors are computed again: {error}")
        vectors = None
        if writable:
            remove_tree(path)
            vectors = open_vector_index(directory, options, writable=True)
    except (FileNotFoundError, CodannaError) as error:
        if writable:
            raise
        log.info("no vectors to read yet: %s", error)
        vectors = None
    return Meaning(embedder, vectors, writable, problem)
