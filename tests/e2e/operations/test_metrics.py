"""What a proxy and a tracker in processes of their own count, on the tracker's one page."""

import os
import signal
import smtplib
import urllib.request
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from pathlib import Path

from tests.support.stack import Mailbox, Stack
from tests.support.waiting import until


def mail(size_octets: int) -> EmailMessage:
    """Write a message with one link and that much besides."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "a@example.com", "b@example.net", "Metrics"
    message["Date"], message["Message-ID"] = formatdate(), make_msgid()
    message.set_content('<a href="https://example.org/">there</a>\n', subtype="html")
    message.add_attachment(os.urandom(size_octets), maintype="application", subtype="pdf")
    return message


def send(stack: Stack, message: EmailMessage) -> None:
    """Send it as an application does."""
    with smtplib.SMTP("127.0.0.1", stack.smtp, timeout=60) as client:
        client.send_message(message)


def samples(stack: Stack) -> list[str]:
    """Return the lines of the page."""
    with urllib.request.urlopen(f"http://127.0.0.1:{stack.admin}/metrics", timeout=60) as answer:
        return str(answer.read().decode()).splitlines()


def test_the_tracker_shows_what_the_proxy_counted(tmp_path: Path, mailbox: Mailbox) -> None:
    """Small and large messages; and nothing of a proxy that ended."""
    stack = Stack(folder=tmp_path / "waypost", relay=mailbox.port).furnish()
    with stack.serving("tracker"):
        with stack.serving("proxy"):
            send(stack, mail(1_000))
            send(stack, mail(1_000_000))
            delivered = 'waypost_messages_total{outcome="delivered",process="proxy"} 2.0'
            until(lambda: delivered in samples(stack))
            lines = samples(stack)
            assert 'waypost_links_total{decision="tracked",process="proxy"} 2.0' in lines
            assert 'waypost_sessions{process="tracker"} 0.0' in lines
        assert not any('process="proxy"' in line for line in samples(stack))


def test_each_worker_has_its_own(tmp_path: Path, mailbox: Mailbox) -> None:
    """By its number, which it keeps when it is started anew."""
    stack = Stack(folder=tmp_path / "waypost", relay=mailbox.port)
    stack.furnish(proxy='workers = 2\nhostname = "mail.example.com"')
    wanted = {f'waypost_sessions{{process="proxy-{number}"}} 0.0' for number in range(2)}
    with stack.serving("tracker"), stack.serving("proxy") as process:
        until(lambda: wanted <= set(samples(stack)))
        (victim, *_) = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        os.kill(int(victim), signal.SIGKILL)
        stack.wait_for_log("proxy_worker_lost")
        until(lambda: wanted <= set(samples(stack)))
        beside = {f'waypost_sessions{{process="{name}"}} 0.0' for name in ("tracker", "feed")}
        until(lambda: beside <= set(samples(stack)))  # what feeds the store may begin later
        shown = {line for line in samples(stack) if line.startswith("waypost_sessions{")}
        assert shown == wanted | beside


def test_with_serve_mail_and_readers_are_one_process(tmp_path: Path, mailbox: Mailbox) -> None:
    """At once, as it is its own page; what feeds the store is another."""
    stack = Stack(folder=tmp_path / "waypost", relay=mailbox.port).furnish()
    with stack.serving("serve"):
        send(stack, mail(1_000_000))
        lines = samples(stack)
        assert 'waypost_messages_total{outcome="delivered",process="serve"} 1.0' in lines
        assert 'waypost_links_total{decision="tracked",process="serve"} 1.0' in lines
        assert 'waypost_mail_in_memory_octets{process="serve"} 0.0' in lines
