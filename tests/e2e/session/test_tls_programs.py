"""Programs that want TLS, and a login, where they hand in mail: with a local authority, behind HAProxy."""

import asyncio
import base64
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trustme

from config.keys.local_authority import ALWAYS, LocalAuthority
from tests.support.clients.mailers import RCPT, SENDER, Client, nodemailer, run
from tests.support.clients.programs import free_port, need
from tests.support.clients.smtp_client import Dialogue
from tests.support.identity_fixtures import LOOPBACK, away, client_context
from tests.support.relays.scripted_relay import ScriptedRelay
from tests.support.session_fixtures import Proxy, StartProxy

PLAIN = base64.b64encode(b"\0shop\0secret")
NODE_TLS = r"""
const [port, from, to, file] = process.argv.slice(2);
const fs = require('fs'), path = require('path');
const ca = fs.readFileSync(path.join(path.dirname(file), 'tls', 'ca.pem'));
const mailer = require('nodemailer').createTransport({host: 'localhost', port: +port, name: 'c.test',
  secure: false, requireTLS: true, tls: {ca}, auth: {user: 'shop', pass: 'secret'}});
mailer.sendMail({envelope: {from, to}, raw: fs.readFileSync(file)},
  (error) => { if (error) { console.error(error); process.exit(1) } });
"""
PYTHON_TLS = r"""
import smtplib, ssl, sys
from pathlib import Path
port, sender, to, file = sys.argv[1:]
trust = ssl.create_default_context(cafile=Path(file).with_name("tls") / "ca.pem")
with smtplib.SMTP("localhost", int(port), "client.test") as client:
    client.starttls(context=trust)
    client.login("shop", "secret")
    client.sendmail(sender, to, open(file, "rb").read())
"""


def authority_of(file: Path) -> Path:
    """Return the authority beside a message."""
    return file.with_name("tls") / "ca.pem"


def msmtp(port: int, file: Path) -> list[str]:
    """Msmtp, which uses GnuTLS."""
    where = f"--host=localhost --port={port} --domain=client.test --from={SENDER}"
    tls = f"--tls=on --tls-starttls=on --tls-trust-file={authority_of(file)}"
    login = "--auth=plain --user=shop --passwordeval='echo secret'"
    return ["sh", "-c", f"exec {need('msmtp')} {where} {tls} {login} {RCPT} < {file}"]


def swaks(port: int, file: Path) -> list[str]:
    """Swaks, which uses OpenSSL by way of Perl."""
    where = ["--server", f"localhost:{port}", "--helo", "client.test", "-f", SENDER, "-t", RCPT]
    tls = ["--tls", "--tls-verify", "--tls-ca-path", str(authority_of(file))]
    login = ["--auth", "PLAIN", "--auth-user", "shop", "--auth-password", "secret"]
    return [need("swaks"), *where, *tls, *login, "--data", f"@{file}"]


def node(port: int, file: Path) -> list[str]:
    """Nodemailer with `requireTLS`."""
    command = nodemailer(port, file)
    file.with_name("send.cjs").write_text(NODE_TLS)
    return command


def python(port: int, file: Path) -> list[str]:
    """Python's smtplib, and so Django."""
    return [need("python3"), "-c", PYTHON_TLS, str(port), SENDER, RCPT, str(file)]


@pytest.mark.parametrize("client", [msmtp, swaks, node, python], ids=lambda each: each.__name__)
async def test_programs_trust_the_local_authority(
    client: Client, start_proxy: StartProxy, relay_with_auth: ScriptedRelay, tmp_path: Path
) -> None:
    """With STARTTLS and the name checked, each in its own TLS library; the login is the relay's."""
    authority = LocalAuthority(tmp_path / "tls")
    authority.make(ALWAYS)
    proxy = await start_proxy(
        proxy={
            "listen": ["[::]:0"],
            "tls_cert": str(authority.certificate),
            "tls_key": str(authority.key),
            "trust_loopback": False,
        }
    )
    told = await run(client, proxy.port, tmp_path)
    assert told.status == 0, told.text
    (kept,) = relay_with_auth.messages
    assert kept.data.rstrip().endswith(b"\r\n\r\nfirst\r\n.dot\r\nlast")
    assert any(PLAIN in line for line in relay_with_auth.commands)


