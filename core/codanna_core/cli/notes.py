"""Problems as people read them: one line for each language and cause, however many files have it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from codanna_core.cli.render import counted
from codanna_core.model import Problem

_SHARE = re.compile(r"\d+% of the file ")


def problem_line(problem: Problem) -> str:
    """A problem on one line, with its file first where it has one."""
    if problem.path and problem.path not in problem.message:
        return f"{problem.path}: {problem.message}"
    return problem.message


def note_lines(problems: Iterable[Problem]) -> list[str]:
    """A line for each problem, but one for all files with the same; the message says which language it is."""
    groups: dict[tuple[str, str], list[Problem]] = {}
    for problem in dict.fromkeys(problems):
        about_a_file = problem.path is not None and problem.path not in problem.message
        cause = _SHARE.sub("part of each ", problem.message) if about_a_file else problem.message
        groups.setdefault((problem.code, cause), []).append(problem)
    return [_line(cause, alike) for (_, cause), alike in groups.items()]


def _line(cause: str, alike: list[Problem]) -> str:
    files = sorted({problem.path for problem in alike if problem.path})
    if len(files) < 2:
        return problem_line(alike[0])
    return f"{counted(len(files), 'file')}, such as {files[0]}: {cause}"
