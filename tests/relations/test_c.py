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
