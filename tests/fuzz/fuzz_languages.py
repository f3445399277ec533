"""Damaged files of every language, parsed as the engine does it, and what must hold for each.

    python tests/fuzz/fuzz_languages.py [--count N] [--seed S] [--only-count] [--language NAME ...]

A case that crashes the parser or takes too long is harmless, because it is named and searched by its text; it
is kept in `corpus/` all the same. One that breaks a promise is a failure. Both are cut down first.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import orjson  # noqa: E402
from mutate import mutated  # noqa: E402

from codanna_core.files import to_utf8  # noqa: E402
from codanna_core.indexing.prepare import Prepared, describe  # noqa: E402
from codanna_core.languages import languages  # noqa: E402
from codanna_core.languages.exchange import Request, pack_request, unpack_answer  # noqa: E402
from codanna_core.languages.lines import Lines  # noqa: E402
from codanna_core.languages.text_only import as_text  # noqa: E402
from codanna_core.model import Extraction, Symbol  # noqa: E402
from codanna_core.parsing.verdicts import seconds_for  # noqa: E402
from codanna_core.runtime import helpers as helpers_module  # noqa: E402
from codanna_core.runtime.helpers import HelperLost, Overran, WarmHelpers  # noqa: E402
from codanna_core.runtime.limits import Limits  # noqa: E402

FIXTURES = HERE.parent / "languages" / "fixtures"
CORPUS = HERE / "corpus"

DESCRIBE_S = 1.0
"""Longest processor time for what is done with symbols in the process that answers requests."""
CUT_TRIES = 40
KEPT_A_LANGUAGE = 3
"""More cases of one kind show nothing new."""


class Broken(AssertionError):
    """A promise about what comes out of a file does not hold."""


@dataclass(frozen=True, slots=True)
class Case:
    """One damaged file."""

    language: str
    path: str
    data: bytes


def fixtures(wanted: Sequence[str] = ()) -> dict[str, Path]:
    """The fixture of each language that has a grammar."""
    found = {}
    for name, language in sorted(languages().items()):
        folder = FIXTURES / name
        if language.grammar and folder.is_dir() and (not wanted or name in wanted):
            (found[name],) = (path for path in folder.iterdir() if path.name != "outline.txt")
    return found


def corpus() -> list[Path]:
    """Cases that were found before."""
    return sorted(path for path in CORPUS.glob("*/*") if path.is_file())


def cases(count: int, seed: int, wanted: Sequence[str] = ()) -> Iterator[Case]:
    """The same cases for the same seed, each language in turn; found cases are damaged further."""
    sources = {name: [path] for name, path in fixtures(wanted).items()}
    for path in corpus():
        if path.parent.name in sources:
            sources[path.parent.name].append(path)
    texts = {name: [path.read_bytes() for path in paths] for name, paths in sources.items()}
    everything = [text for known in texts.values() for text in known]
    names = list(sources)
    for number in range(count):
        rng = random.Random(f"{seed}:{number}")
        name = names[number % len(names)]
        # The fixture itself half of the time: cases that were found are short and less like real code.
        chosen = rng.choice(texts[name]) if rng.random() < 0.5 else texts[name][0]
        data = mutated(rng, chosen, texts[name] if rng.random() < 0.8 else everything)
        yield Case(name, sources[name][0].name, data)


def check(case: Case, helpers: WarmHelpers) -> str:
    """What became of a case: `parsed`, `slow-file` or `parser-crashed`. Raises Broken."""
    data = to_utf8(case.data)[0]
    seconds = seconds_for(len(data))
    kind = "parsed"
    try:
        found = unpack_answer(
            helpers.ask(pack_request(Request(data, case.path, seconds)), seconds), case.path
        )
    except Overran:
        kind, found = "slow-file", as_text(data, case.path)
    except HelperLost:
        kind, found = "parser-crashed", as_text(data, case.path)
    check_symbols(found, data)
    prepared = Prepared(case.path, 0, len(data))
    before = time.thread_time()
    describe(prepared, found, data, want_texts=True)
    if (used := time.thread_time() - before) > DESCRIBE_S:
        raise Broken(f"its symbols took {used:.1f} s to describe")
    for document in (prepared.file_document, *prepared.documents):
        orjson.loads(document)
    return kind


def check_symbols(found: Extraction, data: bytes) -> None:
    """Spans are in the file and in order, names are there and bounded."""
    lines = Lines(data)
    for symbol in found.symbols:
        problem = wrong(symbol, lines, len(data))
        if problem:
            raise Broken(f"{problem}: {symbol}")


def wrong(symbol: Symbol, lines: Lines, size: int) -> str:
    """What is wrong with a symbol; empty if nothing is."""
    if not 0 <= symbol.start_byte <= symbol.body_start_byte <= symbol.end_byte <= size:
        return "its bytes are not in order"
    start, end = (symbol.start_line, symbol.start_col), (symbol.end_line, symbol.end_col)
    if not (0, 0) <= start <= end or symbol.end_line >= len(lines.texts):
        return "its span is not in the file"
    if not 0 <= symbol.name_line < len(lines.texts) or not 0 <= symbol.name_col <= symbol.name_end_col:
        return "its name is not in the file"
    for line, column in (start, end, (symbol.name_line, symbol.name_end_col)):
        if column > len(lines.texts[line].decode("utf-8", "replace").encode("utf-16-le")) // 2:
            return "a column is behind the end of its line"
    if not symbol.name.strip() or len(symbol.name) > 500:
        return "its name is empty or endless"
    if len(symbol.container) > 10_000 or len(symbol.signature) > 2_000:
        return "its container or signature is endless"
    return ""


def cut_down(case: Case, outcome: str, helpers: WarmHelpers) -> Case:
    """The case without what it does not need."""
    size, tries = max(1, len(case.data) // 2), 0
    while size and tries < CUT_TRIES:
        start = 0
        while start < len(case.data) and tries < CUT_TRIES:
            shorter = Case(case.language, case.path, case.data[:start] + case.data[start + size :])
            tries += 1
            if outcome_of(shorter, helpers)[0] == outcome:
                case = shorter
            else:
                start += size
        size //= 2
    return case


def outcome_of(case: Case, helpers: WarmHelpers) -> tuple[str, str]:
    """The outcome of a case, and in what way it is broken if it is."""
    try:
        return check(case, helpers), ""
    except Exception as error:
        return "broken", f"{type(error).__name__}: {error}"


def keep(case: Case) -> Path:
    """Write a case to the corpus."""
    suffix = Path(case.path).suffix
    name = hashlib.blake2b(case.data, digest_size=6).hexdigest() + suffix
    path = CORPUS / case.language / (name if suffix else f"{name}-{case.path}")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(case.data)
    return path


def path_of(kept: Path) -> str:
    """The name under which a case of the corpus is parsed: files without suffix have one of their own."""
    return kept.name if kept.suffix else kept.name.partition("-")[2]


def fuzz(
    count: int, seed: int, workers: int, wanted: Sequence[str] = (), *, write: bool = True
) -> Counter[str]:
    """Run cases, keep those that are no ordinary ones, and count the outcomes."""
    outcomes: Counter[str] = Counter()
    helpers = WarmHelpers("codanna_core.parsing.service:serve", Limits(), most=workers)
    helpers_module._FREE_DEATHS = count  # Crashes are what is looked for here; no pause after them.

    def run(case: Case) -> None:
        outcome, detail = outcome_of(case, helpers)
        outcomes[outcome] += 1
        if outcome == "parsed":
            return
        outcomes[f"{outcome} {case.language}"] += 1
        if outcome == "broken" or outcomes[f"{outcome} {case.language}"] <= KEPT_A_LANGUAGE:
            kept = keep(cut_down(case, outcome, helpers)) if write else case.path
            print(f"{outcome}: {kept} ({len(case.data)} bytes) {detail}", flush=True)

    started = time.monotonic()
    try:
        with ThreadPoolExecutor(workers) as pool:
            pending = set()
            for number, case in enumerate(cases(count, seed, wanted)):
                pending.add(pool.submit(run, case))
                if len(pending) >= 8 * workers:
                    for future in pending:
                        future.result()
                    pending.clear()
                if number and number % 5_000 == 0:
                    print(f"{number:,} cases in {time.monotonic() - started:.0f} s", flush=True)
            for future in pending:
                future.result()
    finally:
        helpers.close()
    return outcomes


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--only-count", action="store_true", help="neither cut down nor keep what is found")
    parser.add_argument("--language", nargs="*", default=[], dest="wanted")
    arguments = parser.parse_args()
    outcomes = fuzz(
        arguments.count, arguments.seed, arguments.workers, arguments.wanted, write=not arguments.only_count
    )
    for outcome, number in outcomes.most_common():
        print(f"{number:>9,} {outcome}")
    return 1 if outcomes["broken"] else 0


if __name__ == "__main__":
    sys.exit(main())
