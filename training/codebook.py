"""Train the codebook that `core/codanna_team` ships: centroids of vectors of public code of many languages.

`python training/codebook.py vectors.npy` takes vectors of symbols by the built-in model, float[n, 256].
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from codanna_core.embed.base import normalised
from codanna_core.embed.builtin import BUILTIN_FOLDER
from codanna_core.embed.static_model import StaticEmbedder
from codanna_core.vectors.ivf.coarse import Coarse
from codanna_core.vectors.ivf.groups import Groups
from codanna_core.vectors.ivf.kmeans import means
from codanna_team.codebook import written
from codanna_team.rows import int8_rows

TARGET = Path(__file__).parents[1] / "core" / "codanna_team" / "codebook.bin"


def main() -> None:
    """Lloyd's iterations; the nearest centroid is looked for in groups, which loses next to nothing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("vectors", type=Path)
    parser.add_argument("--lists", type=int, default=8192)
    parser.add_argument("--turns", type=int, default=12)
    parser.add_argument("--most", type=int, default=400_000, help="vectors that are drawn to train on")
    parser.add_argument("--name", default="public-1")
    parser.add_argument("--target", type=Path, default=TARGET)
    arguments = parser.parse_args()
    vectors = np.load(arguments.vectors, mmap_mode="r")
    rng = np.random.default_rng(8)
    drawn = np.sort(rng.permutation(len(vectors))[: arguments.most])
    # Equal code is written everywhere, and would draw a centroid for itself in each copy.
    points = np.unique(int8_rows(vectors[drawn].astype(np.float32)), axis=0).astype(np.float32)
    points = normalised(points[points.any(axis=1)])
    centroids = points[np.sort(rng.permutation(len(points))[: arguments.lists])]
    for turn in range(arguments.turns):
        lists = Groups(Coarse(centroids, True)).nearest(points)
        near = float(np.einsum("ij,ij->i", points, centroids[lists]).mean())
        print(f"turn {turn}: mean product {near:.4f}", flush=True)
        centroids = means(points, lists, arguments.lists, True, rng)
    data = written(int8_rows(centroids), arguments.name, StaticEmbedder(BUILTIN_FOLDER).model_id)
    arguments.target.write_bytes(data)
    print(f"{arguments.target}: {len(data):,} bytes, of {len(points):,} vectors")


if __name__ == "__main__":
    main()
