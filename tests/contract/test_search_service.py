"""What `SearchService` and `IndexService` promise, held by the engine and by the server tests' double."""

from __future__ import annotations

import inspect
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from codanna_core.cancel import Cancel
from codanna_core.engine import Engine
from codanna_core.errors import Cancelled, DimensionMismatch, FolderMissing, IndexMissing, InvalidQuery
from codanna_core.results import (
    Confidence,
    Edge,
    Filters,
    Form,
    Relation,
    RelationRequest,
    SearchRequest,
    State,
)
from codanna_core.search.service import IndexService
from codanna_core.testing.embedder import FakeEmbedder

sys.path.insert(0, str(Path(__file__).parents[1] / "server" / "support"))

from fake_engine import FakeEngine

Open = Callable[[Path, Mapping[str, Any]], IndexService]


def open_engine(root: Path, overrides: Mapping[str, Any]) -> IndexService:
    return Engine.open(root, root.parent / "index", overrides=overrides, embedder=FakeEmbedder())


SERVICES: dict[str, tuple[type, Open]] = {
    "engine": (Engine, open_engine),
    "double": (FakeEngine, FakeEngine.open),
}


@pytest.fixture(params=sorted(SERVICES))
def opener(request: pytest.FixtureRequest) -> Open:
    return SERVICES[request.param][1]


@pytest.fixture(params=sorted(SERVICES))
def kind(request: pytest.FixtureRequest) -> type:
    return SERVICES[request.param][0]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    (root / "pkg").mkdir(parents=True)
    (root / "alpha.py").write_text("def alpha_one(): return 1\n\n\ndef alpha_two(): return 2\n")
    (root / "pkg" / "beta.py").write_text("class Beta: size = 1\n")
    return root


@pytest.fixture
def empty(opener: Open, project: Path) -> Iterator[IndexService]:
    """Opened, and not yet brought up to date."""
    service = opener(project, {})
    yield service
    service.close()


@pytest.fixture
def service(empty: IndexService) -> IndexService:
    empty.sync()
    return empty


def promised() -> list[str]:
    return [
        name
        for one in IndexService.__mro__
        for name, member in vars(one).items()
        if not name.startswith("_") and inspect.isfunction(member)
    ]


@pytest.mark.parametrize("name", promised())
def test_every_method_takes_what_the_protocol_says(kind: type, name: str) -> None:
    """The same parameters with the same kinds and defaults; further ones have a default."""
    protocol = next(vars(one)[name] for one in IndexService.__mro__ if name in vars(one))
    wanted = inspect.signature(protocol).parameters
    there = inspect.signature(getattr(kind, name)).parameters
    for parameter in wanted.values():
        assert parameter.name in there, f"{name} takes no {parameter.name}"
        own = there[parameter.name]
        assert (own.kind, own.default) == (parameter.kind, parameter.default), parameter.name
    further = [own for own in there.values() if own.name not in wanted]
    assert all(own.default is not inspect.Parameter.empty for own in further)


def names(found: Sequence[object]) -> list[str]:
    return [getattr(hit, "name") for hit in found]  # noqa: B009 - hits of both kinds have one.


class TestOpening:
    def test_a_folder_that_is_not_there(self, opener: Open, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError):
            opener(tmp_path / "nowhere", {})

    def test_a_file_is_not_a_folder(self, opener: Open, project: Path) -> None:
        with pytest.raises(NotADirectoryError):
            opener(project / "alpha.py", {})

    def test_nothing_is_answered_before_the_first_sync(self, empty: IndexService) -> None:
        assert empty.status().state is State.EMPTY
        assert empty.status().generation == 0
        with pytest.raises(IndexMissing):
            empty.search("alpha")
        with pytest.raises(IndexMissing):
            empty.symbols("alpha")
        with pytest.raises(IndexMissing):
            empty.cluster_info()

    def test_closing_twice(self, service: IndexService) -> None:
        service.close()
        service.close()


