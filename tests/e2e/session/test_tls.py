"""TLS with clients: STARTTLS, and TLS from the first octet."""

import asyncio
import ssl
from pathlib import Path

import pytest
import trustme

from tests.support.clients.smtp_client import Dialogue
from tests.support.identity_fixtures import LOOPBACK, client_context, start_tls
from tests.support.relays.scripted_relay import ScriptedRelay
from tests.support.session_fixtures import StartProxy
from tracker.records.certificates import renewing


async def test_starttls_begins_anew(
    start_proxy: StartProxy, relay_with_auth: ScriptedRelay, authority: trustme.CA, tmp_path: Path
) -> None:
    """RFC 3207 §4.2: EHLO is due again, offers AUTH now and STARTTLS no more."""
    proxy = await start_proxy(proxy={"tls_cert": str(tmp_path / "proxy.pem")})
    client = await proxy.dial(greet=False)
    await client.reply()
    assert b"STARTTLS" in (await client.ask(b"EHLO client.test")).lines
    await start_tls(client, authority)
    assert (await client.ask(b"MAIL FROM:<a@example.com>")).code == 503
    lines = (await client.ask(b"EHLO client.test")).lines
    assert b"STARTTLS" not in lines
    assert (await client.ask(b"STARTTLS")).code == 503
    await client.transaction()
    assert (await client.message(b"Subject: x\r\n\r\n")).code == 250


async def test_what_was_sent_before_the_handshake_is_never_read(
    start_proxy: StartProxy, relay: ScriptedRelay, authority: trustme.CA, tmp_path: Path
) -> None:
    """Commands injected behind STARTTLS in the open vanish."""
    proxy = await start_proxy(proxy={"tls_cert": str(tmp_path / "proxy.pem")})
    client = await proxy.dial()
    client.send(b"STARTTLS\r\nEHLO injected.test\r\nMAIL FROM:<injected@example.com>\r\n")
    assert (await client.reply()).code == 220
    await client.writer.start_tls(client_context(authority), server_hostname="proxy.test")
    assert (await client.ask(b"HELP")).code == 214
    assert not any(b"injected" in line for line in relay.commands)


async def test_tls_from_the_first_octet(
    start_proxy: StartProxy, authority: trustme.CA, tmp_path: Path, relay: ScriptedRelay
) -> None:
    """`listen_tls`: the greeting itself is encrypted."""
    tables = {"listen": [], "listen_tls": ["127.0.0.1:0"], "tls_cert": str(tmp_path / "proxy.pem")}
    proxy = await start_proxy(proxy=tables)
    client = await Dialogue.connect(proxy.port, context=client_context(authority))
    proxy.clients.append(client)
    assert (await client.reply()).code == 220
    assert b"STARTTLS" not in (await client.ask(b"EHLO client.test")).wire()
    await client.transaction()
    assert (await client.message(b"Subject: x\r\n\r\n")).code == 250


async def test_a_failed_handshake_ends_only_its_session(
    start_proxy: StartProxy, authority: trustme.CA, tmp_path: Path
) -> None:
    """Noise instead of a handshake is nobody else's trouble."""
    proxy = await start_proxy(proxy={"tls_cert": str(tmp_path / "proxy.pem")})
    client = await proxy.dial()
    assert (await client.ask(b"STARTTLS")).code == 220
    client.send(b"this is no handshake\r\n" * 10)
    await client.reader.read()
    assert (await (await proxy.dial()).ask(b"NOOP")).code == 250


async def test_tls_may_follow_a_proxy_header_at_once(
    start_proxy: StartProxy, authority: trustme.CA, tmp_path: Path
) -> None:
    """Header and handshake may come in one segment."""
    proxy = await start_proxy(
        proxy={
            "listen": [],
            "listen_tls": ["127.0.0.1:0"],
            "tls_cert": str(tmp_path / "proxy.pem"),
            "proxy_protocol_networks": LOOPBACK,
        }
    )
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = client_context(authority).wrap_bio(incoming, outgoing, server_hostname="proxy.test")
    with pytest.raises(ssl.SSLWantReadError):
        tls.do_handshake()
    client = await proxy.dial(greet=False)
    client.send(b"PROXY TCP4 127.0.0.1 127.0.0.1 4711 465\r\n" + outgoing.read())
    greeting = b""
    while not greeting:
        incoming.write(await client.reader.read(65536))
        try:
            tls.do_handshake()
            client.send(outgoing.read())
            greeting = tls.read()
        except ssl.SSLWantReadError:
            client.send(outgoing.read())
    assert greeting.startswith(b"220 ")


async def test_a_renewed_certificate_is_in_force_unasked(
    start_proxy: StartProxy, authority: trustme.CA, tmp_path: Path
) -> None:
    """For new sessions, within seconds, without a signal."""
    file = tmp_path / "proxy.pem"
    proxy = await start_proxy(
        proxy={"listen": [], "listen_tls": ["127.0.0.1:0"], "tls_cert": str(file)}
    )
    async with renewing(proxy.server.certificate):
        new = trustme.CA()
        issued = new.issue_cert("proxy.test", "127.0.0.1")
        issued.private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "new"))
        (tmp_path / "new").replace(file)
        async with asyncio.timeout(20):
            while True:
                try:
                    client = await Dialogue.connect(proxy.port, context=client_context(new))
                    break
                except ssl.SSLCertVerificationError:
                    await asyncio.sleep(0.1)
        assert (await client.reply()).code == 220
        await client.close()
