"""The bound on tokens against real tokenizers: `tokens.py [--count N] [FOLDER...]`, or `make tokens`.

Asks random questions of random budgets and has the texts counted by the tokenizers of two packages of npm,
which `make tokens` installs. A text that takes more tokens than its budget is printed, and is a failure.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

from codanna_core.engine import Engine
from codanna_core.words import find_words

ROOT = Path(__file__).parents[1]
COUNTER = Path(__file__).with_name("tokens.mjs")
BUDGETS = (100, 20_000)
BATCH = 500


def words_of(folder: Path, chance: random.Random) -> list[str]:
    """Words of some files, so that questions find something."""
    files = [
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix and ".git" not in path.parts
    ]
    chosen = chance.sample(files, min(60, len(files)))
    text = "\n".join(path.read_bytes()[:20_000].decode("utf-8", "replace") for path in chosen)
    return sorted(set(find_words(text))) or ["nothing"]


def counted(texts: list[str], node: str) -> list[dict[str, int]]:
    """How many tokens each text takes, by tokenizer."""
    done = subprocess.run(
        [node, str(COUNTER)], input=json.dumps(texts).encode(), capture_output=True, check=True
    )
    found: list[dict[str, int]] = json.loads(done.stdout)
    return found


def check(
    folder: Path, count: int, chance: random.Random, options: argparse.Namespace
) -> tuple[int, list[float]]:
    """Texts over their budget, and for the others the share of the bound that the longest count takes."""
    words = words_of(folder, chance)
    over, shares = 0, []
    with tempfile.TemporaryDirectory() as scratch, Engine.open(folder, Path(scratch) / "index") as engine:
        engine.sync()
        left = count
        while left > 0:
            size = min(BATCH, left)
            left -= size
            contexts = [
                engine.context(
                    " ".join(chance.choices(words, k=chance.randint(1, 8))),
                    int(BUDGETS[0] * (BUDGETS[1] / BUDGETS[0]) ** chance.random()),
                )
                for _ in range(size)
            ]
            for context, tokens in zip(
                contexts, counted([one.text for one in contexts], options.node), strict=True
            ):
                most = max(tokens.values())
                if context.text:
                    shares.append(most / context.tokens)
                if most > context.budget:
                    over += 1
                    print(
                        f"{most} tokens of {context.budget} ({tokens}):\n{context.text[:2000]}",
                        file=sys.stderr,
                    )
    return over, shares


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folders", nargs="*", type=Path, default=[ROOT], metavar="FOLDER")
    parser.add_argument("--count", type=int, default=10_000, help="questions in all")
    parser.add_argument("--node", default="node", help="the program that runs the tokenizers")
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    chance = random.Random(options.seed)
    failed = 0
    for folder in options.folders:
        over, shares = check(folder, -(-options.count // len(options.folders)), chance, options)
        failed += over
        shares.sort()
        print(
            f"{folder.name}: {len(shares)} texts, {over} over their budget; tokens are "
            f"{shares[len(shares) // 2]:.2f} of the bound (median), {shares[-1]:.2f} at most",
            flush=True,
        )
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
