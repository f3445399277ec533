"""What tracebacks and log lines look like, language by language. Line breaks may be lost, as in an input box
of one line.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from codanna_core.ranking.pasted import Frame, Pasted

_LONGEST = 20_000
_MOST_FRAMES = 100
_LONGEST_MESSAGE = 400

_PYTHON = re.compile(r'File "([^"\n]{1,400})", line (\d+)(?:, in (\S+))?')
_JVM = re.compile(
    r"\bat (?:[\w.@-]+/{1,2})?((?:[\w$]+\.)+)([\w$<>]+)\(([\w$-]+\.(?:java|kt|scala|groovy))(?::(\d+))?\)"
)
_NODE = re.compile(
    r"\bat (?:async )?(?:new )?(?:([\w$.#<>]+)(?: \[as [\w$]+\])? )?\(?"
    r"((?:file://)?[^\s():]{0,300}(?::\\[^\s():]{0,300})?\.[cm]?[jt]sx?):(\d+):\d+\)?"
)
_RUST = re.compile(r"(?:\d+: +(?:0x[0-9a-f]+ - )?([^\s].{0,200}?)\s+)?\bat (\S{1,300}?\.rs):(\d+)(?::\d+)?")
_RUST_PANIC = re.compile(r"panicked at (?:'(.{0,400}?)', )?([^\s:']{1,300}?\.rs):(\d+):\d+:?(?:\s+([^\n]+))?")
_GO = re.compile(r"(?<![\w./*()-])([\w./*()-]{1,300}?)\([^()\n]{0,300}\)\s+(\S{1,300}?\.go):(\d+)")
_GO_PANIC = re.compile(r"(?:panic|fatal error): ([^\n]+?)(?= goroutine \d| \[recovered\]|\n|$)")
_RUBY = re.compile(r"(?<!\S)(\S{1,300}?\.rb):(\d+):in [`'](?:[^'\n]*[#. ])?([\w?!]+)'")
_SHARP = re.compile(r"\bat [\w.<>`\[\],+]{1,300}?\.([\w<>]+)\([^()\n]*\) in (.{1,300}?\.cs):line (\d+)")
_ERROR = re.compile(
    r"(?<![\w.(])((?:\w+(?:\.|::))*[A-Z]\w*(?:Error|Exception|Warning|Failure|Fault|Exit|Interrupt)\b"
    r"(?:: [^\n]*)?)"
)
_CAUSE = re.compile(r"\bCaused by: ")
_NOISE = re.compile(
    r"Traceback \(most recent call last\):|Exception in thread \"[^\"]*\"|stack backtrace:"
    r"|(?:Uncaught|Unhandled) |goroutine \d+ \[[^\]]*\]:|\bexit status \d+|\.\.\. \d+ more"
)

_STAMP = re.compile(
    r"^\W{0,3}(?:\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d(?::\d\d)?(?:[.,]\d+)?(?:Z|\s?[+-]\d\d:?\d\d)?"
    r"|[A-Z][a-z]{2} +\d{1,2} \d\d:\d\d:\d\d(?: [\w.-]+)?(?: [\w./-]+\[\d+\]:)?"
    r"|\d\d:\d\d:\d\d(?:[.,]\d+)?)[\])]?\s+"
)
_LEVEL = re.compile(
    r"^(?:\[[^\]\n]{1,60}\]\s*|\([^)\n]{1,60}\)\s*|pid=\d+\s*|\d+\s+"
    r"|(?:TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|FATAL|CRITICAL|SEVERE|[IWEF])\b[:\s]*"
    r"|[\w$.:-]+\s+(?:-{1,3}|:)\s+|-{1,3}\s+|: )"
)
_BEGINS_WITH_LEVEL = re.compile(r"^\[?(?:TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|FATAL|CRITICAL)\]?[:\s]")
_FRAME_NOISE = re.compile(r"^(?:\{\{closure\}\}|\{closure[^}]*\}|h[0-9a-f]{16}|<\w+>|func\d+|\d+)$")
_VARIABLE = re.compile(
    r"\"[^\"]*\"|'[^']*'|`[^`]*`|\b0x[0-9a-fA-F]+\b|\b[0-9a-fA-F]{8}-[0-9a-fA-F-]{8,}\b|\b[\w.-]*\d[\w.:-]*"
    r"|\S*[/\\]\S*|[\[({<][^\])}>]*[\])}>]|[=:;,]"
)
_LEAST_WORDS = 3


def read_pasted(text: str) -> Pasted | None:
    """The message and the frames of a traceback or a log line; None for anything else."""
    text = text[:_LONGEST]
    for reads in (_python, _jvm, _node, _rust, _go, _ruby, _sharp):
        found = reads(text)
        if found is not None and (found.frames or found.message):
            return found
    return _log_line(text)


def fixed_words(message: str) -> str:
    """The longest run of words that no value interrupts: the source has them in one piece."""
    _, colon, rest = message.partition(": ")
    text = rest if colon and " " not in message[: -len(rest) - 2] else message
    runs = [" ".join(run.split()).strip(" .!?") for run in _VARIABLE.split(text)]
    best = max(runs, key=len, default="")
    return best if len(best.split()) >= _LEAST_WORDS else ""


def _python(text: str) -> Pasted | None:
    frames = _frames(_PYTHON, text, lambda m: Frame(m[1], int(m[2]), m[3] or ""))
    if not frames:
        return None
    after = text[[*_PYTHON.finditer(text)][-1].end() :]
    errors = _ERROR.findall(after)
    lines = [line for line in after.splitlines() if line.strip()]
    last = lines[-1].strip() if len(lines) > 1 else ""
    return _pasted(errors[-1] if errors else last, frames[::-1])


def _jvm(text: str) -> Pasted | None:
    parts = _CAUSE.split(text)
    frames: list[Frame] = []
    for part in reversed(parts):
        frames += _frames(_JVM, part, _jvm_frame)
    if not frames:
        return None
    first = _JVM.search(parts[-1])
    return _pasted(parts[-1][: first.start()] if first else parts[-1], frames)


def _jvm_frame(match: re.Match[str]) -> Frame:
    package = match[1].strip(".").split(".")[:-1]
    name = match[2]
    if name in ("<init>", "<clinit>"):
        name = match[1].strip(".").rpartition(".")[2].rpartition("$")[2]
    return Frame("/".join([*package, match[3]]), int(match[4] or 0), name.rpartition("$")[2] or name)


def _node(text: str) -> Pasted | None:
    frames = _frames(_NODE, text, lambda m: Frame(_local(m[2]), int(m[3]), _last_name(m[1] or "")))
    if not frames:
        return None
    first = _NODE.search(text)
    assert first is not None
    before = text[: first.start()]
    errors = _ERROR.findall(before)
    return _pasted(errors[-1] if errors else before, frames)


def _rust(text: str) -> Pasted | None:
    panic = _RUST_PANIC.search(text)
    frames = _frames(_RUST, text, lambda m: Frame(m[2], int(m[3]), _last_name(m[1] or "")))
    frames = [frame for frame in frames if not frame.path.startswith("/rustc/")]
    if panic is not None:
        place = Frame(panic[2], int(panic[3]), "")
        frames = [place, *(one for one in frames if _place_of(one) != _place_of(place))]
        return _pasted(panic[1] or panic[4] or "", frames)
    return _pasted(_without(_RUST, text), frames) if frames else None


def _place_of(frame: Frame) -> tuple[str, int]:
    """What tells frames apart."""
    return frame.path.removeprefix("./"), frame.line


def _go(text: str) -> Pasted | None:
    frames = _frames(_GO, text, lambda m: Frame(m[2], int(m[3]), _last_name(m[1])))
    panic = _GO_PANIC.search(text)
    if not frames and panic is None:
        return None
    return _pasted(panic[1] if panic is not None else _without(_GO, text), frames)


def _ruby(text: str) -> Pasted | None:
    frames = _frames(_RUBY, text, lambda m: Frame(m[1], int(m[2]), m[3]))
    if not frames:
        return None
    rest = re.sub(r"\bfrom\s+(?=\s|$)|^: ", " ", _without(_RUBY, text)).strip(" :")
    return _pasted(rest.splitlines()[0] if rest else "", frames)


def _sharp(text: str) -> Pasted | None:
    frames = _frames(_SHARP, text, lambda m: Frame(m[2], int(m[3]), m[1]))
    first = _SHARP.search(text)
    if first is None:
        return None
    errors = _ERROR.findall(text[: first.start()])
    return _pasted(errors[-1] if errors else text[: first.start()], frames)


def _log_line(text: str) -> Pasted | None:
    """A line that begins with a time or with a level in capitals."""
    stamp = _STAMP.match(text)
    if stamp is None and not _BEGINS_WITH_LEVEL.match(text):
        return None
    rest = text[stamp.end() :] if stamp is not None else text
    while (prefix := _LEVEL.match(rest)) is not None and prefix.end() < len(rest):
        rest = rest[prefix.end() :]
    return _pasted(rest, []) if " " in rest.strip() else None


def _frames(pattern: re.Pattern[str], text: str, make: Callable[[re.Match[str]], Frame]) -> list[Frame]:
    return [make(match) for match in _some(pattern, text)]


def _some(pattern: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    for number, match in enumerate(pattern.finditer(text)):
        if number >= _MOST_FRAMES:
            return
        yield match


def _without(pattern: re.Pattern[str], text: str) -> str:
    return pattern.sub(" ", text)


def _pasted(message: str, frames: list[Frame]) -> Pasted:
    message = " ".join(_NOISE.sub(" ", message).split()).strip()
    return Pasted(message[:_LONGEST_MESSAGE].replace('"', " ").strip(), tuple(frames))


def _local(path: str) -> str:
    return path.removeprefix("file://")


def _last_name(name: str) -> str:
    """The function itself, of `pkg.(*Type).method`, `crate::module::function::{{closure}}` and the like."""
    parts = [part for part in re.split(r"::|[.#/ ]", name) if part and not _FRAME_NOISE.match(part)]
    return re.sub(r"<.*|[()*]", "", parts[-1]) if parts else ""
