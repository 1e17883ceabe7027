"""Which [[sender]] a domain belongs to."""

from dataclasses import dataclass

import pytest

from config.schema import closest


@dataclass(frozen=True)
class Sender:
    """What counts of a sender here."""

    domain: str
    subdomains: bool = False


SENDERS = {
    each.domain: each
    for each in (
        Sender("example.com", subdomains=True),
        Sender("news.example.com"),
        Sender("example.net"),
    )
}


@pytest.mark.parametrize(
    ("domain", "found"),
    [
        ("example.com", "example.com"),
        ("a.b.example.com", "example.com"),
        ("news.example.com", "news.example.com"),
        ("x.news.example.com", "example.com"),
        ("example.net", "example.net"),
        ("www.example.net", None),
        ("notexample.com", None),
        ("com", None),
        ("", None),
    ],
)
def test_the_closest_sender_is_found(domain, found):
    """Itself first, then the closest one above that means its subdomains."""
    sender = closest(domain, SENDERS)
    assert (sender and sender.domain) == found
