"""Questions about codes that this node has not heard of yet: few, short, and beside the event loop.

Owns: how long a reader waits for an answer, how often is asked, and which questions are not asked again.
Does not own: who is asked (`codes`), or what a reader gets (`tracker.redirect.redirector`).

Whoever guesses codes must not have the database asked for each guess; and a reader must not wait for a
database that is gone. Who was not answered may hold a good link: nobody is told that there is none.
"""

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue

PATIENCE_S = 0.15
"""How long a reader waits."""
MOST_A_SECOND = 20
MISSED_S = 2.0
"""For how long a code is not asked for again for which there was no token: so long may a new one take to be heard."""
MOST_MISSED = 10_000

Then = Callable[[str | None], None]
"""Takes a token; "" where nobody has the code, None where nobody could tell."""


class Questions:
    """Asks `ask` for the token of a code; all else is in the event loop.

    `ask` may take its time; it returns "" where nobody has the code, and raises where it cannot tell. `learn` is called with each code and token that were found, `ended` once nobody is asked any more.
    """

    def __init__(
        self,
        ask: Callable[[str], str],
        learn: Callable[[str, str], None],
        ended: Callable[[], None] = lambda: None,
    ) -> None:
        self._ask, self._learn, self._ended = ask, learn, ended
        self._queue: SimpleQueue[str | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._waiting: dict[str, list[Then]] = {}
        self._missed: dict[str, tuple[float, str | None]] = {}
        """When there was no token for a code, and which answer was given."""
        self._asked_s: deque[float] = deque(maxlen=MOST_A_SECOND)

    def __call__(self, code: str, then: Then) -> None:
        """Call `then` with what is known of a code: at once, or within PATIENCE_S."""
        loop = asyncio.get_running_loop()
        missed_s, answer = self._missed.get(code, (-MISSED_S, None))
        if loop.time() - missed_s < MISSED_S:
            then(answer)
        elif (waiting := self._waiting.get(code)) is not None:
            waiting.append(then)
        elif self._may_ask(loop.time()):
            self._waiting[code] = [then]
            self._enqueue(code, loop)
            loop.call_later(PATIENCE_S, self._answer, code, None)
        else:
            then(None)

    def close(self) -> None:
        """Ask nobody any more; a question that is under way is not waited for."""
        self._queue.put(None)

    def _enqueue(self, code: str, loop: asyncio.AbstractEventLoop) -> None:
        if self._thread is None:
            # Whose end is not waited for, as a database may be silent for ever.
            self._thread = threading.Thread(
                target=self._work, args=(loop,), name="codes", daemon=True
            )
            self._thread.start()
        self._queue.put(code)

    def _work(self, loop: asyncio.AbstractEventLoop) -> None:
        """Ask one question after another, in a thread of our own."""
        while (code := self._queue.get()) is not None:
            token = None
            with contextlib.suppress(Exception):  # whatever it is, the reader may try again
                token = self._ask(code)
            with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
                loop.call_soon_threadsafe(self._answered, code, token)
        self._ended()

    def _may_ask(self, now_s: float) -> bool:
        if max(len(self._waiting), self._queue.qsize()) >= MOST_A_SECOND:
            return False  # a database that is silent is asked nothing more, however long that lasts
        if len(self._asked_s) == MOST_A_SECOND and now_s - self._asked_s[0] < 1.0:
            return False
        self._asked_s.append(now_s)
        return True

    def _answered(self, code: str, token: str | None) -> None:
        """Take an answer, also one that comes too late for its reader: the next need not ask."""
        if token:
            self._learn(code, token)
        elif token is not None:
            self._note_missed(code, token)
        self._answer(code, token)

    def _answer(self, code: str, token: str | None) -> None:
        waiting = self._waiting.pop(code, ())
        if waiting and token is None:
            self._note_missed(code, token)
        for then in waiting:
            then(token)

    def _note_missed(self, code: str, answer: str | None) -> None:
        if len(self._missed) >= MOST_MISSED:
            self._missed.clear()
        self._missed[code] = asyncio.get_running_loop().time(), answer
