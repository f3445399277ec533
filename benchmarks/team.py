"""What a team's index costs and finds: one node on loopback, a large folder, questions from its docs.

`make bench-team FOLDER=…` takes a folder with half a million symbols, and keeps its rows in `--work`.
The questions are first sentences of doc comments. Recall is against an exact search over the same rows.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # As the program does.

import argparse
import gc
import pickle
import shutil
import sys
import time
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codanna_core.cancel import Cancel
from codanna_core.config import Settings
from codanna_core.embed.base import normalised
from codanna_core.embed.builtin import BUILTIN_FOLDER
from codanna_core.embed.static_model import StaticEmbedder
from codanna_core.text.stored import Filter
from codanna_core.vectors.ivf.coarse import Coarse
from codanna_core.vectors.ivf.groups import Groups
from codanna_core.vectors.ivf.kmeans import means
from codanna_team.codebook import Codebook, Coded, estimates
from codanna_team.engine import OpenSearch
from codanna_team.http import Client, Endpoint
from codanna_team.publish import Publisher, Target
from codanna_team.queries import PROBES, terms_of
from codanna_team.reading import Folder
from codanna_team.remote import RemoteQuestion
from codanna_team.rows import FileRow, cosines, int8_rows
from codanna_team.source import TeamSource
from codanna_team.upkeep import set_up

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "team" / "support"))

Vector = NDArray[np.float32]
TEN = 10
TRIED = (64, 128, 160, 192, 256, 384, 512)
"""Numbers of lists to look into."""
WARM_ROUNDS = 16
"""All questions are asked so often before times are taken: until Java has compiled what a search runs, among
others the encryption of the connection, it takes a third longer. An engine that is used has done that.
"""
Figures = dict[str, str]
"""What is printed at the end, by what has to hold."""


@dataclass
class Kept(Folder):
    """A folder whose rows were read before."""

    files: dict[str, FileRow] = field(default_factory=dict)

    @classmethod
    def load(cls, folder: Path, store: Path, model: str, most: int) -> Kept:
        """From the store, which is made when it is not there."""
        if not store.exists():
            read = Folder.read(folder, Settings(), model)
            with store.with_suffix(".part").open("wb") as out:
                for row in read.rows(read.digests):
                    pickle.dump(row, out, 5)
            store.with_suffix(".part").rename(store)
        kept, count = cls(folder, Settings(), model), 0
        with store.open("rb") as stored:
            while count < most:
                try:
                    read_row: FileRow = pickle.load(stored)
                except EOFError:
                    break
                kept.files[read_row.path] = read_row
                kept.digests[read_row.path] = read_row.digest
                count += len(read_row.rows)
        return kept

    def rows(self, paths: Collection[str], cancel: Cancel | None = None) -> Iterator[FileRow]:
        """Those that were kept."""
        return (self.files[path] for path in sorted(paths))


@dataclass
class Corpus:
    """All symbols in columns."""

    vectors: NDArray[np.int8]
    languages: NDArray[Any]
    kinds: NDArray[Any]
    paths: NDArray[Any]
    docs: list[str]
    rarities: dict[str, float]
    """Of the terms of files, as a question's terms are weighed."""

    @classmethod
    def of(cls, kept: Kept) -> Corpus:
        """Of every symbol with a vector."""
        rows = [row for path in sorted(kept.files) for row in kept.files[path].rows if row.vector is not None]
        return cls(
            np.stack([row.vector for row in rows if row.vector is not None]),
            np.array([row.language for row in rows]),
            np.array([row.kind for row in rows]),
            np.array([row.path for row in rows]),
            [row.doc for row in rows],
            rarities_of(kept),
        )

    def weights(self, text: str) -> dict[str, float]:
        """What each term of a question counts."""
        found = {term: self.rarities.get(term, 0.0) for term in terms_of(text)[:12]}
        whole = sum(found.values()) or 1.0
        return {term: rarity / whole for term, rarity in found.items() if rarity}

    def questions(self, count: int) -> list[str]:
        """First sentences of doc comments, of different symbols."""
        rng = np.random.default_rng(20)
        found: dict[str, None] = {}
        for number in rng.permutation(len(self.docs)).tolist():
            sentence = " ".join(self.docs[number].partition(". ")[0].split())
            if 5 <= len(sentence.split()) <= 25:
                found[sentence] = None
            if len(found) == count:
                break
        return list(found)

    def tenth(self, vectors: Sequence[Vector], allowed: NDArray[np.bool_] | None = None) -> list[float]:
        """The cosine of the tenth nearest symbol of each vector, by exact search. Headers repeat each other,
        so which of several equal ones an answer has says nothing.
        """
        questions = np.stack(vectors).T
        parts = [
            normalised(self.vectors[first : first + 50_000].astype(np.float32)) @ questions
            for first in range(0, len(self.vectors), 50_000)
        ]
        scores = np.ascontiguousarray(np.concatenate(parts).T)
        if allowed is not None:
            scores[:, ~allowed] = -2
        least: list[float] = np.partition(scores, -TEN, axis=1)[:, -TEN].tolist()
        return least


