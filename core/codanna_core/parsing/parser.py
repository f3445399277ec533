"""Parses files for a process that answers requests: in a helper process, with limits, and with a memory for
what cannot be parsed.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from dataclasses import replace

from codanna_core.cache import Cache
from codanna_core.languages.exchange import Request, pack_request, unpack_answer
from codanna_core.languages.text_only import as_text, grammar_of
from codanna_core.model import Extraction, Problem
from codanna_core.parsing.verdicts import CRASHED, SLOW, Verdicts, content_key, problem_of, seconds_for
from codanna_core.records import dataclass
from codanna_core.runtime.helpers import HelperLost, Overran, TooLate, WarmHelpers
from codanna_core.runtime.limits import Limits

HELPERS = WarmHelpers("codanna_core.parsing.service:serve", Limits(), most=3)
"""Shared by all engines of this process. Three, so that two files at their limit leave one for the others."""

PATIENT = WarmHelpers("codanna_core.parsing.service:serve", Limits(nice=10), most=1)
"""For what nobody waits for."""

PATIENCE_S = 3.0
"""How long a request waits for an outline before it is answered from the last one."""

_PROBE_S = 10.0
_FACTS_FACTOR = 2
"""Facts of a file take up to twice as long as its symbols."""
_MOST_WITHOUT = 1_000
_RECENT_FILES = 32
_RECENT_SYMBOLS = 4_000
_LONGEST_REST_S = 60.0


@dataclass(slots=True)
class _Rest:
    """A path whose contents went over the limit is not tried for a while, the longer the more often."""

    strikes: int
    until: float


class Parsing:
    """The one way to a parsed file in this process. From any thread; never raises because of a file."""

    def __init__(self, verdicts: Verdicts) -> None:
        self.verdicts = verdicts
        self._lock = threading.Lock()
        self._recent: OrderedDict[str, tuple[str, Extraction]] = OrderedDict()
        """The last good state of files, by path."""
        self._rests: dict[str, _Rest] = {}
        self._again: dict[str, None] = {}
        self._without_facts: Cache[str, None] = Cache("contents that have no facts", _MOST_WITHOUT, _unknown)

    def parse(self, data: bytes, path: str, *, indexed: bool = True) -> Extraction:
        """The symbols of a file, or windows of its lines and the reason.

        A file that goes over the limit is not waited for twice: `take_again` names it, if it is `indexed`.
        """
        language = grammar_of(data, path)
        if language is None:
            return as_text(data, path)
        key = content_key(language.name, data)
        known = self._known(key, path, language.name)
        if isinstance(known, Extraction):
            return known
        if known is not None:
            return as_text(data, path, known)
        if not self._rests_now(path):
            try:
                return self._ask(data, path, key, 1)
            except Overran:
                self._strike(path)
            except HelperLost:
                # Unlike a slow file it costs next to nothing to try at once, and it need not be the file.
                try:
                    return self._ask(data, path, key, 2)
                except HelperLost as lost:
                    code = self._judge(key, path, lost)
                    return as_text(data, path, problem_of(code, language.name, path))
        if indexed:
            with self._lock:
                self._again[path] = None
        return as_text(data, path, problem_of(SLOW, language.name, path))

    def outline(self, data: bytes, path: str) -> Extraction:
        """As `parse`, for somebody who waits: after a while the last good state has to do."""
        language = grammar_of(data, path)
        if language is None:
            return as_text(data, path)
        key = content_key(language.name, data)
        known = self._known(key, path, language.name)
        if isinstance(known, Extraction):
            return known
        problem = known
        if problem is None and not self._rests_now(path):
            try:
                return self._ask(data, path, key, 1, PATIENCE_S)
            except Overran:
                self._strike(path)
            except (HelperLost, TooLate):
                pass  # The next request may be luckier; this one has waited long enough.
        with self._lock:
            last = self._recent.get(path)
        if last is not None:
            return last[1]
        return as_text(data, path, problem or problem_of(SLOW, language.name, path))

    def take_again(self) -> list[str]:
        """Files that went over the limit once and are to be tried with twice the time; names each once."""
        with self._lock:
            again, self._again = list(self._again), {}
        return again

    @property
    def has_again(self) -> bool:
        """Whether `take_again` names any."""
        return bool(self._again)

    def parse_again(self, data: bytes, path: str) -> bool:
        """Try a file with twice the time. Where that succeeds `parse` knows the result, else the verdict."""
        language = grammar_of(data, path)
        if language is None:
            return True
        key = content_key(language.name, data)
        if self.verdicts.get(key) is not None:
            return False
        try:
            self._ask(data, path, key, 2)
            return True
        except HelperLost as lost:
            self._judge(key, path, lost)
            return False

    def facts(self, data: bytes, path: str, *, hurry: bool = True) -> bytes:
        """The facts of a file for relations, as `relations/encoding.py` writes them; none for a language
        without rules. If a file goes over the limit, or ends the helper twice, they say they are incomplete.
        Without `hurry` a helper that stands back behind other processes reads them.
        """
        # Late: a search asks for no facts, and what they are made of is a twentieth of what it would load.
        from codanna_core.relations.encoding import encode
        from codanna_core.relations.facts import Facts
        from codanna_core.relations.rules import rules_of

        language = grammar_of(data, path)
        if language is None or not rules_of(language.name).reader:
            return b""
        key = content_key(language.name, data)
        if self.verdicts.get(key) is None and key not in self._without_facts:
            seconds = _FACTS_FACTOR * seconds_for(len(data))
            request = pack_request(Request(data, path, seconds, facts=True))
            for _ in range(2):
                try:
                    return (HELPERS if hurry else PATIENT).ask(request, seconds)
                except Overran:
                    break
                except HelperLost:
                    pass  # It need not be the file: as with symbols, it is tried once more.
            self._without_facts.keep(key, None)
        return encode(Facts(language.name, "", (), (), complete=False))

    def _judge(self, key: str, path: str, lost: HelperLost) -> str:
        code = SLOW if isinstance(lost, Overran) else CRASHED
        self.verdicts.add(key, code, path)
        return code

    def _known(self, key: str, path: str, language: str) -> Extraction | Problem | None:
        code = self.verdicts.get(key)
        if code is not None:
            return problem_of(code, language, path)
        return self._recent_of(path, key)

    def _recent_of(self, path: str, key: str) -> Extraction | None:
        with self._lock:
            recent = self._recent.get(path)
            return _copy(recent[1]) if recent is not None and recent[0] == key else None

    def _ask(self, data: bytes, path: str, key: str, times: int, patience: float | None = None) -> Extraction:
        seconds = times * seconds_for(len(data))
        answer = HELPERS.ask(pack_request(Request(data, path, seconds)), seconds, patience)
        try:
            found = unpack_answer(answer, path)
        except ValueError as error:
            raise HelperLost(str(error)) from error
        with self._lock:
            self._rests.pop(path, None)
            self._recent.pop(path, None)
            if len(found.symbols) <= _RECENT_SYMBOLS:
                self._recent[path] = key, _copy(found)
                if len(self._recent) > _RECENT_FILES:
                    self._recent.popitem(last=False)
        return found

    def _rests_now(self, path: str) -> bool:
        with self._lock:
            rest = self._rests.get(path)
            return rest is not None and time.monotonic() < rest.until

    def _strike(self, path: str) -> None:
        with self._lock:
            before = self._rests.pop(path, None)
            strikes = 1 if before is None else before.strikes + 1
            pause = min(_LONGEST_REST_S, 2.0**strikes)
            self._rests[path] = _Rest(strikes, time.monotonic() + pause)
            if len(self._rests) > _RECENT_FILES:
                del self._rests[next(iter(self._rests))]


def _unknown(key: str) -> None:
    raise KeyError(key)


def _copy(found: Extraction) -> Extraction:
    """The same symbols in another list: who gets an extraction may sort it."""
    return replace(found, symbols=list(found.symbols), problems=list(found.problems))


def probe(data: bytes, path: str) -> Extraction:
    """Parse without a memory; raises HelperLost where that fails."""
    return unpack_answer(HELPERS.ask(pack_request(Request(data, path, _PROBE_S)), _PROBE_S), path)
