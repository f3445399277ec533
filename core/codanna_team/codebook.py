"""Which lists a vector is in, and its code: an inverted file for an engine that knows terms and numbers.

The centroids are shipped, so that publishers and askers agree and nobody trains. They were made of other code
than any team's, which costs little: lists only have to cut the space finely.
"""

from __future__ import annotations

import functools
from hashlib import blake2b
from importlib.resources import files
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from codanna_core.embed.base import normalised
from codanna_core.records import dataclass
from codanna_core.storage.container import Container, Form, sealed
from codanna_core.vectors.ivf.coarse import Coarse
from codanna_core.vectors.ivf.codec import encode, words
from codanna_core.vectors.ivf.groups import Groups

FORM: Final = Form(b"CDNCBK\x00\x01", "a codebook")
DIMENSION: Final = 256
LISTS: Final = 4
"""That each vector is in. Twice as many need half as many probes, and a fifth fewer rows are compared for the
same answers.
"""
_SIGNS_OF_BYTES: Final = (
    np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1, bitorder="little").astype(np.float32) * 2
    - 1
)
"""f32[256, 8]: a bit that is set is a component above zero."""

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Coded:
    """What the engine searches vectors by, a row each."""

    lists: NDArray[np.int32]
    """int32[n, 4], the nearest first; the code belongs to the first."""
    codes: NDArray[np.int64]
    """int64[n, 4], signs of the turned residual."""
    factors: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Probe:
    """A question in the engine's terms."""

    lists: NDArray[np.integer]
    """To be looked at, nearest first."""
    near: Floats
    """The product with every centroid."""
    table: Floats
    """f32[32, 256]: what each byte of a code adds to the product with the turned question, by its place."""


FACTOR: Final = 1e-5
"""The unit of a factor in a packed row."""
NEAR, TABLE = (5e-5, 1.0), (2e-4, 3.0)
"""The unit of a number that travels as a character, and what is added so that none is negative."""
FIRST: Final = 256
"""The character that stands for nothing; JSON has to escape none of those that follow."""


class Codebook:
    """The centroids with what makes codes."""

    def __init__(self, centroids: NDArray[np.int8], name: str) -> None:
        self.name = name
        """Tells codebooks apart; rows of one mean nothing to another."""
        self.centroids = normalised(centroids.astype(np.float32))
        self._turn = _signs(DIMENSION)[:, None] * _mixing(DIMENSION)

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
        turned: Floats = vectors @ self._turn
        return turned

    @functools.cached_property
    def _groups(self) -> Groups:
        return Groups(Coarse(self.centroids, True))

    def coded(self, vectors: Floats) -> Coded:
        """Lists and codes of vectors of length 1."""
        lists = self._groups.several(vectors, min(LISTS, len(self.centroids)))
        codes, factors = encode(self.turned(vectors - self.centroids[lists[:, 0]]))
        assert codes.shape[1:] == (words(DIMENSION),)
        return Coded(lists, codes.view("<i8"), factors)

    def probe(self, question: Floats, lists: int) -> Probe:
        """The nearest so many lists, and what estimates products with their rows."""
        near = self.centroids @ question
        lists = min(lists, len(near))
        chosen = np.argpartition(-near, lists - 1)[:lists]
        chosen = chosen[np.lexsort((chosen, -near[chosen]))].astype(np.int32)
        turned = self.turned(question[None])[0].reshape(-1, 8)
        return Probe(chosen, near, turned @ _SIGNS_OF_BYTES.T)


def packed(coded: Coded) -> NDArray[np.uint8]:
    """u8[n, 36]: what the script in the engine reads of each row, the list, the factor and the code."""
    firsts = coded.lists[:, 0].astype("<u2")[:, None].view(np.uint8)
    factors = np.minimum(np.rint(coded.factors / FACTOR), 65_535).astype("<u2")[:, None].view(np.uint8)
    return np.hstack((firsts, factors, coded.codes.astype("<i8").view(np.uint8)))


def estimates(coded: Coded, probe: Probe) -> NDArray[np.float64]:
    """What the script in the engine computes, for tests and for choosing numbers of lists."""
    codes = np.ascontiguousarray(coded.codes).astype("<i8").view(np.uint8)
    product = probe.table[np.arange(codes.shape[1]), codes].sum(axis=1, dtype=np.float64)
    found: NDArray[np.float64] = probe.near[coded.lists[:, 0]] + coded.factors * product
    return found


def as_characters(values: Floats, scale: tuple[float, float]) -> str:
    """Numbers as one text, which the engine reads faster than numbers and indexes without boxes."""
    unit, added = scale
    numbers = np.rint((values.ravel().astype(np.float64) + added) / unit) + FIRST
    characters: bytes = np.clip(numbers, FIRST, 0xD7FF).astype("<u2").tobytes()
    return characters.decode("utf-16-le")


def written(centroids: NDArray[np.int8], name: str, model: str) -> bytes:
    """A codebook as it is shipped."""
    return sealed(FORM, {"centroids": centroids}, {"name": name, "model": model})


def _mixing(dimension: int) -> Floats:
    """Sums and differences of all components, of length 1 (Hadamard's matrix)."""
    mixing = np.ones((1, 1), np.float32)
    while len(mixing) < dimension:
        mixing = np.block([[mixing, mixing], [mixing, -mixing]])
    return mixing / np.float32(dimension**0.5)


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
