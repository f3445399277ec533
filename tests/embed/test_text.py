"""The embedding text and its key."""

from __future__ import annotations

import time

import pytest

from codanna_core.cache import Cache
from codanna_core.embed.text import PARTS, embedding_text, text_key, words
from codanna_core.words import WordsOfEach, learn, raw_words, split_words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("getHTTPResponse", "get http response"),
        ("parse_json_2_xml", "parse json 2 xml"),
        ("sha256Sum", "sha 256 sum"),
        ("__init__", "init"),
        ("XMLHttpRequest2", "xml http request 2"),
        ("größeAendern", "größe aendern"),
        ("naïve_bayes", "naïve bayes"),
        ("读取文件", "读取文件"),
        ("a.b->c(d)", "a b c d"),
        ("", ""),
    ],
)
def test_words_are_split_at_humps_underscores_and_digits(text: str, expected: str) -> None:
    """Identifiers become lower-case words, in every script."""
    assert " ".join(words(text)) == expected


def test_an_undocumented_definition_is_described_by_its_place_and_body() -> None:
    """Path, container, name, signature and body identifiers all take part."""
    text = embedding_text(
        "net/http_client.py",
        "Session",
        "retryLater",
        "method",
        "def retryLater(self, delay_ms)",
        "",
        "sleep(backoff)",
    )
    assert set(text.split()) >= {"net", "http", "client", "session", "retry", "later", "delay", "backoff"}


def test_the_same_definition_written_in_another_style_has_the_same_text() -> None:
    """Case, underscores and layout carry no meaning."""
    one = embedding_text("a/b.py", "Foo", "open_file", "function", "def open_file(p)", "Opens it.", "x = y")
    two = embedding_text("a/b.py", "foo", "openFile", "function", "def openFile( p )", "opens it", "x=y")
    assert one == two


def test_an_operator_keeps_its_name() -> None:
    """A definition named by signs alone is found by these signs."""
    assert ">>=" in embedding_text("a.hs", "", ">>=", "function", "", "", "").split()


def test_the_parts_of_a_symbol_are_lines() -> None:
    """Place, container, name, parameters, doc and body stand apart, also where some are empty."""
    text = embedding_text("a/b.py", "Foo", "open", "function", "def open(path)", "Opens\nit.", "x = y\nz")
    assert text.split("\n") == ["a b b b", "foo", "open", "path", "opens it", "x y z"]
    assert embedding_text("a/b.py", "", "", "text", "", "", "").split("\n") == ["a b b b", *[""] * 5]
    assert len(PARTS) == 6


def test_a_repeated_body_word_counts_once() -> None:
    """A long table of one word does not drown the name."""
    assert embedding_text("a.c", "", "f", "function", "", "", "zero " * 1000).split().count("zero") == 1


def test_a_megabyte_of_doc_and_body_gives_a_short_text_at_once() -> None:
    """Input size does not matter beyond the budgets."""
    start = time.process_time()
    text = embedding_text(
        "a.c", "c " * 500_000, "f", "function", "s " * 500_000, "d " * 500_000, "b1 " * 500_000
    )
    assert len(text) < 3000
    assert time.process_time() - start < 0.1


def test_text_that_is_not_valid_unicode_is_accepted() -> None:
    """Lone surrogates, as broken files can give, neither raise nor change between calls."""
    text = embedding_text("\udcff.py", "\ud800", "f", "function", "\udfff", "", "")
    assert text_key(text) == text_key(text)


def test_keys_differ_by_text() -> None:
    """A vector can never be taken for that of another text."""
    keys = {text_key(text) for text in ("open file", "open  file", "file open")}
    assert len(keys) == 3
    assert all(0 <= key < 1 << 64 for key in keys)


def test_keys_never_change() -> None:
    """Stored indexes depend on these very values; changing them means embedding everything again."""
    assert text_key("open file") == 10456318995449530995


def test_words_learned_together_are_split_as_one_by_one() -> None:
    """A file's words are split at once; that must give what a question's words are split into."""
    raws = [b"HTTPServer_v2", b"_", b"x86_64", b"AbC", b"DCE0_REG__SHIFT", b"aB9c", b"", b"ABc"]
    split_words.clear()
    singly = [split_words[raw] for raw in raws]
    split_words.clear()
    learn(raws)
    assert set(split_words) == set(raws)
    assert [split_words[raw] for raw in raws] == singly


def test_full_cache_of_words_keeps_answering_right() -> None:
    """However many words there are, only so many are kept, and each still has its own answer."""
    cache = Cache[bytes, str]("words twice", 10, lambda raw: raw.decode() * 2)
    for number in range(100):
        word = str(number % 30).encode()
        assert cache[word] == word.decode() * 2
        assert len(cache) <= 10


def test_words_of_many_texts_are_those_of_each() -> None:
    """Texts looked up together give what each gives alone, be they empty or full of control characters."""
    texts = ["getUserName(x)", "", "\x01 a\x01b \x01", "größeÄndern, snake_case", "  ", "x\ud800y", "_ z"]
    alone = [" ".join(map(split_words.__getitem__, raw_words(t.encode("utf-8", "replace")))) for t in texts]
    together = WordsOfEach.of_texts(texts)
    assert together.values(split_words) == [text.strip() for text in alone]
    found = [raw_words(text.encode("utf-8", "replace")) for text in texts]
    assert WordsOfEach.of_words(found).values(split_words) == [text.strip() for text in alone]
    assert WordsOfEach.of_texts([]).values(split_words) == []
    assert WordsOfEach.of_words([]).values(split_words) == []
