"""One session from greeting to goodbye, and what ends it before its time."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from config.addresses import parse_ip
from proxy.client import connection as connection_module
from proxy.client.connection import ClientConnection
from proxy.client.limits import RECEIVE_OCTETS
from proxy.client.trust import Client
from proxy.relay.upstream import Upstream
from proxy.scheduling.loop_budget import COMMAND_WORTH_OCTETS, HELLO_WORTH_OCTETS
from proxy.session import session as session_module
from proxy.session.services import Services
from proxy.session.session import Session
from proxy.session.transactions import Command, Transactions
from tests.support.clients.smtp_client import Dialogue
from tests.support.log_lines import capture_logs
from tests.support.relays.scripted_relay import ScriptedRelay, Step
from tests.support.session_fixtures import configuration
from tests.support.waiting_in_loop import until

EHLO = b"EHLO proxy.test"
MESSAGE = b"Subject: hello\r\n\r\nworld\r\n"


@dataclass
class Served:
    """A session, the task that runs it, and its client."""

    session: Session
    task: asyncio.Task[None]
    client: Dialogue

    async def ended(self) -> None:
        """Wait for the end; raises what `run` raised."""
        await asyncio.wait_for(self.task, 5)


Serve = Callable[..., Awaitable[Served]]


@pytest.fixture
async def serve(tmp_path: Path, relay: ScriptedRelay) -> AsyncIterator[Serve]:
    """Return a function that connects a client, past EHLO; arguments are keys of `[proxy]`."""

    async def start(**keys: Any) -> Served:
        services = Services.start(configuration(tmp_path, relay.port, proxy=keys))
        async with accepting() as (port, accepted):
            client = await Dialogue.connect(port)
            session = Session(await accepted.get(), services, Client(parse_ip("127.0.0.1")))
        served = Served(session, asyncio.create_task(session.run()), client)
        all_served.append((served, services))
        assert (await client.reply()).code == 220
        assert (await client.ask(b"EHLO client.test")).code == 250
        return served

    all_served: list[tuple[Served, Services]] = []
    yield start
    for served, services in all_served:
        served.task.cancel()
        await asyncio.gather(served.task, return_exceptions=True)
        await served.client.close()
        services.stop()


@asynccontextmanager
async def accepting() -> AsyncIterator[tuple[int, asyncio.Queue[ClientConnection]]]:
    """Listen on a free port; the queue gets what connects."""
    accepted: asyncio.Queue[ClientConnection] = asyncio.Queue()
    arriving = memoryview(bytearray(RECEIVE_OCTETS))
    server = await asyncio.get_running_loop().create_server(
        lambda: ClientConnection(accepted.put_nowait, arriving), "127.0.0.1", 0
    )
    yield server.sockets[0].getsockname()[1], accepted
    server.close()


def dropped(lines: list[Any]) -> list[str]:
    """Return why sessions were dropped, by the log."""
    return [line["why"] for line in lines if line["event"] == "session_dropped"]


async def test_quit_ends_the_session_at_the_relay_too(serve: Serve, relay: ScriptedRelay) -> None:
    """Politely, and nothing is logged."""
    served = await serve()
    with capture_logs() as lines:
        assert (await served.client.ask(b"QUIT")).code == 221
        assert await served.client.at_end()
        await served.ended()
    assert relay.commands == [EHLO, b"QUIT"]
    assert lines == []


async def test_a_client_that_goes_away_takes_the_relay_session_with_it(
    serve: Serve, relay: ScriptedRelay
) -> None:
    """The transaction that it began is not for the next."""
    served = await serve()
    await served.client.transaction()
    with capture_logs() as lines:
        await served.client.close()
        await served.ended()
    assert dropped(lines) == ["gone"]
    assert b"QUIT" not in relay.commands


async def test_a_fault_of_ours_ends_one_session(
    serve: Serve, relay: ScriptedRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client may come back; the log has the traceback."""

    async def broken(*_: object) -> None:
        raise RuntimeError("a fault")

    served = await serve()
    monkeypatch.setattr(Upstream, "ask", broken)
    with capture_logs() as lines:
        assert (await served.client.ask(b"NOOP")).wire().startswith(b"421 4.3.0")
        assert await served.client.at_end()
        await served.ended()
    assert [line["event"] for line in lines] == ["session_failed", "session_dropped"]
    assert isinstance(lines[0]["exc_info"], RuntimeError)
    assert relay.commands == [EHLO]


async def test_a_session_that_is_cut_off_says_so(serve: Serve) -> None:
    """The client may come back; whoever cancelled hears that it is done."""
    served = await serve()
    served.task.cancel()
    assert (await served.client.reply()).wire().startswith(b"421 4.3.2")
    assert await served.client.at_end()
    with pytest.raises(asyncio.CancelledError):
        await served.ended()


