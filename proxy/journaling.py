"""The journal as sessions use it: off the event loop, and never in the way of mail.

Owns: which messages are journaled at all (those with a Message-ID, by which a mailer that tries
again means the same message), and going on without a journal that fails.
Does not own: the file (`journal`).
"""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

from config.observe import JOURNAL_FAILED, log
from proxy.journal import Journal, JournalError, message_key

_MESSAGE_ID = re.compile(rb"(?:\A|\r\n)message-id[ \t]*:", re.IGNORECASE)

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class JournaledMessage:
    """A message that has been taken up. `had` are recipients that have it from an earlier try.

    Without `key` nothing is remembered of it.
    """

    journaling: "Journaling"
    key: bytes | None
    had: frozenset[bytes] = frozenset()

    async def delivered(self, recipient: bytes) -> None:
        """Remember durably that this recipient has it."""
        if self.key is not None:
            await self.journaling.tried(self.journaling.journal.delivered, self.key, recipient)


class Journaling:
    """Keeps the journal for the messages of one session."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal

    async def begin(
        self, account: str, mail_from: bytes, content: bytes
    ) -> JournaledMessage | None:
        """Take a message up; None: another session is at work on it now."""
        header_end = content.find(b"\r\n\r\n")
        if not _MESSAGE_ID.search(content, 0, header_end if header_end >= 0 else len(content)):
            return JournaledMessage(self, None)
        key = await asyncio.to_thread(message_key, account, mail_from, content)
        try:
            had = await asyncio.to_thread(self.journal.begin, key)
        except JournalError as error:
            log(JOURNAL_FAILED, cause=str(error))
            return JournaledMessage(self, None)
        return None if had is None else JournaledMessage(self, key, had)

    async def end(self, message: JournaledMessage, *, told: bool) -> None:
        """Lay a message down; `told`: its client knows that it is delivered."""
        if message.key is not None:
            await self.tried(self.journal.end, message.key, told=told)

    async def tried(self, action: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> None:
        """Do `action` in a thread; a journal that fails costs a duplicate at worst."""
        try:
            await asyncio.to_thread(action, *args, **kwargs)
        except JournalError as error:
            log(JOURNAL_FAILED, cause=str(error))
