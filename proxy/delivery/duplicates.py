"""The journal as sessions use it: off the event loop, and never in the way of mail.

Owns: which messages are remembered at all (those with a Message-ID, by which a mailer that tries
again means the same message), and going on without a journal that fails.
Does not own: the file (`delivered_db`).
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import ParamSpec, TypeVar

from config.telemetry.observe import JOURNAL_FAILED, log
from proxy.delivery.delivered_db import DeliveredDb, JournalError, TakenUp, message_key
from proxy.message.named_fields import NamedFields
from proxy.rewrite.submission import Submission

Taking = asyncio.Task[TakenUp | None]
P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SuppressedMessage:
    """A message taken up for the recipients of a submission.

    `had` are those that have it from an earlier try. Without `key` nothing is remembered of it.
    """

    duplicates: "DuplicateSuppression"
    key: bytes | None
    submission: Submission
    had: frozenset[bytes] = frozenset()

    @property
    def recipients(self) -> frozenset[bytes]:
        """Whom it is for."""
        return frozenset(self.submission.rcpt_to)

    async def delivered(self, recipient: bytes) -> None:
        """Remember durably that this recipient has it."""
        if self.key is not None:
            await self.duplicates.tried(self.duplicates.delivered_db.delivered, self.key, recipient)


class DuplicateSuppression:
    """Keeps the journal for the messages of one session."""

    def __init__(self, delivered_db: DeliveredDb) -> None:
        self.delivered_db = delivered_db

    async def begin(
        self, account: str, submission: Submission, content: bytes
    ) -> SuppressedMessage | None:
        """Take a message up; None: another session is at work on it now, for one of the same."""
        rcpts = submission.rcpt_to
        if NamedFields(content).message_id is None:
            return SuppressedMessage(self, None, submission)
        key = await asyncio.to_thread(message_key, account, submission.mail_from, content)
        taking = asyncio.create_task(
            asyncio.to_thread(self.delivered_db.begin, key, rcpts, submission.message_id)
        )
        try:
            taken = await asyncio.shield(taking)
        except JournalError as error:
            log(JOURNAL_FAILED, cause=str(error))
            return SuppressedMessage(self, None, submission)
        except BaseException:
            taking.add_done_callback(partial(self._put_back, key, rcpts))
            raise
        if taken is None:
            return None
        copy_ids = tuple(taken.copy_ids[rcpt] for rcpt in rcpts)
        return SuppressedMessage(self, key, replace(submission, copy_ids=copy_ids), taken.had)

    def _put_back(self, key: bytes, rcpts: Sequence[bytes], taken: Taking) -> None:
        """Lay down what nobody waited for: it would be at work for ever."""
        if not taken.cancelled() and taken.exception() is None and taken.result() is not None:
            end = partial(self.delivered_db.end, key, rcpts, told=False)
            asyncio.get_running_loop().run_in_executor(None, end)

    async def end(self, message: SuppressedMessage, *, told: bool) -> None:
        """Lay a message down; `told`: its client knows that it is delivered."""
        if message.key is not None:
            await self.tried(self.delivered_db.end, message.key, message.recipients, told=told)

    async def tried(self, action: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> None:
        """Do `action` in a thread; a journal that fails costs a duplicate at worst."""
        try:
            await asyncio.to_thread(action, *args, **kwargs)
        except Exception as error:  # noqa: BLE001 - no thread may be had; the relay has spoken
            log(JOURNAL_FAILED, cause=str(error))
