"""A Postfix on the same machine as the relay, for a provider that is often down, as docs/recipes.md has it."""

import re
import smtplib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from aiosmtpd.controller import Controller

from config.keys.dkim_keys import dkim_record
from tests.support.checks.verifiers import dkimpy_verdict
from tests.support.clients.programs import free_port
from tests.support.mail import ORDER, ORDER_LINK
from tests.support.readers.links import Links
from tests.support.recipes import recipe
from tests.support.relays.postfix import Postfix, postfix_running
from tests.support.stack import Mailbox, Stack
from tests.support.waiting import until

SECTION = "A queue where the relay is often down"
TRACKED = re.compile(rb'href="(http://127\.0\.0\.1:\d+/c/[A-Za-z0-9_-]+)"')


@pytest.fixture
def provider() -> int:
    """Return the port of the provider's server, where nothing listens yet."""
    return free_port()


@pytest.fixture
def queue(provider: int) -> Iterator[Postfix]:
    """Run a Postfix with the page's main.cf, but for TLS and login at the provider."""
    own = {
        "[smtp.example.net]:587": f"[127.0.0.1]:{provider}",
        "smtp_tls_security_level = encrypt": "smtp_tls_security_level = none",
        "smtp_sasl_auth_enable = yes": "smtp_sasl_auth_enable = no",
    }
    lines = recipe(SECTION, "/etc/postfix/main.cf", own).splitlines()
    settings = dict(line.split(" = ", 1) for line in lines if not line.endswith("="))
    settings |= {line.removesuffix(" ="): "" for line in lines if line.endswith("=")}
    settings |= {"virtual_mailbox_domains": "", "header_checks": ""}
    settings |= {"queue_run_delay": "1s", "minimal_backoff_time": "1s"}
    with postfix_running(settings) as running:
        yield running


@pytest.fixture
def stack(queue: Postfix, tmp_path: Path) -> Iterator[Stack]:
    """Run a Waypost whose relay it is."""
    own = {"port = 25\n": f"port = {queue.port}\n"}
    assert f"port = {queue.port}" in recipe(SECTION, "/etc/waypost/waypost.toml", own)
    stack = Stack(folder=tmp_path / "waypost", relay=queue.port).furnish()
    with stack.serving():
        yield stack


def test_mail_is_taken_while_the_provider_is_down_and_comes_when_it_is_back(
    stack: Stack, queue: Postfix, provider: int
) -> None:
    """Tracked, signed, and its click is counted; the application never waited."""
    with smtplib.SMTP("127.0.0.1", stack.smtp, timeout=60) as client:
        client.sendmail("shop@example.com", ["reader@example.net"], ORDER)
    until(lambda: "status=deferred" in queue.log)
    mailbox = Mailbox(provider)
    controller = Controller(mailbox, hostname="127.0.0.1", port=provider)
    controller.start()
    queue.flush()  # where it found the message still locked, it waits for minutes
    try:
        (content,) = mailbox.wait_for(1)
    finally:
        controller.stop()
    records = {
        "waypost1._domainkey.example.com": dkim_record(
            (stack.folder / "dkim.pem").read_bytes()
        ).encode()
    }
    signed = content[content.index(b"DKIM-Signature:") :]
    assert dkimpy_verdict(signed, records)
    (link,) = TRACKED.findall(content)
    answer = Links(stack).ask(urlsplit(link.decode()).path)
    assert (answer.status, answer.location) == (302, ORDER_LINK.decode())
    assert stack.report()["totals"]["clicks"]["all"] == 1