async def test_a_login_is_taken_after_helo(proxy: Proxy, relay_with_auth: ScriptedRelay) -> None:
    """As Postfix does: some old programs say HELO, and log in all the same."""
    client = await proxy.dial(greet=False)
    await client.reply()
    assert (await client.ask(b"HELO client.test")).code == 250
    assert (await client.ask(b"AUTH PLAIN " + PLAIN)).code == 235


async def test_no_login_is_taken_in_the_clear_after_helo(
    start_proxy: StartProxy, relay_with_auth: ScriptedRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From elsewhere it wants TLS first, as ever."""
    away(monkeypatch)
    client = await (await start_proxy()).dial(greet=False)
    await client.reply()
    await client.ask(b"HELO client.test")
    assert (await client.ask(b"AUTH PLAIN " + PLAIN)).code == 538


HAPROXY = """
defaults
    mode tcp
    timeout connect 10s
    timeout client 60s
    timeout server 60s
frontend submissions
    bind 127.0.0.1:{port} ssl crt {certificate}
    bind 127.0.0.1:{plain}
    default_backend waypost
backend waypost
    server waypost1 127.0.0.1:{behind} {header}
"""


@asynccontextmanager
async def haproxy(folder: Path, **facts: object) -> AsyncIterator[None]:
    """Run HAProxy until the block ends."""
    program, file = need("haproxy"), folder / "haproxy.cfg"
    file.write_text(HAPROXY.format(certificate=folder / "proxy.pem", **facts))
    process = await asyncio.create_subprocess_exec(program, "-f", file, "-db")
    try:
        yield
    finally:
        process.terminate()
        await process.wait()


async def connected(connect: Callable[[], "asyncio.Future[Dialogue]"]) -> Dialogue:
    """Connect as soon as somebody listens."""
    async with asyncio.timeout(20):
        while True:
            try:
                return await connect()
            except ConnectionRefusedError:
                await asyncio.sleep(0.05)


@pytest.fixture
async def behind(start_proxy: StartProxy, relay_with_auth: ScriptedRelay) -> Proxy:
    """Run a proxy for strangers behind a load balancer, without a certificate of its own."""
    return await start_proxy(proxy={"proxy_protocol_networks": LOOPBACK, "trust_loopback": False})


@pytest.mark.parametrize(
    ("header", "offered"), [("send-proxy-v2-ssl", True), ("send-proxy-v2", False)]
)
async def test_login_is_offered_where_haproxy_has_ended_tls(
    header: str,
    offered: int,
    behind: Proxy,
    authority: trustme.CA,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """If HAProxy says so, and for those who came over TLS alone; STARTTLS is not, a second time."""
    monkeypatch.setattr("proxy.client.proxy_protocol.parse_ip", lambda _: None)  # a stranger
    port, plain = free_port(), free_port()
    facts = {"port": port, "plain": plain, "behind": behind.port, "header": header}
    async with haproxy(tmp_path, **facts):
        context = client_context(authority)
        client = await connected(lambda: Dialogue.connect(port, context=context))
        await client.reply()
        lines = (await client.ask(b"EHLO client.test")).lines
        assert (b"AUTH PLAIN LOGIN SCRAM-SHA-256" in lines) == offered
        assert b"STARTTLS" not in lines
        assert (await client.ask(b"AUTH PLAIN " + PLAIN)).code == (235 if offered else 538)
        other = await Dialogue.connect(plain)
        await other.reply()
        assert (await other.ask(b"AUTH PLAIN " + PLAIN)).code in (503, 538)
        assert b"AUTH" not in (await other.ask(b"EHLO client.test")).wire()
        for each in (client, other):
            await each.close()


async def test_a_health_check_of_the_tls_port_leaves_no_line(
    start_proxy: StartProxy, authority: trustme.CA, tmp_path: Path, logged: list[dict[str, object]]
) -> None:
    """It connects and hangs up: that is no failed handshake."""
    tables = {"listen": [], "listen_tls": ["127.0.0.1:0"], "tls_cert": str(tmp_path / "proxy.pem")}
    proxy = await start_proxy(proxy=tables)
    _, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    writer.close()
    async with asyncio.timeout(10):
        while not any(line["event"] == "session_unused" for line in logged):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    assert [line for line in logged if line["event"] in {"tls_failed", "session_dropped"}] == []
