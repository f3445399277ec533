"""What an installation weighs: bytes on disk and cost of imports, by distribution; `make weight` prints it.

Run it with the Python of the environment to be weighed. Only what codanna-lsp needs at run time counts.
Import costs are those of one search that finds its index up to date.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import re
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution, packages_distributions
from pathlib import Path
from typing import Final

OURS: Final = "codanna-lsp"
_RUNS: Final = 8
PACKAGES: Final = ("codanna_core", "codanna_lsp", "codanna_mcp", "codanna_rpc", "codanna_team")
STANDARD: Final = "the Python standard library"
_NAME: Final = re.compile(r"[A-Za-z0-9._-]+")
_COST: Final = re.compile(r"import time:\s+(\d+) \|\s+\d+ \|\s+([\w.]+)")
_SOURCE: Final = "def read_settings(path):\n    return path.read_text()\n"
SEARCH: Final = (
    "import sys; from codanna_core.cli.main import main; sys.exit(main(['search', 'read settings', '.']))"
)


@dataclass(frozen=True, slots=True)
class Weight:
    """One distribution."""

    name: str
    version: str
    bytes: int
    milliseconds: float | None
    """Time that its imports take in a search, its own modules alone; None where none of it is imported."""


def runtime_distributions(name: str = OURS) -> dict[str, Distribution]:
    """A distribution and all that it requires in this environment, extras aside."""
    from packaging.requirements import Requirement

    found: dict[str, Distribution] = {}
    todo = [Requirement(name)]
    while todo:
        wanted = todo.pop()
        key = _key(wanted.name)
        if key in found:
            continue
        try:
            found[key] = distribution(wanted.name)
        except PackageNotFoundError:
            raise SystemExit(
                f"{wanted.name} is not installed; install codanna-lsp with this Python first"
            ) from None
        for line in found[key].requires or ():
            requirement = Requirement(line)
            extras = wanted.extras or {""}
            if requirement.marker is None or any(
                requirement.marker.evaluate({"extra": extra}) for extra in extras
            ):
                todo.append(requirement)
    return found


def _key(name: str) -> str:
    """The name of a distribution as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def size(one: Distribution) -> int:
    """Bytes on disk, compiled modules included; ours may be elsewhere, if installed as links to sources."""
    if _key(one.name) == OURS:
        return sum(folder_size(package) for package in package_folders())
    files = {Path(str(one.locate_file(file))) for file in one.files or ()}
    caches = {path.parent / "__pycache__" for path in files if path.suffix == ".py"}
    files |= {path for folder in caches if folder.is_dir() for path in folder.iterdir()}
    return sum(path.stat().st_size for path in files if path.is_file())


def package_folders() -> Iterator[Path]:
    """Where our own packages are."""
    for name in PACKAGES:
        spec = importlib.util.find_spec(name)
        assert spec is not None
        assert spec.origin is not None
        yield Path(spec.origin).parent


def folder_size(folder: Path) -> int:
    """Bytes of all files below a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def import_costs(code: str = SEARCH) -> dict[str, float]:
    """Milliseconds of imports by top-level module, in a fresh process that runs `code` in a small project."""
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder, "project")
        project.mkdir()
        (project / "settings.py").write_text(_SOURCE)
        own = dict.fromkeys(("HOME", "LOCALAPPDATA", "APPDATA"), folder)
        environment = {key: value for key, value in os.environ.items() if not key.startswith("XDG_")} | own
        # The first run builds the index and compiles modules; of the others, a busy machine disturbs some.
        runs = [costs_of_a_run(code, project, environment) for _ in range(_RUNS)]
    return min(runs[1:], key=lambda costs: sum(costs.values()))


def costs_of_a_run(code: str, project: Path, environment: dict[str, str]) -> dict[str, float]:
    """The same, of a single run in a folder that is there."""
    command = [sys.executable, "-P", "-X", "importtime", "-c", code]
    done = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"the search failed:\n{done.stdout}{done.stderr}")
    costs: dict[str, float] = defaultdict(float)
    for microseconds, module in _COST.findall(done.stderr):
        costs[module.split(".")[0]] += int(microseconds) / 1000
    return dict(costs)


def weights(costs: dict[str, float]) -> list[Weight]:
    """All distributions, the heaviest first."""
    homes = packages_distributions()
    by_home: dict[str, float] = defaultdict(float)
    for module, cost in costs.items():
        names = homes.get(module, [OURS] if module in PACKAGES else [])
        by_home[names[0] if names else STANDARD] += cost
    found = [
        Weight(one.name, one.version, size(one), by_home.get(one.name))
        for one in runtime_distributions().values()
    ]
    found.sort(key=lambda weight: -weight.bytes)
    return [*found, Weight(STANDARD, sys.version.split()[0], 0, by_home[STANDARD])]


def table(found: Sequence[Weight]) -> str:
    """As Markdown, with a line of sums."""
    rows = ["| Distribution | MB on disk | Imports of a search, ms |", "| --- | ---: | ---: |"]
    for weight in found:
        cost = "" if weight.milliseconds is None else f"{weight.milliseconds:.0f}"
        rows.append(f"| {weight.name} {weight.version} | {weight.bytes / 1e6:.1f} | {cost} |")
    total = sum(weight.bytes for weight in found) / 1e6
    imports = sum(weight.milliseconds or 0 for weight in found)
    return "\n".join([*rows, f"| **all** | **{total:.0f}** | **{imports:.0f}** |"])


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="for programs")
    options = parser.parse_args()
    found = weights(import_costs())
    print(json.dumps([asdict(weight) for weight in found], indent=2) if options.json else table(found))


if __name__ == "__main__":
    main()
