"""Candidates of a team are ranked with those of the folder, as one index of both would rank them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from folder_source import FixedSource, FolderSource

from codanna_core import Engine
from codanna_core.problems import Code
from codanna_core.results import (
    Filters,
    Hit,
    Mode,
    Relation,
    RelationRequest,
    SearchRequest,
    SearchResult,
)
from codanna_team import asking
from codanna_team.remote import RemoteFailure, RemoteSource

QUERIES = (Path(__file__).parents[1] / "ranking" / "queries.txt").read_text()
URL = "https://search.example.com"
OVERRIDES = {
    "team": {
        "url": URL,
        "deadline_ms": 10_000,
        "link": "https://git.example.com/{repository}/blob/{revision}/{path}#L{line}",
    }
}


def questions() -> list[str]:
    lines = [line for line in QUERIES.splitlines() if line.startswith(("shop |", "relay |"))]
    assert len(lines) >= 40
    return [line.partition(" | ")[2].rpartition(" | ")[0] for line in lines]


def ask(engine: Engine, query: str, **options: object) -> SearchResult:
    limit = options.pop("limit", 10)
    mode, filters = options.pop("mode", Mode.HYBRID), options.pop("filters", Filters())
    assert isinstance(limit, int)
    assert isinstance(mode, Mode)
    assert isinstance(filters, Filters)
    assert not options
    return engine.search(SearchRequest(query, limit, mode, filters, team=True))


def place(hit: Hit) -> tuple[str, str, int]:
    return hit.path, hit.name, hit.selection.start.line


def use(monkeypatch: pytest.MonkeyPatch, source: RemoteSource) -> None:
    """Let engines that are opened from now on ask this source."""
    monkeypatch.setattr(asking, "_open_source", lambda url, token: source)
    monkeypatch.setattr(asking, "token_for", lambda url: None)


@pytest.fixture
def source(relay: Engine) -> FolderSource:
    return FolderSource(relay)


@pytest.fixture
def shop(folders: Path, monkeypatch: pytest.MonkeyPatch, source: FolderSource) -> Iterator[Engine]:
    """The project in the folder, with the other one behind the team's address."""
    use(monkeypatch, source)
    with Engine.open(folders / "here", folders / "here-index", overrides=OVERRIDES) as engine:
        engine.sync()
        yield engine


@pytest.mark.parametrize("mode", list(Mode))
def test_as_one_index_would(shop: Engine, whole: Engine, mode: Mode) -> None:
    """Each of forty questions has the same five hits in the same order, with the same scores, as from one
    index that has both projects.
    """
    for query in questions():
        request = SearchRequest(query, 5, mode)
        expected = whole.search(request).hits
        found = ask(shop, query, limit=5, mode=mode).hits
        assert [place(hit) for hit in found] == [place(hit) for hit in expected], query
        # One of the two indexes more counts its own bookkeeping as a document.
        close = pytest.approx([hit.score for hit in expected], abs=0.002)
        assert [hit.score for hit in found] == close, query


