"""Damage to the files of an index, by seed, and a process with little memory that has to cope with it.

`python index_damage.py WORKSPACE INDEX PRISTINE SEED FIRST COUNT [CASE.json]` announces each case on a line,
does the damage, opens the index, and says what came of it. Who runs it sees the last line if it dies.
"""

from __future__ import annotations

import faulthandler
import json
import random
import shutil
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from codanna_core import Engine
from codanna_core.errors import CodannaError
from codanna_core.testing.embedder import FakeEmbedder

ADDRESS_SPACE = 3 << 30
PATIENCE_S = 60
KINDS = (
    "flip", "flips", "byte", "zeros", "cut", "grow", "grow-zeros", "sparse", "empty", "delete", "other",
    "folder", "repeat",
)  # fmt: skip
QUESTIONS = ("deposit: put cash into an account", "open connection host", "press", "water the flowers")

FILES = {
    "bank/account.py": '"""Accounts."""\n\n\nclass Account:\n    def deposit_money(self, amount):\n'
    '        """Put cash into the account."""\n        self.balance += amount\n\n'
    "    def withdraw_money(self, amount):\n        self.balance -= amount\n",
    "net/open.go": "package net\n\n// Open connects to the host.\nfunc Open(host string) error {\n"
    "\treturn nil\n}\n",
    "ui/button.ts": "/** A thing to press. */\nexport class Button {\n  press(times: number): void {}\n}\n",
    "notes.txt": "Remember to water the flowers every morning.\n",
}


@dataclass(frozen=True, slots=True)
class Damage:
    """One change to one file: which by its number in the sorted list, where as a share of its length."""

    file: float
    kind: str
    place: float
    value: int
    name: str = ""
    """The file that was meant when the case was found, for people."""


def damages(seed: int, number: int) -> list[Damage]:
    """What case `number` of a seed does; mostly one change."""
    rng = random.Random(seed * 1_000_003 + number)
    count = 1 if rng.random() < 0.7 else rng.randint(2, 4)
    return [
        Damage(rng.random(), rng.choice(KINDS), rng.random(), rng.randrange(1 << 16)) for _ in range(count)
    ]


def do(damage: Damage, index: Path) -> str:
    """Damage one file; gives its name."""
    files = sorted(path for path in index.rglob("*") if path.is_file())
    path = files[int(damage.file * len(files))]
    data = _beginning(path)
    at = int(damage.place * len(data))
    rng = random.Random(damage.value)
    name = path.relative_to(index).as_posix()
    if damage.kind == "flip":
        data = _with(data, at, (data[at] if data else 0) ^ (1 << damage.value % 8))
    elif damage.kind == "flips":
        for _ in range(2 + damage.value % 30):
            at = rng.randrange(max(1, len(data)))
            data = _with(data, at, rng.randrange(256))
    elif damage.kind == "byte":
        data = _with(data, at, rng.choice((0, 1, 127, 128, 254, 255)))
    elif damage.kind == "zeros":
        end = min(len(data), at + 1 + damage.value % 64)
        data = data[:at] + bytes(end - at) + data[end:]
    elif damage.kind == "cut":
        data = data[:at]
    elif damage.kind == "grow":
        data += rng.randbytes(1 + damage.value % 4096)
    elif damage.kind == "grow-zeros":
        data += bytes(1 + damage.value % 70_000)
    elif damage.kind == "empty":
        data = b""
    elif damage.kind == "other":
        data = _beginning(rng.choice(files))
    elif damage.kind == "repeat":
        data = data[:at] + data
    path.unlink()
    if damage.kind == "folder":
        path.mkdir()
    elif damage.kind != "delete":
        path.write_bytes(data)
        path.chmod(0o600)
    if damage.kind == "sparse":
        with path.open("r+b") as file:
            file.truncate(8 << 30)
    return name


def _beginning(path: Path) -> bytes:
    """All of a file, unless an earlier change has made gigabytes of it."""
    with path.open("rb") as file:
        return file.read(16 << 20)


def _with(data: bytes, at: int, value: int) -> bytes:
    return data[:at] + bytes([value]) + data[at + 1 :]


def answers(engine: Engine) -> object:
    """All that is known, and what some questions find."""
    text = engine._writer.text.index.snapshot()
    known = sorted(
        (symbol.path, symbol.name, symbol.key)
        for file in text.files()
        for symbol in text.symbols_of(file.path)
    )
    found = [[(hit.path, hit.name) for hit in engine.search(question).hits[:1]] for question in QUESTIONS]
    named = [[hit.name for hit in engine.symbols(name)][:1] for name in ("depo", "press", "Account")]
    return json.loads(json.dumps([known, found, named]))


def open_and_ask(workspace: Path, index: Path) -> tuple[object, list[str]]:
    """Open, bring up to date, answer, wait for repairs; the problems that were reported."""
    with Engine.open(workspace, index, embedder=FakeEmbedder()) as engine:
        engine.sync()
        answers(engine)
        assert engine.wait_until_idle(PATIENCE_S), "it does not come to rest"
        return answers(engine), [problem.message for problem in engine.status().problems]


def make(workspace: Path, index: Path, pristine: Path) -> None:
    """A workspace, its index, and a copy of that from which each case begins."""
    for name, text in FILES.items():
        path = workspace / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    expected, problems = open_and_ask(workspace, index)
    assert not problems, problems
    shutil.copytree(index, pristine)
    _expected(pristine).write_text(json.dumps(expected))


def _expected(pristine: Path) -> Path:
    return pristine.with_suffix(".json")


def restore(index: Path, pristine: Path) -> None:
    """Undo all damage, in the same folder."""
    for entry in index.iterdir():
        shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    shutil.copytree(pristine, index, dirs_exist_ok=True)


def run_case(workspace: Path, index: Path, pristine: Path, case: list[Damage], expected: object) -> None:
    """One case, from an undamaged index to a healed one."""
    restore(index, pristine)
    named = [Damage(**{**asdict(damage), "name": do(damage, index)}) for damage in case]
    print(json.dumps([asdict(damage) for damage in named]), flush=True)
    began = time.process_time()
    try:
        found, _ = open_and_ask(workspace, index)
    except OSError as error:
        # A folder in the place of a file is an obstacle that only a person may remove: it is named.
        if not error.filename or not any(damage.kind == "folder" for damage in case):
            raise
        print("ok, refused", flush=True)
        return
    except CodannaError:
        # An index that cannot say whose it is counts as somebody else's.
        if not any(damage.name == "identity.json" for damage in named):
            raise
        print("ok, refused", flush=True)
        return
    assert found == expected, f"other answers: {found}"
    found, problems = open_and_ask(workspace, index)
    assert found == expected, f"other answers after the repair: {found}"
    blocked = any(damage.kind == "folder" for damage in case)
    assert not problems or blocked, f"not healed: {problems}"
    print(f"ok {time.process_time() - began:.2f}", flush=True)


def main(arguments: list[str]) -> None:
    """See above."""
    workspace, index, pristine = map(Path, arguments[:3])
    seed, first, count = map(int, arguments[3:6])
    if sys.platform == "linux":
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    expected = json.loads(_expected(pristine).read_text())
    cases = [damages(seed, number) for number in range(first, first + count)]
    if len(arguments) > 6:
        cases = [
            [Damage(**values) for values in json.loads(Path(path).read_text())] for path in arguments[6:]
        ]
    for case in cases:
        faulthandler.dump_traceback_later(2 * PATIENCE_S, exit=True)
        run_case(workspace, index, pristine, case, expected)
        faulthandler.cancel_dump_traceback_later()


if __name__ == "__main__":
    main(sys.argv[1:])
