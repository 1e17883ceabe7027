"""Our own login at the relay: how it is said, where it may go, and that a wrong one is not repeated."""

import asyncio
import base64
import hmac
import stat
from collections.abc import Callable, MutableMapping
from pathlib import Path
from typing import Any

import pytest

from config.schema import RelayConfig
from proxy.relay import own_login
from proxy.relay.dial import Contact
from proxy.relay.relay import Relay
from proxy.relay.session import RelaySession
from proxy.smtp import replies
from tests.support.relays.scripted_relay import EXTENSIONS, ScriptedRelay, Step
from tests.support.waiting_in_loop import until

PASSWORD = "correct horse"
REFUSED = Step(b"535 5.7.8 no such account\r\n")
Logged = list[MutableMapping[str, Any]]
NewRelay = Callable[..., Relay]


@pytest.fixture
def ours(relay: ScriptedRelay, tmp_path: Path) -> NewRelay:
    """Return a function that makes the way to `relay`; arguments are keys of `[relay]`."""
    relay.extensions = (*EXTENSIONS, "AUTH PLAIN LOGIN")
    password = tmp_path / "password"
    password.write_text(f"{PASSWORD}\n")
    password.chmod(0o600)

    def new(**settings: object) -> Relay:
        usual = {"port": relay.port, "tls": "none", "user": "us", "password_file": str(password)}
        return Relay(RelayConfig.model_validate({**usual, **settings}), "waypost.test")

    return new


def program(folder: Path, script: str) -> list[str]:
    """Return the command of a program that `script` is."""
    path = folder / "token"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return [str(path)]


async def log_in(relay: Relay) -> replies.Reply | None:
    """Log in in a new session."""
    session = await relay.open()
    assert relay.own_login is not None
    try:
        return await relay.own_login.log_in(session)
    finally:
        session.abort()


def said(relay: ScriptedRelay, verb: bytes = b"AUTH") -> list[bytes]:
    """Return the commands of this verb that the relay heard."""
    return [line for line in relay.commands if line.startswith(verb)]


def coded(octets: bytes) -> bytes:
    """Return base64."""
    return base64.b64encode(octets)


# How it is said


async def test_plain_is_one_line(ours: NewRelay, relay: ScriptedRelay) -> None:
    """RFC 4616; what the relay offers is read again after it."""
    assert await log_in(ours()) is None
    assert said(relay) == [b"AUTH PLAIN " + coded(b"\0us\0correct horse")]
    assert len(said(relay, b"EHLO")) == 2


async def test_login_answers_two_prompts(ours: NewRelay, relay: ScriptedRelay) -> None:
    """Where the relay offers nothing better."""
    relay.extensions = (*EXTENSIONS, "AUTH LOGIN")
    relay.script = {
        "AUTH": Step(b"334 VXNlcm5hbWU6\r\n"),
        "RESPONSE": [Step(b"334 UGFzc3dvcmQ6\r\n"), Step(b"235 2.7.0 welcome\r\n")],
    }
    assert await log_in(ours()) is None
    assert relay.commands[1:4] == [b"AUTH LOGIN", coded(b"us"), coded(PASSWORD.encode())]


async def test_cram_md5_answers_the_challenge(ours: NewRelay, relay: ScriptedRelay) -> None:
    """RFC 2195: the password itself does not cross."""
    relay.extensions = (*EXTENSIONS, "AUTH CRAM-MD5")
    challenge = b"<1896.697170952@postoffice.example.net>"
    relay.script = {"AUTH": Step(b"334 " + coded(challenge) + b"\r\n")}
    assert await log_in(ours()) is None
    digest = hmac.new(PASSWORD.encode(), challenge, "md5").hexdigest().encode()
    assert relay.commands[2] == coded(b"us " + digest)