def test_without_a_team_nothing_changes(shop: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine that is gone, that refuses or has nothing leaves hits and scores as they are without it."""
    expected = {query: shop.search(query).hits for query in questions()[::4]}
    gone = RemoteFailure(Code.TEAM_UNREACHABLE, "gone")
    refused = RemoteFailure(Code.TEAM_REFUSED, "refused")
    for failure in (gone, refused, RuntimeError("a defect")):
        use(monkeypatch, FixedSource(failure))
        shop.apply_settings({"team": {**OVERRIDES["team"], "url": f"{URL}/{failure}".replace(" ", "")}})
        for query in expected:
            found = ask(shop, query)
            assert found.hits == expected[query]
            assert [problem.code for problem in found.problems if problem.code.startswith("team-")] == [
                Code.TEAM_REFUSED if failure is refused else Code.TEAM_UNREACHABLE
            ]


def test_hits_of_the_team_are_marked(shop: Engine, folders: Path) -> None:
    """A hit from elsewhere has an origin with a link by the user's template, and the lines that came with it;
    those of the folder have none.
    """
    hits = ask(shop, questions()[-1]).hits
    far = [hit for hit in hits if hit.origin is not None]
    assert far
    for hit in far:
        assert hit.origin is not None
        assert hit.origin.repository == "team/there"
        assert hit.origin.url.startswith(f"https://git.example.com/team/there/blob/{hit.origin.revision}/")
        assert hit.origin.url.endswith(f"/{hit.path}#L{hit.selection.start.line + 1}")
        assert (folders / "there" / hit.path).exists()
        assert [line.text for line in hit.snippet] == [hit.signature]


def test_only_who_asks_gets_them(shop: Engine, source: FolderSource) -> None:
    """A request that does not ask for the team's code asks no engine."""
    assert all(hit.origin is None for hit in shop.search(questions()[-1]).hits)
    assert source.questions == []


def test_a_context_names_the_repository(shop: Engine) -> None:
    """For agents a hit of the team is a line with its repository and its signature, and no code of a file
    here that has the same path.
    """
    context = shop.context(questions()[-1])
    (far,) = [shown for shown in context.hits if shown.hit.origin is not None][:1]
    line = next(line for line in context.text.splitlines() if "team/there@main" in line)
    assert far.hit.path in line
    assert far.hit.signature in line
    assert (far.handle, far.lines) == ("", ())


def test_a_repository_filter(shop: Engine) -> None:
    """`repo:` narrows to a repository of the team, or to the folder if that is what it is called."""
    there = ask(shop, f"repo:team/there {questions()[-1]}").hits
    assert there
    assert all(hit.origin is not None and hit.origin.repository == "team/there" for hit in there)
    here = ask(shop, f"repo:here {questions()[0]}").hits
    assert here
    assert all(hit.origin is None for hit in here)
    none = ask(shop, f"repo:team/other {questions()[0]}")
    assert none.hits == []


def test_a_repository_filter_without_a_team(folders: Path, shop: Engine) -> None:
    """Where no team is asked, another repository has no answer, and the reason is said."""
    with Engine.open(folders / "here", folders / "here-index") as engine:
        assert engine.search(f"repo:here {questions()[0]}").hits
        found = engine.search(f"repo:team/other {questions()[0]}")
        assert found.hits == []
        assert [problem.code for problem in found.problems] == [Code.FILTERED_OUT]


def test_what_is_checked_out_is_left_out(
    shop: Engine, folders: Path, source: FolderSource, tmp_path: Path
) -> None:
    """A repository that another open folder has is not asked for, by whatever name its remote gives it."""
    folder = tmp_path / "copy"
    shutil.copytree(folders / "there", folder)
    (folder / ".git").mkdir()
    (folder / ".git" / "config").write_text(
        '[core]\n\tbare = false\n[remote "origin"]\n\turl = git@git.example.com:team/there.git\n'
    )
    query = questions()[-1]
    assert any(hit.origin for hit in ask(shop, query).hits)
    with Engine.open(folder, tmp_path / "copy-index", overrides=OVERRIDES) as copy:
        copy.sync()
        assert all(hit.origin is None for hit in ask(copy, query).hits)
        assert "team/there" in source.questions[-1].left_out
        assert all(hit.origin is None for hit in ask(shop, query).hits)
    assert any(hit.origin for hit in ask(shop, query).hits)


def test_symbols_by_name(shop: Engine, source: FolderSource) -> None:
    """Names of both are ranked together; those of the team have their origin. Two letters are not sent."""
    hits = shop.symbols("MessageRouter", team=True)
    assert (hits[0].name, hits[0].match) == ("MessageRouter", "exact")
    assert hits[0].origin is not None
    assert hits[0].origin.url.startswith("https://git.example.com/team/there/")
    near = shop.symbols("cart", team=True)
    assert any(hit.origin is None for hit in near)
    assert all(hit.origin is None for hit in shop.symbols("MessageRouter"))
    asked = len(source.questions)
    shop.symbols("Me", team=True)
    assert len(source.questions) == asked


def test_similar_code(shop: Engine, folders: Path) -> None:
    """The nearest of both, without the lines that were asked about; a phrase is looked up in files alone."""
    path = "shop/shop/payment.py"
    line = next(
        number
        for number, text in enumerate((folders / "here" / path).read_text().splitlines())
        if "def retry_with_backoff" in text
    )
    found = shop.similar(path, line, limit=20, team=True)
    assert found.problems == []
    assert any(hit.origin is not None for hit in found.hits)
    assert all(hit.name != "retry_with_backoff" for hit in found.hits if hit.origin is None)
    quoted = shop.similar(path, line, filters=Filters(phrases=("def",)), team=True)
    assert all(hit.origin is None for hit in quoted.hits)
    only = shop.similar(path, line, filters=Filters(repositories=("team/there",)), team=True).hits
    assert only
    assert all(hit.origin is not None for hit in only)
    assert all(hit.origin is None for hit in shop.similar(path, line, limit=20).hits)


def test_uses_elsewhere(shop: Engine, source: FolderSource) -> None:
    """References by identifier, apart from the edges of the folder; nobody else asks for them."""
    request = RelationRequest(Relation.REFERENCES, "Whatever.MessageRouter", team=True)
    found = shop.relations(request)
    assert source.questions[-1].identifier == "MessageRouter"
    assert found.edges == []
    assert all(hit.origin is not None for hit in found.elsewhere)
    assert found.elsewhere
    asked = len(source.questions)
    assert shop.relations(RelationRequest(Relation.REFERENCES, "MessageRouter")).elsewhere == []
    assert len(source.questions) == asked
