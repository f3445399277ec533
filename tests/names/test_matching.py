"""Which names a query finds, and in which order."""

from __future__ import annotations

import random

import pytest

from codanna_core.names import NameIndex, NameQuery, parse_query
from codanna_core.names.score import Query, score
from codanna_core.names.words import words

WORDS = """
getUserName get_user_name GetUserNameFromDb getUserById username userName setUserName UserName gunzip
HTTPServer http_server parseHTTPRequest XMLHttpRequest sha256sum utf8Decode _private __init__ __repr__
kmalloc kmalloc_array vmalloc kfree spin_lock spin_unlock mutex_lock mutex_unlock
operator+ operator== + <=> größe Größe_rechnen имя_файла 文件名 読み込み a A x1
"""
NAMES = WORDS.split()


@pytest.fixture(scope="module")
def index() -> NameIndex:
    return NameIndex.build(NAMES)


def first(index: NameIndex, query: str) -> tuple[str, str]:
    best = index.search(query)[0]
    return best.name, best.kind.value


@pytest.mark.parametrize(
    ("query", "name", "kind"),
    [
        ("getUserName", "getUserName", "exact"),
        ("get_user_name", "get_user_name", "exact"),
        ("GETUSERNAME", "getUserName", "exact"),
        ("userName", "userName", "exact"),
        ("username", "username", "exact"),
        ("kmall", "kmalloc", "prefix"),
        ("getUserN", "getUserName", "prefix"),
        ("get_user_n", "get_user_name", "prefix"),
        ("gUN", "getUserName", "humps"),
        ("g_u_n", "get_user_name", "humps"),
        ("gUNFD", "GetUserNameFromDb", "humps"),
        ("getUsNa", "getUserName", "humps"),
        ("HS", "HTTPServer", "humps"),
        ("hs", "HTTPServer", "humps"),
        ("pHR", "parseHTTPRequest", "humps"),
        ("request", "XMLHttpRequest", "word"),
        ("array", "kmalloc_array", "word"),
        ("256", "sha256sum", "word"),
        ("decode", "utf8Decode", "word"),
        ("tpserv", "HTTPServer", "substring"),
        ("kmlc", "kmalloc", "subsequence"),
        ("kmallco", "kmalloc", "typo"),
        ("mutexunlcok", "mutex_unlock", "typo"),
        ("spim_lock", "spin_lock", "typo"),
        ("xmutex_unlock", "mutex_unlock", "typo"),
        ("htpserver", "HTTPServer", "typo"),
        ("operator+", "operator+", "exact"),
        ("+", "+", "exact"),
        ("<=>", "<=>", "exact"),
        ("__init__", "__init__", "exact"),
        ("init", "__init__", "exact"),
        ("größe", "größe", "exact"),
        ("grö", "größe", "prefix"),
        ("rechnen", "Größe_rechnen", "word"),
        ("файла", "имя_файла", "word"),
        ("文件", "文件名", "prefix"),
        ("a", "a", "exact"),
        ("x1", "x1", "exact"),
    ],
)
def test_best_name(index: NameIndex, query: str, name: str, kind: str) -> None:
    """Each way to ask for a name puts it first and says how it matched."""
    assert first(index, query) == (name, kind)


def test_order_of_kinds() -> None:
    """Exact, then prefix, humps, word, substring and subsequence."""
    names = ["gun", "gunzip", "getUserName", "my_gun", "begun", "grabundone"]
    found = NameIndex.build(names).search("gun")
    assert [match.name for match in found] == names
    kinds = [match.kind.value for match in found]
    assert kinds == ["exact", "prefix", "humps", "word", "substring", "subsequence"]
    scores = [match.score for match in found]
    assert scores == sorted(scores, reverse=True)
    assert all(0 < value <= 1 for value in scores)


def test_case_decides_between_spellings(index: NameIndex) -> None:
    """Among names that differ in case alone, the one typed comes first."""
    found = [match.name for match in index.search("UserName")]
    assert found[0] == "UserName"
    assert {"userName", "username"} <= set(found[:3])


def test_shorter_names_first() -> None:
    """Of names that fit equally well, the one with less besides the query comes first."""
    found = NameIndex.build(["lock_class_key", "lock_it", "lock_a_very_long_tail"]).search("lock")
    assert [match.name for match in found] == ["lock_it", "lock_class_key", "lock_a_very_long_tail"]


@pytest.mark.parametrize("query", ["", "   ", "zzzzqqqq", "*", "\0", "a" * 10_000, "\ud800", "..", "((("])
def test_queries_that_find_nothing(index: NameIndex, query: str) -> None:
    """A query that fits nothing, or is no text at all, gives an empty list."""
    assert index.search(query) == []


