"""What an answer says when a question cannot be taken literally."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from codanna_core import Engine

PROJECT = Path(__file__).parent / "projects" / "shop"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """The engine over a small project."""
    with Engine.open(PROJECT, tmp_path_factory.mktemp("index")) as engine:
        engine.sync()
        yield engine


def codes(engine: Engine, query: str) -> list[str]:
    """Codes of the problems of an answer."""
    return [problem.code for problem in engine.search(query).problems]


def test_a_quoted_phrase_filters(shop: Engine) -> None:
    """What is quoted is in every hit when something holds it."""
    result = shop.search('"charge_card" payment')
    assert result.hits
    assert not result.problems
    for hit in result.hits:
        lines = (PROJECT / hit.path).read_text().splitlines()[hit.span.start.line : hit.span.end.line + 1]
        assert "charge_card" in "\n".join([hit.doc, *lines])


def test_a_pasted_message_with_quotes_still_finds(shop: Engine) -> None:
    """Where nothing holds the quoted words the answer comes without them and says so."""
    query = 'CheckoutError: cannot place order "4711" of "alice@example.org"'
    result = shop.search(query)
    assert result.hits[0].name in ("CheckoutError", "place_order")
    assert [problem.code for problem in result.problems] == ["no-exact-match"]


def test_a_word_with_a_slip_is_searched_for_as_the_nearest_known_one(shop: Engine) -> None:
    """`chekcout` occurs nowhere; `checkout` is searched for as well, and the answer says so."""
    result = shop.search("chekcout failed")
    assert result.hits[0].path.endswith("checkout.py")
    assert [problem.code for problem in result.problems] == ["spelling"]
    assert "`checkout`" in result.problems[0].message


@pytest.mark.parametrize("query", ["checkout failed", "zebra crossing", "chekCout", "luhnn"])
def test_what_is_known_far_from_all_or_split_or_near_a_rare_word_stays(shop: Engine, query: str) -> None:
    """Only a plain word that occurs nowhere and is one slip from a frequent one is repaired."""
    assert "spelling" not in codes(shop, query)


def test_a_language_may_be_named_by_its_suffix(shop: Engine) -> None:
    """`lang:py` means Python."""
    assert shop.search("lang:py cart").hits
    assert codes(shop, "lang:py cart") == []


def test_an_unknown_language_is_told(shop: Engine) -> None:
    """Nothing is found in a language that does not exist; the answer names the nearest."""
    result = shop.search("lang:pythn cart")
    assert not result.hits
    assert [problem.code for problem in result.problems] == ["unknown-language"]
    assert "`python`" in result.problems[0].message


@pytest.fixture
def named_twice(tmp_path: Path) -> Iterator[Engine]:
    """The engine over a project whose tests define names that its code is about."""
    project = tmp_path / "project"
    (project / "src").mkdir(parents=True)
    (project / "tests").mkdir()
    (project / "src" / "views.py").write_text(
        "class Views:\n    def render_view(self):\n        return 'view'\n"
    )
    (project / "tests" / "test_it.py").write_text("def view():\n    pass\n\n\ndef make_view():\n    pass\n")
    with Engine.open(project, tmp_path / "index") as engine:
        engine.sync()
        yield engine


@pytest.mark.parametrize(("query", "first"), [("view", "src/views.py"), ("make_view", "tests/test_it.py")])
def test_a_plain_word_in_a_test_does_not_come_first_for_its_name(
    named_twice: Engine, query: str, first: str
) -> None:
    """One word is what many things are called; a name of several words is meant exactly, wherever it is."""
    assert named_twice.search(query).hits[0].path == first
