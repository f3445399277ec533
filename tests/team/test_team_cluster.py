"""Publishing and asking on a real cluster: three nodes with TLS, users and roles, on loopback."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from made import OF_A_FILE, Made

from codanna_core.embed.base import normalised
from codanna_core.embed.builtin import BUILTIN_FOLDER
from codanna_core.embed.static_model import StaticEmbedder
from codanna_core.problems import Code
from codanna_team.codebook import Codebook, estimates
from codanna_team.engine import OpenSearch
from codanna_team.http import Client, Endpoint, EngineError, Trouble
from codanna_team.publish import Publisher, Report, Target
from codanna_team.queries import PROBES, plan_of
from codanna_team.remote import RemoteAnswer, RemoteFailure, RemoteQuestion
from codanna_team.sending import content_of
from codanna_team.source import TeamSource
from codanna_team.upkeep import counts, published, remove, set_up, sweep

if TYPE_CHECKING:
    from cluster import Cluster

FILES = 400
"""Twenty thousand rows."""
STEPS = ("begin", "rows", "refresh", "commit")
KILLS = int(os.environ.get("TEAM_KILLS", "3"))
NODE_KILLS = int(os.environ.get("TEAM_NODE_KILLS", "1"))

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600 + 60 * (KILLS + NODE_KILLS))]


Step = Callable[[str], None]
_ALLOCATION = "cluster.routing.allocation.enable"


class Team:
    """What one test asks and publishes with."""

    def __init__(self, cluster: Cluster, index: str, user: str) -> None:
        self.cluster = cluster
        self.user = user
        self.url = f"{cluster.nodes[0].url}/{index}"
        self.engine = OpenSearch(Client(Endpoint.parse(self.url), lambda: user, cluster.ca))
        self.model = StaticEmbedder(BUILTIN_FOLDER).model_id
        self.codebook = Codebook.shipped(self.model)

    def publish(
        self, folder: Made, name: str, revision: str, step: Callable[[str], None] = lambda _: None
    ) -> Report:
        """Here, in this process."""
        return Publisher(self.engine, Target(name, "main", revision), self.codebook, checkpoint=step).publish(
            folder
        )

    def source(self, fresh_s: float = 0.0) -> TeamSource:
        """Asks with a look at what is published each time, unless told otherwise."""
        return TeamSource(self.engine, fresh_s=fresh_s)

    def ask(self, source: TeamSource, **parts: object) -> RemoteAnswer:
        """With time to spare."""
        return source.ask(replace(RemoteQuestion(model=self.model), **parts), time.monotonic() + 20)  # type: ignore[arg-type]

    def killed(self, name: str, files: int, version: int, changed: int, step: str, count: int) -> int:
        """Publish in a process that ends itself; gives how it ended."""
        command = [sys.executable, str(Path(__file__).parent / "support" / "publish_made.py"), self.url]
        command += [
            str(self.cluster.ca),
            self.user,
            name,
            str(files),
            str(version),
            str(changed),
            step,
            str(count),
        ]
        return subprocess.run(command, check=False, capture_output=True).returncode


@pytest.fixture(scope="module")
def team(cluster: Cluster) -> Team:
    """An index with a replica of each shard."""
    made = Team(cluster, "codanna-shop", "admin:admin")
    assert set_up(made.engine, made.model, shards=2, replicas=1)
    assert not set_up(made.engine, made.model)
    return made


def revisions(answer: RemoteAnswer) -> set[str]:
    """The revisions that the rows of an answer are of, by the words of the functions that change."""
    return {term for row in answer.rows for term in row.levels if term.startswith("rev") and term != "rev0"}


def test_a_repository_is_published_and_found(team: Team) -> None:
    """Twenty thousand rows; then by words, by vector, by name, by prefix, in files, with counts."""
    folder = Made.of("shop", FILES, team.model)
    report = team.publish(folder, "shop", "aa")
    assert (report.symbols, report.sent_rows, report.files) == (folder.symbols, folder.symbols, FILES)
    assert counts(team.engine, "shop@main") == (FILES, folder.symbols)
    source = team.source()
    row = folder._file("part3/file3.py").rows[7]
    assert row.vector is not None
    vector = row.vector.astype(np.float32)
    answer = team.ask(
        source, words={"socket": 0.6, "pars": 0.1}, vector=vector / np.linalg.norm(vector), limit=50
    )
    assert answer.problems == ()
    assert answer.documents == folder.symbols + FILES
    best = max(answer.rows, key=lambda one: one.cosine or 0.0)
    assert (best.name, best.path, best.revision) == (row.name, row.path, "aa")
    assert best.cosine == pytest.approx(1.0, abs=0.01)
    assert best.place.start_line == row.place.start_line
    assert any("socket" in one.levels for one in answer.rows)
    assert [one.name for one in team.ask(source, names=(row.name,)).rows] == [row.name]
    assert row.name in {one.name for one in team.ask(source, prefix=row.name[:-1].upper()).rows}
    assert team.ask(source, names=(row.name,), left_out=("shop",)).rows == ()
    assert team.ask(source, names=(row.name,), repositories=("other",)).rows == ()


def test_the_engine_estimates_as_numpy_does(team: Team) -> None:
    """The script gives each row the score that the codebook's own tests judge."""
    folder = Made.of("shop", FILES, team.model)
    team.publish(folder, "shop", "aa")  # Already there, unless this test runs alone.
    rows = [row for number in range(40) for row in folder._file(f"part{number % 7}/file{number}.py").rows]
    vectors = normalised(np.array([row.vector for row in rows], np.float32))
    question, codebook = RemoteQuestion(vector=vectors[9], model=team.model, limit=400), team.codebook
    assert codebook is not None
    guessed = estimates(codebook.coded(vectors), codebook.probe(vectors[9], PROBES))
    expected = {row.address: 2 + value for row, value in zip(rows, guessed.tolist(), strict=True)}
    source = team.source()
    plan = plan_of(question, source._known(time.monotonic() + 10).sight, codebook)
    (found,) = team.engine.query(plan.searches, time.monotonic() + 10)
    scores = {content_of(hit["_id"]): hit["_score"] for hit in found["hits"]["hits"]}
    both = scores.keys() & expected.keys()
    assert rows[9].address in both
    assert [scores[one] for one in both] == pytest.approx([expected[one] for one in both], abs=2e-3)


