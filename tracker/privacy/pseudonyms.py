"""Networks and user agents that may be compared, but not read: hashes under a random secret of the day.

Owns: the secrets, which are in the memory of one process and nowhere else, and what a comparison says.
Does not own: which clicks are compared (`tracker.judging`), or when hashes leave the store
(`tracker.details.settling`).

Two of one secret are the same or not. What was made under different secrets, on another day, by another process or
machine, or after a restart, or is no pseudonym, may be the same: a comparison says neither.
"""

import hashlib
import secrets
import threading
import time
from collections.abc import Callable
from typing import NamedTuple

DAY_S = 86400
LIFE_S = 1.0 * DAY_S
"""For so long a secret lives at least: it is of no use any more then. Twice that is the most."""
_MARK = "†"
"""Stands before the octets in hexadecimal digits. No header field has it: these are read as Latin-1."""
_REALM_OCTETS = _HASH_OCTETS = 8
_REALM_END = len(_MARK) + 2 * _REALM_OCTETS


class _Secret(NamedTuple):
    """A key, and the random name by which others see which pseudonyms were made with it."""

    realm: bytes
    key: bytes
    made_s: float


def _later(call: Callable[[], None]) -> None:
    timer = threading.Timer(LIFE_S, call)
    timer.daemon = True
    timer.start()


class DaySecrets:
    """The secrets of one process, of the two days that it used last; for one thread beside the timer's."""

    def __init__(
        self,
        later: Callable[[Callable[[], None]], None] = _later,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Have `later` call once in the life of a secret, by `clock`, whether it is used again or not."""
        self._later, self._clock = later, clock
        self._secrets: dict[int, _Secret] = {}
        self._is_timed = False

    def pseudonym(self, value: str, at_s: float) -> str:
        """Return what stands for a network or an agent that was seen at a moment."""
        day = int(at_s // DAY_S)
        secret = self._secrets.get(day) or self._made(day)
        hashed = hashlib.blake2b(
            value.encode("utf-8", "surrogatepass"), digest_size=_HASH_OCTETS, key=secret.key
        )
        return f"{_MARK}{secret.realm.hex()}{hashed.hexdigest()}"

    def days(self) -> set[int]:
        """Return the days, since 1970, of which there is a secret."""
        return set(self._secrets)

    def _made(self, day: int) -> _Secret:
        for former in list(self._secrets)[:-1]:
            self._secrets.pop(former, None)  # which the timer may have destroyed just now
        secret = _Secret(secrets.token_bytes(_REALM_OCTETS), secrets.token_bytes(32), self._clock())
        self._secrets[day] = secret
        if not self._is_timed:
            self._is_timed = True
            self._later(self._destroy)
        return secret

    def _destroy(self) -> None:
        """Destroy the secrets whose life is over, and come again for the others."""
        now_s = self._clock()
        for day, secret in list(self._secrets.items()):
            if now_s - secret.made_s >= LIFE_S:
                self._secrets.pop(day, None)
        self._is_timed = bool(self._secrets)
        if self._is_timed:
            self._later(self._destroy)


NETWORKS = DaySecrets()
"""Of networks, as they are seen where links are answered."""


def is_pseudonym(value: str | None) -> bool:
    """Return whether a value stands for a network or an agent that is not kept."""
    return value is not None and value.startswith(_MARK)


def realm(value: str) -> str:
    """Return what has to be equal so that two values can be told apart; "" of what is no pseudonym."""
    return value[:_REALM_END] if value.startswith(_MARK) else ""


def differ(one: str | None, other: str | None) -> bool:
    """Return whether two values are known to be different; not where one of them is unknown."""
    if one == other or one is None or other is None:
        return False
    return realm(one) == realm(other)


def octets(value: str | None) -> bytes | None:
    """Return the 16 octets of a pseudonym, None of anything else."""
    return bytes.fromhex(value[len(_MARK) :]) if value and value.startswith(_MARK) else None


def of_octets(kept: bytes) -> str:
    """Return the pseudonym of octets."""
    return f"{_MARK}{kept.hex()}"
