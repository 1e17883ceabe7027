"""Which of several relays gets a message, and what all of them offer."""

import pytest

from config.addresses import parse_ip
from config.schema import RelayConfig
from proxy.policy.accounts import NOBODY, Submitter
from proxy.session.relays import Relays, _common

TABLES: list[dict[str, object]] = [
    {"name": "office"},
    {"name": "news", "senders": ["news.example.com"], "listeners": ["127.0.0.1:2526"]},
    {"name": "shop", "senders": ["shop.example"], "accounts": ["shop", "192.0.2.0/24"]},
    {"name": "alerts", "senders": ["alerts.news.example.com"], "listeners": ["0.0.0.0:2527"]},
]
ALICE = Submitter(parse_ip("203.0.113.9"), logged_in=True, account="alice")
SHOP = Submitter(parse_ip("203.0.113.9"), logged_in=True, account="shop")
TILL = Submitter(parse_ip("192.0.2.7"))


@pytest.fixture
def relays() -> Relays:
    """Return four relays."""
    return Relays(map(RelayConfig.model_validate, TABLES), "waypost.test")


@pytest.mark.parametrize(
    ("path", "submitter", "name"),
    [
        (b"a@example.com", NOBODY, "office"),
        (b"a@news.example.com", NOBODY, "news"),
        (b"a@NEWS.Example.COM.", NOBODY, "news"),
        (b"a@bounces.news.example.com", NOBODY, "news"),
        (b"a@alerts.news.example.com", NOBODY, "alerts"),
        (b"a@notnews.example.com", NOBODY, "office"),
        (b'"x@shop.example"@example.com', NOBODY, "office"),
        (b"", NOBODY, "office"),
        (b"postmaster", NOBODY, "office"),
        ("a@žofie.example".encode(), NOBODY, "office"),
        (b"a@example.com", TILL, "shop"),
        (b"a@news.example.com", TILL, "news"),
        (b"a@example.com", SHOP, "shop"),
        (b"a@example.com", ALICE, "office"),
    ],
)
def test_sender_then_account_then_where_the_client_logs_in(
    path: bytes, submitter: Submitter, name: str, relays: Relays
) -> None:
    """Of several domains the closest, subdomains included."""
    chosen = relays.for_mail(path, submitter, relays.all[0], authenticated=False)
    assert chosen.config.name == name


@pytest.mark.parametrize(
    ("path", "submitter", "name"),
    [
        (b"a@shop.example", ALICE, "office"),
        (b"a@news.example.com", SHOP, "shop"),
        (b"a@shop.example", TILL, "office"),
    ],
)
def test_who_logged_in_stays_there_but_for_an_account_that_is_named(
    path: bytes, submitter: Submitter, name: str, relays: Relays
) -> None:
    """No client gets the login of another relay by the sender that it names."""
    chosen = relays.for_mail(path, submitter, relays.all[0], authenticated=True)
    assert chosen.config.name == name


@pytest.mark.parametrize(
    ("local", "name"),
    [
        (("127.0.0.1", 2525), "office"),
        (("127.0.0.1", 2526), "news"),
        (("::ffff:127.0.0.1", 2526), "news"),
        (("127.0.0.2", 2526), "office"),
        (("192.0.2.1", 2527), "alerts"),
        (("", 0), "office"),
    ],
)
def test_a_listener_has_its_relay(local: tuple[str, int], name: str, relays: Relays) -> None:
    """By our own end of the connection; else it is the first."""
    assert relays.of_listener(local).config.name == name


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"From: a@shop.example\r\n", "shop"),
        (b'Subject: x\r\nfrom:\r\n "shop.example"\r\n <a@shop.example>\r\n', "shop"),
        (b"From: a@example.com\r\n", None),
        (b"Reply-To: a@shop.example\r\n", None),
        (b"Subject: x\r\n\r\nFrom: a@shop.example\r\n", None),
    ],
)
def test_whose_the_header_from_is(head: bytes, name: str | None, relays: Relays) -> None:
    """As far as that can be told at a glance: the log alone goes by it."""
    found = relays.of_header_from(head + b"\r\nbody\r\n")
    assert (found.config.name if found else None) == name


def test_what_all_offer_is_offered() -> None:
    """The smallest SIZE, logins of the first, and nothing that differs."""
    first = {"SIZE": "100", "DSN": "", "AUTH": "PLAIN", "8BITMIME": "", "LIMITS": "RCPTMAX=9"}
    second = {"SIZE": "50", "DSN": "", "LIMITS": "RCPTMAX=5"}
    assert _common(first, [second]) == {"SIZE": "50", "DSN": "", "AUTH": "PLAIN"}
    assert _common(first, [{**second, "SIZE": "0"}])["SIZE"] == "100"
    assert _common(first, [{**second, "SIZE": ""}, {**second, "SIZE": "70"}])["SIZE"] == "70"
    assert _common(first, []) == first