async def test_a_challenge_that_makes_no_sense_ends_the_exchange(
    ours: NewRelay, relay: ScriptedRelay
) -> None:
    """Nothing is answered to it."""
    relay.extensions = (*EXTENSIONS, "AUTH CRAM-MD5")
    relay.script = {"AUTH": Step(b"334 ???\r\n")}
    assert await log_in(ours()) is replies.NOT_LOGGED_IN
    assert relay.commands[2] == b"*"


async def test_a_token_is_what_a_command_prints(
    ours: NewRelay, relay: ScriptedRelay, tmp_path: Path
) -> None:
    """It is used again, so that the command does not run for every session."""
    relay.extensions = (*EXTENSIONS, "AUTH PLAIN XOAUTH2")
    command = program(tmp_path, f"echo x >> {tmp_path}/runs; echo ya29.token")
    way = ours(password_file=None, token_command=command)
    assert await log_in(way) is None
    assert await log_in(way) is None
    line = b"AUTH XOAUTH2 " + coded(b"user=us\x01auth=Bearer ya29.token\x01\x01")
    assert said(relay) == [line, line]
    assert (tmp_path / "runs").read_text() == "x\n"


async def test_a_token_that_ended_before_its_time_is_replaced(
    ours: NewRelay, relay: ScriptedRelay, tmp_path: Path
) -> None:
    """At once, and nobody hears of it: Google asks for an empty line before it refuses."""
    relay.extensions = (*EXTENSIONS, "AUTH XOAUTH2")
    command = program(tmp_path, f"echo x >> {tmp_path}/runs; wc -l < {tmp_path}/runs")
    way = ours(password_file=None, token_command=command)
    assert await log_in(way) is None
    relay.script = {
        "AUTH": [Step(b"334 e30=\r\n"), Step(b"235 2.7.0 welcome\r\n")],
        "RESPONSE": REFUSED,
    }
    assert await log_in(way) is None
    tokens = [b"user=us\x01auth=Bearer %d\x01\x01" % number for number in (1, 1, 2)]
    assert said(relay) == [b"AUTH XOAUTH2 " + coded(token) for token in tokens]
    assert b"" in relay.connections[1]


@pytest.mark.parametrize("script", ["exit 1", "true", "echo oops >&2; exit 3", "printf 'a\\nb'"])
async def test_a_command_without_a_token_is_no_login(
    script: str, ours: NewRelay, relay: ScriptedRelay, tmp_path: Path, logged: Logged
) -> None:
    """The log says what the command complained of."""
    relay.extensions = (*EXTENSIONS, "AUTH XOAUTH2")
    way = ours(password_file=None, token_command=program(tmp_path, script))
    assert await log_in(way) is replies.NOT_LOGGED_IN
    assert not said(relay)
    (line,) = logged
    assert (line["event"], line["cause"]) == ("relay_login_failed", "no_secret")
    assert ("oops" in line["detail"]) == ("oops" in script)


