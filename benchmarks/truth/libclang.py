"""Every use of a name in a C or C++ project with the place that libclang gives.

    python benchmarks/truth/libclang.py PROJECT FOLDER[,FOLDER] [CLANG OPTION ...] > truth.tsv

A function is looked for in all files: a declaration counts as its definition where the project has one.
"""

from __future__ import annotations

import sys
from pathlib import Path

from clang.cindex import Cursor, CursorKind, Index, TranslationUnit


def main() -> None:
    root = Path(sys.argv[1]).resolve()
    folders = [root / folder for folder in sys.argv[2].split(",")]
    files = sorted(
        {path for folder in folders for end in ("*.c", "*.cc", "*.cpp") for path in folder.glob(end)}
    )
    index = Index.create()
    defined: dict[str, tuple[str, int]] = {}
    rows: list[tuple[str, int, int, str, str, str, tuple[str, int] | None]] = []

    def inside(cursor: Cursor) -> tuple[str, int] | None:
        file = cursor.location.file
        path = Path(file.name).resolve() if file else None
        if path is None or not path.is_relative_to(root):
            return None
        return path.relative_to(root).as_posix(), cursor.location.line - 1

    def visit(cursor: Cursor, called: set[tuple[str, int, int]]) -> None:
        for node in cursor.get_children():
            at = inside(node)
            if at is None and node.location.file is not None:
                continue
            if node.is_definition() and at is not None and node.get_usr():
                defined.setdefault(node.get_usr(), at)
            if node.kind == CursorKind.CALL_EXPR:
                name = callee(node)
                if name is not None:
                    called.add(name)
            target = node.referenced
            if (
                (
                    node.kind.is_reference()
                    or node.kind
                    in (
                        CursorKind.DECL_REF_EXPR,
                        CursorKind.MEMBER_REF_EXPR,
                    )
                )
                and target is not None
                and at is not None
                and target.spelling
                and target.get_usr()
            ):
                column = node.location.column - 1
                key = (at[0], at[1], column)
                role = "call" if key in called else "ref"
                name = target.spelling.split("<")[0]
                rows.append((*key, role, name, target.get_usr(), inside(target)))
            if node.kind == CursorKind.MACRO_INSTANTIATION and at is not None and target is not None:
                rows.append(
                    (
                        at[0],
                        at[1],
                        node.location.column - 1,
                        "call" if macro_call(node) else "ref",
                        node.spelling,
                        "",
                        inside(target),
                    )
                )
            visit(node, called)

    def callee(node: Cursor) -> tuple[str, int, int] | None:
        first = next(iter(node.get_children()), None)
        while first is not None and first.kind in (CursorKind.UNEXPOSED_EXPR, CursorKind.PAREN_EXPR):
            first = next(iter(first.get_children()), None)
        at = inside(first) if first is not None else None
        return (at[0], at[1], first.location.column - 1) if at is not None and first is not None else None

    def macro_call(node: Cursor) -> bool:
        return len(list(node.get_tokens())) > 1

    for file in files:
        options = TranslationUnit.PARSE_DETAILED_PROCESSING_RECORD
        unit = index.parse(str(file), sys.argv[3:], options=options)
        errors = [problem for problem in unit.diagnostics if problem.severity >= 3]
        if errors:
            print(file, errors[0].spelling, file=sys.stderr)
        visit(unit.cursor, set())
    seen = set()
    for path, line, column, role, name, usr, declared in rows:
        target = defined.get(usr, declared)
        where = f"{target[0]}\t{target[1]}" if target else "-\t0"
        seen.add(f"{path}\t{line}\t{column}\t{role}\t{name}\t{where}")
    print(*sorted(seen), sep="\n")


if __name__ == "__main__":
    main()
