"""Every file of an index, damaged at random: it is noticed and healed, without a crash or endless memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

HERE = Path(__file__).parent
CORPUS = HERE / "corpus" / "index"
SEED = int(os.environ.get("FUZZ_SEED", "1"))
sys.path.insert(0, str(HERE))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A workspace with an index and a copy of it, and a home of its own."""
    import index_damage

    place = tmp_path_factory.mktemp("fuzz")
    monkeypatch = pytest.MonkeyPatch()
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(place / "home"))
    index_damage.make(place / "workspace", place / "index", place / "pristine")
    yield place
    monkeypatch.undo()


def run(place: Path, first: int, count: int, *cases: Path) -> None:
    """Run cases in a process of their own; whatever ends it badly names the case and keeps it."""
    command = [sys.executable, str(HERE / "index_damage.py")]
    command += [str(place / name) for name in ("workspace", "index", "pristine")]
    command += [str(SEED), str(first), str(count), *map(str, cases)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = done.stdout.splitlines()
    if done.returncode == 0:
        assert len(lines) == 2 * (len(cases) or count)
        return
    found = [line for line in lines if line.startswith("[")][-1:]
    if found and not cases:
        CORPUS.mkdir(parents=True, exist_ok=True)
        number = first + len(lines) // 2
        (CORPUS / f"seed-{SEED}-{number}.json").write_text(json.dumps(json.loads(found[0]), indent=1) + "\n")
    pytest.fail(f"exit {done.returncode} in {found}\n{done.stderr[-4000:]}")


def run_range(place: Path, first: int, end: int) -> None:
    """Cases of a seed. A file of gigabytes gets a fresh process, because tantivy's watchers of indexes that
    were closed would read it and run out of memory, which is no fault of the case.
    """
    while first < end:
        alone = _is_huge(first)
        count = 1 if alone else next((n for n in range(first, end) if _is_huge(n)), end) - first
        run(place, first, min(count, 50))
        first += min(count, 50)


def _is_huge(number: int) -> bool:
    import index_damage

    return any(damage.kind == "sparse" for damage in index_damage.damages(SEED, number))


@pytest.mark.timeout(300)
def test_index_fuzz_corpus(place: Path) -> None:
    """What was found once stays mended."""
    cases = sorted(CORPUS.glob("*.json"))
    for case in cases:
        run(place, 0, 0, case)


@pytest.mark.timeout(300)
def test_index_fuzz_sample(place: Path) -> None:
    """The same few cases in every run."""
    run_range(place, 0, 12)


@pytest.mark.timeout(300)
def test_index_fuzz_files_of_gigabytes(place: Path, tmp_path: Path) -> None:
    """No file of an index is read whole because it claims to be large."""
    import index_damage

    pristine = place / "pristine"
    files = sorted(path for path in pristine.rglob("*") if path.is_file())
    together = []
    for number, path in enumerate(files):
        case = tmp_path / f"{number}.json"
        damage = index_damage.Damage((number + 0.5) / len(files), "sparse", 0.5, 1)
        case.write_text(json.dumps([asdict(damage)]))
        if path.name in ("meta.json", ".managed.json"):
            run(place, 0, 0, case)  # See `run_range`.
        else:
            together.append(case)
    run(place, 0, 0, *together)


@pytest.mark.slow
@pytest.mark.timeout(0)
def test_index_fuzz_long(place: Path) -> None:
    """As many as wanted: FUZZ_COUNT cases from FUZZ_SEED on, 5,000 where nothing is said."""
    run_range(place, 0, int(os.environ.get("FUZZ_COUNT", "5000")))
