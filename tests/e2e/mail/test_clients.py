"""Real clients through the proxy: each sends, is refused at RCPT and refused at the dot.

What counts is that the message arrives, and that the relay's own words reach the user.
"""

import asyncio
import os
import smtplib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.clients.programs import need
from tests.support.relays.scripted_relay import ScriptedRelay, Step
from tests.support.session_fixtures import Proxy

SENDER = "sender@example.com"
RCPT = "rcpt@example.net"
MESSAGE = (
    f"From: {SENDER}\r\nTo: {RCPT}\r\nSubject: hello\r\n\r\nfirst\r\n.dot\r\nlast\r\n".encode()
)
NO_SUCH_USER = Step(b"550-5.1.1 there is nobody\r\n550 5.1.1 of that name here\r\n")
POISON = Step(b"554-5.7.1 this is not\r\n554 5.7.1 to our taste\r\n")

PERL = r"""
use Net::SMTP; my ($port, $from, $to, $file) = @ARGV; local $/; open F, '<', $file; my $m = <F>;
$m =~ s/\r\n/\n/g;
my $s = Net::SMTP->new('127.0.0.1', Port => $port, Hello => 'client.test') or die "connect";
sub fail { print STDERR $s->code, ' ', $s->message; $s->quit; exit 1 }
$s->mail($from) or fail(); $s->to($to) or fail();
$s->data() or fail(); $s->datasend($m); $s->dataend() or fail(); $s->quit;
"""

NODE = r"""
const [port, from, to, file] = process.argv.slice(2);
const mailer = require('nodemailer').createTransport({host: '127.0.0.1', port: +port, name: 'c.test'});
mailer.sendMail({envelope: {from, to}, raw: require('fs').readFileSync(file)},
  (error) => { if (error) { console.error(error.response); process.exit(1) } });
"""

PYTHON = r"""
import smtplib, sys
port, sender, to, file = sys.argv[1:]
with smtplib.SMTP("127.0.0.1", int(port), "client.test") as client:
    client.sendmail(sender, to, open(file, "rb").read())
"""


@dataclass(frozen=True)
class Told:
    """How a client ended, and all that it said."""

    status: int
    text: str


Client = Callable[[int, Path], "list[str]"]


def swaks(port: int, file: Path) -> list[str]:
    """Debian's swaks."""
    where = ["--server", f"127.0.0.1:{port}", "--helo", "client.test"]
    return [need("swaks"), *where, "--from", SENDER, "--to", RCPT, "--data", f"@{file}"]


def curl(port: int, file: Path) -> list[str]:
    """Curl with its SMTP back end."""
    envelope = ["--mail-from", SENDER, "--mail-rcpt", RCPT]
    url = f"smtp://127.0.0.1:{port}/client.test"
    return [need("curl"), "-sSv", url, *envelope, "--upload-file", str(file), "--max-time", "20"]


def msmtp(port: int, file: Path) -> list[str]:
    """Msmtp, which many machines have for sendmail."""
    command = f"exec {need('msmtp')} --host=127.0.0.1 --port={port} --domain=client.test"
    return ["sh", "-c", f"{command} --from={SENDER} --tls=off --auth=off {RCPT} < {file}"]


def s_nail(port: int, file: Path) -> list[str]:
    """Debian's mailx, which composes the message itself."""
    settings = [
        f"-Smta=smtp://127.0.0.1:{port}",
        "-Ssmtp-auth=none",
        "-Shostname=client.test",
        f"-Sfrom={SENDER}",
        "-Ssendwait",
        "-Sv15-compat",
    ]
    command = " ".join([need("s-nail"), "-n", "-v", *settings, "-s", "hello", RCPT])
    return ["sh", "-c", f"printf 'first\\n.dot\\nlast\\n' | {command}"]


def perl(port: int, file: Path) -> list[str]:
    """Perl's Net::SMTP."""
    return [need("perl"), "-e", PERL, str(port), SENDER, RCPT, str(file)]