def test_two_of_a_hundred_functions_changed(team: Team) -> None:
    """Of ten thousand: little more travels than what changed, files counted; and nothing the second time."""
    name, files = "pair", 10_000 // OF_A_FILE
    team.publish(Made.of(name, files, team.model), name, "01")
    changed = Made.of(name, files, team.model, dict.fromkeys(range(files // 10), 1), 10)
    report = team.publish(changed, name, "02")
    assert (report.sent_rows, report.symbols) == (200, 10_000)
    assert report.sent_rows + report.sent_files <= 300
    again = team.publish(changed, name, "02")
    assert (again.unchanged, again.sent_rows, again.sent_files) == (True, 0, 0)
    assert remove(team.engine, f"{name}@main") == 10_000 + 200 + files + files // 10


def test_little_travels_for_little_change(team: Team) -> None:
    """The same revision again sends nothing; one function changed in each of some files sends these."""
    assert team.publish(Made.of("shop", FILES, team.model), "shop", "aa").unchanged
    some = dict.fromkeys(range(8), 1)
    changed = Made.of("shop", FILES, team.model, some)
    report = team.publish(changed, "shop", "ab")
    assert (report.sent_rows, report.removed, report.symbols) == (8, 8, changed.symbols)
    assert report.moved == 8 * (OF_A_FILE - 1)
    row = changed._file("part3/file3.py").rows[9]
    (found,) = team.ask(team.source(), names=(row.name,)).rows
    assert found.place.start_line == row.place.start_line
    back = team.publish(Made.of("shop", FILES, team.model), "shop", "aa")
    assert (back.sent_rows, back.removed) == (8, 8)


def test_what_went_is_removed_later(team: Team) -> None:
    """Not before its time; and answers are the same before and after."""
    source = team.source()
    everything = team.engine.count({"terms": {"t": ["s", "f"]}})
    assert sweep(team.engine) == 0
    assert team.engine.count({"terms": {"t": ["s", "f"]}}) == everything
    before = team.ask(source, words={"socket": 1.0}, limit=1000)
    assert sweep(team.engine, grace_ms=0) == 16 + 16
    assert team.engine.count({"exists": {"field": "born"}}) == 0
    after = team.ask(source, words={"socket": 1.0}, limit=1000)
    assert {(row.name, row.place) for row in before.rows} == {(row.name, row.place) for row in after.rows}
    assert counts(team.engine, "shop@main") == (FILES, FILES * OF_A_FILE)


def test_a_reader_sees_one_revision(team: Team) -> None:
    """One that does not know of the new revision yet sees all of the old one, until it looks again."""
    name, files = "mail", 20
    team.publish(Made.of(name, files, team.model, dict.fromkeys(range(files), 1), 10), name, "01")
    late, both = team.source(fresh_s=1000), {"rev1": 1.0, "rev2": 1.0}
    assert revisions(team.ask(late, words=both, repositories=(name,), limit=400)) == {"rev1"}
    team.publish(Made.of(name, files, team.model, dict.fromkeys(range(files), 2), 10), name, "02")
    asked = team.ask(late, words=both, repositories=(name,), limit=400)
    assert (revisions(asked), len(asked.rows)) == ({"rev1"}, files * 10)
    asked = team.ask(team.source(), words=both, repositories=(name,), limit=400)
    assert (revisions(asked), len(asked.rows)) == ({"rev2"}, files * 10)


def test_a_killed_publisher_leaves_the_old_revision(team: Team) -> None:
    """Whatever it had sent; the next one takes that over, and what it shows is whole."""
    name, files, changed = "tools", 60, 25
    team.publish(Made.of(name, files, team.model), name, "00")
    shown, source = 0, team.source()
    for kill in range(KILLS):
        step = STEPS[(kill + 1) % len(STEPS)]
        version = kill + 1
        assert team.killed(name, files, version, changed, step, 1 + kill % 2 if step == "rows" else 1) == -9
        # A question has no more than 48 terms.
        everything = {f"rev{number}": 1.0 for number in range(max(1, version - 40), version + 1)}
        answer = team.ask(source, words=everything, repositories=(name,), limit=10_000)
        assert revisions(answer) == ({f"rev{shown}"} if shown else set())
        assert len(answer.rows) == (files * changed if shown else 0)
        assert counts(team.engine, f"{name}@main") == (files, files * OF_A_FILE)
        if kill % 2 == 0:
            folder = Made.of(name, files, team.model, dict.fromkeys(range(files), version), changed)
            report = team.publish(folder, name, f"{version:04x}")
            assert report.symbols == folder.symbols
            assert report.sent_rows + report.adopted == files * changed
            shown = version
            answer = team.ask(source, words=everything, repositories=(name,), limit=10_000)
            assert (revisions(answer), len(answer.rows)) == ({f"rev{version}"}, files * changed)
    sweep(team.engine, grace_ms=0)
    assert counts(team.engine, f"{name}@main") == (files, files * OF_A_FILE)
    assert team.engine.count(
        {"bool": {"filter": [{"term": {"key": f"{name}@main"}}, {"term": {"t": "s"}}]}}
    ) == (files * OF_A_FILE)


def test_two_publishers_do_not_mix(team: Team) -> None:
    """The one that began last is published; the other says so and has changed nothing."""
    name, files = "both", 4
    mine = Made.of(name, files, team.model, dict.fromkeys(range(files), 1), 5)
    theirs = Made.of(name, files, team.model, dict.fromkeys(range(files), 2), 5)

    def interrupt(step: str) -> None:
        if step == "refresh":
            team.publish(theirs, name, "02")

    with pytest.raises(EngineError) as raised:
        team.publish(mine, name, "01", interrupt)
    assert raised.value.trouble is Trouble.CONFLICT
    answer = team.ask(team.source(), words={"rev1": 1.0, "rev2": 1.0}, repositories=(name,), limit=400)
    assert (revisions(answer), len(answer.rows)) == ({"rev2"}, files * 5)


def test_a_branch_is_asked_for_by_name(team: Team) -> None:
    """Another branch is in no answer unless the question names it; removing it leaves the rest."""
    folder = Made.of("shop-next", 2, team.model)
    side = Target("shop", "next", "bb", default=False, days=7)
    Publisher(team.engine, side, team.codebook).publish(folder)
    row = folder._file("part1/file1.py").rows[3]
    source = team.source()
    assert {one.branch for one in team.ask(source, names=(row.name,)).rows} == {"main"}
    assert {one.branch for one in team.ask(source, names=(row.name,), repositories=("shop@next",)).rows} == {
        "next"
    }
    assert {(one.repository, one.branch) for one in published(team.engine)} >= {
        ("shop", "main"),
        ("shop", "next"),
    }
    assert remove(team.engine, "shop@next") == 2 * OF_A_FILE + 2
    assert team.ask(source, names=(row.name,), repositories=("shop@next",)).rows == ()
    assert counts(team.engine, "shop@main") == (FILES, FILES * OF_A_FILE)


def test_tokens_decide(team: Team, cluster: Cluster) -> None:
    """A reader reads its own index alone, writes nowhere, and a wrong password reads nothing."""
    reader = cluster.add_user("reader", {"codanna-shop": ["read"]})
    other = cluster.add_user("other", {"codanna-mine": ["read"]})
    question = RemoteQuestion({"socket": 1.0}, model=team.model)
    asks = Team(cluster, "codanna-shop", reader)
    assert asks.ask(asks.source(), words={"socket": 1.0}).rows
    with pytest.raises(EngineError) as raised:
        asks.publish(Made.of("shop", 1, team.model), "shop", "ff")
    assert raised.value.trouble is Trouble.REFUSED
    for user in (other, "reader:wrong", "nobody:x"):
        refused = Team(cluster, "codanna-shop", user)
        with pytest.raises(RemoteFailure) as failure:
            refused.source().ask(question, time.monotonic() + 10)
        assert failure.value.code is Code.TEAM_REFUSED


@pytest.mark.parametrize("block", ["write", "read_only_allow_delete"])
def test_a_read_only_index_is_asked(team: Team, block: str) -> None:
    """Publishing ends with a sentence and has changed nothing; questions find what they found."""
    name, settings = "calm", f"/{team.engine.index}/_settings"
    team.publish(Made.of(name, 2, team.model), name, "01")
    before = team.ask(team.source(), words={"socket": 1.0}, repositories=(name,), limit=400)
    team.engine.call("PUT", settings, {"index.blocks": {block: True}})
    try:
        changed = Made.of(name, 2, team.model, {0: 1}, 5)
        with pytest.raises(EngineError, match="read-only") as raised:
            team.publish(changed, name, "02")
        assert raised.value.trouble is Trouble.BLOCKED
        during = team.ask(team.source(), words={"socket": 1.0}, repositories=(name,), limit=400)
    finally:
        team.engine.call("PUT", settings, {"index.blocks": {block: None}})
    assert before.rows
    assert during.rows == before.rows
    assert team.publish(changed, name, "02").sent_rows == 5
    remove(team.engine, f"{name}@main")


def test_a_snapshot_is_restored(team: Team, cluster: Cluster) -> None:
    """After the index was lost: answers are the same, and publishing sends nothing again."""
    name, files = "kept", 6
    folder = Made.of(name, files, team.model)
    kept = Team(cluster, "codanna-kept", "admin:admin")
    set_up(kept.engine, kept.model, shards=2, replicas=1)
    kept.publish(folder, name, "01")
    before = kept.ask(kept.source(), words={"socket": 1.0}, limit=400)
    snapshots, only = "/_snapshot/backup", {"indices": "codanna-kept", "include_global_state": False}
    cluster.ask("PUT", snapshots, {"type": "fs", "settings": {"location": "backup"}})
    cluster.ask("PUT", f"{snapshots}/codanna-1?wait_for_completion=true", only)
    kept.engine.call("DELETE", "/codanna-kept")
    with pytest.raises(RemoteFailure):
        kept.ask(kept.source(), words={"socket": 1.0})
    cluster.ask("POST", f"{snapshots}/codanna-1/_restore?wait_for_completion=true", only)
    after = kept.ask(kept.source(), words={"socket": 1.0}, limit=400)
    assert before.rows
    assert {(row.name, row.place) for row in after.rows} == {(row.name, row.place) for row in before.rows}
    assert kept.publish(folder, name, "01").unchanged
    kept.engine.call("DELETE", "/codanna-kept")


class Asking(threading.Thread):
    """Asks again and again until it is told to end."""

    def __init__(self, team: Team) -> None:
        super().__init__()
        self.ended = threading.Event()
        self.wrong: list[str] = []
        self.answered = 0
        self._team = team

    def run(self) -> None:
        """An answer may be late while nodes find out who is there; it is never wrong."""
        source = self._team.source(fresh_s=1000)
        while not self.ended.wait(0.05):
            try:
                answer = self._team.ask(source, words={"socket": 1.0}, limit=20)
                self.answered += bool(answer.rows)
                if not answer.rows and not answer.problems:
                    self.wrong.append("an answer without rows says nothing of it")
            except RemoteFailure as failure:
                if failure.code not in (Code.TEAM_LATE, Code.TEAM_UNREACHABLE):
                    self.wrong.append(str(failure))


def test_a_killed_node_ends_nothing(team: Team, cluster: Cluster) -> None:
    """While questions are asked and a repository is published."""
    team.publish(Made.of("shop", FILES, team.model), "shop", "aa")  # Unchanged, unless this test runs alone.
    for turn in range(NODE_KILLS):
        victim, batches = 1 + turn % 2, iter(range(1000))
        asking = Asking(team)
        asking.start()
        try:
            folder = Made.of(f"busy{turn}", 100, team.model)

            def kill(step: str, victim: int = victim, batches: Iterator[int] = batches) -> None:
                if step == "rows" and next(batches) == 1:
                    cluster.kill(victim)

            assert team.publish(folder, f"busy{turn}", "aa", kill).symbols == folder.symbols
        finally:
            asking.ended.set()
            asking.join()
        assert asking.wrong == []
        assert asking.answered
        assert counts(team.engine, f"busy{turn}@main") == (100, folder.symbols)
        assert counts(team.engine, "shop@main") == (FILES, FILES * OF_A_FILE)
        if turn + 1 < NODE_KILLS:
            cluster.restart(victim)
            cluster.recover()


@pytest.mark.skipif(NODE_KILLS < 2, reason="part of the long run: TEAM_NODE_KILLS=2 and more")
def test_nodes_are_restarted_in_turn(team: Team, cluster: Cluster) -> None:
    """As a rolling upgrade does, while questions are asked: no answer is wrong, and nothing is lost."""
    for node in cluster.nodes:
        if not node.runs:
            cluster.restart(cluster.nodes.index(node))
    cluster.recover()
    settings = "/_cluster/settings"
    for number in (1, 2):
        asking = Asking(team)
        asking.start()
        try:
            cluster.ask("PUT", settings, {"persistent": {_ALLOCATION: "primaries"}})
            cluster.ask("POST", "/_flush")
            cluster.end(number)
            cluster.restart(number)
            cluster.ask("PUT", settings, {"persistent": {_ALLOCATION: None}})
            cluster.recover()
        finally:
            asking.ended.set()
            asking.join()
        assert asking.wrong == []
        assert asking.answered
        assert counts(team.engine, "shop@main") == (FILES, FILES * OF_A_FILE)
