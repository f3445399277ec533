"""Half of each code base in the folder, half on a team's engine: NDCG@10 against one index of all of it.

`team_half.py --corpora FOLDER --queries FOLDER --work FOLDER` starts a node, publishes every other file of
each development code base to an index of its own, and asks the development questions of both. `corpora.py`
prepares the checkouts.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections import Counter
from hashlib import blake2b
from pathlib import Path
from statistics import fmean

import numpy as np

from codanna_core import Engine, SearchRequest
from codanna_core.config import Settings
from codanna_core.embed.builtin import BUILTIN_FOLDER
from codanna_core.embed.static_model import StaticEmbedder
from codanna_core.results import Filters, Mode
from codanna_team.codebook import Codebook
from codanna_team.engine import OpenSearch
from codanna_team.http import Client, Endpoint
from codanna_team.publish import Publisher, Target
from codanna_team.reading import Folder
from codanna_team.upkeep import set_up
from yardsticks.asked import Asked, of_files
from yardsticks.run import HITS_FOR_FILES, opened
from yardsticks.scores import PAGE, Shown, first_files, ndcg

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "team" / "support"))
SUB_FOLDER = "files sub-folder"


def halves(root: Path, here: Path, there: Path) -> None:
    """Every file into one of two folders, by its path."""
    for path in sorted(root.rglob("*")):
        inside = path.relative_to(root)
        if not path.is_file() or path.is_symlink() or ".git" in inside.parts:
            continue
        is_far = blake2b(str(inside).encode()).digest()[0] & 1
        target = (there if is_far else here) / inside
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)


def values(engine: Engine, asked: Asked, *, team: bool) -> tuple[list[float], Counter[str], int]:
    """NDCG@10 of each question, what was said of the team, and how many hits of it were shown."""
    found: list[float] = []
    missing: Counter[str] = Counter()
    far = 0
    for question, targets in asked.questions.items():
        request = SearchRequest(question, HITS_FOR_FILES, Mode.HYBRID, Filters(), snippets=False, team=team)
        result = engine.search(request)
        missing.update(problem.message for problem in result.problems if problem.code.startswith("team-"))
        far += sum(hit.origin is not None for hit in result.hits[:PAGE])
        page = [Shown.of(hit) for hit in result.hits]
        found.append(ndcg(first_files(page)[:PAGE], targets))
    return found, missing, far


def main() -> None:
    """Print a line for each code base, and the mean."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpora", type=Path, required=True)
    parser.add_argument("--queries", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--engine", help="URL and certificate of a node that runs already", nargs=2)
    arguments = parser.parse_args()
    work = arguments.work.resolve()
    os.environ["CODANNA_TEAM_TOKEN"] = "admin:admin"
    if arguments.engine:
        url, certificate = arguments.engine
        measure(arguments, work, url, Path(certificate))
        return
    from cluster import Cluster

    cluster = Cluster(work / "cluster", 1, "1g", quick=False)
    try:
        cluster.start(300)
        measure(arguments, work, cluster.url, cluster.ca)
    finally:
        cluster.stop()


def measure(arguments: argparse.Namespace, work: Path, url: str, certificate: Path) -> None:
    """Of all code bases whose questions are about files of a sub-folder."""
    os.environ["SSL_CERT_FILE"] = str(certificate)
    model = StaticEmbedder(BUILTIN_FOLDER).model_id
    one: list[float] = []
    two: list[float] = []
    for asked in of_files(arguments.queries, arguments.corpora):
        if asked.yardstick != SUB_FOLDER or (arguments.only and asked.name not in arguments.only):
            continue
        # Both are called like the whole: a folder called like its project counts for more.
        here, there = (work / asked.name / name / asked.root.name for name in ("here", "there"))
        shutil.rmtree(work / asked.name, ignore_errors=True)
        halves(asked.root, here, there)
        address = f"{url}/codanna-half-{asked.name.lower()}"
        team = OpenSearch(Client(Endpoint.parse(address), lambda: "admin:admin", certificate))
        set_up(team, model, replicas=0)
        try:
            folder = Folder.read(there, Settings(), model)
            report = Publisher(
                team, Target(f"team/{asked.root.name}", "main"), Codebook.shipped(model)
            ).publish(folder)
            with opened(asked.root, work / asked.name / "whole") as engine:
                expected, _, _ = values(engine, asked, team=False)
            settings = {"team": {"url": address, "deadline_ms": 10_000}}
            with Engine.open(here, work / asked.name / "half", overrides=settings) as engine:
                engine.sync()
                engine.settle()
                found, missing, far = values(engine, asked, team=True)
        finally:
            team.call("DELETE", f"/{team.index}")
            team.close()
        one += expected
        two += found
        print(
            f"{asked.name}: one index {fmean(expected):.3f}, half of it elsewhere {fmean(found):.3f};"
            f" {len(found)} questions, {report.symbols} symbols published, {far} hits of the team's,"
            f" what was said of it: {dict(missing)}",
            flush=True,
        )
    drawn = np.random.default_rng(1).integers(0, len(one), (2000, len(one)))
    difference = np.array(two) - np.array(one)
    low, high = np.percentile(difference[drawn].mean(axis=1), (2.5, 97.5))
    print(
        f"all: {fmean(one):.4f} and {fmean(two):.4f}, difference {difference.mean():+.4f} [{low:+.4f},"
        f" {high:+.4f}] of {len(one)} questions"
    )


if __name__ == "__main__":
    main()
