"""Trains the bundled table on with a teacher: `refine.py TAUGHT --output ROWS.npy --seed N`.

TAUGHT is what `teach.py` wrote. A batch has questions, which are to be as near to code and to each other as
the teacher finds them, and first sentences of comments, whose own definition, mostly without its comment, is
the right one. Far from where it started the table loses more on comments than it gains, so a part of the way
is gone back: `refine.py --mix A.npy B.npy --share 0.4 --output ROWS.npy` keeps four tenths of what the runs
changed on average. `export.py` writes the result into the package.
"""

from __future__ import annotations

import argparse
import pickle
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from codanna_core.embed.static_model import PART_WEIGHTS, StaticEmbedder
from export import PACKAGE
from teach import Taught

QUESTIONS, SENTENCES, FUNCTIONS, NEAREST = 128, 64, 100, 40
GROUPS, GROUP = 14, 16
SCALE = 20.0
"""Of cosines before a softmax."""
NO_COMMENT, NO_SENTENCE = 0.6, 0.25
"""How often a definition is shown without its comment, and without the sentence that asks for it."""
WARM_UP = 30
DOC = 4
_WEIGHTS = np.array([*PART_WEIGHTS.values()], np.float32)

Floats = NDArray[np.float32]
Ids = NDArray[np.int64]


def bundled() -> Floats:
    model = StaticEmbedder(PACKAGE)
    rows: Floats = model._rows.astype(np.float32) * model._weights[:, None]
    return rows


def softmax(scores: Floats) -> Floats:
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


