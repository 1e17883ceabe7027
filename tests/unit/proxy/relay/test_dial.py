"""Reaching the relay: addresses in turn, greeting, EHLO, TLS, over real sockets."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import trustme

from config.schema import RelayConfig
from config.values import Address
from proxy.relay.dial import Contact, RelayUnavailable, Unavailable
from proxy.relay.failover import dial
from proxy.smtp.replies import MARK
from tests.support.clients.programs import free_port
from tests.support.relays.relay_actions import ActingRelay, Line, saying

WITH_STARTTLS = b"250-relay.test\r\n250-STARTTLS\r\n250 AUTH PLAIN\r\n"


@pytest.fixture
def authority() -> trustme.CA:
    """Return a certificate authority of our own."""
    return trustme.CA()


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> Path:
    """Return its certificate as a file, for `[relay] ca_file`."""
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


def server_context(authority: trustme.CA, name: str) -> ssl.SSLContext:
    """Return what a relay of that name needs for TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


@contextlib.asynccontextmanager
async def dialled(config: RelayConfig) -> AsyncIterator[Contact]:
    """Reach the relay, and drop the connection in the end."""
    contact = await dial(config, "waypost.test")
    try:
        yield contact
    finally:
        contact.connection.abort()


async def failing(config: RelayConfig) -> RelayUnavailable:
    """Return the error that `dial` ends with."""
    with pytest.raises(RelayUnavailable) as caught:
        await dial(config, "waypost.test")
    return caught.value


def plain(port: int, **settings: object) -> RelayConfig:
    """Configure a relay on a port of the loopback, without TLS."""
    return RelayConfig.model_validate({"host": "127.0.0.1", "port": port, "tls": "none"} | settings)


async def test_offers_are_read_from_ehlo() -> None:
    """Keywords in upper case, parameters as written."""
    relay = ActingRelay({"EHLO": b"250-relay.test\r\n250-size 5\r\n250-Dsn\r\n250 AUTH=LOGIN\r\n"})
    async with relay.serving(), dialled(plain(relay.port)) as contact:
        assert contact.capabilities == {"SIZE": "5", "DSN": "", "AUTH": "LOGIN"}
    assert relay.commands == [b"EHLO waypost.test"]


async def test_auth_may_be_offered_twice_and_odd_lines_offer_nothing() -> None:
    """The old form, `AUTH=`, often names fewer mechanisms; only ASCII may stand in EHLO."""
    hello = "250-relay.test é\r\n250-AUTH NTLM LOGIN\r\n250-AUTH=LOGIN plain\r\n250-DSN é\r\n250 8BITMIME\r\n"
    relay = ActingRelay({"EHLO": hello.encode()})
    async with relay.serving(), dialled(plain(relay.port)) as contact:
        assert contact.capabilities == {"AUTH": "NTLM LOGIN PLAIN", "8BITMIME": ""}


async def test_a_relay_that_knows_no_ehlo_gets_helo() -> None:
    """RFC 5321 §3.2."""
    relay = ActingRelay({"EHLO": b"502 what?\r\n"})
    async with relay.serving(), dialled(plain(relay.port)) as contact:
        assert contact.capabilities == {}
    assert relay.commands == [b"EHLO waypost.test", b"HELO waypost.test"]


async def test_the_next_relay_is_tried_when_one_is_away() -> None:
    """Nothing listens on the first, the second greets with 554, the third is up."""
    full = ActingRelay({"CONNECT": b"554 5.3.2 not today\r\n"})
    async with full.serving(), ActingRelay().serving() as good:
        config = plain(
            free_port(),
            fallback=(Address("127.0.0.1", full.port), Address("127.0.0.1", good.port)),
        )
        async with dialled(config) as contact:
            assert contact.address.port == good.port


async def test_every_address_of_a_name_is_tried() -> None:
    """`localhost` is ::1 and 127.0.0.1 on most machines; only the second listens."""
    async with (
        ActingRelay().serving() as relay,
        dialled(plain(relay.port, host="localhost")) as contact,
    ):
        assert contact.loopback