def rarities_of(kept: Kept) -> dict[str, float]:
    """By the number of files that hold each term."""
    counts = Counter(term for file in kept.files.values() for term in set(file.words.split()))
    return {term: float(np.log(1 + len(kept.files) / (0.5 + count))) for term, count in counts.items()}


def recall(found: Sequence[float], tenth: float) -> float:
    """The share of the ten nearest that was found, by the cosines of what was found."""
    return min(TEN, sum(cosine >= tenth - 1e-5 for cosine in found)) / TEN


def by_numpy(
    corpus: Corpus,
    codebook: Codebook,
    coded: Coded,
    vectors: Sequence[Vector],
    truth: Sequence[float],
) -> dict[int, float]:
    """Recall of a codebook at numbers of probes, as the engine would find it, without the engine."""
    found = {}
    for probes in TRIED:
        values = []
        for vector, tenth in zip(vectors, truth, strict=True):
            probe = codebook.probe(vector, probes)
            inside = np.zeros(len(codebook.centroids), bool)
            inside[probe.lists] = True
            rows = np.flatnonzero(inside[coded.lists].any(axis=1))
            part = Coded(coded.lists[rows], coded.codes[rows], coded.factors[rows])
            best = rows[np.argsort(-estimates(part, probe))[: RemoteQuestion().limit]]
            values.append(recall(cosines(corpus.vectors[best], vector).tolist(), tenth))
        found[probes] = round(float(np.mean(values)), 3)
    return found


def own_codebook(corpus: Corpus, lists: int, turns: int) -> Codebook:
    """Trained on the corpus itself, as the shipped one was on other code."""
    rng = np.random.default_rng(8)
    drawn = np.sort(rng.permutation(len(corpus.vectors))[:400_000])
    points = np.unique(corpus.vectors[drawn].view("V256")).view(np.int8).reshape(-1, 256).astype(np.float32)
    points = normalised(points[points.any(axis=1)])
    centroids = points[np.sort(rng.permutation(len(points))[:lists])]
    for _ in range(turns):
        centroids = means(points, Groups(Coarse(centroids, True)).nearest(points), lists, True, rng)
    return Codebook(int8_rows(centroids), "own")


def coded_of(corpus: Corpus, codebook: Codebook) -> Coded:
    """All vectors of a corpus."""
    parts = [
        codebook.coded(normalised(corpus.vectors[first : first + 20_000].astype(np.float32)))
        for first in range(0, len(corpus.vectors), 20_000)
    ]
    return Coded(
        *(np.concatenate([getattr(part, name) for part in parts]) for name in ("lists", "codes", "factors"))
    )


def quantiles(seconds: Sequence[float]) -> str:
    """The median and the 95th of a hundred, in milliseconds."""
    low, high = np.percentile(np.array(seconds) * 1000, (50, 95))
    return f"{low:.1f} / {high:.1f} ms"


