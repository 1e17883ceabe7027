"""MAIL and RCPT of one session: what a group knows of those before it, and how the work on them grows."""

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


class Attentive(Agreeable):
    """One that remembers what it hears, each time with what was accepted before."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.heard: list[tuple[list[bytes], list[bytes]]] = []

    async def exchange(
        self, lines: Sequence[bytes], transaction: Sequence[bytes] = ()
    ) -> list[Reply]:
        """Return a yes to each."""
        self.heard.append((list(lines), list(transaction)))
        return await super().exchange(lines)


MAIL = (b"MAIL", b"FROM:<a@example.com>")
RCPTS = [(b"RCPT", b"TO:<%d@example.net>" % number) for number in range(3)]
LINES = [
    b"MAIL FROM:<a@example.com>",
    *(b"RCPT TO:<%d@example.net>" % number for number in range(3)),
]


async def test_each_group_goes_with_what_was_accepted_before_it() -> None:
    """A relay session that takes the place of another hears that first."""
    upstream: Any = Attentive()
    transactions = Transactions(upstream, ProxyConfig())
    for group in ([MAIL, RCPTS[0]], RCPTS[1:]):
        await transactions.pass_on(group, may_grow=False, own_login=False)
    transactions.clear()
    await transactions.pass_on([MAIL], may_grow=False, own_login=False)
    assert upstream.heard == [(LINES[:2], []), (LINES[2:], LINES[:2]), (LINES[:1], [])]


async def test_recipients_of_all_groups_count() -> None:
    """Those past the most that there may be are refused, and the relay does not hear of them."""
    upstream: Any = Attentive()
    config = ProxyConfig(copies="per-recipient", max_copies=2)
    transactions = Transactions(upstream, config)
    answers = [
        *await transactions.pass_on([MAIL, RCPTS[0]], may_grow=False, own_login=False),
        *await transactions.pass_on(RCPTS[1:], may_grow=False, own_login=False),
    ]
    assert answers == [replies.OK] * 3 + [replies.TOO_MANY_RECIPIENTS]
    assert upstream.heard[1][0] == LINES[2:3]


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
