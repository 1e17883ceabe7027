"""Programs before two Postfixes: whose mail goes where, under whose login, and what ends a session.

Both relays are real, each takes mail only of who is logged in, and each knows other logins.
"""

import asyncio
import base64
import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from proxy.relay import pacing
from tests.support.clients.mailers import SENDER, Client, msmtp, nodemailer, run
from tests.support.clients.smtp_client import Dialogue
from tests.support.relays.dovecot_auth import LOGIN, PASSWORD, dovecot_auth
from tests.support.relays.postfix import Postfix, postfix_running
from tests.support.session_fixtures import StartProxy
from tests.support.stack import Stack

OFFICE, NEWS = "office@relay.test", "news@relay.test"
"""Our own login at each relay; programs have another at the first."""

NEWSLETTER = "news@news.example.com"
PROGRAMS: list[Client] = [msmtp, nodemailer]

WITH_LOGIN = {
    "mynetworks": "192.0.2.1/32",
    "smtpd_sasl_auth_enable": "yes",
    "smtpd_sasl_type": "dovecot",
    "smtpd_relay_restrictions": "permit_sasl_authenticated, reject",
    "smtpd_recipient_restrictions": "permit_sasl_authenticated, reject",
}

RELAY = """\
[[relay]]
name = "{name}"
host = "127.0.0.1"
port = {port}
tls = "none"
user = "{user}"
password_file = "{name}.password"
senders = {senders}
"""


@contextlib.contextmanager
def postfix_with(accounts: dict[str, str], **settings: str) -> Iterator[Postfix]:
    """Run a Postfix that takes mail of these logins alone."""
    with dovecot_auth(accounts) as port:
        path = {"smtpd_sasl_path": f"inet:127.0.0.1:{port}"}
        with postfix_running(WITH_LOGIN | path | settings) as postfix:
            yield postfix


@pytest.fixture(scope="module")
def office() -> Iterator[Postfix]:
    """Run the relay that comes first."""
    with postfix_with({LOGIN: PASSWORD, OFFICE: "one"}) as postfix:
        yield postfix


@pytest.fixture(scope="module")
def news() -> Iterator[Postfix]:
    """Run the relay for newsletters."""
    with postfix_with({NEWS: "two"}) as postfix:
        yield postfix


@contextlib.contextmanager
def waypost_before(folder: Path, office: int, news: int) -> Iterator[Stack]:
    """Run Waypost before relays at these ports."""
    stack = Stack(folder, office).furnish()
    tables = ""
    for name, port, user, senders in (
        ("office", office, OFFICE, []),
        ("news", news, NEWS, ["news.example.com"]),
    ):
        password = folder / f"{name}.password"
        password.write_text({OFFICE: "one", NEWS: "two"}[user])
        password.chmod(0o600)
        tables += RELAY.format(name=name, port=port, user=user, senders=senders)
    single = re.compile(r"^\[relay\]\n(?:.* = .*\n)+", re.MULTILINE)
    text, count = single.subn(tables, stack.config.read_text())
    assert count == 1
    stack.config.write_text(text)
    with stack.serving("serve"):
        yield stack


@dataclass(frozen=True)
class House:
    """Both relays, and Waypost before them."""

    office: Postfix
    news: Postfix
    stack: Stack


