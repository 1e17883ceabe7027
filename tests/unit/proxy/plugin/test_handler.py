"""The handler that aiosmtpd calls: how it is made, and what is shared."""

import asyncio
import smtplib
from argparse import ArgumentParser
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller

from config.loading.load import ConfigError
from config.telemetry.observe import SESSIONS
from proxy.plugin import Handler
from proxy.plugin.conversation import Conversation
from tests.support.plugged import plugged
from tests.support.relays.scripted_relay import ScriptedRelay, Step
from tests.support.session_fixtures import configuration
from tests.support.stack import Mailbox, Stack
from tests.support.waiting_in_loop import until


def from_cli(*arguments: object) -> Handler:
    """Make a handler as aiosmtpd does with the arguments of its command line."""
    return Handler.from_cli(ArgumentParser("aiosmtpd"), *map(str, arguments))


def test_the_command_line_names_a_configuration(stack: Stack) -> None:
    """With its key files, as `waypost proxy -c` would."""
    handler = from_cli(stack.config)
    assert handler._config.relay.port == stack.relay
    assert handler._config.keys.file is not None
    handler.close()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[relay]\nprot = 25\n", "relay.prot: is not a key of [relay]"),
        ("", "keys.file: is missing"),
        ("[relay", "is not TOML"),
    ],
)
def test_a_bad_configuration_is_an_error_of_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, told: str
) -> None:
    """Exit status 2, every problem with its line, no traceback."""
    (tmp_path / "waypost.toml").write_text(text)
    with pytest.raises(SystemExit) as ended:
        from_cli(tmp_path / "waypost.toml")
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert "aiosmtpd: error: the configuration cannot be used:" in said
    assert told in said


def test_no_configuration_is_one_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And so are two."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("WAYPOST_CONFIG", raising=False)
    monkeypatch.setattr("config.loading.config_file.PLACES", ())
    for arguments in ((), ("one.toml", "two.toml")):
        with pytest.raises(SystemExit):
            from_cli(*arguments)
    assert "waypost init DIR" in capsys.readouterr().err


def test_a_program_gets_an_exception(tmp_path: Path) -> None:
    """It decides itself what to do then."""
    with pytest.raises(ConfigError, match="No such file"):
        Handler(tmp_path / "waypost.toml")


def test_a_controller_serves_with_it_and_again(stack: Stack, mailbox: Mailbox) -> None:
    """In a thread with a loop of its own; the second time it is another loop."""
    handler = Handler(stack.config)
    for count in (1, 2):
        controller = Controller(handler, hostname="127.0.0.1", port=stack.smtp)
        controller.start()
        try:
            with smtplib.SMTP("127.0.0.1", stack.smtp, timeout=60) as client:
                client.sendmail("a@example.com", "b@example.net", "Subject: hello\r\n\r\nhello\r\n")
        finally:
            controller.stop()
        assert mailbox.wait_for(count)[-1].endswith(b"hello\r\n")
    handler.close()


async def test_a_fault_of_ours_is_451(
    tmp_path: Path, relay: ScriptedRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Alone, aiosmtpd would say 500, and the client would give the message up."""

    async def fail(*_: object) -> None:
        raise KeyError("text")

    async with plugged(Handler(configuration(tmp_path, relay.port))) as served:
        client = await served.dial()
        monkeypatch.setattr(Conversation, "pass_on", fail)
        assert str(await client.ask(b"MAIL FROM:<a@example.com>")).startswith("451 4.3.0")


async def test_after_a_fault_at_the_dot_the_next_message_is_taken(
    tmp_path: Path, relay: ScriptedRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Left to itself, aiosmtpd keeps the envelope, and answers the next MAIL with 503."""

    async def fail(*_: object) -> None:
        raise MemoryError

    message = b"Subject: x\r\n\r\nx\r\n"
    async with plugged(Handler(configuration(tmp_path, relay.port))) as served:
        client = await served.dial()
        await client.transaction()
        with monkeypatch.context() as faulty:
            faulty.setattr(Conversation, "_looked_through", fail)
            assert str(await client.message(message)).startswith("451 4.3.0")
        await client.transaction()
        assert (await client.message(message)).code == 250
    assert len(relay.messages) == 1


async def test_a_verdict_may_take_longer_than_aiosmtpd_waits(
    tmp_path: Path, relay: ScriptedRelay
) -> None:
    """Its timer of DATA would hang up on a client whose message the relay then takes."""
    relay.script["DOT"] = Step(b"250 2.0.0 at last\r\n", delay_s=1.5)
    async with plugged(Handler(configuration(tmp_path, relay.port)), timeout=1) as served:
        client = await served.dial()
        await client.transaction()
        assert str(await client.message(b"Subject: a\r\n\r\na\r\n")) == "250 2.0.0 at last"


async def test_what_is_bound_to_a_loop_is_made_in_it(tmp_path: Path, relay: ScriptedRelay) -> None:
    """No relay is called, and no task made, before a client comes; none is left when it goes."""
    before = SESSIONS._value.get()
    handler = await asyncio.to_thread(Handler, configuration(tmp_path, relay.port))
    assert relay.connections == []
    async with plugged(handler) as served:
        client = await served.dial()
        assert SESSIONS._value.get() == before + 1
        await client.ask(b"QUIT")
        await until(lambda: SESSIONS._value.get() == before)
        assert handler._conversations == {}
    assert len(relay.connections) == 1


async def test_a_load_balancer_names_the_client(tmp_path: Path, relay: ScriptedRelay) -> None:
    """With the PROXY protocol of aiosmtpd, from networks of the configuration alone."""
    table = {"proxy_protocol_networks": ["127.0.0.0/8"], "trusted_networks": ["192.0.2.0/24"]}
    config = configuration(tmp_path, relay.port, proxy=table)
    async with plugged(Handler(config), proxy_protocol_timeout=5) as served:
        for source, code in (("192.0.2.7", 250), ("198.51.100.7", 530)):
            client = await served.dial(greet=False, first=f"PROXY TCP4 {source} 10.0.0.1 1 25\r\n")
            await client.ask(b"EHLO client.test")
            assert (await client.ask(b"MAIL FROM:<a@example.com>")).code == code