class TestSearch:
    def test_finds_with_place_score_and_reasons(self, service: IndexService) -> None:
        result = service.search("alpha_one")
        hit = result.hits[0]
        assert (hit.name, hit.kind, hit.path, hit.language) == (
            "alpha_one",
            "function",
            "alpha.py",
            "python",
        )
        assert (hit.span.start.line, hit.selection.start.character) == (0, 4)
        assert hit.score > 0
        assert hit.reasons
        assert hit.signals == {}
        assert result.query == "alpha_one"
        assert result.indexed == 1.0
        assert result.generation == service.status().generation > 0

    def test_takes_a_request_or_words(self, service: IndexService) -> None:
        request = SearchRequest("alpha", limit=1)
        assert names(service.search(request).hits) == names(service.search("alpha", limit=1).hits)

    def test_best_first_within_the_limit(self, service: IndexService) -> None:
        scores = [hit.score for hit in service.search("alpha").hits]
        assert len(scores) > 1
        assert scores == sorted(scores, reverse=True)
        assert len(service.search("alpha", limit=1).hits) == 1

    def test_filters_and_explains(self, service: IndexService) -> None:
        hits = service.search("alpha Beta", filters=Filters(kinds=("class",)), explain=True).hits
        assert names(hits) == ["Beta"]
        assert hits[0].signals

    @pytest.mark.parametrize("query", ["", " "])
    def test_an_empty_question_has_no_hits(self, service: IndexService, query: str) -> None:
        assert service.search(query).hits == []

    def test_a_mode_that_does_not_exist_is_refused(self, service: IndexService) -> None:
        with pytest.raises(InvalidQuery):
            service.search("alpha", mode="psychic")

    def test_gives_up_when_cancelled(self, service: IndexService) -> None:
        cancel = Cancel()
        cancel.cancel()
        with pytest.raises(Cancelled):
            service.search("alpha", cancel=cancel)


class TestContext:
    def test_shows_the_code_of_what_was_found(self, service: IndexService) -> None:
        context = service.context("alpha_one", 200)
        assert "def alpha_one(): return 1" in context.text
        assert context.tokens <= context.budget == 200
        assert context.hits[0].hit.name == "alpha_one"
        assert context.hits[0].form is Form.WHOLE
        assert context.hits[0].handle.startswith("alpha.py#alpha_one~")
        assert context.result.generation == service.status().generation

    def test_nothing_found_has_no_text(self, service: IndexService) -> None:
        assert service.context("").text == ""

    @pytest.mark.parametrize("budget", [0, 49, 100_001])
    def test_a_budget_that_cannot_be_kept_is_refused(self, service: IndexService, budget: int) -> None:
        with pytest.raises(InvalidQuery):
            service.context("alpha_one", budget)


class TestVectors:
    def test_near_to_a_question(self, service: IndexService) -> None:
        hits = service.search_vector("alpha one", limit=1).hits
        assert names(hits) == ["alpha_one"]

    def test_another_dimension_is_refused(self, service: IndexService) -> None:
        with pytest.raises(DimensionMismatch):
            service.search_vector([1.0, 2.0, 3.0])

    def test_a_vector_of_the_right_dimension_finds(self, service: IndexService) -> None:
        assert service.search_vector([1.0] * service.status().dimension).hits

    def test_similar_leaves_out_what_was_asked_about(self, service: IndexService) -> None:
        found = names(service.similar("alpha.py", 0).hits)
        assert "alpha_two" in found
        assert "alpha_one" not in found
        assert len(service.similar("alpha.py", 0, limit=1).hits) == 1

    @pytest.mark.parametrize(("path", "line"), [("alpha.py", 99), ("gone.py", 0), ("../outside.py", 0)])
    def test_similar_to_nothing_is_refused(self, service: IndexService, path: str, line: int) -> None:
        with pytest.raises(InvalidQuery):
            service.similar(path, line)

    def test_numbers_of_the_vector_index(self, service: IndexService) -> None:
        assert service.cluster_info()["clusters"] == 0

    def test_the_map_has_every_definition_in_a_region(self, service: IndexService) -> None:
        found = service.cluster_map()
        assert found.symbols == sum(region.count for region in found.regions) > 2
        shown = [symbol.hit.name for region in found.regions for symbol in region.symbols]
        assert {"alpha_one", "alpha_two", "Beta"} <= set(shown)
        assert all(abs(region.x) <= 0.8 and abs(region.y) <= 0.5 for region in found.regions)
        few = service.cluster_map(limit=1)
        assert few.symbols == found.symbols
        assert sum(len(region.symbols) for region in few.regions) <= len(few.regions)


