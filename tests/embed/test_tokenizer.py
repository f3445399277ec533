"""The lean tokenizer gives the tokens of the tokenizers library."""

from __future__ import annotations

import threading
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from codanna_core.embed import tokenizer as module
from codanna_core.embed.builtin import BUILTIN_FOLDER
from codanna_core.embed.tokenizer import WordTokenizer
from codanna_core.errors import ModelUnavailable

SAMPLES = [
    "how does getHTTPResponse parse_the Response2XX",
    "int main(void) { return x->y ? A::b : 12345; }",
    "über größe 文件名 привет naïve",
    "zqxjkvbw aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "a|+|b >>= <$> === ... ???",
    "\u200b\x00 \t\n",
    "",
]


@pytest.mark.parametrize("text", SAMPLES)
def test_bundled_tokenizer_agrees_with_the_library(text: str) -> None:
    """Same ids, in order, for code, operators, other scripts and nonsense."""
    library = Tokenizer.from_file(str(BUILTIN_FOLDER / "tokenizer.json"))
    assert list(WordTokenizer.read(BUILTIN_FOLDER / "tokenizer.json").ids(text)) == library.encode(text).ids


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(alphabet=st.sampled_from("abcghpXYZ12_ -:>.(üñ文é\n"), max_size=60))
def test_any_text_gives_the_ids_of_the_library(static_folder: Path, text: str) -> None:
    """Splitting, lower-casing and the choice of pieces agree on random text."""
    path = static_folder / "tokenizer.json"
    assert list(WordTokenizer.read(path).ids(text)) == Tokenizer.from_file(str(path)).encode(text).ids


TOGETHER = [*SAMPLES, "open file " * 2000, "\x01", "a \x01 b", "x" * 70_000 + " open"]


@pytest.mark.parametrize("chosen", [slice(0, 7), slice(0, 9), slice(8, 10), slice(0, 1), slice(0, 0)])
def test_texts_looked_up_together_have_the_ids_of_each(static_folder: Path, chosen: slice) -> None:
    """Short ones, long ones, empty ones, and those that hold the mark that stands between them."""
    tokens = WordTokenizer.read(static_folder / "tokenizer.json")
    texts = TOGETHER[chosen]
    ids, counts = tokens.ids_of_each(texts)
    alone = [list(tokens.ids(text)) for text in texts]
    assert counts.tolist() == [*map(len, alone)]
    assert ids.tolist() == [*chain.from_iterable(alone)]


def test_long_text_is_cut_where_fastembed_cuts_it(static_folder: Path) -> None:
    """Only the first 512 tokens count."""
    tokens = WordTokenizer.read(static_folder / "tokenizer.json")
    assert len(tokens.ids("open file " * 2000)) == 512


def test_the_cache_of_words_stays_bounded(static_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """More distinct words than the cache holds change neither results nor memory."""
    monkeypatch.setattr(module, "_CACHE_WORDS", 8)
    tokens = WordTokenizer.read(static_folder / "tokenizer.json")
    first = list(tokens.ids("open file"))
    for number in range(50):
        tokens.ids(f"word{number}")
    assert list(tokens.ids("open file")) == first
    assert len(tokens._cache) <= 8


@pytest.mark.parametrize("content", ["", "{}", "[1]", '{"model": {"type": "BPE"}}'])
def test_a_foreign_tokenizer_is_refused_with_one_sentence(tmp_path: Path, content: str) -> None:
    """Files that this reader would misread raise `ModelUnavailable`, never anything else."""
    (tmp_path / "tokenizer.json").write_text(content)
    with pytest.raises(ModelUnavailable, match="tokenizer"):
        WordTokenizer.read(tmp_path / "tokenizer.json")


def has_read(tokens: WordTokenizer) -> bool:
    return tokens._read is not None


def test_a_question_finds_its_words_without_reading_all_pieces() -> None:
    """A word is looked for in the text of the file; one that is not there, or many, make all be read: the ids
    are the same.
    """
    file = BUILTIN_FOLDER / "tokenizer.json"
    whole, few, many = WordTokenizer.read(file), *(WordTokenizer.read(file, own=True) for _ in range(2))
    assert few.size == whole.size
    known = "the [unk] parse a?.b configuration 0 x |+| `"
    assert list(few.ids(known)) == list(whole.ids(known))
    assert not has_read(few)
    odd = 'qzxkvjqz \\\\ "the", ]],[ ᆯ été'
    assert list(few.ids(odd)) == list(whole.ids(odd))
    assert has_read(few)
    text = " ".join(f"{first} {second}" for first in ("parse", "read") for second in known.split() * 5)
    assert list(many.ids(text)) == list(whole.ids(text))
    different = " ".join(word for line in file.open(encoding="utf-8") for word in line.split('"')[101:301:2])
    assert list(many.ids(different)) == list(whole.ids(different))
    assert has_read(many)


def test_a_word_is_found_while_another_thread_reads_all_pieces() -> None:
    """Whoever reads the vocabulary drops the text of the list that others are still looking into."""
    file = BUILTIN_FOLDER / "tokenizer.json"
    tokens = WordTokenizer.read(file, own=True)

    class Dropped(bytes):
        def find(self, *sought: Any) -> int:
            at = super().find(*sought)
            reader = threading.Thread(target=tokens._all)
            reader.start()
            reader.join(30)
            return at

    tokens._listed = Dropped(tokens._listed)
    assert list(tokens.ids("parse")) == list(WordTokenizer.read(file).ids("parse"))
    assert has_read(tokens)
