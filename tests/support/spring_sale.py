"""A campaign of 200 recipients, and one before it, through a running Waypost: mail over SMTP, clicks over HTTP.

What everybody did is known, so that what pages and commands say of it can be held against it.
"""

import http.client
import smtplib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

from tests.support.mail import html_message
from tests.support.stack import Mailbox, Stack
from waypost_demo.links import tracked_links
from waypost_demo.readers import BROWSERS, browser

SPRING, WINTER = "Spring sale", "Winter sale"
COATS, SCARVES, TERMS = "New coats", "Scarves", "Terms"
URLS = {
    COATS: "https://shop.example.net/coats",
    SCARVES: "https://shop.example.net/scarves?sort=price",
    TERMS: "https://shop.example.net/terms",
}
HTML = "".join(f'<p><a href="{url}">{text}</a></p>\r\n' for text, url in URLS.items())
COMPANY = "company.example.org"
"""Its mail filter asks for the head of every link."""

CLICKED = {
    SPRING: {COATS: range(1, 41), SCARVES: range(31, 51), TERMS: range(0)},
    WINTER: {COATS: range(1, 11), SCARVES: range(61, 66), TERMS: range(5, 6)},
}
"""Who of the recipients, by their numbers, clicked which link."""
RECIPIENTS = {SPRING: 200, WINTER: 100}
FILTERED = 40
"""So many of the last recipients of a campaign are at the company."""


@dataclass(frozen=True)
class Copy:
    """One recipient's copy: its links by their texts."""

    campaign: str
    number: int
    hrefs: dict[str, str]

    @property
    def address(self) -> str:
        """Whom it went to."""
        return address(self.campaign, self.number)

    @property
    def is_filtered(self) -> bool:
        """Whether a mail filter looked at it."""
        return self.address.endswith(COMPANY)


def address(campaign: str, number: int) -> str:
    """Return the address of a recipient, by number from 1."""
    is_at_company = number > RECIPIENTS[campaign] - FILTERED
    return f"reader{number}@{COMPANY if is_at_company else 'example.net'}"


def people(campaign: str, *texts: str) -> int:
    """Return how many clicked any of these links of a campaign."""
    return len({number for text in texts for number in CLICKED[campaign][text]})


def rate(campaign: str) -> str:
    """Return the click rate of a campaign in percent."""
    return f"{people(campaign, *URLS) / RECIPIENTS[campaign]:.1%}"


def happen(stack: Stack, mailbox: Mailbox) -> None:
    """Send both campaigns, and have everybody and the filter do what they do."""
    for campaign, count in RECIPIENTS.items():
        for copy in _sent(stack, mailbox, campaign, count):
            if copy.is_filtered:
                for href in copy.hrefs.values():
                    _ask("HEAD", href, "203.0.113.9")
            for text, numbers in CLICKED[campaign].items():
                if copy.number in numbers:
                    _ask(
                        "GET",
                        copy.hrefs[text],
                        f"198.51.{100 + copy.number % 100}.{copy.number % 250}",
                    )


def message_id(campaign: str, number: int) -> str:
    """Return the Message-ID of a recipient's copy."""
    return f"<{campaign.partition(' ')[0].lower()}-{number}@example.com>"


def _sent(stack: Stack, mailbox: Mailbox, campaign: str, count: int) -> Iterator[Copy]:
    before = len(mailbox.received)
    with smtplib.SMTP("127.0.0.1", stack.smtp, timeout=60) as client:
        for number in range(1, count + 1):
            to = address(campaign, number)
            head = f"From: Shop <news@example.com>\r\nTo: {to}\r\nSubject: {campaign} has begun\r\n"
            head += f"Date: Mon, 23 Nov 2026 16:43:22 +0000\r\nMessage-ID: {message_id(campaign, number)}\r\n"
            content = html_message(HTML, f"X-Track-Campaign: {campaign}", head=head)
            client.sendmail("news@example.com", [to], content)
    for number, content in enumerate(mailbox.wait_for(before + count)[before:], 1):
        yield Copy(campaign, number, dict(tracked_links(content)))


def _ask(method: str, href: str, from_ip: str) -> None:
    """Request a link, from an address that a web server in front tells of."""
    host, _, path = href.removeprefix("http://").partition("/")
    with closing(http.client.HTTPConnection(host, timeout=60)) as connection:
        fields = browser(BROWSERS[0]) | {"X-Forwarded-For": from_ip}
        connection.request(method, f"/{path}", headers=fields)
        assert connection.getresponse().status == 302
