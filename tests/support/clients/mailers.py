"""Programs that send mail: each as a command that sends one message to a port of this machine.

Owns: the message, and how each program is told to send it.
Does not own: what must come of it (the tests of clients), or starting servers (`programs`).
"""

import asyncio
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.support.clients.programs import need

SENDER = "sender@example.com"
RCPT = "rcpt@example.net"
MESSAGE = (
    f"From: {SENDER}\r\nTo: {RCPT}\r\nSubject: hello\r\n\r\nfirst\r\n.dot\r\nlast\r\n".encode()
)

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

DJANGO = r"""
import sys
from django.conf import settings
from django.core.mail import EmailMessage
port, sender, to = sys.argv[1:]
settings.configure(EMAIL_HOST="127.0.0.1", EMAIL_PORT=int(port))
EmailMessage("hello", "first\n.dot\nlast\n", sender, [to]).send()
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


def django(port: int, file: Path) -> list[str]:
    """Django, where the Python that runs the tests has it; it composes the message itself."""
    found = find_spec("django")
    if found is None or found.origin is None:
        pytest.skip("Django is not installed (make setup)")
    where = ["env", f"PYTHONPATH={Path(found.origin).parents[1]}"]
    return [*where, sys.executable, "-c", DJANGO, str(port), SENDER, RCPT]


async def run(client: Client, port: int, tmp_path: Path) -> Told:
    """Have `client` send MESSAGE to `port`."""
    file = tmp_path / "message.eml"
    file.write_bytes(MESSAGE)
    process = await asyncio.create_subprocess_exec(
        *client(port, file),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=tmp_path,
        env={"HOME": str(tmp_path), "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin", "LANG": "C"},
    )
    async with asyncio.timeout(30):
        output, _ = await process.communicate()
    return Told(process.returncode or 0, output.decode("utf-8", "replace"))
