"""Whether a password is the right one, without holding up anybody else.

Owns: that hashing is done in a thread, for one password at a time, and not again for one that was
right a moment ago.
Does not own: hashes (`config.keys.password_hash`), or how many wrong ones an address may try
(`authentication`).
"""

import asyncio
import hmac
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from config.keys import password_hash

REMEMBERED_S = 300.0
"""For how long a right password costs no hashing: programs send it with every request."""

MOST_WAITING = 8
"""Passwords that wait to be hashed; to more it is said that they come too early."""


class Busy(Exception):
    """Too many passwords wait to be hashed."""


@dataclass(slots=True)
class PasswordCheck:
    """Compares passwords with what is kept of the right one; used in one event loop."""

    now_s: Callable[[], float] = time.monotonic
    _key: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    _right: bytes = b""
    _until_s: float = 0.0
    _waiting: int = 0
    _one: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def matches(
        self, given: bytes, kept: bytes, may_try: Callable[[], None] = lambda: None
    ) -> bool:
        """Return whether `given` is the password of which `kept` is kept.

        `may_try` is called right before it is compared, after others were, and raises what it wants
        to. Raises Busy.
        """
        may_try()
        if not password_hash.is_hash(kept):
            return password_hash.matches(given, kept)
        if self._is_remembered(given, kept):
            return True
        if self._waiting >= MOST_WAITING:
            raise Busy
        self._waiting += 1
        try:
            async with self._one:
                may_try()
                is_right = await asyncio.to_thread(password_hash.matches, given, kept)
        finally:
            self._waiting -= 1
        if is_right:
            self._right, self._until_s = self._mark(given, kept), self.now_s() + REMEMBERED_S
        return is_right

    def _is_remembered(self, given: bytes, kept: bytes) -> bool:
        is_same = hmac.compare_digest(self._mark(given, kept), self._right)
        return is_same and self.now_s() < self._until_s

    def _mark(self, given: bytes, kept: bytes) -> bytes:
        """Return what stands for a password in memory, and for no other; the key is this process's."""
        return hmac.digest(self._key, hmac.digest(self._key, kept, "sha256") + given, "sha256")
