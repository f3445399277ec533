"""Sound files that a grammar does not know are read under a mask; names are those of the file."""

from __future__ import annotations

import re
import time

import pytest

from codanna_core.languages.elide.masks import masked
from codanna_core.languages.extract import extract
from codanna_core.languages.registry import languages

KBUILD = b"""\
obj-$(CONFIG_FOO) += foo.o
subdir-ccflags-$(CONFIG_FOO_WERROR) += -Werror
ifneq ($(CONFIG_BAR),)
BARPATH = ../bar
else
always-y += none
endif
CFLAGS_foo.o := $(call cc-disable-warning, override-init)
clean:
\trm -f foo.o
"""
HEADER = b"""\
#include <stdio.h>
G_BEGIN_DECLS
DECLARE_FUNCTIONS(FOO)
extern int first(int a) __THROW __attribute_pure__ __nonnull ((1));
PR_EXTERN(void *) second(int a);
struct third { int a; } __packed;
TEST_CASE(fourth)
{
}
G_END_DECLS
"""


def names(text: bytes, path: str) -> set[str]:
    found = extract(text, path)
    assert not found.problems
    return {symbol.name for symbol in found.symbols if symbol.has_name}


def test_computed_names_of_a_make_file_are_found() -> None:
    """Names with variables in them, and what stands under a condition."""
    found = names(KBUILD, "drivers/Makefile")
    assert {
        "obj-$(CONFIG_FOO)",
        "subdir-ccflags-$(CONFIG_FOO_WERROR)",
        "BARPATH",
        "always-y",
        "clean",
    } <= found
    assert not {"+", "foo.o"} & found


def test_declarations_between_macros_are_found() -> None:
    """A header full of macros has the symbols that its reader sees."""
    assert {"first", "second", "third"} <= names(HEADER * 3, "include/foo.h")


def test_a_text_that_parses_wears_no_mask() -> None:
    """What the grammar reads is read as it is: here a word in capitals on its own line has a meaning."""
    text = b"enum sort {\nFIRST_ONE,\nLAST_ONE\n};\n"
    assert b"LAST_ONE" not in masked(text, languages()["c"])
    assert "LAST_ONE" in names(text, "a.c")


@pytest.mark.parametrize("language", sorted(name for name, one in languages().items() if one.masks))
def test_masks_keep_every_place_and_end_soon(language: str) -> None:
    """Each byte stays a byte and each line a line; hostile texts take time in proportion."""
    known = languages()[language]
    for text in (KBUILD, HEADER):
        under = masked(text, known)
        assert [*map(len, under.split(b"\n"))] == [*map(len, text.split(b"\n"))]
    for piece in (
        b"__attr_x (",
        b"AAAA(",
        b"AAAA((",
        b"A A ",
        b"$(",
        b"a$(b)",
        b"extern ",
        b" ",
        b"-.",
        b"__",
    ):
        text = piece * (200_000 // len(piece))
        started = time.process_time()
        assert len(masked(text, known)) == len(text)
        assert time.process_time() - started < 2


def test_every_mask_compiles() -> None:
    """A sign of one byte, and an expression that finds something."""
    for known in languages().values():
        for pattern, sign in known.masks:
            assert re.compile(pattern)
            assert len(sign.encode()) == 1
