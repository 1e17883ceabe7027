"""Real mail servers as the relay: their own words arrive, and so does the mail."""

import re
import smtplib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from config.keys.dkim_keys import dkim_record
from tests.support.checks.verifiers import dkimpy_verdict
from tests.support.clients.programs import free_port, need, running
from tests.support.mail import html_message, link
from tests.support.relays.postfix import Postfix
from tests.support.stack import Mailbox, Stack

DESTINATION = "https://shop.example.com/orders?id=7&amp;copy=2"
MESSAGE = html_message(link(DESTINATION))
ENVELOPE = (
    "MAIL FROM:<bounces@example.com>",
    "RCPT TO:<refused@example.net>",
    "RCPT TO:<later@example.net>",
    "RCPT TO:<reader@example.net>",
    "RSET",
)
Said = tuple[int, bytes]


@dataclass(frozen=True)
class Relay:
    """A real mail server: where it listens, where its mail ends, what it refuses at the dot."""

    port: int
    inbox: Postfix | Mailbox
    refused_fields: bytes

    def received(self) -> bytes:
        """Return the one message that came out of it."""
        (content,) = self.inbox.wait_for(1)
        return content


@pytest.fixture(params=["postfix", "exim", "opensmtpd"])
def relay(request: pytest.FixtureRequest) -> Relay:
    """Run each real mail server in turn."""
    refuse = b"X-Refuse: because of the content\r\n"
    if request.param == "opensmtpd":
        loop = b"Received: from a by b; Mon, 23 Nov 2026 10:00:00 +0000\r\n" * 150
        mailbox = request.getfixturevalue("mailbox")
        return Relay(request.getfixturevalue("opensmtpd"), mailbox, loop)
    server = request.getfixturevalue(request.param)
    for path in server.folder.glob("mail/inbox/new/*"):
        path.unlink()
    return Relay(server.port, server, refuse)


@pytest.fixture
def waypost(relay: Relay, tmp_path: Path) -> Iterator[Stack]:
    """Run a proxy before the relay."""
    stack = Stack(folder=tmp_path / "waypost", relay=relay.port).furnish()
    with stack.serving("proxy"):
        yield stack


def connect(port: int) -> smtplib.SMTP:
    """Open a session as an application does."""
    client = smtplib.SMTP("127.0.0.1", port, local_hostname="app.test", timeout=60)
    client.ehlo()
    return client


def dialogue(port: int) -> list[Said]:
    """Return what a server says to an envelope with good and bad in it."""
    with connect(port) as client:
        return [client.docmd(line) for line in ENVELOPE]


def refusal(port: int, content: bytes) -> Said:
    """Return what a server says to a message that it does not want."""
    with connect(port) as client:
        client.docmd("MAIL FROM:<bounces@example.com>")
        client.docmd("RCPT TO:<reader@example.net>")
        return client.data(content)


def test_the_envelope_is_answered_in_the_relays_words(relay: Relay, waypost: Stack) -> None:
    """Accepted, refused, put off: an application cannot tell Waypost from the relay."""
    assert dialogue(waypost.smtp) == dialogue(relay.port)


def test_a_refusal_at_the_dot_is_the_relays(relay: Relay, waypost: Stack) -> None:
    """The code, and every word."""
    content = relay.refused_fields + MESSAGE
    said = refusal(waypost.smtp, content)
    assert said == refusal(relay.port, content)
    assert said[0] // 100 == 5


def test_mail_arrives_tracked_and_signed(relay: Relay, waypost: Stack) -> None:
    """One link is ours, all else is as it was sent, and the signature verifies behind the relay."""
    with connect(waypost.smtp) as client:
        refused = client.sendmail(
            "bounces@example.com", ["reader@example.net", "refused@example.net"], MESSAGE
        )
    assert list(refused) == ["refused@example.net"]
    content = relay.received()
    tracked = f"http://127.0.0.1:{waypost.http}/c/".encode()
    (url,) = re.findall(rb'href="(%b[^"]+)"' % re.escape(tracked), content)
    assert content.rstrip().endswith(MESSAGE.replace(DESTINATION.encode(), url).rstrip())
    key = dkim_record((waypost.folder / "dkim.pem").read_bytes()).encode()
    assert dkimpy_verdict(content, {"waypost1._domainkey.example.com": key})


def test_each_of_many_recipients_gets_a_copy_at_once(relay: Relay, tmp_path: Path) -> None:
    """More copies than OpenSMTPD takes in a session, which is a hundred."""
    stack = Stack(tmp_path / "waypost", relay.port).furnish(proxy='copies = "per-recipient"')
    with stack.serving("proxy"), connect(stack.smtp) as client:
        many = [f"reader+{number}@example.net" for number in range(120)]
        assert client.sendmail("bounces@example.com", many, MESSAGE) == {}
    assert stack.log.read_text().count("message_delivered") == len(many)


SINK_MODES = [
    *((["-f", step], step, {5}) for step in ("MAIL", "RCPT", "DATA", ".")),
    *((["-r", step], step, {4}) for step in ("MAIL", "RCPT", "DATA", ".")),
    *((["-Q", step], step, {4}) for step in ("MAIL", "RCPT", "DATA", ".")),
    *((["-q", step], step, {4}) for step in ("EHLO", "MAIL", "RCPT", "DATA", ".")),
    (["-f", "EHLO"], "none", {2}),
    (["-A", "1"], ".", {5}),
    (["-w", "1"], "none", {2}),
    (["-8"], "none", {2}),
    (["-p"], "none", {2}),
    (["-N"], "none", {2}),
]
"""Options of smtp-sink, the step at which the client hears of them, and the class that it hears."""


@pytest.fixture(scope="module")
def before_sink(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Run a proxy whose relay each test starts."""
    folder = tmp_path_factory.mktemp("sink")
    stack = Stack(folder / "waypost", relay=free_port()).furnish()
    with stack.serving("proxy"):
        yield stack


@pytest.mark.parametrize(
    ("options", "step", "classes"), SINK_MODES, ids=[" ".join(mode[0]) for mode in SINK_MODES]
)
def test_every_misbehaviour_of_smtp_sink_is_passed_on(
    options: list[str], step: str, classes: set[int], before_sink: Stack, tmp_path: Path
) -> None:
    """It refuses, puts off, hangs up, resets or dawdles; never does that become a 5xx of ours."""
    port = before_sink.relay
    sink = [need("smtp-sink", "postfix"), "-u", "nobody", *options, f"127.0.0.1:{port}", "100"]
    with running(sink, port, tmp_path / "sink.log"):
        heard = transaction(before_sink.smtp)
    failed = {name: code for name, code in heard.items() if code // 100 not in (2, 3)}
    if step == "none":
        assert failed == {}
        return
    # A refusal of DATA is heard at the dot (DESIGN P5).
    name = "." if step == "DATA" else step
    assert next(iter(failed)) == name, heard
    assert failed[name] // 100 in classes


def transaction(port: int) -> dict[str, int]:
    """Try to send one message, and give the code at each step until the first refusal."""
    heard: dict[str, int] = {}
    client = smtplib.SMTP(timeout=60)
    steps = {
        "CONNECT": lambda: client.connect("127.0.0.1", port),
        "EHLO": lambda: client.ehlo("app.test"),
        "MAIL": lambda: client.docmd("MAIL FROM:<bounces@example.com>"),
        "RCPT": lambda: client.docmd("RCPT TO:<reader@example.net>"),
        ".": lambda: client.data(MESSAGE),
    }
    for name, step in steps.items():
        heard[name] = step()[0]
        if heard[name] >= 400:
            break
    client.close()
    return heard