async def test_too_many_errors_in_a_row_end_the_session(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What succeeds in between, or is refused by the relay, begins a new row."""
    monkeypatch.setattr(session_module, "MAX_ERRORS", 3)
    served = await serve()
    for between in (b"NOOP", b"MAIL FROM:<a@example.com> X=1"):
        assert [(await served.client.ask(b"FOO")).code for _ in range(2)] == [500, 500]
        assert (await served.client.ask(between)).code in (250, 555)
    with capture_logs() as lines:
        assert [(await served.client.ask(b"FOO")).code for _ in range(3)] == [500] * 3
        assert (await served.client.reply()).wire().startswith(b"421 4.7.0")
        await served.ended()
    assert dropped(lines) == ["errors"]


@pytest.mark.parametrize(
    ("command", "octets"),
    [(b"ehlo x.test", HELLO_WORTH_OCTETS), (b"HELO x.test", HELLO_WORTH_OCTETS)]
    + [(command, COMMAND_WORTH_OCTETS) for command in (b"NOOP", b"FOO")],
)
async def test_a_command_takes_its_part_of_an_iteration(
    command: bytes, octets: int, serve: Serve
) -> None:
    """A greeting takes more: the relay may have to be called for it."""
    served = await serve()
    budget = served.session._services.loop_budget
    before_octets = budget._used
    await served.client.ask(command)
    assert budget._used - before_octets == octets


async def test_a_client_that_takes_no_replies_is_dropped(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its next command is not served before: replies would pile up."""
    monkeypatch.setattr(connection_module, "WRITE_PATIENCE_S", 0.05)
    served = await serve()
    served.session._connection.pause_writing()
    with capture_logs() as lines:
        assert (await served.client.ask(b"NOOP")).code == 250
        assert (await served.client.reply()).wire().startswith(b"421 4.4.2")
        await served.ended()
    assert dropped(lines) == ["silent"]


async def test_a_session_at_rest_ends_with_the_stop(serve: Serve) -> None:
    """Once its client has had its second to go on."""
    served = await serve()
    with capture_logs() as lines:
        served.session.stop()
        assert (await served.client.reply()).wire().startswith(b"421 4.3.2")
        await served.ended()
    assert dropped(lines) == ["stopped"]


async def test_a_session_may_not_be_cut_off_from_dot_to_verdict_and_a_second_longer(
    serve: Serve, relay: ScriptedRelay
) -> None:
    """Its client would never know, or take the end for another verdict."""
    relay.script = {"DOT": Step(b"250 2.0.0 kept\r\n", delay_s=0.3)}
    served = await serve()
    assert served.session.may_be_cut_off
    await served.client.transaction()
    verdict = asyncio.create_task(served.client.message(MESSAGE))
    await until(lambda: not served.session.may_be_cut_off)
    assert (await verdict).code == 250
    assert not served.session.may_be_cut_off
    await until(lambda: served.session.may_be_cut_off)


async def test_a_client_that_goes_on_after_421_is_not_heard(
    serve: Serve, relay: ScriptedRelay
) -> None:
    """What it had sent ahead is not for us any more."""
    served = await serve()
    served.client.send(b"Host: example.com\r\nMAIL FROM:<a@example.com>\r\n")
    assert (await served.client.reply()).code == 421
    assert await served.client.at_end()
    await served.ended()
    assert relay.commands == [EHLO, b"QUIT"]


async def test_recipients_that_were_sent_ahead_reach_the_relay_in_one_group(
    serve: Serve, relay: ScriptedRelay
) -> None:
    """Each has its reply, in its order; what follows them waits."""
    relay.script = {"RCPT": [Step(b"250 first\r\n"), Step(b"550 second\r\n"), Step(b"250 3\r\n")]}
    served = await serve()
    rcpts = b"".join(b"RCPT TO:<%d@example.net>\r\n" % number for number in range(3))
    served.client.send(b"MAIL FROM:<a@example.com>\r\n" + rcpts + b"DATA\r\n")
    codes = [(await served.client.reply()).code for _ in range(5)]
    assert codes == [250, 250, 550, 250, 354]


async def test_a_group_has_as_many_commands_as_it_may_and_no_more(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is left begins the next."""
    groups: list[int] = []
    pass_on = Transactions.pass_on

    def noted(self: Transactions, commands: list[Command], **about: Any) -> Any:
        groups.append(len(commands))
        return pass_on(self, commands, **about)

    monkeypatch.setattr(session_module, "MAX_PIPELINED_COMMANDS", 3)
    monkeypatch.setattr(Transactions, "pass_on", noted)
    served = await serve()
    served.client.send(b"MAIL FROM:<a@example.com>\r\n" + b"RCPT TO:<b@example.net>\r\n" * 6)
    assert [(await served.client.reply()).code for _ in range(7)] == [250] * 7
    assert groups == [3, 3, 1]


async def test_a_session_may_bring_any_number_of_messages(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only commands that lead to none are counted, from one transaction to the next."""
    monkeypatch.setattr(session_module, "MAX_COMMANDS_WITHOUT_MAIL", 5)
    served = await serve()
    for _ in range(4):
        await served.client.transaction()
        assert (await served.client.message(MESSAGE)).code == 250
    assert (await served.client.ask(b"NOOP")).code == 250


async def test_a_relay_lost_with_its_login_ends_a_silent_session(
    serve: Serve, relay: ScriptedRelay
) -> None:
    """The client would not know before its next message."""
    relay.extensions = (*relay.extensions, "AUTH PLAIN")
    served = await serve()
    await served.client.ask(b"EHLO client.test")
    served.session._upstream.authenticated = True
    relay.script = {"NOOP": Step(b"250 ok\r\n", then="close")}
    with capture_logs() as lines:
        assert (await served.client.ask(b"NOOP")).code == 250
        assert (await served.client.reply()).wire().startswith(b"421 4.4.1")
        await served.ended()
    assert dropped(lines) == ["relay_lost"]
