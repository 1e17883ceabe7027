"""Waypost as the handler of a real aiosmtpd: send, receive, click, count."""

import re
import signal
import smtplib
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from proxy.signing.signer import Signer
from tests.support.checks.verifiers import dkimpy_verdict
from tests.support.clients.programs import free_port, wait_until_listening
from tests.support.mail import ORDER, ORDER_LINK
from tests.support.plugged import AIOSMTPD, arguments, program
from tests.support.readers.links import Links
from tests.support.relays.postfix import Postfix, sent
from tests.support.stack import Mailbox, Stack
from tests.support.waiting import until

TRACKED = re.compile(rb'href="(http://127\.0\.0\.1:\d+/c/[A-Za-z0-9_-]+)"')
CONTROLLER = """\
import sys
from aiosmtpd.controller import Controller
from proxy.plugin import Handler
handler = Handler(sys.argv[1])
controller = Controller(handler, hostname="127.0.0.1", port=int(sys.argv[2]))
controller.start()
sys.stdin.read()
controller.stop()
handler.close()
"""


@pytest.fixture
def port(stack: Stack) -> Iterator[int]:
    """Run aiosmtpd with Waypost as its handler, and a tracker; return the port for mail."""
    with program(stack.config, stack.log) as port, stack.serving("tracker"):
        yield port


def send(port: int, content: bytes, *recipients: str) -> None:
    """Send as an application would."""
    with smtplib.SMTP("127.0.0.1", port, timeout=60) as client:
        client.sendmail("bounces@example.com", recipients or ["reader@example.net"], content)


def signed(content: bytes, stack: Stack) -> bool:
    """Return whether the signature of a message verifies by the key of `stack`."""
    signer = Signer("example.com", "waypost1", (stack.folder / "dkim.pem").read_bytes())
    return dkimpy_verdict(content, {signer.record_name: signer.record.encode()})


def test_a_message_is_tracked_signed_clicked_and_counted(
    stack: Stack, mailbox: Mailbox, port: int
) -> None:
    """As by the proxy: undoing the link gives the message, and the click is its reader's."""
    send(port, ORDER)
    (content,) = mailbox.wait_for(1)
    (link,) = TRACKED.findall(content)
    assert content.replace(link, ORDER_LINK).endswith(ORDER)
    assert signed(content, stack)
    answer = Links(stack).ask(urlsplit(link.decode()).path)
    assert (answer.status, answer.location) == (302, ORDER_LINK.decode())
    totals = stack.report()["totals"]
    assert (totals["messages"], totals["clicks"]["all"], totals["clicked_deliveries"]) == (1, 1, 1)


def test_what_is_not_to_be_tracked_is_byte_identical(port: int, mailbox: Mailbox) -> None:
    """Less our own header."""
    send(port, b"X-Track-Links: off\r\n" + ORDER)
    assert mailbox.wait_for(1) == [ORDER]


def test_the_relays_refusal_is_the_clients(port: int, mailbox: Mailbox) -> None:
    """And is no message in reports."""
    mailbox.reply = "554 5.7.1 not this one"
    with pytest.raises(smtplib.SMTPDataError) as refusal:
        send(port, ORDER)
    assert (refusal.value.smtp_code, refusal.value.smtp_error) == (554, b"5.7.1 not this one")


def test_postfix_takes_it_as_the_relay(postfix: Postfix, tmp_path: Path) -> None:
    """A recipient that it refuses is refused at RCPT, and the signature verifies behind it."""
    stack = Stack(folder=tmp_path / "waypost", relay=postfix.port).furnish()
    before = len(postfix.delivered())
    with program(stack.config, stack.log) as port:
        with smtplib.SMTP("127.0.0.1", port, timeout=60) as client:
            client.ehlo()
            client.mail("bounces@example.com")
            assert client.rcpt("refused@example.net")[0] == 550
            client.rset()
        send(port, ORDER)
    content = sent(postfix.wait_for(before + 1)[-1])
    assert TRACKED.search(content)
    assert signed(content, stack)


def test_a_controller_of_ones_own_serves_with_it(stack: Stack, mailbox: Mailbox) -> None:
    """What it has not written when the program ends, `close` writes: the report has the message."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-c", CONTROLLER, stack.config, str(port)], stdin=subprocess.PIPE
    )
    try:
        wait_until_listening(port, process)
        send(port, ORDER)
        process.communicate(timeout=20)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 0
    mailbox.wait_for(1)
    assert stack.report()["totals"]["messages"] == 1


@pytest.mark.parametrize(
    ("line", "told"),
    [("[relay]\nprot = 25", "waypost.toml:2: relay.prot: is not a key of [relay]"), ("[", "TOML")],
)
def test_a_bad_configuration_is_a_usage_error(tmp_path: Path, line: str, told: str) -> None:
    """Exit status 2, the problem with its line, no traceback."""
    (tmp_path / "waypost.toml").write_text(line)
    done = subprocess.run(
        [AIOSMTPD, "-n", "-c", "proxy.plugin.Handler", "waypost.toml"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 2
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_killed_at_random_it_loses_no_message_that_it_acknowledged(
    stack: Stack, mailbox: Mailbox
) -> None:
    """Whatever heard 250 is at the relay, as 250 comes after the relay's alone."""
    acknowledged: set[str] = set()
    for turn in range(3):
        port = free_port()
        process = subprocess.Popen(arguments(stack.config, port), stderr=subprocess.DEVNULL)
        wait_until_listening(port, process)
        killing = threading.Timer(0.3 + 0.2 * turn, process.send_signal, (signal.SIGKILL,))
        killing.start()
        number = 0
        try:
            while process.poll() is None:
                name = f"r{turn}-{number}@example.net"
                send(port, ORDER, name)
                acknowledged.add(name)
                number += 1
        except (OSError, smtplib.SMTPException):
            process.wait(60)
        killing.join()
    assert acknowledged
    until(lambda: acknowledged <= {name for each in mailbox.received for name in each.rcpt_tos})