def processor_ms(process: int) -> float:
    """What another process has used so far; 0 where the system does not say."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")


def ask_all(
    source: TeamSource,
    corpus: Corpus,
    model: str,
    asked: Sequence[tuple[str, Vector]],
    only: Filter,
    truth: Sequence[float],
    *,
    words: bool,
) -> tuple[float, list[float]]:
    """Recall of the vectors and the time of whole questions."""
    recalls, seconds = [], []
    for (text, vector), tenth in zip(asked, truth, strict=True):
        question = RemoteQuestion(corpus.weights(text) if words else {}, vector, model, only=only)
        began = time.perf_counter()
        answer = source.ask(question, time.monotonic() + 30)
        seconds.append(time.perf_counter() - began)
        recalls.append(recall([row.cosine for row in answer.rows if row.cosine is not None], tenth))
    return float(np.mean(recalls)), seconds


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--work", type=Path, required=True, help="a folder for rows and the cluster's data")
    parser.add_argument("--questions", type=int, default=200)
    parser.add_argument("--most", type=int, default=10**9, help="symbols that are used")
    parser.add_argument("--heap", default="2g")
    parser.add_argument(
        "--own", type=int, default=0, metavar="TURNS", help="compare with a codebook of the corpus"
    )
    parser.add_argument("--offline", action="store_true", help="codebooks alone, without a cluster")
    arguments = parser.parse_args()
    work = arguments.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    model = StaticEmbedder(BUILTIN_FOLDER)
    kept = Kept.load(arguments.folder, work / "rows.pickle", model.model_id, arguments.most)
    corpus = Corpus.of(kept)
    print(f"{len(kept.files):,} files, {len(corpus.vectors):,} symbols with vectors", flush=True)
    texts = corpus.questions(arguments.questions)
    asked = [(text, normalised(model.embed_query(text)[None])[0]) for text in texts]
    truth = corpus.tenth([vector for _, vector in asked])
    codebook = Codebook.shipped(model.model_id)
    assert codebook is not None
    figures: Figures = {}
    if arguments.own or arguments.offline:
        vectors = [vector for _, vector in asked]
        shipped = by_numpy(corpus, codebook, coded_of(corpus, codebook), vectors, truth)
        print(
            "shipped codebook, recall@10 by probes:",
            {key: round(value, 3) for key, value in shipped.items()},
            flush=True,
        )
    if arguments.own:
        own = own_codebook(corpus, len(codebook.centroids), arguments.own)
        trained = by_numpy(corpus, own, coded_of(corpus, own), vectors, truth)
        print("codebook of the corpus, the same:", trained, flush=True)
        lost = f"{shipped[PROBES] - trained[PROBES]:+.3f} at {PROBES} lists"
        figures["shipped codebook against one of the corpus (>= -.02)"] = lost
    if arguments.offline:
        return
    from cluster import Cluster

    # What an earlier run left there would be published already.
    shutil.rmtree(work / "cluster", ignore_errors=True)
    cluster = Cluster(work / "cluster", 1, arguments.heap, quick=False)
    try:
        cluster.start(300)
        engine = OpenSearch(
            Client(Endpoint.parse(f"{cluster.url}/codanna"), lambda: "admin:admin", cluster.ca)
        )
        process = cluster.nodes[0].process
        assert process is not None
        figures |= measure(engine, process.pid, kept, corpus, codebook, model.model_id, asked, truth)
    finally:
        cluster.stop()
    print("\n| must hold | here |\n|---|---|")
    print("\n".join(f"| {name} | {figure} |" for name, figure in figures.items()))


def measure(
    engine: OpenSearch,
    process: int,
    kept: Kept,
    corpus: Corpus,
    codebook: Codebook,
    model: str,
    asked: Sequence[tuple[str, Vector]],
    truth: Sequence[float],
) -> Figures:
    """Publish, then ask."""
    figures: Figures = {}
    set_up(engine, model, replicas=0)
    began, worked = time.perf_counter(), time.process_time()
    report = Publisher(engine, Target("corpus", "main", "aa"), codebook).publish(kept)
    seconds, worked = time.perf_counter() - began, time.process_time() - worked
    print(
        f"published {report.symbols:,} symbols in {seconds:.0f} s, {report.symbols / seconds:,.0f} a second",
        flush=True,
    )
    print(f"  of these {worked:.0f} s of processor time here, without reading and parsing", flush=True)
    figures["publish, symbols a second (>= 2,000)"] = f"{report.symbols / seconds:,.0f}"
    for state in ("as written", "merged"):
        if state == "merged":
            engine.call(
                "POST", f"/{engine.index}/_forcemerge?max_num_segments=1", deadline=time.monotonic() + 900
            )
        engine.refresh()
        size = engine.call("GET", f"/{engine.index}/_stats/store")["_all"]["primaries"]["store"][
            "size_in_bytes"
        ]
        print(f"{state}: {size / report.symbols:.0f} bytes a symbol, {size:,} in all", flush=True)
        figures[f"bytes a symbol, {state} (<= 1,000)"] = f"{size / report.symbols:.0f}"
    gc.freeze()  # A client does not have a corpus that collections would walk through.
    source = TeamSource(engine, fresh_s=1000)
    for number in range(WARM_ROUNDS):
        there = processor_ms(process)
        _, whole = ask_all(source, corpus, model, asked, Filter(), truth, words=True)
        there = (processor_ms(process) - there) / len(asked)
        if number % 5 == 0:
            print(
                f"after {number * len(asked):,} questions: {quantiles(whole)}; {there:.0f} ms in the engine",
                flush=True,
            )
    for probes in TRIED:
        source = TeamSource(engine, probes=probes, fresh_s=1000)
        ask_all(source, corpus, model, asked[:40], Filter(), truth[:40], words=True)
        found, alone = ask_all(source, corpus, model, asked, Filter(), truth, words=False)
        there, here = processor_ms(process), time.process_time()
        _, whole = ask_all(source, corpus, model, asked, Filter(), truth, words=True)
        there, here = processor_ms(process) - there, (time.process_time() - here) * 1000
        used = f"{there / len(asked):.0f} ms of processor time in the engine, {here / len(asked):.0f} here"
        print(
            f"{probes} lists: recall@10 {found:.3f}, vector {quantiles(alone)}, all {quantiles(whole)};"
            f" {used}",
            flush=True,
        )
        if probes == PROBES:
            figures["recall@10 by vector alone (>= .95)"] = f"{found:.3f}"
            figures["all candidates, p50 / p95 (<= 40 / 100 ms)"] = f"{quantiles(whole)}; {used}"
    source = TeamSource(engine, fresh_s=1000)
    folders = Counter(path.partition("/")[0] for path in corpus.paths.tolist() if "/" in path)
    folder = folders.most_common(2)[-1][0]
    language = max(set(corpus.languages.tolist()), key=lambda one: int((corpus.languages == one).sum()))
    for name, only, allowed in (
        ("language", Filter(languages=(language,)), corpus.languages == language),
        ("kind", Filter(kinds=("function",)), corpus.kinds == "function"),
        ("path", Filter(path_regexes=(f"{folder}/.*",)), np.char.startswith(corpus.paths, f"{folder}/")),
    ):
        exact = corpus.tenth([vector for _, vector in asked], allowed)
        found, alone = ask_all(source, corpus, model, asked, only, exact, words=False)
        print(
            f"filter {name} ({int(allowed.sum()):,} symbols): recall@10 {found:.3f}, {quantiles(alone)}",
            flush=True,
        )
        figures[f"recall@10 with a filter by {name} (>= .95)"] = f"{found:.3f}"
    return figures


if __name__ == "__main__":
    main()
