"""What a request says of who asks."""

import base64
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.access.asked import Asked, own_path, password_in

PROXY = [ip_network("192.0.2.1")]


def asked(*headers: tuple[str, str], method: str = "POST", peer: str | None = "192.0.2.1") -> Asked:
    """Return what a request with these headers says."""
    raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers]
    scope = {"type": "http", "method": method, "headers": raw, "client": peer and (peer, 0)}
    return Asked.of(scope, PROXY)


@given(st.text(st.characters(max_codepoint=255)))
def test_any_authorization_field_holds_a_password_or_none(field: str) -> None:
    """Whatever octets come, no exception comes of it."""
    for scheme in ("", "Basic ", "Bearer "):
        password = password_in(scheme + field)
        assert password is None or isinstance(password, bytes)


@given(st.text(st.characters(max_codepoint=255, exclude_characters=":")), st.binary())
def test_the_password_of_a_pair_is_all_after_its_first_colon(user: str, password: bytes) -> None:
    """A password may hold colons, a user's name may not (RFC 7617 §2)."""
    pair = base64.b64encode(user.encode() + b":" + password).decode()
    assert password_in(f"Basic {pair}") == password


@pytest.mark.parametrize(
    "hosts", [[], ["localhost", "localhost"], ["localhost", "rebound.example.com"], ["[::1"]]
)
def test_a_request_names_its_host_once(hosts: list[str]) -> None:
    """Of two fields, the one that is judged need not be the one that counts."""
    assert not asked(*(("Host", host) for host in hosts)).names_loopback


@given(st.text(st.characters(max_codepoint=255)))
def test_any_field_is_read_or_not(value: str) -> None:
    """Whatever stands in it, nothing is raised."""
    names = ("Host", "Cookie", "Origin", "X-Forwarded-For", "X-Forwarded-Proto", "Remote-User")
    request = asked(*((name, value) for name in names))
    assert request.names_loopback in {True, False}
    assert request.is_forged in {True, False}
    assert request.is_secure in {True, False}
    assert isinstance(request.cookie("waypost"), str | None)
    assert isinstance(request.login_name("remote-user"), str | None)


@pytest.mark.parametrize(
    ("values", "name"),
    [
        (["ann"], "ann"),
        ([" ann "], "ann"),
        (["ann", "ann"], None),
        ([], None),
        ([""], None),
        (["\t"], None),
        (["a" * 256], None),
        (["ann\x00"], None),
        ("zoë".encode().decode("latin-1") and ["zoë".encode().decode("latin-1")], "zoë"),
        (["zo\xeb"], None),
    ],
)
def test_a_login_header_names_one_person(values: list[str], name: str | None) -> None:
    """A web server that adds its own beside a client's names nobody."""
    assert asked(*(("Remote-User", each) for each in values)).login_name("remote-user") == name


@pytest.mark.parametrize(
    ("peer", "counts"), [("192.0.2.1", True), ("192.0.2.2", False), (None, False), ("", False)]
)
def test_a_proxy_is_known_by_its_socket(peer: str | None, *, counts: bool) -> None:
    """Never by what a client writes."""
    request = asked(("X-Forwarded-For", "192.0.2.1"), ("Forwarded", "for=192.0.2.1"), peer=peer)
    assert request.is_of_a_proxy == counts


@pytest.mark.parametrize(
    ("headers", "forged"),
    [
        ({}, False),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "null"}, False),
        ({"Sec-Fetch-Site": "none"}, False),
        ({"Sec-Fetch-Site": "cross-site"}, True),
        ({"Sec-Fetch-Site": "same-site"}, True),
        ({"Sec-Fetch-Site": "nonsense"}, True),
        ({"Origin": "https://w.example.com"}, False),
        ({"Origin": "https://W.example.com"}, False),
        ({"Origin": "https://public.example.com"}, False),
        ({"Origin": "https://w.example.com:8443"}, True),
        ({"Origin": "https://evil.example"}, True),
        ({"Origin": "https://evil.example/w.example.com"}, True),
        ({"Origin": "null"}, True),
        ({"Origin": ""}, True),
        ({"Origin": "https://[::1"}, True),
    ],
)
def test_a_page_of_another_site_sends_nothing_here(
    headers: dict[str, str], *, forged: bool
) -> None:
    """Browsers say where a request comes from; programs, which have no page, say nothing."""
    ours = [("Host", "w.example.com"), ("X-Forwarded-Host", "public.example.com")]
    assert asked(*ours, *headers.items()).is_forged == forged
    assert not asked(*ours, *headers.items(), method="GET").is_forged


def test_a_stranger_names_no_further_host() -> None:
    """Only a web server of the operator's own knows what it was asked for."""
    fields = [("Origin", "https://a.test"), ("X-Forwarded-Host", "a.test"), ("Host", "w.test")]
    assert asked(*fields, peer="203.0.113.9").is_forged


@pytest.mark.parametrize(
    ("path", "leads_to"),
    [
        ("/", "/"),
        ("/campaigns/7?period=30&with=a%20b", "/campaigns/7?period=30&with=a%20b"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("\\\\evil.example", "/"),
        ("/\t/evil.example", "/"),
        ("/\n/evil.example", "/"),
        (" /x", "/"),
        ("https://evil.example/", "/"),
        ("javascript:alert(1)", "/"),
        ("x", "/"),
        ("", "/"),
        ("/ü", "/"),
        ("/" + "x" * 5000, "/"),
    ],
)
def test_only_paths_of_ours_are_led_to(path: str, leads_to: str) -> None:
    """As a browser reads them (WHATWG URL)."""
    assert own_path(path) == leads_to