class TestSymbols:
    def test_by_name(self, service: IndexService) -> None:
        hit = service.symbols("alpha_t")[0]
        assert (hit.name, hit.path, hit.name_line, hit.name_col) == ("alpha_two", "alpha.py", 3, 4)
        assert hit.match

    def test_within_the_limit(self, service: IndexService) -> None:
        assert len(service.symbols("alpha")) == 2
        assert len(service.symbols("alpha", limit=1)) == 1

    def test_outline_of_a_file_and_of_a_text(self, service: IndexService) -> None:
        assert names(list(service.document_symbols("alpha.py").symbols)) == ["alpha_one", "alpha_two"]
        assert names(list(service.document_symbols("new.py", "def fresh(): pass\n").symbols)) == ["fresh"]


CALLS = {
    "one.py": "def first(): return 1\n\n\ndef second(): return first()\n",
    "two.py": "def lone(): return 2\n",
}


@pytest.fixture
def calling(service: IndexService, project: Path) -> IndexService:
    for name, text in CALLS.items():
        (project / name).write_text(text)
    service.update(list(CALLS))
    return service


class TestRelations:
    def test_callers_with_both_ends_the_place_and_the_reason(self, calling: IndexService) -> None:
        result = calling.relations(RelationRequest(Relation.CALLERS, "first"))
        assert [(one.name, one.path, one.selection.start.line) for one in result.targets] == [
            ("first", "one.py", 0)
        ]
        (edge,) = result.edges
        assert (edge.path, edge.span.start.line, edge.span.start.character) == ("one.py", 3, 21)
        assert edge.source is not None
        assert edge.target is not None
        assert (edge.source.name, edge.target.name, edge.role) == ("second", "first", "call")
        assert edge.confidence is Confidence.CERTAIN
        assert 0 < edge.probability <= 1
        assert edge.reason
        assert result.complete
        assert result.candidates == []
        assert result.generation == calling.status().generation

    def test_calls_are_the_same_edges_from_the_other_end(self, calling: IndexService) -> None:
        callers = calling.relations(RelationRequest(Relation.CALLERS, "first"))
        assert calling.relations(RelationRequest(Relation.CALLS, "second")).edges == callers.edges

    def test_what_is_at_a_place(self, calling: IndexService) -> None:
        request = RelationRequest(Relation.CALLERS, path="one.py", line=0, character=6)
        assert [one.name for one in calling.relations(request).targets] == ["first"]

    def test_definitions_alone_and_uses_in_one_file(self, calling: IndexService) -> None:
        (target,) = calling.relations(RelationRequest(Relation.REFERENCES, "first")).targets
        alone = calling.relations(RelationRequest(Relation.REFERENCES, "first", depth=0))
        assert (alone.targets, alone.edges) == ([target], [])
        here = calling.relations(RelationRequest(Relation.REFERENCES, "first", within="one.py"))
        assert {edge.path for edge in here.edges} == {"one.py"}
        nowhere = calling.relations(RelationRequest(Relation.REFERENCES, "first", within="gone.py"))
        assert nowhere.edges == []

    def test_namesakes_are_listed_and_not_mixed(self, calling: IndexService, project: Path) -> None:
        (project / "other.py").write_text("def first(): return 3\n")
        calling.update(["other.py"])
        result = calling.relations(RelationRequest(Relation.CALLERS, "first"))
        assert sorted(one.path for one in result.candidates) == ["one.py", "other.py"]
        assert (result.targets, result.edges) == ([], [])

    def test_a_name_that_is_nowhere(self, calling: IndexService) -> None:
        result = calling.relations(RelationRequest(Relation.CALLERS, "nowhere"))
        assert (result.targets, result.candidates, result.edges) == ([], [], [])

    def test_unsaved_texts_count(self, calling: IndexService) -> None:
        calling.set_overlay("two.py", "from one import first\n\n\ndef lone(): return first()\n")
        result = calling.relations(RelationRequest(Relation.CALLERS, "first"))
        assert [edge.source.name for edge in result.edges if edge.source] == ["second", "lone"]
        calling.set_overlay("one.py", "def first(): return 1\n")
        result = calling.relations(RelationRequest(Relation.CALLERS, "first"))
        assert [edge.path for edge in result.edges] == ["two.py"]

    def test_parts_are_the_answer(self, calling: IndexService) -> None:
        heard: list[Edge] = []
        result = calling.relations(RelationRequest(Relation.CALLERS, "first"), partial=heard.extend)
        assert heard == result.edges != []

    def test_gives_up_when_cancelled(self, calling: IndexService) -> None:
        cancel = Cancel()
        cancel.cancel()
        with pytest.raises(Cancelled):
            calling.relations(RelationRequest(Relation.CALLERS, "first"), cancel=cancel)

    def test_nothing_before_the_first_sync(self, empty: IndexService) -> None:
        with pytest.raises(IndexMissing):
            empty.relations(RelationRequest(Relation.CALLERS, "alpha_one"))


