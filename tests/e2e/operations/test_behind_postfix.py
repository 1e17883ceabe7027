"""Waypost in Postfix's submission service, before and after the queue, as docs/recipes.md has it."""

import contextlib
import smtplib
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme

from config.keys.dkim_keys import dkim_record
from tests.support.checks.verifiers import dkimpy_verdict
from tests.support.clients.programs import free_port
from tests.support.mail import ORDER, ORDER_LINK
from tests.support.recipes import recipe
from tests.support.relays.dovecot_auth import LOGIN, PASSWORD, dovecot_auth
from tests.support.relays.postfix import Postfix, postfix_running, sent
from tests.support.stack import Stack
from tests.support.waiting import until

BEFORE = "Inside Postfix's submission service"
AFTER = "As Postfix's content filter"
FILTERS = {BEFORE: "smtpd_proxy_filter=127.0.0.1:", AFTER: "content_filter=waypost:[127.0.0.1]:"}
"""Of each section, how a service of Postfix has its mail pass Waypost; a port follows."""
STRANGER = "203.0.113.9"
ELSEWHERE = "127.0.0.2"
"""Where the tests connect from: Postfix takes 127.0.0.1 for itself, whatever XCLIENT says."""


@dataclass
class House:
    """A Postfix with Waypost in its submission service.

    `mistaken` is a port where its operator has put Waypost before mail of the world as well.
    """

    postfix: Postfix
    stack: Stack
    submission: int
    mistaken: int
    trust: ssl.SSLContext

    def stranger(self, port: int) -> smtplib.SMTP:
        """Connect, from somewhere in the world as far as Postfix is concerned; greet."""
        connection = smtplib.SMTP("127.0.0.1", port, timeout=60, source_address=(ELSEWHERE, 0))
        connection.ehlo("client.test")
        assert connection.docmd("XCLIENT", f"ADDR={STRANGER} NAME=client.test")[0] == 220
        connection.ehlo("client.test")
        return connection

    def log_in(self, connection: smtplib.SMTP) -> None:
        """Do what a mail program does on port 587."""
        connection.starttls(context=self.trust)
        connection.ehlo("client.test")
        connection.login(LOGIN, PASSWORD)

    def deliver(self, connection: smtplib.SMTP) -> bytes:
        """Send a message, and give it as it entered the queue."""
        before = self.postfix.delivered()
        connection.sendmail("shop@example.com", ["reader@example.net"], ORDER)
        after = self.postfix.wait_for(len(before) + 1)
        (new,) = (stored for stored in after if stored not in before)
        return sent(new)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Run the recipe before the queue."""
    with _house(BEFORE, tmp_path_factory.mktemp("house")) as house, house.stack.serving():
        yield house


@pytest.fixture(scope="module")
def filtering(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Run the recipe after the queue."""
    with _house(AFTER, tmp_path_factory.mktemp("house")) as house, house.stack.serving():
        yield house


@pytest.fixture(params=["house", "filtering"])
def either(request: pytest.FixtureRequest) -> House:
    """Return each of both."""
    found: House = request.getfixturevalue(request.param)
    return found


@contextlib.contextmanager
def _house(section: str, folder: Path) -> Iterator[House]:
    """Run Postfix from the page's master.cf; Waypost is furnished by its waypost.toml."""
    submission, mistaken, again = free_port(), free_port(), free_port()
    table = _proxy_table(section, again)
    stack = Stack(folder=folder / "waypost", relay=again).furnish(proxy=table)
    authority = trustme.CA()
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(
        folder / "postfix.pem"
    )
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    own = {
        "submission inet": f"127.0.0.1:{submission} inet",
        f"{FILTERS[section]}2525": f"{FILTERS[section]}{stack.smtp}",
        "127.0.0.1:2526": f"127.0.0.1:{again}",
        "n       -       y ": "n - n ",  # a chroot would need libraries in the queue's folder
        "n   -       y ": "n - n ",
    }
    services = recipe(section, "/etc/postfix/master.cf", own)
    services += (
        f"127.0.0.1:{mistaken} inet n - n - - smtpd\n"
        f"  -o {FILTERS[section]}{stack.smtp}\n"
        "  -o smtpd_relay_restrictions=permit_auth_destination,reject\n"
        "  -o smtpd_recipient_restrictions=\n"
    )
    with dovecot_auth() as auth_port:
        settings = {
            "smtpd_authorized_xclient_hosts": ELSEWHERE,
            "smtpd_tls_chain_files": str(folder / "postfix.pem"),
            "smtpd_sasl_type": "dovecot",
            "queue_run_delay": "1s",  # what waits in the queue is tried soon again
            "minimal_backoff_time": "1s",
            "smtpd_sasl_path": f"inet:127.0.0.1:{auth_port}",
        }
        with postfix_running(settings, services) as postfix:
            yield House(postfix, stack, submission, mistaken, trust)


