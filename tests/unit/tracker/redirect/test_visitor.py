"""Visitors: what a request shows of a machine, and what is kept of an address."""

import pytest

from config.addresses import parse_ip
from config.schema import TrackerConfig
from tracker.judging.networks import built_in
from tracker.listener.http1 import Request
from tracker.privacy.pseudonyms import differ, is_pseudonym
from tracker.redirect import visitor
from tracker.redirect.visitor import Kept, kept

PROXIES = TrackerConfig.model_validate({"trusted_proxies": ["10.0.0.0/8"]}).trusted_proxies

NOW_S = 1_790_000_000.0


def request_of(
    *headers: tuple[str, str], method: str = "GET", peer: str = "10.0.0.1", tls: bool = False
) -> Request:
    """Describe a request as the redirector does."""
    named = [(name.encode(), value.encode("latin-1")) for name, value in headers]
    return Request(method, b"/", b"", named, peer, tls=tls)


def signals(request: Request, *, of_page: bool = True) -> tuple[str, ...]:
    """Return the signals of a request for links that are HTTPS."""
    visit = visitor.visit(request, PROXIES, links_are_https=True)
    return visitor.signals(visit, built_in(), of_page=of_page)


def test_a_visit_has_the_whole_address_of_the_client() -> None:
    """As the web server in front tells it."""
    asked = request_of(("x-forwarded-for", "192.0.2.77"), ("user-agent", "x"))
    visit = visitor.visit(asked, PROXIES, links_are_https=True)
    assert (visit.address, visit.agent) == (parse_ip("192.0.2.77"), "x")
    assert signals(request_of(("x-forwarded-for", "40.107.3.4"), method="HEAD")) == (
        *("head", "no-html", "no-language", "robot-agent"),
        "scanner-network:exchange-online-protection",
    )


def test_https_is_certain_or_not_taken_for_it() -> None:
    """With our own TLS, or where the web server in front says so and all links are HTTPS."""

    def https(request: Request, *, links_are_https: bool = True) -> bool:
        return visitor.visit(request, PROXIES, links_are_https=links_are_https).https

    assert https(request_of(peer="192.0.2.1", tls=True))
    assert not https(request_of(peer="192.0.2.1"))
    told = request_of(("x-forwarded-proto", "https"))
    assert https(told)
    assert not https(told, links_are_https=False)
    assert not https(request_of(("x-forwarded-proto", "http"), tls=True))
    assert not https(request_of())


def test_images_and_apps_are_judged_by_what_tells_of_anybody() -> None:
    """A mail program that loads an image has no agent of a browser, nor does an app ask for HTML."""
    client = ("user-agent", "Microsoft Outlook 16.0"), ("accept", "image/*")
    assert signals(request_of(*client)) == ("no-html", "no-language", "robot-agent")
    assert signals(request_of(*client), of_page=False) == ()
    scanner = request_of(*client, ("x-forwarded-for", "209.222.82.1"), method="HEAD")
    assert signals(scanner, of_page=False) == ("head", "scanner-network:barracuda")


@pytest.mark.parametrize(
    ("mode", "ip", "expected"),
    [
        ("truncate", "192.0.2.77", Kept("192.0.2.0", "192.0.2.0")),
        ("truncate", "2001:db8:1:2:3:4:5:6", Kept("2001:db8:1::", "2001:db8:1::")),
        ("truncate", "::ffff:192.0.2.77", Kept("192.0.2.0", "192.0.2.0")),
        ("full", "192.0.2.77", Kept("192.0.2.77", "192.0.2.0")),
        ("full", "2001:db8:1::1", Kept("2001:db8:1::1", "2001:db8:1::")),
    ],
)
def test_addresses_are_made_private(mode: str, ip: str, expected: Kept) -> None:
    """`truncate` keeps /24 and /48, `full` everything."""
    assert kept(parse_ip(ip), mode, NOW_S) == expected


@pytest.mark.parametrize(
    ("ip", "same", "other"),
    [
        ("192.0.2.77", "192.0.2.9", "192.0.3.77"),
        ("2001:db8::1", "2001:db8:0:9::2", "2001:db8:1::1"),
    ],
)
def test_of_no_address_it_can_be_told_whether_its_network_is_the_same(
    ip: str, same: str, other: str
) -> None:
    """On the same day, and no more than that."""
    first, again, elsewhere = (kept(parse_ip(each), "none", NOW_S) for each in (ip, same, other))
    assert first == again
    assert first.ip is None
    assert is_pseudonym(first.network)
    assert differ(first.network, elsewhere.network)
    assert not differ(first.network, kept(parse_ip(other), "none", NOW_S + 86400).network)


@pytest.mark.parametrize("mode", ["truncate", "full", "none"])
def test_no_address_stays_none(mode: str) -> None:
    """A peer without an address, as on a Unix socket, is kept as unknown."""
    assert kept(None, mode, NOW_S) == Kept(None, None)