class Texts:
    """The unit vectors of texts, sums of rows; `back` carries a slope at them to the rows."""

    def __init__(self, ids: list[Ids], rows: Floats, at: NDArray[np.int64], parts: int) -> None:
        starts = np.cumsum([0, *map(len, ids)])
        columns = at[np.concatenate(ids)]
        ones = np.ones(len(columns), np.float32)
        if parts > 1:
            sums = csr_matrix((ones, columns, starts), (len(ids), len(rows))) @ rows
            lengths = np.maximum(np.linalg.norm(sums, axis=1), 1e-6)
            ones = np.repeat(np.tile(_WEIGHTS, len(ids) // parts) / lengths, np.diff(starts))
        self._matrix = csr_matrix(
            (ones.astype(np.float32), columns, starts[::parts]), (len(ids) // parts, len(rows))
        )
        sums = self._matrix @ rows
        self._lengths = np.linalg.norm(sums, axis=1, keepdims=True) + 1e-9
        self.vectors: Floats = sums / self._lengths

    def back(self, slope: Floats) -> Floats:
        along = (slope * self.vectors).sum(axis=1, keepdims=True)
        carried: Floats = self._matrix.T @ ((slope - self.vectors * along) / self._lengths)
        return carried


class Batches:
    def __init__(self, taught: Taught, seed: int) -> None:
        self._taught = taught
        self._random = np.random.default_rng(seed)
        self._asked = [*taught.questions, *taught.sentences]
        self._asked_vectors = np.concatenate([taught.question_vectors, taught.sentence_vectors]).astype(
            np.float32
        )
        self._functions = taught.function_vectors.astype(np.float32)
        self._definitions = taught.definition_vectors.astype(np.float32)
        self._nearest = np.argsort(-(self._asked_vectors @ self._functions.T), axis=1)[:, :NEAREST]
        long = np.array([len(ids) > 1 for ids in self._asked])
        self._questions = np.flatnonzero(long[: len(taught.questions)])
        self._sentences = np.flatnonzero(long[len(taught.questions) :]) + len(taught.questions)
        groups = [np.flatnonzero(taught.packages == one) for one in np.unique(taught.packages)]
        self._groups = [group for group in groups if len(group) >= GROUP]
        mass = np.array([len(group) for group in self._groups]) ** 0.5
        self._mass = mass / mass.sum()

    def draw(self) -> tuple[list[Ids], list[Ids], Floats, Floats, Floats]:
        """Ids of what is asked, ids of the parts of code, and what the teacher finds: questions with code,
        questions with each other, sentences with definitions."""
        random, taught = self._random, self._taught
        questions = np.concatenate(
            [
                random.choice(self._questions, QUESTIONS, replace=False),
                random.choice(self._sentences, SENTENCES, replace=False),
            ]
        )
        near = [self._nearest[number, random.integers(0, NEAREST, 2)] for number in questions]
        functions = np.unique(np.concatenate([*near, random.choice(len(self._functions), FUNCTIONS)]))
        packages = random.choice(len(self._groups), GROUPS, p=self._mass)
        drawn = np.concatenate([random.choice(self._groups[one], GROUP, replace=False) for one in packages])
        pairs = [self._pair(int(number)) for number in drawn]
        asked = [*(self._asked[number] for number in questions), *(sentence for sentence, _ in pairs)]
        code = [taught.functions[number] for number in functions] + [parts for _, parts in pairs]
        vectors = self._asked_vectors[questions]
        of_code = np.concatenate([self._functions[functions], self._definitions[drawn]])
        sentences = self._asked_vectors[len(taught.questions) + drawn]
        return (
            asked,
            [part for parts in code for part in parts],
            vectors @ of_code.T,
            vectors @ vectors.T,
            sentences @ self._definitions[drawn].T,
        )

    def _pair(self, number: int) -> tuple[Ids, list[Ids]]:
        random, whole = self._random, self._taught.sentences[number]
        sentence = whole[: int(random.integers(4, 18))]
        kept = sentence[random.random(len(sentence)) >= 0.12]
        parts = list(self._taught.definitions[number])
        draw = random.random()
        if draw < NO_COMMENT:
            parts[DOC] = parts[DOC][:0]
        elif draw < NO_COMMENT + NO_SENTENCE:
            parts[DOC] = parts[DOC][len(whole) :]
        return (kept if len(kept) >= 2 else sentence), parts


def slopes(
    asked: Floats, code: Floats, found: tuple[Floats, Floats, Floats], options: argparse.Namespace
) -> tuple[Floats, Floats]:
    """How the loss changes with the vectors of what is asked and of code."""
    with_code, with_each_other, of_sentences = found
    questions, scale = len(with_code), options.teacher_scale
    of_asked, of_code = np.zeros_like(asked), np.zeros_like(code)
    pull = (softmax(scale * asked[:questions] @ code.T) - softmax(scale * with_code)) * options.code
    of_asked[:questions] += scale / questions * pull @ code
    of_code += scale / questions * pull.T @ asked[:questions]
    itself = np.eye(questions, dtype=np.float32) * 1e4
    pull = softmax(scale * asked[:questions] @ asked[:questions].T - itself)
    pull = (pull - softmax(scale * with_each_other - itself)) * options.each_other
    of_asked[:questions] += scale / questions * (pull + pull.T) @ asked[:questions]
    sentences, definitions = asked[questions:], code[len(code) - len(of_sentences) :]
    scores = SCALE * sentences @ definitions.T
    wanted = (softmax(scale * of_sentences) + softmax(scale * of_sentences.T).T) / 2
    wanted = options.soft * wanted + (1 - options.soft) * np.eye(len(wanted), dtype=np.float32)
    pull = ((softmax(scores) + softmax(scores.T).T) / 2 - wanted) * options.pairs * SCALE / len(wanted)
    of_asked[questions:] += pull @ definitions
    of_code[len(code) - len(definitions) :] += pull.T @ sentences
    return of_asked, of_code


def train(options: argparse.Namespace) -> Floats:
    """Adam on the rows that a batch has."""
    batches = Batches(pickle.loads(options.taught.read_bytes()), options.seed)
    rows = bundled()
    first, second = np.zeros_like(rows), np.zeros_like(rows)
    seen = np.zeros(len(rows), np.int64)
    at = np.zeros(len(rows), np.int64)
    for step in range(options.steps):
        asked_ids, code_ids, *found = batches.draw()
        used = np.unique(np.concatenate([*asked_ids, *code_ids]))
        at[used] = np.arange(len(used))
        asked = Texts(asked_ids, rows[used], at, 1)
        code = Texts(code_ids, rows[used], at, len(_WEIGHTS))
        of_asked, of_code = slopes(asked.vectors, code.vectors, tuple(found), options)
        slope = asked.back(of_asked) + code.back(of_code)
        rate = options.rate * min(1.0, (step + 1) / WARM_UP) * max(0.03, 1 - step / options.steps)
        seen[used] += 1
        first[used] = 0.9 * first[used] + 0.1 * slope
        second[used] = 0.99 * second[used] + 0.01 * slope * slope
        times = seen[used][:, None]
        moved = first[used] / (1 - 0.9**times) / (np.sqrt(second[used] / (1 - 0.99**times)) + 1e-8)
        rows[used] -= (rate * moved).astype(np.float32)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("taught", type=Path, nargs="?")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--rate", type=float, default=0.003)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--code", type=float, default=1.0, help="weight of questions with code")
    parser.add_argument("--each-other", type=float, default=0.5, help="weight of questions with questions")
    parser.add_argument("--pairs", type=float, default=1.0, help="weight of sentences with definitions")
    parser.add_argument("--soft", type=float, default=0.5, help="the teacher's say in pairs")
    parser.add_argument("--teacher-scale", type=float, default=20.0)
    parser.add_argument("--mix", type=Path, nargs="+", metavar="ROWS.npy")
    parser.add_argument("--share", type=float, default=0.5, help="of the changes, for --mix")
    options = parser.parse_args()
    if options.mix:
        begin = bundled()
        mean = np.mean([np.load(file) for file in options.mix], axis=0)
        rows = begin + options.share * (mean - begin)
    else:
        rows = train(options)
    np.save(options.output, rows.astype(np.float32))


if __name__ == "__main__":
    main()
