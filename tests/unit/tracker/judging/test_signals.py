"""What is kept of a request."""

from ipaddress import ip_address

import pytest

from tracker.judging.networks import built_in
from tracker.judging.request import Request
from tracker.judging.signals import LOOKED_AT, SIGNALS, Signals, signals_of

AGENT = b"Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"
BROWSER = {
    b"user-agent": AGENT,
    b"accept": b"text/html,*/*;q=0.8",
    b"accept-language": b"en",
    b"sec-fetch-mode": b"navigate",
}


def signals(
    *without: bytes,
    method: str = "GET",
    https: bool = True,
    ip: str = "192.0.2.1",
    plus: dict[bytes, bytes] | None = None,
) -> Signals:
    """Return the signals of a browser's request, less some fields and with others."""
    fields = {name: value for name, value in BROWSER.items() if name not in without} | (plus or {})
    request = Request.of(method, list(fields.items()), ip_address(ip), https=https)
    return signals_of(request, built_in())


def test_a_browser_has_none() -> None:
    """Somebody follows a link."""
    assert signals() == ()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (b"sec-purpose", b"prefetch;prerender"),
        (b"purpose", b"prefetch"),
        (b"x-purpose", b"preview"),
        (b"x-moz", b"prefetch"),
    ],
)
def test_what_is_fetched_ahead_says_so(field: bytes, value: bytes) -> None:
    """In one of four fields."""
    assert signals(plus={field: value}) == ("prefetch",)


def test_fields_that_browsers_send_are_missed() -> None:
    """Each by its name."""
    assert signals(b"accept-language") == ("no-language",)
    assert signals(b"accept") == ("no-html",)
    assert signals(b"sec-fetch-mode") == ("no-fetch-metadata",)
    assert signals(plus={b"sec-fetch-mode": b"cors"}) == ("no-fetch-metadata",)


def test_fetch_metadata_is_not_missed_without_tls() -> None:
    """Browsers send it to trustworthy origins alone."""
    assert signals(b"sec-fetch-mode", https=False) == ()


def test_method_agent_and_network_count() -> None:
    """HEAD, robots, old browsers, and whose network it is."""
    assert signals(method="HEAD") == ("head",)
    assert signals(plus={b"user-agent": b"curl/8"}) == ("robot-agent",)
    assert signals(plus={b"user-agent": AGENT.replace(b"131", b"42")}) == ("stale-agent",)
    assert signals(ip="40.107.1.1") == ("scanner-network:exchange-online-protection",)
    assert signals(ip="67.231.152.1") == ("probable-network:proofpoint",)
    assert signals(ip="54.171.1.1") == ("cloud-network:aws",)


def test_signals_stand_in_the_order_of_the_alphabet() -> None:
    """So that equal ones are equal."""
    assert list(SIGNALS) == sorted(SIGNALS)
    found = signals(b"accept", b"accept-language", method="HEAD", ip="40.107.1.1")
    assert list(found) == sorted(found)


def test_nothing_else_of_a_request_says_anything() -> None:
    """What is remembered of requests is remembered by these fields."""
    asked: set[bytes] = set()

    class Fields(dict[bytes, bytes]):
        def get(self, name: bytes, default: bytes | None = None) -> bytes | None:
            asked.add(name)
            return super().get(name, default)

        def __contains__(self, name: object) -> bool:
            assert isinstance(name, bytes)
            asked.add(name)
            return super().__contains__(name)

    request = Request("GET", https=True, fields=Fields(), address=None, agent=AGENT.decode())
    for sees in SIGNALS.values():
        sees(request)
    assert asked == set(LOOKED_AT)


@pytest.mark.parametrize("octets", [10, 100_000])
def test_a_field_of_any_length_is_looked_at(octets: int) -> None:
    """Also where it is too long to be remembered."""
    value = b"x" * octets
    assert signals(plus={b"accept": value}) == ("no-html",)
    assert signals(plus={b"accept": value + b"text/html"}) == ()