def test_limit(index: NameIndex) -> None:
    """No more than asked for; the best ones are those that stay."""
    everything = index.search("e")
    assert [match.name for match in index.search("e", 3)] == [match.name for match in everything[:3]]
    assert index.search("e", 0) == []


def test_odd_names() -> None:
    """Names of any characters and lengths can be indexed and found by themselves."""
    short = ["a\nb", "\ud800x", "İstanbul", "ǅ", "é" * 60]
    odd = ["", " ", "\n", "x" * 5000, "_" * 300, "a" + "_b" * 500, "with\0nul"]
    index = NameIndex.build([*short, *odd])
    for name in ("a\nb", "İstanbul", "ǅ", "é" * 60):
        assert index.search(name)[0].name == name
    assert len(index.search("xxxxx")) == 1
    assert NameIndex.build([]).search("a") == []


WELL_FITTING = 0.64
"""Scores above it mean that whole words, beginnings or meant humps fit."""


def judged(query: str, name: str) -> float:
    found = score(Query.of(query), name)
    return 0.0 if found is None else found.value


def brute_force(names: list[str], query: str) -> list[str]:
    """Every name that scoring accepts, best first, without any index."""
    values = {name: judged(query, name) for name in names}
    fitting = [name for name in names if values[name]]
    return sorted(fitting, key=lambda name: (-values[name], len(name), name))


def made_up_names(rng: random.Random, count: int) -> list[str]:
    text = "get set user name file lock read write http server node tree list map 2 io x parse"
    vocabulary = text.split()
    names: set[str] = set()
    while len(names) < count:
        chosen = rng.choices(vocabulary, k=rng.randint(1, 5))
        style = rng.randrange(3)
        if style == 0:
            names.add("_".join(chosen))
        elif style == 1:
            names.add(chosen[0] + "".join(word.capitalize() for word in chosen[1:]))
        else:
            names.add("_".join(chosen).upper())
    return sorted(names)


@pytest.mark.parametrize("seed", range(3))
def test_index_agrees_with_scoring_everything(seed: int) -> None:
    """The structures lose nothing: the best name is the one that scoring every name would put first."""
    rng = random.Random(seed)
    names = made_up_names(rng, 500)
    index = NameIndex.build(names)
    for _ in range(60):
        name = rng.choice(names)
        start = rng.randint(0, len(name) - 1)
        query = rng.choice(
            (
                name,
                name[start : start + rng.randint(2, 12)],
                "".join(word[: rng.randint(1, 2)] for word in words(name)),
                name[:start] + name[start + 1 :],
            )
        )
        expected = brute_force(names, query)
        found = [match.name for match in index.search(query)]
        assert found[:1] == expected[:1], query
        near = [name for name in expected[:10] if judged(query, name) > WELL_FITTING]
        assert set(near) <= set(found), query


def test_a_query_with_which_very_many_words_begin(monkeypatch: pytest.MonkeyPatch) -> None:
    """The way for a letter or two, which looks at the shortest names alone, finds what the other one does."""
    index = NameIndex.build(made_up_names(random.Random(7), 2000))
    queries = [*"gshxl2", "ge", "se", "li", "h", "ma", "io"]
    expected = [index.search(query, 20) for query in queries]
    monkeypatch.setattr("codanna_core.names.scan._WIDE", 5)
    assert [index.search(query, 20) for query in queries] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("name", NameQuery("name")),
        ("User.getName", NameQuery("getName", ("User",))),
        ("a::b::name", NameQuery("name", ("a", "b"))),
        ("ptr->field", NameQuery("field", ("ptr",))),
        ("Type#method", NameQuery("method", ("Type",))),
        ("src/app/name", NameQuery("name", (), "src/app")),
        ("src/app/User.getName", NameQuery("getName", ("User",), "src/app")),
        ("User.", NameQuery("", ("User",))),
        ("src/", NameQuery("", (), "src")),
        ("getName()", NameQuery("getName")),
        ("getName(int a", NameQuery("getName")),
        (" .name ", NameQuery("name")),
        ("operator+", NameQuery("operator+")),
        ("::", NameQuery("::")),
        ("/", NameQuery("/")),
        ("", NameQuery("")),
    ],
)
def test_parsing_queries(text: str, expected: NameQuery) -> None:
    """Qualifiers and paths are taken off the name they stand before."""
    assert parse_query(text) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("getHTTPUser2", ["get", "http", "user", "2"]),
        ("snake_case_name", ["snake", "case", "name"]),
        ("SCREAMING_CASE", ["screaming", "case"]),
        ("utf8decode", ["utf", "8", "decode"]),
        ("_x", ["x"]),
        ("имяФайла", ["имяфайла"]),
        ("a→b", ["a", "→", "b"]),
        ("", []),
    ],
)
def test_words(name: str, expected: list[str]) -> None:
    """Names fall into words at capitals, separators and digits."""
    assert words(name) == expected
