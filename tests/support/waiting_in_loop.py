"""Waiting for what this event loop brings about, while it goes on."""

import asyncio
from collections.abc import Awaitable, Callable

from tests.support.waiting import LOOK_EVERY_S, WITHIN_S


async def until(holds: Callable[[], object], within_s: float = WITHIN_S) -> None:
    """Wait until something holds; fail where it does not come about."""
    async with asyncio.timeout(within_s):
        while not holds():  # noqa: ASYNC110 - a test looks from outside
            await asyncio.sleep(LOOK_EVERY_S)


async def until_told(asks: Callable[[], Awaitable[object]]) -> None:
    """Wait until the answer to a question is the one that is waited for; fail where it does not come about."""
    async with asyncio.timeout(WITHIN_S):
        while not await asks():  # noqa: ASYNC110 - as above
            await asyncio.sleep(10 * LOOK_EVERY_S)
