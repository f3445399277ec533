"""Branches come and go: life times, force-pushes, renames, forks and deletions, on a real cluster."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from made import OF_A_FILE, Made

from codanna_core.config import Settings
from codanna_core.embed.builtin import BUILTIN_FOLDER
from codanna_core.embed.static_model import StaticEmbedder
from codanna_team.codebook import Codebook
from codanna_team.engine import OpenSearch
from codanna_team.http import Client, Endpoint
from codanna_team.publish import Publisher, Report, Target
from codanna_team.reading import Folder
from codanna_team.remote import RemoteQuestion, RemoteRow
from codanna_team.source import TeamSource
from codanna_team.upkeep import published, remove, set_up, sweep

if TYPE_CHECKING:
    from cluster import Cluster

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

DAY_MS = 86_400_000


class Index:
    """What these tests publish to and ask."""

    def __init__(self, cluster: Cluster) -> None:
        url = f"{cluster.nodes[0].url}/codanna-branches"
        self.engine = OpenSearch(Client(Endpoint.parse(url), lambda: "admin:admin", cluster.ca))
        self.model = StaticEmbedder(BUILTIN_FOLDER).model_id
        set_up(self.engine, self.model)

    def made(self, files: int, version: int = 0) -> Made:
        """Files of fifty functions; another version has other ones."""
        versions = dict.fromkeys(range(files), version) if version else {}
        return Made.of("same", files, self.model, versions, OF_A_FILE)

    def publish(self, folder: Made, repository: str, branch: str = "main", **more: Any) -> Report:
        """Bring the engine to a folder."""
        target = Target(repository, branch, more.pop("revision", "aa"), **more)
        return Publisher(self.engine, target, Codebook.shipped(self.model)).publish(folder)

    def rows(self, folder: Made, *repositories: str, path: str = "part1/file1.py") -> list[RemoteRow]:
        """What a question for a name of a folder finds."""
        name = folder._file(path).rows[3].name
        question = replace(RemoteQuestion(names=(name,)), repositories=repositories)
        return list(TeamSource(self.engine, fresh_s=0.0).ask(question, time.monotonic() + 30).rows)

    def branches(self, repository: str) -> list[str]:
        """Those that are published."""
        return [one.branch for one in published(self.engine) if one.repository == repository]

    def aged(self, key: str, days: float) -> None:
        """Let a branch have been published so long ago, by the clock of the engine."""
        manifest = self.engine.get(key)
        assert manifest is not None
        at = int(manifest.fields["published_at"]) - int(days * DAY_MS)
        self.engine.put(key, {**manifest.fields, "published_at": at}, manifest.version)


@pytest.fixture(scope="module")
def index(cluster: Cluster) -> Index:
    return Index(cluster)


def test_a_life_time_ends_by_the_clock_of_the_engine(index: Index) -> None:
    """A branch for seven days is there after six and gone after eight; its rows go, others stay."""
    main, side = index.made(2), index.made(2, 5)
    index.publish(main, "life/app")
    index.publish(side, "life/app", "next", default=False, days=7)
    index.aged("life/app@next", 6)
    sweep(index.engine)
    assert index.branches("life/app") == ["main", "next"]
    assert index.rows(side, "life/app@next")
    index.aged("life/app@next", 2)
    assert sweep(index.engine) == 2 * (OF_A_FILE + 1)
    assert index.branches("life/app") == ["main"]
    assert index.rows(side, "life/app@next") == []
    assert index.rows(main, "life/app")


def test_publishing_again_begins_a_new_life_time(index: Index) -> None:
    """And so does another revision of the same content."""
    side = index.made(1, 5)
    index.publish(side, "again/app", "next", default=False, days=7)
    index.aged("again/app@next", 8)
    index.publish(side, "again/app", "next", default=False, days=7, revision="bb")
    sweep(index.engine)
    assert index.branches("again/app") == ["next"]


def test_other_branches_are_found_on_request(index: Index) -> None:
    """Not in a question about everything nor about the repository, but in one about the branch."""
    main, side = index.made(2), index.made(2, 6)
    index.publish(main, "side/app")
    index.publish(side, "side/app", "topic/x", default=False)
    assert index.rows(side) == []
    assert index.rows(side, "side/app") == []
    assert {row.branch for row in index.rows(side, "side/app@topic/x")} == {"topic/x"}
    assert index.rows(main, "side/app@topic/x") == []


def test_a_force_push_is_a_change(index: Index) -> None:
    """A revision that does not follow from the last one takes its place, and going back does again."""
    first, second = index.made(2, 1), index.made(2, 2)
    index.publish(first, "force/app", revision="aa")
    index.publish(second, "force/app", revision="bb")
    assert index.rows(first, "force/app") == []
    assert {row.revision for row in index.rows(second, "force/app")} == {"bb"}
    report = index.publish(first, "force/app", revision="aa")
    assert (report.symbols, report.removed) == (2 * OF_A_FILE, 2 * OF_A_FILE)
    assert {row.revision for row in index.rows(first, "force/app")} == {"aa"}
    assert index.rows(second, "force/app") == []


def test_a_renamed_file_is_found_where_it_is(index: Index, tmp_path: Path) -> None:
    """Its rows have the new path alone, and those of the file beside it do not travel again."""
    (tmp_path / "old.py").write_text("def moving_along():\n    pass\n")
    (tmp_path / "kept.py").write_text("def staying_here():\n    pass\n")
    question = RemoteQuestion(names=("moving_along", "staying_here"), repositories=("moved/app",))

    def published_paths(revision: str) -> tuple[int, set[str]]:
        folder = Folder.read(tmp_path, Settings(), index.model)
        target = Target("moved/app", "main", revision)
        report = Publisher(index.engine, target, Codebook.shipped(index.model)).publish(folder)
        answer = TeamSource(index.engine, fresh_s=0.0).ask(question, time.monotonic() + 30)
        return report.sent_rows, {row.path for row in answer.rows}

    assert published_paths("aa")[1] == {"old.py", "kept.py"}
    (tmp_path / "old.py").rename(tmp_path / "new.py")
    assert published_paths("bb") == (1, {"new.py", "kept.py"})


def test_a_renamed_repository(index: Index) -> None:
    """It is published under its new name and removed under the old one; nothing of the old name stays."""
    folder = index.made(2)
    index.publish(folder, "old/name")
    index.publish(folder, "new/name")
    assert remove(index.engine, "old/name@main") == 2 * (OF_A_FILE + 1)
    assert index.branches("old/name") == []
    assert index.rows(folder, "old/name") == []
    assert {row.repository for row in index.rows(folder, "new/name")} == {"new/name"}


def test_a_fork_is_a_repository_of_its_own(index: Index) -> None:
    """The same rows are there under both names; a change or the end of one leaves the other."""
    folder, changed = index.made(2), index.made(2, 4)
    index.publish(folder, "team/forked")
    index.publish(folder, "me/forked")
    both = index.rows(folder, "team/forked", "me/forked")
    assert {row.repository for row in both} == {"team/forked", "me/forked"}
    index.publish(changed, "me/forked", revision="bb")
    assert {row.repository for row in index.rows(folder, "team/forked", "me/forked")} == {"team/forked"}
    remove(index.engine, "team/forked@main")
    assert index.rows(folder, "team/forked", "me/forked") == []
    assert {row.repository for row in index.rows(changed, "team/forked", "me/forked")} == {"me/forked"}


def test_a_deleted_file_and_an_empty_repository(index: Index) -> None:
    """What is gone is in no answer; without files a repository has no rows, until it has files again."""
    folder = index.made(2)
    index.publish(folder, "empty/app")
    less = index.made(2)
    del less.digests["part1/file1.py"]
    report = index.publish(less, "empty/app", revision="bb")
    assert (report.removed, report.sent_rows) == (OF_A_FILE, 0)
    assert index.rows(folder, "empty/app") == []
    assert index.rows(folder, "empty/app", path="part0/file0.py")
    index.publish(index.made(0), "empty/app", revision="cc")
    assert index.rows(folder, "empty/app", path="part0/file0.py") == []
    index.publish(folder, "empty/app", revision="dd")
    assert len(index.rows(folder, "empty/app")) == 1