def nodemailer(port: int, file: Path) -> list[str]:
    """Node's usual mailer."""
    node = need("node", "nodejs")
    known = ("/usr/share/nodejs", "/usr/local/lib/node_modules", os.environ.get("NODE_PATH", ""))
    modules = next((place for place in known if (Path(place) / "nodemailer").is_dir()), None)
    if modules is None:
        pytest.skip("nodemailer is not installed (Debian: node-nodemailer; or set NODE_PATH)")
    script = file.with_name("send.cjs")
    script.write_text(NODE)
    return ["env", f"NODE_PATH={modules}", node, str(script), str(port), SENDER, RCPT, str(file)]


def python(port: int, file: Path) -> list[str]:
    """Python's smtplib."""
    return [need("python3"), "-c", PYTHON, str(port), SENDER, RCPT, str(file)]


def smtp_source(port: int, file: Path) -> list[str]:
    """Postfix's load generator, which makes up its own message."""
    envelope = ["-f", SENDER, "-t", RCPT, "-M", "client.test"]
    return [need("smtp-source", "postfix"), "-v", *envelope, f"127.0.0.1:{port}"]


CLIENTS: list[Client] = [swaks, curl, msmtp, s_nail, perl, nodemailer, python, smtp_source]


@pytest.fixture(params=CLIENTS, ids=lambda client: client.__name__)
def client(request: pytest.FixtureRequest) -> Client:
    """Return each of the clients in turn."""
    return request.param


async def run(client: Client, proxy: Proxy, tmp_path: Path) -> Told:
    """Have `client` send MESSAGE through the proxy."""
    file = tmp_path / "message.eml"
    file.write_bytes(MESSAGE)
    process = await asyncio.create_subprocess_exec(
        *client(proxy.port, file),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=tmp_path,
        env={"HOME": str(tmp_path), "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin", "LANG": "C"},
    )
    async with asyncio.timeout(30):
        output, _ = await process.communicate()
    return Told(process.returncode or 0, output.decode("utf-8", "replace"))


async def test_each_client_sends(
    client: Client, proxy: Proxy, relay: ScriptedRelay, tmp_path: Path
) -> None:
    """The message arrives whole, for its recipient."""
    told = await run(client, proxy, tmp_path)
    assert told.status == 0, told.text
    (kept,) = relay.messages
    assert kept.mail.upper().startswith(b"MAIL FROM:<SENDER@EXAMPLE.COM>")
    assert RCPT.encode() in kept.rcpts[0]
    if client is not smtp_source:
        assert kept.data.rstrip().endswith(b"\r\n\r\nfirst\r\n.dot\r\nlast")


async def test_each_client_hears_why_a_recipient_is_refused(
    client: Client, proxy: Proxy, relay: ScriptedRelay, tmp_path: Path
) -> None:
    """The relay's own words, all of them."""
    relay.script = {"RCPT": NO_SUCH_USER}
    told = await run(client, proxy, tmp_path)
    assert told.status != 0
    assert "550" in told.text
    assert "of that name here" in told.text
    assert not relay.messages


@pytest.mark.parametrize("step", ["DATA", "DOT"])
async def test_each_client_hears_why_a_message_is_refused(
    step: str, client: Client, proxy: Proxy, relay: ScriptedRelay, tmp_path: Path
) -> None:
    """A refusal of DATA arrives at the dot, in the relay's own words."""
    relay.script = {step: POISON}
    told = await run(client, proxy, tmp_path)
    assert told.status != 0
    assert "to our taste" in told.text or (client is smtp_source and "554" in told.text)
    assert not relay.messages


async def test_smtplib_sends_with_smtputf8(proxy: Proxy, relay: ScriptedRelay) -> None:
    """An internationalised envelope crosses as it is."""

    def send() -> None:
        with smtplib.SMTP("127.0.0.1", proxy.port, "client.test") as client:
            client.sendmail(
                "žofie@example.com", "jürgen@example.net", MESSAGE, ["SMTPUTF8", "BODY=8BITMIME"]
            )

    await asyncio.to_thread(send)
    (kept,) = relay.messages
    assert kept.mail.startswith("MAIL FROM:<žofie@example.com>".encode())
    assert kept.rcpts == ["RCPT TO:<jürgen@example.net>".encode()]
