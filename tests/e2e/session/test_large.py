"""Large and slow messages: worked on in a process of their own, which may die at any time."""

import asyncio
from pathlib import Path

import pytest

from config.keys import dkim_keys
from config.schema import Copies
from proxy.client.identity import ClientIdentity
from proxy.scheduling import offload
from tests.support.relays.scripted_relay import ScriptedRelay, Step
from tests.support.session_fixtures import Proxy, StartProxy
from tests.support.slow_mail import KINDS
from tests.support.waiting_in_loop import until

LARGE = (
    b"From: a@example.com\r\nSubject: hello\r\nContent-Type: text/html\r\n\r\n"
    b'<a href="https://example.net/">read</a>\r\n' + b"<p>more</p>\r\n" * 30_000
)


async def test_a_large_message_is_worked_on_in_another_process(
    proxy: Proxy, relay: ScriptedRelay
) -> None:
    """It comes out as a small one would, and the next finds the process running."""
    client = await proxy.dial()
    for _ in range(2):
        await client.transaction()
        assert (await client.message(LARGE)).code == 250
    first, second = (kept.data for kept in relay.messages)
    assert first.count(b"http://127.0.0.1:8080/c/") == second.count(b"/c/") == 1
    assert first.endswith(LARGE[-300_000:])


@pytest.mark.parametrize(
    ("mail", "begun"),
    [
        (b"<a@example.com> SIZE=400000", b"Subject: hello\r\n"),
        (b"<a@example.com>", LARGE[:300_000]),
    ],
    ids=["declared", "half here"],
)
async def test_the_process_is_started_while_a_large_message_comes_in(
    mail: bytes, begun: bytes, proxy: Proxy
) -> None:
    """It is waited for no longer than it takes beyond that."""
    client = await proxy.dial()
    await client.transaction(mail=mail)
    assert (await client.ask(b"DATA")).code == 354
    client.send(begun)
    worker = proxy.server.services.dispatcher._offload
    await until(lambda: worker._pool is not None)


@pytest.mark.parametrize(("declared", "trusted"), [(b"4000", True), (b"400000", False)])
async def test_no_process_is_started_for_what_is_small_or_passes_unread(
    declared: bytes, *, trusted: bool, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A start costs memory, which nobody can have us spend whose mail is not looked at."""
    monkeypatch.setattr(ClientIdentity, "trusted", trusted)
    client = await proxy.dial()
    await client.transaction(mail=b"<a@example.com> SIZE=" + declared)
    assert (await client.message(b"Subject: hello\r\n\r\nworld\r\n")).code == 250
    assert proxy.server.services.dispatcher._offload._pool is None


@pytest.mark.parametrize("copies", ["shared", "per-recipient"])
async def test_a_message_that_is_much_work_goes_there_too(
    copies: Copies, start_proxy: StartProxy, relay: ScriptedRelay
) -> None:
    """Though it is not large: it is begun here, and every copy comes from there."""
    proxy = await start_proxy(proxy={"copies": copies})
    client = await proxy.dial()
    slow = KINDS["links"](60_000)
    await client.transaction(b"<1@example.net>", b"<2@example.net>")
    assert (await client.message(slow)).code == 250
    assert proxy.server.services.dispatcher._offload._pool is not None
    tracked = {kept.data.count(b"http://127.0.0.1:8080/c/") for kept in relay.messages}
    assert tracked == {slow.count(b"href=")}


async def test_a_large_message_survives_the_process_that_worked_on_it(
    proxy: Proxy, relay: ScriptedRelay
) -> None:
    """It goes out as it came, and the next is worked on by a new process."""
    client = await proxy.dial()
    for number in range(3):
        await client.transaction()
        assert (await client.message(LARGE)).code == 250
        if number == 0:
            (worker,) = proxy.server.services.dispatcher._offload._pool._processes.values()
            worker.kill()
            worker.join()
            await asyncio.sleep(0.1)
    tracked = [b"http://127.0.0.1:8080/c/" in kept.data for kept in relay.messages]
    assert tracked == [True, False, True]
    assert relay.messages[1].data == LARGE


async def test_copies_of_a_large_message(start_proxy: StartProxy, relay: ScriptedRelay) -> None:
    """Each from the other process, of one message."""
    proxy = await start_proxy(proxy={"copies": "per-recipient"})
    client = await proxy.dial()
    await client.transaction(b"<1@example.net>", b"<2@example.net>")
    assert (await client.message(LARGE)).code == 250
    first, second = (kept.data for kept in relay.messages)
    assert first.count(b"http://127.0.0.1:8080/c/") == second.count(b"/c/") == 1
    assert first != second


async def test_the_process_that_made_the_copies_may_die_before_the_verdict(
    start_proxy: StartProxy, relay: ScriptedRelay
) -> None:
    """The relay has taken all of them, and that is what the client hears."""
    relay.script = {"DOT": [Step(b"250 ok\r\n"), Step(b"250 ok\r\n", delay_s=0.5)]}
    proxy = await start_proxy(proxy={"copies": "per-recipient"})
    client = await proxy.dial()
    await client.transaction(b"<1@example.net>", b"<2@example.net>")
    sending = asyncio.create_task(client.message(LARGE))
    await until(lambda: relay.commands.count(b"DATA") == 2, 20)
    (worker,) = proxy.server.services.dispatcher._offload._pool._processes.values()
    worker.kill()
    assert (await sending).code == 250
    assert len(relay.messages) == 2


async def test_the_process_stays_while_the_relay_takes_its_time(
    start_proxy: StartProxy, relay: ScriptedRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All copies are tracked, though nothing was worked on between two for long."""
    monkeypatch.setattr(offload, "IDLE_S", 0.05)
    relay.script = {"DOT": [Step(b"250 ok\r\n", delay_s=0.5), Step(b"250 ok\r\n")]}
    proxy = await start_proxy(proxy={"copies": "per-recipient"})
    client = await proxy.dial()
    await client.transaction(b"<1@example.net>", b"<2@example.net>")
    assert (await client.message(LARGE)).code == 250
    assert [kept.data.count(b"http://127.0.0.1:8080/c/") for kept in relay.messages] == [1, 1]
    await until(lambda: proxy.server.services.dispatcher._offload._pool is None)


@pytest.mark.parametrize("copies", ["shared", "per-recipient"])
async def test_a_large_message_that_must_be_signed_waits_for_a_process(
    copies: Copies, start_proxy: StartProxy, relay: ScriptedRelay, tmp_path: Path
) -> None:
    """Where the process died over it, the client hears 451: it never goes out unsigned."""
    key_file = tmp_path / "dkim.pem"
    dkim_keys.write_dkim_key(key_file)
    sender = {"domain": "example.com", "sign": "always"}
    key = {"selector": "s", "key_file": str(key_file)}
    proxy = await start_proxy(proxy={"copies": copies}, sender=[{**sender, "dkim": [key]}])
    client = await proxy.dial()
    for number, heard in enumerate((250, 451, 250)):
        await client.transaction(b"<1@example.net>", b"<2@example.net>")
        if number == 1:
            (worker,) = proxy.server.services.dispatcher._offload._pool._processes.values()
            worker.kill()
            worker.join()
            await asyncio.sleep(0.1)
        assert (await client.message(LARGE)).code == heard
    assert all(kept.data.startswith(b"DKIM-Signature:") for kept in relay.messages)
