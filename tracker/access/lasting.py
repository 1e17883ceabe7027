"""Answers that last, as a live list of clicks: they end once whoever asked may not ask any more.

Owns: when that is looked at, and ending the answer.
Does not own: who may ask (`authentication`), or what is answered.
"""

import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import Message, Send

LOOK_EVERY_S = 2.0
"""A token that was revoked, a password that was changed, a session that ended: none goes on for long."""


class LastingAnswer:
    """Sends the pieces of one answer; `may_go_on` is asked before a piece every now and then.

    When it may not, the answer ends there. Its application is told by `receive`, as where a client
    has gone, and what it still sends goes nowhere.
    """

    def __init__(
        self,
        send: "Send",
        may_go_on: Callable[[], Awaitable[bool]],
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._send = send
        self._may_go_on = may_go_on
        self._now_s = now_s
        self._due_s = now_s() + LOOK_EVERY_S
        self._is_over = False

    async def __call__(self, message: "Message") -> None:
        """Send a piece."""
        if self._is_over:
            return
        if message.get("more_body") and self._now_s() >= self._due_s:
            self._is_over = not await self._may_go_on()
            self._due_s = self._now_s() + LOOK_EVERY_S
        if self._is_over:
            message = {"type": "http.response.body", "body": b"", "more_body": False}
        await self._send(message)
