"""Which lists a vector is in, and its code: an inverted file for an engine that knows terms and numbers.

The centroids are shipped, so that publishers and askers agree and nobody trains. They were made of other code
than any team's, which costs little: lists only have to cut the space finely.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from hashlib import blake2b
from importlib.resources import files
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from codanna_core.embed.base import normalised
from codanna_core.storage.container import Container, Form, sealed
from codanna_core.vectors.ivf.assign import Assigner
from codanna_core.vectors.ivf.coarse import Coarse
from codanna_core.vectors.ivf.codec import encode, words

FORM: Final = Form(b"CDNCBK\x00\x01", "a codebook")
DIMENSION: Final = 256
_SECOND: Final = 1.0
"""How much the second list should err in another direction than the first."""
_PLANES: Final = 3
"""Bits of each component of a question."""

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Coded:
    """What the engine searches vectors by, a row each."""

    lists: NDArray[np.int32]
    """int32[n, 2]; the code belongs to the first."""
    codes: NDArray[np.int64]
    """int64[n, 4], signs of the turned residual."""
    factors: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Probe:
    """A question in the engine's terms."""

    lists: NDArray[np.integer]
    """To be looked at, nearest first."""
    near: NDArray[np.integer]
    """The product with every centroid, in `UNIT`s."""
    planes: NDArray[np.int64]
    """int64[3, 4]: the bits of the turned question."""
    low: float
    step: float
    total: float
    """Of the turned question: its least component, the step between two levels, its sum."""


UNIT: Final = 1e-4


class Codebook:
    """The centroids with what makes codes."""

    def __init__(self, centroids: NDArray[np.int8], name: str) -> None:
        self.name = name
        """Tells codebooks apart; rows of one mean nothing to another."""
        self.centroids = normalised(centroids.astype(np.float32))
        self._signs = _signs(DIMENSION)

    @classmethod
    def shipped(cls, model: str) -> Codebook | None:
        """That of a model; None for models without one, of which only the text is asked."""
        made_for, codebook = _shipped()
        return codebook if model == made_for else None

    @classmethod
    def read(cls, data: bytes | memoryview, where: Path) -> tuple[str, Codebook]:
        """The id of the model and the codebook; checks every byte, and FileDamaged says what is wrong."""
        stored = Container(memoryview(data), where, FORM)
        stored.verify()
        centroids = stored.array("centroids")
        if (
            centroids.dtype != np.int8
            or centroids.ndim != 2
            or centroids.shape[1] != DIMENSION
            or len(centroids) > 1 << 15
        ):
            raise stored.corrupt("it does not contain centroids of this model")
        return str(stored.facts["model"]), cls(centroids, str(stored.facts["name"]))

    def turned(self, vectors: Floats) -> Floats:
        """Vectors in a base in which all components are alike: signs are turned, then mixed."""
        mixed = vectors * self._signs
        width = 1
        while width < DIMENSION:
            pairs = mixed.reshape(len(mixed), -1, 2, width)
            mixed = np.stack((pairs[:, :, 0] + pairs[:, :, 1], pairs[:, :, 0] - pairs[:, :, 1]), axis=2)
            width *= 2
        turned: Floats = mixed.reshape(len(vectors), DIMENSION) / np.float32(DIMENSION**0.5)
        return turned

    @functools.cached_property
    def _assigner(self) -> Assigner:
        return Assigner(Coarse(self.centroids, True), _SECOND)

    def coded(self, vectors: Floats) -> Coded:
        """Lists and codes of vectors of length 1."""
        first = self._assigner.first(vectors)
        second = self._assigner.second(vectors, first)
        codes, factors = encode(self.turned(vectors - self.centroids[first]))
        assert codes.shape[1:] == (words(DIMENSION),)
        return Coded(np.column_stack((first, second)), codes.view("<i8"), factors)

    def probe(self, question: Floats, lists: int) -> Probe:
        """The nearest so many lists, and what estimates products with their rows."""
        near = self.centroids @ question
        lists = min(lists, len(near))
        chosen = np.argpartition(-near, lists - 1)[:lists]
        chosen = chosen[np.lexsort((chosen, -near[chosen]))].astype(np.int32)
        turned = self.turned(question[None])[0]
        low, high = float(turned.min()), float(turned.max())
        step = max(high - low, 1e-9) / (2**_PLANES - 1)
        levels = np.rint((turned - low) / step).astype(np.uint8)
        planes = [np.packbits((levels >> bit) & 1, bitorder="little").view("<i8") for bit in range(_PLANES)]
        rounded = low + step * levels.astype(np.float64)
        units = np.rint(near / UNIT).astype(np.int32)
        return Probe(chosen, units, np.stack(planes), low, step, float(rounded.sum()))


def estimates(coded: Coded, probe: Probe) -> NDArray[np.float64]:
    """What the script in the engine computes, for tests and for choosing numbers of lists."""
    codes = coded.codes.view("<u8")  # Of signed numbers, numpy counts the bits of their sizes.
    ones = np.bitwise_count(codes).sum(axis=1).astype(np.float64)
    weighed = sum(
        float(1 << bit) * np.bitwise_count(codes & plane).sum(axis=1)
        for bit, plane in enumerate(probe.planes.view("<u8"))
    )
    product = 2 * (probe.low * ones + probe.step * weighed) - probe.total
    found: NDArray[np.float64] = probe.near[coded.lists[:, 0]] * UNIT + coded.factors * product
    return found


def written(centroids: NDArray[np.int8], name: str, model: str) -> bytes:
    """A codebook as it is shipped."""
    return sealed(FORM, {"centroids": centroids}, {"name": name, "model": model})


def _signs(dimension: int) -> Floats:
    """Fixed for good: codes of other signs mean nothing."""
    bits = np.unpackbits(
        np.frombuffer(blake2b(b"codanna codebook", digest_size=dimension // 8).digest(), np.uint8)
    )
    return np.where(bits == 1, 1, -1).astype(np.float32)


_FILE: Final = files("codanna_team").joinpath("codebook.bin")


@functools.cache
def _shipped() -> tuple[str, Codebook]:
    return Codebook.read(_FILE.read_bytes(), Path(str(_FILE)))
