"""Edges of C, each marked where it begins."""

from __future__ import annotations

from collections.abc import Callable

Check = Callable[[dict[str, str]], None]


def test_programs(check: Check) -> None:
    """A prototype leads to the definition, `static` stays in its file, a macro needs its header."""
    check(
        {
            "include/a.h": """
                #define TWICE(x) ((x) * 2)
                struct box { int size; };
                int work(struct box *b);
            """,
            "src/a.c": """
                #include "a.h"
                static int help(void) { return 1; }
                int work(struct box *b) { return help(); } /* => help help */
            """,
            "src/b.c": """
                #include "a.h"
                #include <stdio.h>
                static int help(void) { return 2; }
                int main(void) {
                    struct box b;
                    help(); /* => help help */
                    work(&b); /* => work src/a.c:work */
                    TWICE(1); /* => TWICE include/a.h:TWICE */
                    b.size = 1; /* => size include/a.h:box.size */
                    printf("x"); /* => printf nothing */
                }
            """,
            "src/c.c": """
                int f(void) { return TWICE(2); } /* => TWICE nothing */
            """,
        }
    )


def test_two_programs(check: Check) -> None:
    """Where two files define a function the nearer one is likely, not certain."""
    check(
        {
            "one/a.c": "int work(void) { return 1; }\n",
            "two/a.c": "int work(void) { return 2; }\n",
            "two/b.c": """
                int main(void) { return work(); } /* => work two/a.c:work likely */
            """,
        }
    )


def test_half_blocks_under_conditions(check: Check) -> None:
    """A function is read to its end although a condition splits one of its blocks; so is the one after it."""
    check(
        {
            "a.c": """
                static int help(void) { return 1; }
                int first(int x) {
                #ifdef WIDE
                    if (x > 1) {
                #else
                    if (x > 2) {
                #endif
                        return help(); /* => help help */
                    }
                    return 0;
                }
                int second(void) {
                    return first(3); /* => first first */
                }
            """,
            "b.c": """
                int third(void) { return second(); } /* => second a.c:second */
            """,
        }
    )


def test_macros_before_names(check: Check) -> None:
    """Macros where keywords are expected hide neither a function nor its type; they are uses themselves."""
    check(
        {
            "api.h": """
                #define local static
                #define PUBLIC extern
                #define CALLED __stdcall
                struct box { int size; };
                PUBLIC struct box *CALLED make(void); /* => PUBLIC PUBLIC */
            """,
            "a.c": """
                #include "api.h"
                local struct box *kept(void) { return 0; } /* => local api.h:local */
                PUBLIC struct box *CALLED make(void) { return kept(); } /* => kept kept */
            """,
            "b.c": """
                #include "api.h"
                int main(void) { return make()->size; } /* => make a.c:make */
            """,
        }
    )


def test_macros_that_rename(check: Check) -> None:
    """A macro that renames a function renames its definition too; one that replaces it is meant itself."""
    check(
        {
            "names.h": """
                #ifdef PREFIX
                #define work my_work
                #endif
                #define fast(x) quick(x)
                int work(int x);
            """,
            "work.c": """
                int work(int x) { return x; }
                int fast(int x) { return x; }
            """,
            "use.c": """
                #include "names.h"
                int a(void) { return work(1); } /* => work work.c:work */
                int b(void) { return fast(1); } /* => fast names.h:fast */
            """,
        }
    )


def test_headers_that_are_included_come_first(check: Check) -> None:
    """Of two headers with a type of one name the included one counts, however far away it is."""
    check(
        {
            "lib/near/state.h": "struct state { int mode; };\n",
            "far/state.h": "struct state { int mode; };\n",
            "lib/a.c": """
                #include "../far/state.h"
                int f(struct state *s) { return s->mode; } /* => mode far/state.h:state.mode */
            """,
        }
    )


def test_declared_and_not_defined(check: Check) -> None:
    """A function that a header declares and no file defines is most often a library's."""
    check(
        {
            "a.h": "void *take(int size);\n",
            "a.c": """
                #include "a.h"
                void f(void) { take(1); } /* => take a.h:take possible */
            """,
        }
    )


def test_typedef_in_a_header_of_a_struct_elsewhere(check: Check) -> None:
    """A bare type name means the `typedef` that the file sees."""
    check(
        {
            "a.h": "typedef struct state state;\n",
            "a.c": """
                #include "a.h"
                struct state { int mode; };
                int f(state *s) { return 1; } /* => state a.h:state */
            """,
        }
    )


def test_functions_of_the_standard_library(check: Check) -> None:
    """What a project defines once more for systems that lack it is possible, not certain."""
    check(
        {
            "compat.h": "#define snprintf _snprintf\nint own(void);\n",
            "a.c": """
                #include "compat.h"
                static int strlcpy(char *a) { return 1; }
                int own(void) { return 1; }
                void f(char *a) {
                    snprintf(a); /* => snprintf compat.h:snprintf possible */
                    strlcpy(a); /* => strlcpy strlcpy possible */
                    own(); /* => own own */
                }
            """,
        }
    )


def test_types_of_several_words(check: Check) -> None:
    """A `typedef` of `unsigned int` is a definition, and comes before a macro that renames it."""
    check(
        {
            "conf.h": """
                #ifdef PREFIX
                #define uInt z_uInt
                #endif
                typedef unsigned int uInt;
            """,
            "a.c": """
                #include "conf.h"
                uInt f(void) { return 1; } /* => uInt conf.h:uInt */
            """,
        }
    )
