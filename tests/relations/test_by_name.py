"""Languages without rules of their own: names are matched, and the edges say so."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from codanna_core.languages.registry import languages
from codanna_core.relations.edges import Relations
from codanna_core.relations.identifiers import places
from codanna_core.relations.resolve import Tier
from codanna_core.relations.rules import GENERIC, has_own_rules, rules_of
from codanna_core.relations.values import Target
from codanna_core.testing.relations import MemoryProvider

Check = Callable[[dict[str, str]], None]
Make = Callable[[dict[str, str]], MemoryProvider]


def test_a_bare_name_is_what_its_file_defines(check: Check) -> None:
    """Or what is the only one of the language; a member of something unknown is possible at most."""
    check(
        {
            "a.rb": """
                def price
                  3
                end
                def total
                  price # => price price likely
                end
                class Cart
                  def save
                    self.store # => store Cart.store likely
                    other.store # => store Cart.store possible
                  end
                  def store; end
                end
            """,
            "b.rb": """
                def pay
                  price # => price a.rb:price likely
                  unheard_of # => unheard_of nothing
                end
            """,
            "price.lua": """
                function price() end
            """,
        }
    )


def test_what_is_local_to_a_function_is_not_seen_from_outside(check: Check) -> None:
    """Neither from other functions of its file nor from other files."""
    check(
        {
            "a.lua": """
                function outer()
                  local function helper() end
                  helper() -- => helper outer.helper likely
                end
                function other()
                  helper() -- => helper b.lua:helper likely
                end
            """,
            "b.lua": """
                function helper() end
            """,
            "c.lua": """
                function user()
                  helper() -- => helper b.lua:helper likely
                end
            """,
        }
    )


def test_namesakes_are_possible(check: Check) -> None:
    """Each of them, in as many parts."""
    check(
        {
            "a.kt": "fun twin() {}\n",
            "b.kt": "fun twin() {}\n",
            "c.kt": "fun user() { twin() } // => twin a.kt:twin,b.kt:twin possible\n",
        }
    )


def test_comments_and_strings_are_no_uses(make_project: Make) -> None:
    """Code inside a string is one."""
    provider = make_project({"a.rb": 'def price; end\n# price\nx = "price"\ny = "#{price}"\n'})
    facts = provider.facts("a.rb")
    assert facts is not None
    assert [use.line for use in facts.references if use.name == "price"] == [3]


def test_edges_say_that_no_rules_made_them(make_project: Make) -> None:
    """In words, and never as certain."""
    relations = Relations(
        make_project({"a.php": "<?php\nfunction price() {}\nfunction pay() { price(); }\n"})
    )
    table = relations.resolver.typer.table("a.php")
    assert table is not None
    (edge,) = relations.callers(Target("a.php", table.by_name["price"][0])).edges
    assert edge.tier is Tier.LIKELY
    assert edge.reason.endswith("matched without rules")


@pytest.mark.parametrize("language", sorted(languages()))
def test_every_language_is_read_without_an_exception(language: str) -> None:
    """By its own rules or by name, or not at all; the places of names are those of the text."""
    assert has_own_rules(language) == (rules_of(language).reader not in ("", GENERIC))
    text = "caf\xe9 na_me(x) 'str' \"/* # -- {- (* ''' 9x\n".encode() * 3
    assert all(text[at : at + len(word)] == word for at, word in places(text, language))
    suffix = next(iter(languages()[language].suffixes), "")
    provider = MemoryProvider({f"a{suffix}": text})
    assert set(provider.all) <= {f"a{suffix}"}