CAUSES = {
    "CONNECT 421": ({"CONNECT": b"421 4.3.2 busy\r\n"}, Unavailable.REFUSED, "421 4.3.2 busy"),
    "CONNECT 554": ({"CONNECT": b"554 no\r\n"}, Unavailable.REFUSED, "554 no"),
    "CONNECT silence": ({"CONNECT": Line.silence}, Unavailable.TIMED_OUT, "no answer in time"),
    "CONNECT reset": ({"CONNECT": Line.reset}, Unavailable.DISCONNECTED, ""),
    "CONNECT hang-up": ({"CONNECT": Line.hang_up}, Unavailable.DISCONNECTED, ""),
    "CONNECT nonsense": ({"CONNECT": b"HTTP/1.1 400 Bad\r\n"}, Unavailable.PROTOCOL, "HTTP"),
    "EHLO 421": ({"EHLO": b"421 busy\r\n"}, Unavailable.REFUSED, "421 busy"),
    "EHLO hang-up": ({"EHLO": Line.hang_up}, Unavailable.DISCONNECTED, ""),
    "HELO refused": ({"EHLO": b"550 no\r\n", "HELO": b"550 no\r\n"}, Unavailable.REFUSED, "550"),
    "ourselves": (
        {"CONNECT": f"220 x ESMTP {MARK}\r\n".encode()},
        Unavailable.OURSELVES,
        "this very Waypost",
    ),
}


@pytest.mark.parametrize("name", CAUSES)
async def test_each_failure_has_a_name(name: str) -> None:
    """The cause and the relay's words are for the log."""
    script, cause, words = CAUSES[name]
    async with ActingRelay(dict(script)).serving() as relay:
        error = await failing(plain(relay.port, connect_timeout=0.3))
    assert error.attempts[0].cause is cause
    assert words in str(error)


async def test_nothing_listening_and_no_such_name_are_told_apart() -> None:
    """Each address that was tried is listed."""
    config = plain(free_port(), fallback=(Address("no-such-host.invalid", 25),))
    error = await failing(config)
    assert [attempt.cause for attempt in error.attempts] == [
        Unavailable.CONNECT,
        Unavailable.NAME,
    ]


@pytest.mark.parametrize("mode", ["required", "opportunistic"])
async def test_starttls_encrypts_and_asks_again(
    mode: str, authority: trustme.CA, ca_file: Path
) -> None:
    """RFC 3207 §4.2: what was offered in the clear is forgotten."""
    relay = ActingRelay({"EHLO": WITH_STARTTLS}, tls=server_context(authority, "localhost"))
    async with (
        relay.serving(),
        dialled(plain(relay.port, host="localhost", tls=mode, ca_file=ca_file)) as contact,
    ):
        assert contact.tls
    assert relay.commands == [b"EHLO waypost.test", b"STARTTLS", b"EHLO waypost.test"]


async def test_implicit_tls(authority: trustme.CA, ca_file: Path) -> None:
    """TLS from the first octet, the name verified."""
    relay = ActingRelay(tls=server_context(authority, "localhost"), implicit=True)
    async with (
        relay.serving(),
        dialled(plain(relay.port, host="localhost", tls="implicit", ca_file=ca_file)) as contact,
    ):
        assert contact.tls


@pytest.mark.parametrize("mode", ["required", "implicit"])
@pytest.mark.parametrize("wrong", ["authority", "name"])
async def test_a_certificate_that_does_not_verify_is_refused_and_explained(
    mode: str, wrong: str, authority: trustme.CA, ca_file: Path
) -> None:
    """No credential and no mail goes to a relay that cannot prove its name."""
    other = trustme.CA() if wrong == "authority" else authority
    context = server_context(other, "localhost" if wrong == "authority" else "other.test")
    relay = ActingRelay({"EHLO": WITH_STARTTLS}, tls=context, implicit=mode == "implicit")
    async with relay.serving():
        config = plain(relay.port, host="localhost", tls=mode, ca_file=ca_file)
        error = await failing(config)
    # Where localhost is ::1 as well, nothing listens there.
    assert Unavailable.CERTIFICATE in {attempt.cause for attempt in error.attempts}
    assert "relay.ca_file" in str(error)