@pytest.fixture(scope="module")
def house(
    office: Postfix, news: Postfix, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    """Run all three."""
    folder = tmp_path_factory.mktemp("house") / "waypost"
    with waypost_before(folder, office.port, news.port) as stack:
        yield House(office, news, stack)


def newsletter(client: Client) -> Client:
    """Have a program name the other envelope sender."""
    return lambda port, file: [each.replace(SENDER, NEWSLETTER, 1) for each in client(port, file)]


def logged_in(client: Client) -> Client:
    """Have msmtp log in."""
    login = f"--auth=plain --user={LOGIN} --passwordeval='echo {PASSWORD}'"
    return lambda port, file: [each.replace("--auth=off", login) for each in client(port, file)]


def logins(postfix: Postfix) -> list[str]:
    """Return under which login each message came so far."""
    return re.findall(r"sasl_username=(\S+)", postfix.log)


@pytest.mark.parametrize("client", PROGRAMS, ids=lambda each: each.__name__)
async def test_mail_goes_to_the_relay_of_its_sender(
    client: Client, house: House, tmp_path: Path
) -> None:
    """Under our login there, which the other relay never hears."""
    before = {each: len(each.delivered()) for each in (house.office, house.news)}
    for sending in (client, newsletter(client)):
        told = await run(sending, house.stack.smtp, tmp_path)
        assert told.status == 0, told.text
    for postfix, sender, login in (
        (house.office, SENDER, OFFICE),
        (house.news, NEWSLETTER, NEWS),
    ):
        *_, stored = postfix.wait_for(before[postfix] + 1)
        assert stored.startswith(f"Return-Path: <{sender}>".encode())
        assert len(postfix.delivered()) == before[postfix] + 1
        assert logins(postfix)[-1] == login
        assert "authentication failed" not in postfix.log


async def test_who_logs_in_stays_with_that_relay(house: House, tmp_path: Path) -> None:
    """Whatever sender it names: it sends under its own login, and uses none of ours."""
    before, elsewhere = len(house.office.delivered()), len(logins(house.news))
    told = await run(newsletter(logged_in(msmtp)), house.stack.smtp, tmp_path)
    assert told.status == 0, told.text
    *_, stored = house.office.wait_for(before + 1)
    assert stored.startswith(f"Return-Path: <{NEWSLETTER}>".encode())
    assert logins(house.office)[-1] == LOGIN
    assert len(logins(house.news)) == elsewhere


@pytest.mark.parametrize("stopped", ["office", "news"])
async def test_a_relay_that_is_stopped_is_no_matter_to_mail_for_the_other(
    stopped: str, office: Postfix, news: Postfix, tmp_path: Path
) -> None:
    """Its own mail is told to come back; so is who logs in, where that is the relay that is gone."""
    other = news if stopped == "office" else office
    before = len(other.delivered())
    with contextlib.ExitStack() as stop:
        gone = stop.enter_context(postfix_with({LOGIN: PASSWORD, OFFICE: "one", NEWS: "two"}))
        ports = {"office": office.port, "news": news.port, stopped: gone.port}
        with waypost_before(tmp_path / "waypost", **ports) as stack:
            senders = {"office": msmtp, "news": newsletter(msmtp)}
            own, others = senders.pop(stopped), *senders.values()
            assert (await run(own, stack.smtp, tmp_path)).status == 0
            stop.close()
            assert "message: 451 4.4.1" in (await run(own, stack.smtp, tmp_path)).text
            told = await run(others, stack.smtp, tmp_path)
            assert told.status == 0, told.text
            if stopped == "office":
                told = await run(logged_in(msmtp), stack.smtp, tmp_path)
                assert re.search(r"\b421 4\.4\.1\b", told.text), told.text
    other.wait_for(before + 1)


async def test_a_login_outlives_the_patience_of_its_relay(
    start_proxy: StartProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another client, connected later and as silent, is hung up on; the session that heard NOOP is not."""
    monkeypatch.setattr("proxy.relay.upstream.KEEP_ALIVE_S", 0.2)
    with postfix_with({LOGIN: PASSWORD}, smtpd_timeout="2s") as postfix:
        client = await (await start_proxy(relay={"port": postfix.port})).dial()
        plain = base64.b64encode(f"\0{LOGIN}\0{PASSWORD}".encode())
        assert (await client.ask(b"AUTH PLAIN " + plain)).code == 235
        other = await Dialogue.connect(postfix.port)
        assert [(await other.reply()).code for _ in range(2)] == [220, 421]
        await other.close()
        await client.transaction(mail=f"<{SENDER}>".encode())
        assert (await client.message(b"Subject: still here\r\n\r\nbody\r\n")).code == 250
        postfix.wait_for(1)
        assert logins(postfix) == [LOGIN]


FEW, MANY = 2, 12


@pytest.fixture(scope="module")
def with_few_sessions() -> Iterator[Postfix]:
    """Run a Postfix that hangs up on more sessions, but for those of which it has not seen the end."""
    limits = {
        "smtpd_client_connection_count_limit": str(2 * FEW),
        "smtpd_client_event_limit_exceptions": "",
    }
    with postfix_running(limits) as postfix:
        yield postfix


async def test_many_programs_share_the_few_sessions_of_a_relay(
    with_few_sessions: Postfix, start_proxy: StartProxy, tmp_path: Path
) -> None:
    """All at the same time: each has its turn, and all of their mail arrives."""
    postfix = with_few_sessions
    before = len(postfix.delivered())
    proxy = await start_proxy(relay={"port": postfix.port, "max_connections": FEW})
    folders = [tmp_path / str(n) for n in range(MANY)]
    for folder in folders:
        folder.mkdir()
    clients = [PROGRAMS[n % len(PROGRAMS)] for n in range(MANY)]
    sending = (run(each, proxy.port, home) for each, home in zip(clients, folders, strict=True))
    for told in await asyncio.gather(*sending):
        assert told.status == 0, told.text
    assert len(postfix.wait_for(before + MANY)) == before + MANY
    assert "too many connections" not in postfix.log.lower()


async def test_who_has_no_turn_is_told_to_come_back(
    with_few_sessions: Postfix,
    start_proxy: StartProxy,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """Nothing of it has arrived, and when it comes back it is taken."""
    postfix = with_few_sessions
    before = len(postfix.delivered())
    monkeypatch.setattr(pacing, "WAIT_S", 0.05)
    proxy = await start_proxy(relay={"port": postfix.port, "max_connections": FEW})
    busy = [await proxy.dial() for _ in range(FEW)]
    for client in busy:
        await client.transaction()
    assert "message: 451 4.3.2" in (await run(msmtp, proxy.port, tmp_path)).text
    for client in busy:
        assert (await client.message(b"Subject: slow\r\n\r\nbody\r\n")).code == 250
    assert (await run(msmtp, proxy.port, tmp_path)).status == 0
    assert len(postfix.wait_for(before + FEW + 1)) == before + FEW + 1