class TestStayingCurrent:
    def test_a_changed_a_new_and_a_deleted_file(self, service: IndexService, project: Path) -> None:
        before = service.status().generation
        (project / "alpha.py").write_text("def gamma_ray(): return 1\n")
        (project / "new.py").write_text("def delta_wave(): return 1\n")
        (project / "pkg" / "beta.py").unlink()
        service.update(["alpha.py", "new.py", "pkg"])
        assert names(service.symbols("gamma_ray")) == ["gamma_ray"]
        assert names(service.symbols("delta_wave")) == ["delta_wave"]
        assert "Beta" not in names(service.symbols("Beta"))
        assert service.status().generation > before

    def test_an_unsaved_text_stands_for_its_file(self, service: IndexService) -> None:
        service.set_overlay("alpha.py", "def unsaved_words(): return 1\n")
        assert names(service.symbols("unsaved_words")) == ["unsaved_words"]
        assert "alpha_one" not in names(service.symbols("alpha_one"))
        service.clear_overlay("alpha.py")
        assert "unsaved_words" not in names(service.symbols("unsaved_words"))
        assert names(service.symbols("alpha_one"))[0] == "alpha_one"

    def test_a_saved_file_shows_before_it_is_indexed(self, service: IndexService, project: Path) -> None:
        (project / "alpha.py").write_text("def saved_words(): return 1\n")
        service.saved("alpha.py")
        assert names(service.symbols("saved_words")) == ["saved_words"]
        service.update(["alpha.py"])
        assert names(service.symbols("saved_words")) == ["saved_words"]

    def test_one_process_writes(self, service: IndexService) -> None:
        assert service.writer
        assert service.status().writer
        assert not service.refresh()

    def test_a_folder_that_is_gone(self, service: IndexService, project: Path) -> None:
        project.rename(project.with_name("elsewhere"))
        with pytest.raises(FolderMissing):
            service.sync()
        with pytest.raises(FolderMissing):
            service.update(["alpha.py"])

    def test_building_again(self, service: IndexService) -> None:
        service.reindex()
        assert names(service.symbols("alpha_one"))[0] == "alpha_one"
        assert service.rebuild_clusters()

    def test_listeners_hear_of_changes_until_they_leave(self, service: IndexService, project: Path) -> None:
        heard = threading.Event()
        leave = service.subscribe(heard.set)
        (project / "new.py").write_text("def delta_wave(): return 1\n")
        service.update(["new.py"])
        assert heard.wait(10)
        leave()

    def test_settings_apply_without_a_restart(self, service: IndexService) -> None:
        assert service.apply_settings({"search": {"limit": 1}}) == ["search.limit"]
        assert service.settings.search.limit == 1
        assert len(service.search("alpha").hits) == 1
        assert service.apply_settings({"search": {"limit": 1}}) == []
