"""An engine that does not answer is left alone, and found again without anyone waiting."""

from __future__ import annotations

from codanna_team.breaker import FAILURES, Breaker, Door


class Clock:
    """A clock that stands still until it is set."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def broken(clock: Clock) -> Breaker:
    breaker = Breaker(clock)
    for _ in range(FAILURES):
        assert breaker.door() is Door.OPEN
        breaker.failed()
    assert breaker.door() is Door.SHUT
    return breaker


def test_one_failure_is_chance() -> None:
    """A success in between begins the count again."""
    breaker = Breaker(Clock())
    for _ in range(5):
        breaker.failed()
        assert breaker.door() is Door.OPEN
        breaker.succeeded()


def test_one_tries_after_the_pause() -> None:
    """Of all who ask, one tries, and its success opens the door for all."""
    clock = Clock()
    breaker = broken(clock)
    clock.now += 5.0
    assert [breaker.door() for _ in range(3)] == [Door.TRIAL, Door.SHUT, Door.SHUT]
    breaker.succeeded()
    assert breaker.door() is Door.OPEN


def test_pauses_grow() -> None:
    """Each failed trial doubles the pause, up to five minutes."""
    clock = Clock()
    breaker = broken(clock)
    pauses = []
    for _ in range(8):
        begun = clock.now
        while breaker.door() is Door.SHUT:
            clock.now += 1.0
        pauses.append(clock.now - begun)
        breaker.failed()
    assert pauses == [5, 10, 20, 40, 80, 160, 300, 300]


def test_what_no_further_question_mends_counts_at_once() -> None:
    """A refused token is not sent again and again."""
    breaker = Breaker(Clock())
    breaker.failed(for_good=True)
    assert breaker.door() is Door.SHUT
