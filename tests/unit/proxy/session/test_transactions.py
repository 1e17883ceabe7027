"""MAIL and RCPT of one session: how the work on them grows."""

import asyncio
from collections.abc import Sequence
from typing import Any

from config.schema import ProxyConfig
from proxy.session.transactions import Transactions
from proxy.smtp import replies
from proxy.smtp.replies import Reply
from tests.support.checks.growth import is_linear


class Agreeable:
    """An upstream that takes everything."""

    capabilities: dict[str, str] = {}  # noqa: RUF012 - nobody changes it

    async def ready(self, *, own_login: bool, relay: None) -> None:
        """Be there."""

    def lacks_any(self, _keywords: frozenset[str]) -> bool:
        """Offer everything."""
        return False

    def begin(self) -> None:
        """Start a transaction."""

    async def exchange(
        self, lines: Sequence[bytes], _transaction: Sequence[bytes] = ()
    ) -> list[Reply]:
        """Return a yes to each."""
        return [replies.OK] * len(lines)


async def one_by_one(count: int) -> None:
    """Name `count` recipients, each in a group of its own."""
    upstream: Any = Agreeable()
    transactions = Transactions(upstream, ProxyConfig())
    await transactions.pass_on(
        [(b"MAIL", b"FROM:<a@example.com>")], may_grow=False, own_login=False
    )
    for number in range(count):
        await transactions.pass_on(
            [(b"RCPT", b"TO:<%d@example.net>" % number)], may_grow=False, own_login=False
        )
    assert transactions.transaction is not None
    assert len(transactions.transaction.lines) == count + 1


def test_recipients_one_by_one_are_linear() -> None:
    """What was accepted before is not gone through again for each that follows."""
    assert is_linear(lambda count: asyncio.run(one_by_one(count)), 1000)
