"""The same work on many pieces, on one core or on all of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import Future

Piece = TypeVar("Piece")
Result = TypeVar("Result")


class Cores:
    """Runs work on threads, since numpy lets go of the interpreter in what takes long.

    Results come in the order of the pieces and are the same for any number of cores.
    """

    def __init__(self, count: int) -> None:
        self._count = count

    def each(self, work: Callable[[Piece], Result], pieces: Iterable[Piece]) -> Iterator[Result]:
        """What the work makes of each piece; a few pieces ahead of the one that is asked for."""
        if self._count < 2:
            yield from map(work, pieces)
            return
        from concurrent.futures import ThreadPoolExecutor  # Late: most processes build no segments.

        with ThreadPoolExecutor(self._count) as threads:
            ahead: deque[Future[Result]] = deque()
            for piece in pieces:
                ahead.append(threads.submit(work, piece))
                if len(ahead) > 2 * self._count:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()


ONE_CORE = Cores(1)
