"""How many logins may fail, in a session and of an address, while several are judged at once."""

import asyncio
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.service.shared_counts import LOOK_AGAIN_S, SharedCounts
from proxy.client.limits import MAX_FAILED_LOGINS, MAX_FAILED_LOGINS_OF_ADDRESS
from proxy.client.login_limits import Guesses, LoginLimits
from proxy.smtp import replies
from proxy.smtp.replies import Reply

HERE, THERE = ip_address("192.0.2.1"), ip_address("192.0.2.2")
WRONG, RIGHT = Reply.own(535, "5.7.8", "wrong"), Reply.own(235, "2.7.0", "welcome")
LATER, PROMPT = Reply.own(454, "4.7.0", "later"), Reply(334, (b"",))
MOST = MAX_FAILED_LOGINS_OF_ADDRESS


class Relay:
    """The way to a relay, which answers each login alike, after a while."""

    def __init__(self, reply: Reply, *, usable: bool = True, delay_s: float = 0) -> None:
        self.usable = usable
        self.asked = 0
        self._reply = reply
        self._delay_s = delay_s

    async def auth_line(self, _line: bytes) -> Reply:
        """Answer."""
        self.asked += 1
        await asyncio.sleep(self._delay_s)
        return self._reply


async def used_up(limits: LoginLimits, failures: int = MOST) -> None:
    """Have logins from here fail."""
    for _ in range(failures):
        await Guesses(limits, HERE).judged(Relay(WRONG), b"")


@pytest.mark.parametrize(
    ("relay", "counts"),
    [
        (Relay(WRONG), True),
        (Relay(LATER), False),
        (Relay(LATER, usable=False), True),
        (Relay(replies.NO_RELAY, usable=False), True),
        (Relay(RIGHT), False),
        (Relay(RIGHT, usable=False), False),
        (Relay(PROMPT), False),
    ],
)
async def test_a_refusal_counts_and_so_does_a_relay_that_hangs_up(
    relay: Relay, counts: int
) -> None:
    """It may have judged; one that cannot judge now has not."""
    guesses = Guesses(LoginLimits(), HERE)
    await guesses.judged(relay, b"AUTH PLAIN x")
    assert guesses.failed == counts


async def test_a_session_has_three() -> None:
    """Whatever its address has left."""
    guesses = Guesses(LoginLimits(), HERE)
    for _ in range(MAX_FAILED_LOGINS):
        assert not guesses.exhausted
        await guesses.judged(Relay(WRONG), b"")
    assert guesses.exhausted


async def test_the_relay_is_not_asked_beyond_the_limit() -> None:
    """And others are served as ever."""
    limits, relay = LoginLimits(), Relay(WRONG)
    await used_up(limits)
    assert await Guesses(limits, HERE).judged(relay, b"") is replies.TOO_MANY_LOGINS
    assert relay.asked == 0
    assert await Guesses(limits, THERE).judged(relay, b"") is WRONG


async def test_workers_hold_the_limit_together() -> None:
    """What failed in one process counts in the others, and so does what is being judged there."""
    counts = SharedCounts(2)
    here, there = LoginLimits(counts.of(0)), LoginLimits(counts.of(1))
    await used_up(here, MOST - 1)
    assert not there.exhausted(HERE)
    assert await there.begin(HERE)
    judging = asyncio.create_task(here.begin(HERE))
    await asyncio.sleep(2 * LOOK_AGAIN_S)
    assert not judging.done()
    there.end(HERE, failed=True)
    assert not await judging
    assert (here.exhausted(HERE), there.exhausted(HERE)) == (True, True)


async def test_a_login_waits_for_a_verdict_in_another_worker() -> None:
    """It is judged once that was a good one."""
    counts = SharedCounts(2)
    here, there = LoginLimits(counts.of(0)), LoginLimits(counts.of(1))
    await used_up(here, MOST - 1)
    assert await there.begin(HERE)
    judging = asyncio.create_task(here.begin(HERE))
    await asyncio.sleep(0)
    there.end(HERE, failed=False)
    assert await judging


async def test_a_login_waits_for_the_verdict_on_others() -> None:
    """It is refused only once they have failed."""
    limits, relay = LoginLimits(), Relay(WRONG, delay_s=0.05)
    heard = await asyncio.gather(*(Guesses(limits, HERE).judged(relay, b"") for _ in range(25)))
    assert relay.asked == heard.count(WRONG) == MOST
    assert heard.count(replies.TOO_MANY_LOGINS) == 25 - MOST


async def test_a_verdict_that_nobody_waits_for_counts() -> None:
    """Whoever hangs up at once has guessed all the same; and holds nothing for ever."""
    limits = LoginLimits()
    for _ in range(MOST):
        guess = asyncio.create_task(Guesses(limits, HERE).judged(Relay(WRONG, delay_s=9), b""))
        await asyncio.sleep(0)
        guess.cancel()
        await asyncio.wait([guess])
    assert await Guesses(limits, HERE).judged(Relay(RIGHT), b"") is replies.TOO_MANY_LOGINS


async def test_who_gives_up_waiting_is_in_nobodys_way() -> None:
    """The others get their turn."""
    limits, slow = LoginLimits(), Relay(RIGHT, delay_s=0.05)
    first = [asyncio.create_task(Guesses(limits, HERE).judged(slow, b"")) for _ in range(MOST)]
    await asyncio.sleep(0)
    gone, waits = (asyncio.create_task(Guesses(limits, HERE).judged(slow, b"")) for _ in range(2))
    await asyncio.sleep(0)
    gone.cancel()
    assert await asyncio.gather(waits, *first) == [RIGHT] * (MOST + 1)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 3)), max_size=40))
def test_no_order_of_verdicts_lets_more_fail(logins: list[tuple[bool, int]]) -> None:
    """Good and bad, quick and slow."""

    async def all_at_once() -> list[Reply]:
        limits = LoginLimits()
        return await asyncio.gather(
            *(
                Guesses(limits, HERE).judged(
                    Relay(RIGHT if good else WRONG, delay_s=0.001 * ms), b""
                )
                for good, ms in logins
            )
        )

    heard = asyncio.run(all_at_once())
    assert heard.count(WRONG) <= MOST
    if heard.count(WRONG) < MOST:
        assert replies.TOO_MANY_LOGINS not in heard
