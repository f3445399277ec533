"""An answer says when there is none: the notice, the end of a page, quoted phrases and filters."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from codanna_core import Engine
from codanna_core.ranking.confidence import BELOW_BEST, Evidence, matches_well, relevant
from codanna_core.ranking.query import understand
from codanna_core.ranking.signals import Symbols, of_definitions
from codanna_core.results import Filters, Mode, SearchResult
from codanna_core.search.candidates import find_candidates
from codanna_core.text.documents import KINDS

PROJECTS = Path(__file__).parent / "projects"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """The engine over a small project."""
    with Engine.open(PROJECTS / "shop", tmp_path_factory.mktemp("index")) as engine:
        engine.sync()
        yield engine


def codes(result: SearchResult) -> list[str]:
    """Codes of the problems of an answer."""
    return [problem.code.value for problem in result.problems]


@pytest.mark.parametrize("mode", ["hybrid", "semantic", "text"])
@pytest.mark.parametrize(
    "query", ["qwzx plomtrk vbnmgh", "chocolate cake with strawberries", "zebra crossing"]
)
def test_nonsense_is_called_so(shop: Engine, query: str, mode: str) -> None:
    """Random letters and questions about another world get the notice, and no page of confident hits."""
    result = shop.search(query, mode=mode)
    assert codes(result) == ["no-good-match"]
    assert len(result.hits) < 4
    assert all(hit.score < 0.5 for hit in result.hits)


def test_every_golden_question_is_answered_without_the_notice(tmp_path: Path) -> None:
    """The forty questions on record all have answers."""
    noticed = []
    for project in ("shop", "relay"):
        with Engine.open(PROJECTS / project, tmp_path / project) as engine:
            engine.sync()
            for line in (Path(__file__).parent / "queries.txt").read_text().splitlines():
                of, _, rest = line.partition(" | ")
                if of == project and codes(engine.search(rest.rpartition(" | ")[0])):
                    noticed.append(rest)
    assert noticed == []


def of_kinds(*kinds: str) -> Symbols:
    """Candidates of these kinds."""
    nothing = np.zeros(len(kinds))
    return Symbols(
        nothing.astype(np.int64),
        nothing,
        nothing,
        nothing > 0,
        np.array([KINDS.index(kind) for kind in kinds], np.int64),
        nothing.astype(np.int64),
        nothing.astype(np.uint64),
    )


def test_definitions_say_how_well_anything_matches() -> None:
    """One of many fields or lines is near to anything; where there is nothing else, they say it."""
    assert of_definitions(of_kinds("field", "function", "text")).tolist() == [False, True, False]
    assert of_definitions(of_kinds("heading", "text", "constant")).all()
    assert not len(of_definitions(of_kinds()))


@pytest.mark.parametrize("mode", ["hybrid", "text"])
def test_a_field_alone_speaks_for_no_answer(shop: Engine, mode: str) -> None:
    """What speaks for an answer is that of the best definition."""
    view = shop._view(meaning=mode == "hybrid")
    found = find_candidates(
        view, understand("charge a card in the default currency", Filters()), Mode(mode), None
    )
    evidence = found.evidence(view)
    defines = of_definitions(found.symbols)
    assert not defines.all()
    assert (evidence.nearest, evidence.text) == (
        found.meaning[defines].max(initial=0.0),
        found.text[defines].max(initial=0.0),
    )


def test_a_page_ends_where_relevance_ends(shop: Engine) -> None:
    """What is far behind the best hit is not shown, however many were asked for."""
    result = shop.search("find account by mail", limit=50)
    assert [hit.name for hit in result.hits] == ["find_user_by_email", "User"]


def test_the_end_of_a_page() -> None:
    """So far behind the best, and under the least sum where nothing matches well."""
    sums = np.array([9.0, 9.0 - BELOW_BEST, 8.9 - BELOW_BEST])
    silent, near = np.zeros(3), np.full(3, 0.5)
    assert relevant(sums, silent, near, None).tolist() == [True, True, False]
    lowest = np.array([5.0, 4.0, 3.9])
    assert relevant(lowest, silent, near, 4.0).tolist() == [True, True, False]
    assert not len(relevant(np.array([]), np.array([]), np.array([]), None))


def test_words_that_no_vector_speaks_for_stay_on_the_page() -> None:
    """The best of all words is always shown, and where there is no vector, whatever comes near to it."""
    sums = np.array([20.0, 2.0, 1.0, 0.0])
    text, near = np.array([0.0, 8.0, 4.0, 4.0]), np.array([0.6, 0.1, 0.1, 0.0])
    assert relevant(sums, text, near, None).tolist() == [True, True, False, True]
    assert relevant(sums, text, near, 4.0).tolist() == [True, False, False, False]


def test_a_model_that_is_not_bundled_is_judged_by_words() -> None:
    """Its cosines mean other things: alone they say nothing, and words are judged beside them."""
    far = Evidence(0.05, 0.0, 0.0, 3, 1000)
    assert matches_well(far, "semantic", bundled=False)
    assert not matches_well(far, "hybrid", bundled=False)
    assert not matches_well(far, "semantic", bundled=True)


@pytest.fixture
def long_body(tmp_path: Path) -> Iterator[Engine]:
    """The engine over a project with phrases in places whose words the index does not know."""
    project = tmp_path / "project"
    (project / "src").mkdir(parents=True)
    filler = "".join(f"    value_{number} = compute_{number}(value_{number})\n" for number in range(200))
    (project / "src" / "long.py").write_text(
        f"def short():\n    return 1\n\n\ndef long():\n{filler}    raise Broken('flux capacitor drained')\n"
    )
    (project / "src" / "documented.py").write_text(
        "import os\n\n\nclass Meter:\n    # Ohm's Law decides here.\n    def read(self):\n        return os\n"
    )
    (project / "src" / "loose.py").write_text(
        "def one():\n    return 1\n\n\n# the vorpal blade\n\n\ndef two():\n    return 2\n"
    )
    (project / "src" / "other.js").write_text(
        "export function other() {\n  return 'flux capacitor full'\n}\n"
    )
    with Engine.open(project, tmp_path / "index") as engine:
        engine.sync()
        yield engine


def found(engine: Engine, query: str) -> list[tuple[str, str]]:
    """Files and names of the hits."""
    return [(hit.path.removeprefix("src/"), hit.name) for hit in engine.search(query).hits]


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ('"capacitor drained"', [("long.py", "long")]),
        ('"PACITOR Drain"', [("long.py", "long")]),
        ('"flux capacitor" lang:js', [("other.js", "other")]),
        ('"flux capacitor" path:src/long.py', [("long.py", "long")]),
        ('"Ohm\'s Law"', [("documented.py", "read")]),
        ('"vorpal blade"', [("loose.py", "")]),
        ('"flux capacitor" kind:class', []),
    ],
)
def test_a_phrase_is_looked_for_in_all_files(
    long_body: Engine, query: str, wanted: list[tuple[str, str]]
) -> None:
    """At the end of a long body, inside a word, in another case, in a comment, outside of every symbol."""
    assert [hit for hit in found(long_body, query) if hit in wanted] == wanted
    if wanted:
        assert found(long_body, query) == wanted
        assert "no-exact-match" not in codes(long_body.search(query))


def test_a_phrase_of_an_unsaved_text_is_found(long_body: Engine) -> None:
    """The text as it is typed counts, and the one on disk does not."""
    long_body.set_overlay("src/other.js", "export function other() {\n  return 'warp core'\n}\n")
    assert found(long_body, '"warp core"') == [("other.js", "other")]
    assert found(long_body, '"flux capacitor"') == [("long.py", "long")]


def test_a_phrase_that_is_nowhere_is_reported(long_body: Engine) -> None:
    """The answer then comes from the words."""
    result = long_body.search('"capacitor overflows"')
    assert "no-exact-match" in codes(result)


@pytest.mark.parametrize(
    ("query", "blamed"),
    [
        ("path:nowhere/ cart", "`path:nowhere/`"),
        ("lang:go cart", "`lang:go`"),
        ("kind:trait cart", "`kind:trait`"),
        ("in:Zeppelin cart", "`in:Zeppelin`"),
        ("kind:class path:tests/ cart", "without `kind:class`"),
    ],
)
def test_the_filter_that_excludes_everything_is_named(shop: Engine, query: str, blamed: str) -> None:
    """One filter alone, or two that nothing passes together."""
    result = shop.search(query)
    assert not result.hits
    assert codes(result) == ["filtered-out"]
    assert blamed in result.problems[0].message


def test_filters_that_let_something_through_are_not_blamed(shop: Engine) -> None:
    """Where a file passes, the question is to blame."""
    assert codes(shop.search("path:shop/ qwzx plomtrk")) == ["no-good-match"]
