"""Trains the table: `train.py FOLDER STEPS [--dev QUERIES]`; FOLDER holds tokenizer, data and first rows.

Symmetric contrastive loss over in-batch negatives; a batch is made of groups from one package each, so that
most of a query's hardest negatives come from code of its own kind. The query side looks like what people
type: a shortened first sentence of the doc comment, the name as plain words, two topics of one file, with and
without question words.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from codanna_core.embed.tokenizer import WordTokenizer

BATCH, GROUP = 2048, 32
SCALE = 20.0
PEAK_RATE = 2e-3
BEFORE = (
    "how does|how is|how are|where is|where are|what|how to|code that|function that|method to"
    "|class that|function to|implementation of|logic for|code for|find|support for|definition of"
    "|handling of|utilities for|how the library handles|how does this project|helpers for"
    "|main entry point for|the module that|where does the code"
)
AFTER = (
    "implementation|logic|handling|work|works|implemented|defined|class|function|support|module|code"
    "|handled|definition|and its options|internals|utilities|helper|api|for all platforms|interface"
    "|and related types"
)

Ids = NDArray[np.uint16]


class Pairs:
    """Draws (query, passage) pairs as id lists."""

    def __init__(self, folder: Path, seed: int) -> None:
        arrays = ("flat", "borders", "source", "package", "language")
        self.flat, self.borders, self.file, package, language = (
            np.load(folder / f"data-{name}.npy") for name in arrays
        )
        self.random = np.random.default_rng(seed)
        length = self.borders[:, 1:] - self.borders[:, :-1]
        content = length[:, 2] + length[:, 3] + length[:, 6]
        self.documented = length[:, 4] >= 3
        usable = (content >= 4) & (self.documented | (length[:, 2] >= 2))
        weight = np.where(self.documented, 1.0, 0.25)
        numbers = np.flatnonzero(usable)
        order = numbers[np.argsort(package[numbers], kind="stable")]
        cuts = np.flatnonzero(np.diff(package[order])) + 1
        self.groups = [group for group in np.split(order, cuts) if len(group) >= GROUP]
        self.chances = [weight[group] / weight[group].sum() for group in self.groups]
        # The root keeps one giant package, and one common language, from drowning the rest.
        per_language = np.bincount(language[numbers], minlength=int(language.max()) + 1)
        mass = np.array(
            [
                weight[group].sum() ** 0.5 * (per_language[np.bincount(language[group]).argmax()]) ** -0.25
                for group in self.groups
            ]
        )
        self.mass = mass / mass.sum()
        tokenizer = WordTokenizer.read(folder / "tokenizer.json")
        self.before = [np.array(tokenizer.ids(text), np.uint16) for text in BEFORE.split("|")]
        self.after = [np.array(tokenizer.ids(text), np.uint16) for text in AFTER.split("|")]

    def field(self, number: int, field: int) -> Ids:
        border = self.borders[number]
        return self.flat[border[field] : border[field + 1]]

    def thin(self, ids: Ids, most: int, drop: float) -> Ids:
        """A shortened copy: a random stretch, some words left out."""
        if len(ids) > most:
            start = 0 if self.random.random() < 0.7 else int(self.random.integers(0, len(ids) - most))
            ids = ids[start : start + most]
        kept = ids[self.random.random(len(ids)) >= drop]
        return kept if len(kept) >= 2 else ids

    def pair(self, number: int) -> tuple[list[Ids], list[Ids]]:
        random = self.random.random
        path, container, name, signature, summary, details, body = (self.field(number, i) for i in range(7))
        draw = random()
        keep_name = keep_doc = True
        if self.documented[number] and draw < 0.62:
            query = [self.thin(summary, int(self.random.integers(4, 18)), 0.15)]
            keep_doc = random() < 0.2
            keep_name = random() < 0.85
        elif self.documented[number] and draw < 0.82:
            # Two topics: this definition and its neighbour in the file.
            other = (
                number + 1
                if number + 1 < len(self.file) and self.file[number + 1] == self.file[number]
                else number
            )
            query = [
                self.thin(summary, 7, 0.2),
                self.field(other, 2),
                self.thin(self.field(other, 4), 5, 0.2),
            ]
            if random() < 0.5:
                query = [name, query[0]]
            keep_doc = random() < 0.6
        elif len(details) >= 6 and draw < 0.88:
            query = [self.thin(details, 12, 0.2)]
            details = details[:0]
            keep_doc = random() < 0.5
        else:
            query = [name] if random() < 0.6 else [container[-3:], name]
            keep_name = False
            keep_doc = random() < 0.7
        if random() < 0.3:
            query.insert(0, self.before[int(self.random.integers(len(self.before)))])
        if random() < 0.2:
            query.append(self.after[int(self.random.integers(len(self.after)))])
        passage = []
        if random() < 0.8:
            passage.append(path[-int(self.random.integers(1, 9)) :])
            if random() < 0.5:
                passage.append(path[-2:])
        if random() < 0.8:
            passage.append(container)
        if keep_name:
            passage.append(name)
            if random() < 0.7:
                passage.append(signature[: int(self.random.integers(4, 41))])
        if keep_doc:
            passage += [summary, details]
        if random() < 0.9 or not keep_name:
            passage.append(body[: int(self.random.integers(12, 49))])
        return query, passage

    def batch(self) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        chosen = self.random.choice(len(self.groups), BATCH // GROUP, p=self.mass)
        queries, passages = [], []
        query_starts, passage_starts = [0], [0]
        for group in chosen:
            for number in self.random.choice(self.groups[group], GROUP, p=self.chances[group], replace=False):
                query, passage = self.pair(int(number))
                queries += query
                passages += passage
                query_starts.append(query_starts[-1] + sum(map(len, query)))
                passage_starts.append(passage_starts[-1] + sum(map(len, passage)))

        def tensor(parts: list[Ids]) -> torch.Tensor:
            return torch.from_numpy(np.concatenate(parts).astype(np.int64))

        return (
            tensor(queries),
            torch.tensor(query_starts[:-1]),
            tensor(passages),
            torch.tensor(passage_starts[:-1]),
        )


def train(
    folder: Path,
    start: Path | None,
    steps: int,
    output: Path,
    seed: int,
    check: Callable[[NDArray[np.float32]], str] | None,
) -> None:
    pairs = Pairs(folder, seed)
    rows = torch.nn.Parameter(torch.from_numpy(np.load(start or folder / "distilled.npy")).clone())
    optimiser = torch.optim.Adam([rows], lr=PEAK_RATE, betas=(0.9, 0.99), fused=True)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: min((step + 1) / 50, 1.0) * max(0.02, 1 - step / steps)
    )
    wanted = torch.arange(BATCH)
    begin, total, drawing = time.perf_counter(), 0.0, 0.0
    for step in range(steps):
        start = time.perf_counter()
        query_ids, query_starts, passage_ids, passage_starts = pairs.batch()
        drawing += time.perf_counter() - start
        query = functional.normalize(
            functional.embedding_bag(query_ids, rows, query_starts, mode="sum"), dim=1
        )
        passage = functional.normalize(
            functional.embedding_bag(passage_ids, rows, passage_starts, mode="sum"), dim=1
        )
        scores = SCALE * query @ passage.T
        loss = (functional.cross_entropy(scores, wanted) + functional.cross_entropy(scores.T, wanted)) / 2
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        total += float(loss.detach())
        if (step + 1) % 20 == 0:
            table = rows.detach().numpy()
            note = check(table) if check is not None and (step + 1) % 100 == 0 else ""
            seconds = time.perf_counter() - begin
            print(
                f"{step + 1} {seconds:.0f} s, drawing {drawing:.0f} s, loss {total / 20:.3f} {note}",
                flush=True,
            )
            total = 0.0
            np.save(output, table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("steps", type=int)
    parser.add_argument("--output", type=Path)
    parser.add_argument(
        "--dev", type=Path, help="pickle of development queries to print a score now and then"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--start", type=Path, help="rows to go on from instead of the distilled ones")
    options = parser.parse_args()
    torch.set_num_threads(1)
    check = None
    if options.dev:
        from evaluate import checker

        check = checker(options.dev, options.folder / "tokenizer.json")
    train(
        options.folder,
        options.start,
        options.steps,
        options.output or options.folder / "trained.npy",
        options.seed,
        check,
    )


if __name__ == "__main__":
    main()