async def test_a_relay_that_asks_for_it_is_shown_our_certificate(
    authority: trustme.CA, ca_file: Path, tmp_path: Path
) -> None:
    """Without one, that relay refuses the handshake, or hangs up after it (TLS 1.3)."""
    issued = authority.issue_cert("waypost.test")
    issued.private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "client.pem"))
    context = server_context(authority, "localhost")
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    relay = ActingRelay(tls=context, implicit=True)
    keys = {"host": "localhost", "tls": "implicit", "ca_file": ca_file}
    async with relay.serving():
        await failing(plain(relay.port, **keys))
        config = plain(relay.port, **keys, client_cert=tmp_path / "client.pem")
        async with dialled(config) as contact:
            assert contact.verified


@pytest.mark.parametrize(
    ("mode", "verify", "verified"), [("required", True, True), ("required", False, False)]
)
async def test_whether_the_certificate_was_verified_is_known(
    mode: str, verify: object, verified: object, authority: trustme.CA, ca_file: Path
) -> None:
    """Our login goes over no other connection to another machine."""
    relay = ActingRelay({"EHLO": WITH_STARTTLS}, tls=server_context(authority, "localhost"))
    keys = {"host": "localhost", "tls": mode, "ca_file": ca_file, "verify": verify}
    async with relay.serving(), dialled(plain(relay.port, **keys)) as contact:
        assert contact.tls
        assert contact.verified == verified


async def test_verification_can_be_switched_off(authority: trustme.CA) -> None:
    """`verify = false` takes any certificate."""
    relay = ActingRelay({"EHLO": WITH_STARTTLS}, tls=server_context(authority, "other.test"))
    async with (
        relay.serving(),
        dialled(plain(relay.port, tls="required", verify=False)) as contact,
    ):
        assert contact.tls


async def test_opportunistic_tls_on_the_loopback_takes_any_certificate(
    authority: trustme.CA,
) -> None:
    """The mail server of this machine has one that it made itself."""
    relay = ActingRelay({"EHLO": WITH_STARTTLS}, tls=server_context(authority, "other.test"))
    async with relay.serving(), dialled(plain(relay.port, tls="opportunistic")) as contact:
        assert contact.tls
        assert not contact.verified


@pytest.mark.parametrize("script", [{}, {"EHLO": WITH_STARTTLS, "STARTTLS": b"454 not now\r\n"}])
async def test_required_tls_that_cannot_be_had_is_no_relay(script: dict[str, bytes]) -> None:
    """Whether it is not offered or refused."""
    async with ActingRelay(dict(script)).serving() as relay:
        error = await failing(plain(relay.port, tls="required"))
    assert error.attempts[0].cause is Unavailable.NO_TLS


@pytest.mark.parametrize("script", [{}, {"EHLO": WITH_STARTTLS, "STARTTLS": b"454 not now\r\n"}])
async def test_opportunistic_tls_goes_on_in_the_clear(script: dict[str, bytes]) -> None:
    """Where STARTTLS is not offered, or refused."""
    async with (
        ActingRelay(dict(script)).serving() as relay,
        dialled(plain(relay.port, tls="opportunistic")) as contact,
    ):
        assert not contact.tls


async def test_a_handshake_that_fails_is_told_from_a_bad_certificate() -> None:
    """The relay says go ahead and then speaks no TLS."""
    relay = ActingRelay(
        {"EHLO": WITH_STARTTLS, "STARTTLS": saying(b"220 go\r\n", b"not TLS at all\r\n")}
    )
    async with relay.serving():
        error = await failing(plain(relay.port, tls="required"))
    assert error.attempts[0].cause in (Unavailable.TLS, Unavailable.DISCONNECTED)


async def test_plaintext_injected_before_the_handshake_is_discarded(
    authority: trustme.CA,
) -> None:
    """A forged EHLO reply that came with the 220 is not taken for an encrypted one."""

    async def inject(line: Line) -> None:
        await line.say(b"220 go\r\n250-evil.test\r\n250 AUTH PLAIN X-EVIL\r\n")
        # The handshake begins with what the client sends next.
        await line.writer.start_tls(server_context(authority, "localhost"))

    relay = ActingRelay({"EHLO": WITH_STARTTLS, "STARTTLS": inject})
    async with (
        relay.serving(),
        dialled(plain(relay.port, tls="required", verify=False)) as contact,
    ):
        assert contact.capabilities == {"STARTTLS": "", "AUTH": "PLAIN"}
        assert await asyncio.wait_for(contact.connection.reply(0.1), 10) is None
