"""Milliseconds to find the links of a message and replace them: ours against the usual way.

The usual way is what most senders do: `email` for the message, BeautifulSoup for the HTML, write
both out again. Rounds alternate, and the best of each counts: the ratio says more than the times.
"""

import email
import email.policy
import time
from collections.abc import Callable

from bs4 import BeautifulSoup

from proxy.message.editing import parse
from proxy.policy import Policy
from proxy.rewrite.planner import plan

ROUNDS = 60
TRACKED = "https://click.example.com/c/" + "x" * 110
HEAD = (
    "From: Shop <news@example.com>\r\nTo: reader@example.org\r\nSubject: Spring\r\n"
    "Date: Mon, 23 Nov 2026 16:43:22 +0000\r\nMessage-ID: <1@example.com>\r\nMIME-Version: 1.0\r\n"
    "Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: {}\r\n\r\n"
)
ROW = (
    '<table role="presentation" width="100%" cellpadding="0" cellspacing="0"><tr><td align="left" '
    'style="padding:0 24px;font-family:Arial,sans-serif;font-size:16px"><p style="margin:0">Row {0}'
    " of a newsletter, with as much text as people put up with.</p></td></tr></table>\r\n"
)
LINK = (
    '<a href="https://www.example.com/products/{0}?ref=mail&amp;page={0}" target="_blank" '
    'style="color:#ffffff;text-decoration:none;padding:12px 24px">Product {0}</a>\r\n'
)


def document(octets: int, links: int) -> str:
    """Return an HTML document of about that size, with so many links."""
    rows = max(links, (octets - links * len(LINK)) // len(ROW))
    parts = ["<!DOCTYPE html><html><head><style>p{color:#333}</style></head><body>\r\n"]
    for number in range(rows):
        parts.append(ROW.format(number))
        if number * links // rows != (number + 1) * links // rows:
            parts.append(LINK.format(number))
    return "".join([*parts, "</body></html>\r\n"])


def usual(message: bytes) -> bytes:
    """Parse, change, write out again."""
    parsed = email.message_from_bytes(message, policy=email.policy.SMTP)
    soup = BeautifulSoup(parsed.get_content(), "html.parser")
    for anchor in soup.find_all("a", href=True):
        anchor["href"] = TRACKED
    parsed.set_content(str(soup), subtype="html")
    return parsed.as_bytes()


def ours(message: bytes) -> bytes:
    """Plan and render."""
    return plan(message, POLICY).render(lambda _: TRACKED)


POLICY = Policy()


def once_ms(work: Callable[[], object]) -> float:
    """Time one call."""
    begun = time.perf_counter()
    work()
    return (time.perf_counter() - begun) * 1e3


def main() -> None:
    """Print the table."""
    print(f"{'message':28}{'links':>6}{'parse ms':>10}{'plan ms':>9}{'render ms':>11}{'ours ms':>9}"
          f"{'usual ms':>10}{'ratio':>7}")  # fmt: skip
    for octets, links in ((5_000, 8), (100_000, 60), (100_000, 250)):
        for encoding in ("8bit", "quoted-printable", "base64"):
            row(octets, links, encoding)


def row(octets: int, links: int, encoding: str) -> None:
    """Measure one message."""
    head = HEAD.format("8bit").encode()
    message = head + document(octets, links).encode()
    if encoding != "8bit":
        whole = email.message_from_bytes(message, policy=email.policy.SMTP)
        whole.set_content(whole.get_content(), subtype="html", cte=encoding)
        message = whole.as_bytes()
    planned = plan(message, POLICY)
    times = [
        (
            once_ms(lambda: parse(message)),
            once_ms(lambda: plan(message, POLICY)),
            once_ms(lambda: planned.render(lambda _: TRACKED)),
            once_ms(lambda: ours(message)),
            once_ms(lambda: usual(message)) if count < ROUNDS // 4 else float("inf"),
        )
        for count in range(ROUNDS)
    ]
    parsing, planning, rendering, own, theirs = map(min, zip(*times, strict=True))
    name = f"{octets // 1000} KB {encoding}"
    print(f"{name:28}{len(planned.links):6}{parsing:10.3f}{planning:9.3f}{rendering:11.3f}{own:9.3f}"
          f"{theirs:10.2f}{theirs / own:7.1f}")  # fmt: skip


if __name__ == "__main__":
    main()
