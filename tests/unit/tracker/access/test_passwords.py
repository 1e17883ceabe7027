"""Passwords are compared one at a time, in a thread, and once."""

import asyncio
import threading

import pytest

from config.keys import password_hash
from tracker.access.passwords import MOST_WAITING, REMEMBERED_S, Busy, PasswordCheck

PASSWORD = b"horse staple"


class Hashing:
    """Stands for hashing: counts it, and waits until it may go on."""

    def __init__(self) -> None:
        self.count = 0
        self.at_once = 0
        self.most_at_once = 0
        self.goes_on = threading.Event()
        self.goes_on.set()

    def matches(self, given: bytes, kept: bytes) -> bool:
        """Do as the real one does, at no cost."""
        self.count += 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        assert self.goes_on.wait(10)
        self.at_once -= 1
        return kept.endswith(given)


@pytest.fixture
def hashing(monkeypatch: pytest.MonkeyPatch) -> Hashing:
    """Put it in the place of Argon2id."""
    stand_in = Hashing()
    monkeypatch.setattr(password_hash, "matches", stand_in.matches)
    return stand_in


HASH = b"$argon2id$" + PASSWORD


async def test_a_real_hash_is_compared() -> None:
    """Right and wrong."""
    kept = password_hash.make(PASSWORD).encode()
    check = PasswordCheck()
    assert await check.matches(PASSWORD, kept)
    assert not await check.matches(PASSWORD + b"x", kept)


async def test_a_right_password_is_hashed_once_in_a_while(hashing: Hashing) -> None:
    """Programs send it with every request."""
    now_s = [1000.0]
    check = PasswordCheck(lambda: now_s[0])
    for _ in range(3):
        assert await check.matches(PASSWORD, HASH)
    assert hashing.count == 1
    now_s[0] += REMEMBERED_S
    assert await check.matches(PASSWORD, HASH)
    assert hashing.count == 2


async def test_what_is_remembered_opens_no_other_hash(hashing: Hashing) -> None:
    """The password was changed meanwhile."""
    check = PasswordCheck()
    assert await check.matches(PASSWORD, HASH)
    assert not await check.matches(PASSWORD, HASH + b" new")


async def test_a_wrong_password_is_hashed_each_time(hashing: Hashing) -> None:
    """Nothing of it is kept."""
    check = PasswordCheck()
    for _ in range(2):
        assert not await check.matches(b"wrong", HASH)
    assert hashing.count == 2


async def test_the_loop_goes_on_and_few_wait(hashing: Hashing) -> None:
    """One is hashed at one time; who comes when many wait is told so at once."""
    hashing.goes_on.clear()
    check = PasswordCheck()
    waiting = [
        asyncio.create_task(check.matches(b"%d" % number, HASH)) for number in range(MOST_WAITING)
    ]
    await asyncio.sleep(0)
    with pytest.raises(Busy):
        await check.matches(b"one more", HASH)
    hashing.goes_on.set()
    assert await asyncio.gather(*waiting) == [False] * MOST_WAITING
    assert hashing.most_at_once == 1


async def test_who_may_not_try_is_told_when_its_turn_comes(hashing: Hashing) -> None:
    """Of many that were sent at one time, only as many count as one address may try."""
    check, tried = PasswordCheck(), 0

    def may_try() -> None:
        if tried >= 2:
            raise PermissionError

    async def guess(number: int) -> bool:
        nonlocal tried
        is_right = await check.matches(b"%d" % number, HASH, may_try)
        tried += not is_right
        return is_right

    outcomes = await asyncio.gather(*map(guess, range(5)), return_exceptions=True)
    assert [type(each) for each in outcomes] == [bool] * 2 + [PermissionError] * 3
    assert hashing.count == 2
