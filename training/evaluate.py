"""Scores a table on the development queries: `evaluate.py QUERIES REPOSITORIES PICKLE` reads symbols once."""

from __future__ import annotations

import json
import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parent.parent / "benchmarks"))

from codanna_core.embed.text import embedding_text
from codanna_core.embed.tokenizer import WordTokenizer
from yardsticks.vectors import rank, symbols_of

Table = NDArray[np.float32]


def collect(queries: Path, repositories: Path, output: Path, whole: bool = False) -> None:
    """Read the symbols of the development repositories once; parsing takes longer than scoring."""
    found = []
    for repository in json.loads((queries / "dev" / "repositories.json").read_text()):
        root = repositories / repository["name"]
        places, fields = symbols_of(root if whole else root / (repository["root"] or ""))
        asked = json.loads((queries / "dev" / f"{repository['name']}.json").read_text())
        found.append((repository["name"], places, fields, asked))
        print(repository["name"], len(places))
    output.write_bytes(pickle.dumps((str(queries), found)))


def scorer(queries: str) -> Any:
    """The queries' own scoring functions."""
    sys.path.insert(0, queries)
    import score

    return score


def embed(table: Table, ids: list[NDArray[np.intp]]) -> Table:
    vectors = np.zeros((len(ids), table.shape[1]), np.float32)
    for number, one in enumerate(ids):
        if len(one):
            vectors[number] = table[one].sum(axis=0)
    return vectors / (np.linalg.norm(vectors, axis=1, keepdims=True) + 1e-9)


def checker(
    dev: Path, tokenizer_file: Path, text: Callable[..., str] = embedding_text
) -> Callable[[Table], str]:
    """A function from a table to a line with NDCG@10: the mean over repositories, then by kind of query."""
    queries, found = pickle.loads(dev.read_bytes())
    score = scorer(queries)
    tokenizer = WordTokenizer.read(tokenizer_file)
    prepared = []
    for name, places, fields, asked in found:
        passages = [tokenizer.ids(text(*one)) for one in fields]
        prepared.append((name, places, passages, [(item, tokenizer.ids(item["query"])) for item in asked]))

    def check(table: Table) -> str:
        means, kinds = [], {}
        check.by_repository = {}
        for name, places, passages, asked in prepared:
            vectors = embed(table, passages)
            values = []
            for item, ids in asked:
                answer = rank(vectors, embed(table, [ids])[0], places)
                value = score.ndcg(
                    [(one.path, one.first, one.last) for one in answer], list(score.targets_of(item))
                )
                values.append(value)
                kinds.setdefault(score.category_of(item), []).append(value)
            means.append(float(np.mean(values)))
            check.by_repository[name] = means[-1]
        parts = " ".join(f"{kind} {np.mean(values):.3f}" for kind, values in sorted(kinds.items()))
        return f"NDCG@10 {np.mean(means):.4f} ({parts})"

    return check


if __name__ == "__main__":
    collect(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), "--whole" in sys.argv)
