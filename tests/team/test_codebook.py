"""The inverted file and its codes: what the engine will compare, compared here."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from codanna_core.embed.builtin import BUILTIN_FOLDER
from codanna_core.embed.static_model import StaticEmbedder
from codanna_core.storage.directory import FileDamaged
from codanna_team import codebook as module
from codanna_team.codebook import (
    DIMENSION,
    FACTOR,
    FIRST,
    NEAR,
    TABLE,
    Codebook,
    as_characters,
    estimates,
    packed,
    written,
)


@pytest.fixture(scope="module")
def shipped() -> Codebook:
    """That of the model in the package."""
    found = Codebook.shipped(StaticEmbedder(BUILTIN_FOLDER).model_id)
    assert found is not None
    return found


def embedded() -> np.ndarray:
    """Vectors of names that code is full of."""
    words = ["open", "read", "write", "close", "parse", "format", "send", "receive", "lock", "cache"]
    words += ["index", "token", "user", "file", "socket", "render"]
    texts = [f"{first} {second} {third}" for first in words for second in words for third in words[:4]]
    return StaticEmbedder(BUILTIN_FOLDER).embed_passages(texts)


def test_the_shipped_one_is_of_the_shipped_model(shipped: Codebook) -> None:
    """After a change of the model it has to be trained again: `training/codebook.py`."""
    assert shipped.centroids.shape == (8192, DIMENSION)
    assert np.allclose(np.linalg.norm(shipped.centroids, axis=1), 1, atol=1e-4)
    assert Codebook.shipped("another@0000") is None
    assert Codebook.shipped("") is None


def test_vectors_are_turned_and_not_stretched(shipped: Codebook) -> None:
    """Products stay what they are."""
    vectors = embedded()[:64]
    turned = shipped.turned(vectors)
    assert np.allclose(turned @ turned.T, vectors @ vectors.T, atol=1e-4)


def test_estimates_are_near_the_products(shipped: Codebook) -> None:
    """Near enough that the best ten are among the two hundred that are looked at again."""
    vectors = embedded()
    coded = shipped.coded(vectors)
    errors, missed = [], 0
    for question in vectors[::97]:
        exact = vectors @ question
        guessed = estimates(coded, shipped.probe(question, 8192))
        errors.append(np.abs(guessed - exact).mean())
        missed += len(set(np.argsort(-exact)[:10].tolist()) - set(np.argsort(-guessed)[:200].tolist()))
    assert np.mean(errors) < 0.05
    assert missed == 0


def test_rows_and_questions_travel_in_short(shipped: Codebook) -> None:
    """What the engine reads of a row and of a question gives the same estimate, nearly."""
    vectors = embedded()
    coded, probe = shipped.coded(vectors), shipped.probe(vectors[5], 8192)
    rows = packed(coded)
    assert rows.shape == (len(vectors), 36)
    near, table = as_characters(probe.near, NEAR), as_characters(probe.table, TABLE)
    assert (len(near), len(table)) == (len(shipped.centroids), 32 * 256)
    assert min(map(ord, near + table)) >= FIRST
    for number in range(0, len(vectors), 211):
        row = rows[number].tobytes()
        first, factor = int.from_bytes(row[:2], "little"), int.from_bytes(row[2:4], "little")
        sums = [ord(table[place << 8 | byte]) - FIRST for place, byte in enumerate(row[4:])]
        product = sum(sums) * TABLE[0] - 32 * TABLE[1]
        found = (ord(near[first]) - FIRST) * NEAR[0] - NEAR[1] + factor * FACTOR * product
        assert found == pytest.approx(estimates(coded, probe)[number], abs=1e-3)


def test_vectors_are_in_the_nearest_lists(shipped: Codebook) -> None:
    """Nearly as if all centroids were compared, and the nearest first."""
    vectors = embedded()[:600]
    lists = shipped.coded(vectors).lists
    products = vectors @ shipped.centroids.T
    own = np.take_along_axis(products, lists, 1)
    assert lists.shape == (600, 4)
    assert (np.diff(own, axis=1) <= 0).all()
    exact = np.argpartition(-products, 3, axis=1)[:, :4]
    assert (lists[:, 0] == products.argmax(axis=1)).mean() > 0.95
    assert (lists[:, :, None] == exact[:, None, :]).any(axis=1).mean() > 0.9
    assert shipped.coded(vectors[:0]).lists.shape == (0, 4)


def test_near_vectors_share_a_list_that_is_probed(shipped: Codebook) -> None:
    """A twentieth of the lists holds nearly all of the nearest."""
    vectors = embedded()
    lists = shipped.coded(vectors).lists
    assert (lists[:, 0] != lists[:, 1]).mean() > 0.9
    found = wanted = 0
    for question in vectors[::97]:
        probed = shipped.probe(question, 384).lists
        assert len(set(probed.tolist())) == 384
        nearest = np.argsort(-(vectors @ question))[:10]
        found += int(np.isin(lists[nearest], probed).any(axis=1).sum())
        wanted += 10
    assert found / wanted > 0.9


def test_damage_is_noticed() -> None:
    """Every byte is checked when it is read."""
    data = bytearray(written(np.ones((4, DIMENSION), np.int8), "small", "model"))
    assert Codebook.read(bytes(data), Path("x"))[0] == "model"
    for place in range(0, len(data), 31):
        data[place] ^= 1
        with pytest.raises(FileDamaged):
            Codebook.read(bytes(data), Path("x"))
        data[place] ^= 1
    with pytest.raises(FileDamaged):
        Codebook.read(bytes(data[:-5]), Path("x"))
    with pytest.raises(FileDamaged):
        Codebook.read(written(np.ones((4, 7), np.int8), "other", "model"), Path("x"))


def test_it_is_small() -> None:
    """Two megabytes and a bit, as all of it that a wheel carries."""
    assert Path(str(module._FILE)).stat().st_size < 2_200_000