async def test_a_command_that_hangs_is_ended(
    ours: NewRelay, relay: ScriptedRelay, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its client has waited long enough."""
    monkeypatch.setattr(own_login, "COMMAND_PATIENCE_S", 0.05)
    relay.extensions = (*EXTENSIONS, "AUTH XOAUTH2")
    way = ours(password_file=None, token_command=program(tmp_path, "exec sleep 60"))
    assert await log_in(way) is replies.NOT_LOGGED_IN


# Where it may go


async def test_it_never_crosses_to_another_machine_unproved(
    ours: NewRelay, relay: ScriptedRelay, logged: Logged
) -> None:
    """Neither in the clear, whatever `allow_plain_auth` says, nor over TLS with any certificate."""
    way = ours(allow_plain_auth=True)
    assert way.own_login is not None
    opened = await way.open()
    away = {"verified": False, "loopback": False}
    for tls in (False, True):
        contact = Contact(opened._connection, opened.address, {"AUTH": "PLAIN"}, tls=tls, **away)
        session = RelaySession(way.config, "waypost.test", contact)
        assert await way.own_login.log_in(session) is replies.NOT_LOGGED_IN
        way.own_login._paused_until_s = 0.0
    assert not said(relay)
    assert [line["cause"] for line in logged] == ["not_safe", "not_safe"]
    opened.abort()


async def test_a_relay_without_our_mechanisms_hears_none(
    ours: NewRelay, relay: ScriptedRelay, logged: Logged
) -> None:
    """The log says what it offers."""
    relay.extensions = (*EXTENSIONS, "AUTH GSSAPI")
    assert await log_in(ours()) is replies.NOT_LOGGED_IN
    assert not said(relay)
    assert "GSSAPI" in logged[0]["detail"]


async def test_a_password_file_that_others_can_read_is_not_used(
    ours: NewRelay, relay: ScriptedRelay, tmp_path: Path, logged: Logged
) -> None:
    """As at the start: it may have been changed since."""
    (tmp_path / "password").chmod(0o644)
    assert await log_in(ours()) is replies.NOT_LOGGED_IN
    assert logged[0]["cause"] == "no_secret"
    assert not said(relay)


async def test_who_waited_for_the_first_login_does_not_wait_for_the_second(
    ours: NewRelay, relay: ScriptedRelay
) -> None:
    """One at a time only until one has gone well."""
    slow = Step(b"235 2.7.0 welcome\r\n", delay_s=0.2)
    relay.script = {"AUTH": slow}
    way = ours()
    assert way.own_login is not None
    sessions = [await way.open() for _ in range(4)]
    logins = [asyncio.create_task(way.own_login.log_in(each)) for each in sessions]
    await until(logins[0].done)
    await until(lambda: len(said(relay)) == 4)
    assert await asyncio.gather(*logins) == [None] * 4
    for each in sessions:
        each.abort()


# What is refused


async def test_what_was_refused_is_not_said_again(
    ours: NewRelay, relay: ScriptedRelay, logged: Logged
) -> None:
    """By none of those who need it, at the same time or later: one try, one line in the log."""
    relay.script = {"AUTH": REFUSED}
    way = ours()
    heard = await asyncio.gather(*(log_in(way) for _ in range(10)))
    heard.append(await log_in(way))
    assert heard == [replies.NOT_LOGGED_IN] * 11
    assert len(said(relay)) == 1
    (line,) = logged
    assert (line["event"], line["cause"], line["user"]) == ("relay_login_failed", "refused", "us")
    assert PASSWORD not in str(line)


async def test_after_the_pause_it_is_tried_again_and_the_pauses_grow(
    ours: NewRelay, relay: ScriptedRelay, logged: Logged
) -> None:
    """Up to a quarter of an hour; a login that goes well ends that."""
    relay.script = {"AUTH": REFUSED}
    way = ours()
    assert way.own_login is not None
    for _ in range(6):
        await log_in(way)
        way.own_login._paused_until_s = 0.0
    assert [line["pause_s"] for line in logged] == [60, 120, 240, 480, 900, 900]
    relay.script = {}
    assert await log_in(way) is None
    relay.script = {"AUTH": REFUSED}
    await log_in(way)
    assert logged[-1]["pause_s"] == 60


async def test_a_relay_that_cannot_judge_now_is_asked_by_the_next(
    ours: NewRelay, relay: ScriptedRelay
) -> None:
    """It has said nothing about the password."""
    relay.script = {"AUTH": [Step(b"454 4.7.0 not now\r\n"), Step(b"235 2.7.0 welcome\r\n")]}
    way = ours()
    assert await log_in(way) is replies.NOT_LOGGED_IN
    assert await log_in(way) is None


async def test_a_new_password_is_read_at_the_next_login(
    ours: NewRelay, relay: ScriptedRelay, tmp_path: Path
) -> None:
    """No reload is needed for it."""
    way = ours()
    await log_in(way)
    (tmp_path / "password").write_text("another")
    await log_in(way)
    assert said(relay)[1] == b"AUTH PLAIN " + coded(b"\0us\0another")
