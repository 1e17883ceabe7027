"""What tests of delivery share: transactions, and the way to a scripted relay."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from config.schema import RelayConfig
from proxy.relay.relay import Relay
from proxy.relay.upstream import Upstream
from proxy.smtp.envelope import Transaction, parse_mail, parse_rcpt
from tests.support.relays.scripted_relay import ScriptedRelay

OFFERED = ("DSN", "SMTPUTF8", "8BITMIME")


def transaction(
    *rcpts: bytes, mail: bytes = b"<sender@example.com>", refused: int = 0
) -> Transaction:
    """Return a transaction that the relay has accepted; arguments are what follows the colon."""
    command = parse_mail(b"FROM:" + mail, OFFERED)
    made = Transaction(command, command.line, refused=refused)
    for rcpt in rcpts:
        made.accept(parse_rcpt(b"TO:" + rcpt, OFFERED))
    return made


@asynccontextmanager
async def upstream_to(relay: ScriptedRelay) -> AsyncIterator[Upstream]:
    """Open a relay session for one client; it is dropped at the end of the block."""
    config = RelayConfig(host="127.0.0.1", port=relay.port, tls="none")
    upstream = Upstream(Relay(config, "proxy.test"))
    assert await upstream.open()
    try:
        yield upstream
    finally:
        upstream.drop()


async def accept(upstream: Upstream, handed: Transaction) -> None:
    """Have the relay accept a transaction, as it has by the time of a client's final dot."""
    upstream.begin()
    answers = await upstream.exchange(handed.lines)
    assert all(answer.positive for answer in answers)


def kept(relay: ScriptedRelay) -> list[list[bytes]]:
    """Return the recipients of each message at the relay."""
    return [[rcpt.removeprefix(b"RCPT TO:") for rcpt in each.rcpts] for each in relay.messages]