def _proxy_table(section: str, again: int) -> str:
    """Return what the page's waypost.toml adds to what every stack of the tests has."""
    own = {"port = 2526": f"port = {again}"}
    text = recipe(section, "/etc/waypost/waypost.toml", own)
    table = text.partition("[proxy]\n")[2].partition("\n\n")[0]
    return "\n".join(line for line in table.splitlines() if not line.startswith("listen ="))


def was_tracked(delivered: bytes, stack: Stack) -> bool:
    """Tell whether the link is ours now and the signature good; half of it is a failure."""
    records = {
        "waypost1._domainkey.example.com": dkim_record(
            (stack.folder / "dkim.pem").read_bytes()
        ).encode()
    }
    signed = b"DKIM-Signature:" in delivered
    assert signed == (ORDER_LINK not in delivered)
    assert not signed or dkimpy_verdict(delivered, records)
    return signed


def test_mail_of_whoever_logged_in_is_tracked_and_signed(either: House) -> None:
    """From wherever in the world: Postfix vouches for its user."""
    with either.stranger(either.submission) as connection:
        either.log_in(connection)
        delivered = either.deliver(connection)
    assert was_tracked(delivered, either.stack)
    assert STRANGER.encode() in delivered.partition(b"\r\n\r\n")[0]


def test_forged_mail_is_refused_at_the_submission_service(house: House) -> None:
    """Without a login nothing is submitted, and nothing reaches Waypost."""
    with house.stranger(house.submission) as connection:
        connection.starttls(context=house.trust)
        connection.ehlo("client.test")
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            connection.sendmail("shop@example.com", ["reader@example.net"], ORDER)


def test_forged_mail_of_the_world_is_neither_tracked_nor_signed(either: House) -> None:
    """Even where Waypost was put, against all advice, behind port 25."""
    with either.stranger(either.mistaken) as connection:
        delivered = either.deliver(connection)
    assert not was_tracked(delivered, either.stack)
    assert delivered.endswith(ORDER)


def test_what_postfix_said_of_one_session_counts_for_no_other(house: House) -> None:
    """Good mail and forged mail, one after the other."""
    for port, expected in ((house.submission, True), (house.mistaken, False)) * 2:
        with house.stranger(port) as connection:
            if expected:
                house.log_in(connection)
            assert was_tracked(house.deliver(connection), house.stack) == expected


def test_a_refusal_of_the_relay_reaches_the_mail_program(house: House) -> None:
    """The words of the Postfix behind Waypost, through the Postfix before it."""
    refused = ORDER.replace(b"Subject:", b"X-Refuse: not in this house\r\nSubject:")
    with house.stranger(house.submission) as connection:
        house.log_in(connection)
        with pytest.raises(smtplib.SMTPDataError, match=r"5\.7\.1 not in this house"):
            connection.sendmail("shop@example.com", ["reader@example.net"], refused)


def test_while_waypost_is_down_mail_waits_in_the_queue(tmp_path: Path) -> None:
    """The mail program hears 250; once Waypost is back, the mail is tracked and signed."""
    with _house(AFTER, tmp_path) as house:
        with house.stranger(house.submission) as connection:
            house.log_in(connection)
            connection.sendmail("shop@example.com", ["reader@example.net"], ORDER)
        until(lambda: "status=deferred" in house.postfix.log)
        assert house.postfix.delivered() == []
        with house.stack.serving():
            house.postfix.flush()  # where it found the message still locked, it waits for minutes
            (stored,) = house.postfix.wait_for(1)
    assert was_tracked(sent(stored), house.stack)
