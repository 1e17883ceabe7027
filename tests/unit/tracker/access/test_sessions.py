"""Sessions: cookies that are ours, for a while."""

import itsdangerous
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.access.sessions import LASTS_S, Session, cookie_name, key_of, opened, set_cookie

KEY = key_of(bytes(32), b"horse staple")


def test_a_cookie_says_whose_session_it_is() -> None:
    """And no two are alike."""
    first, second = Session.new("digest"), Session.new("digest")
    assert opened(first.sealed(KEY), KEY) == first
    assert first.digest != second.digest


def test_another_password_or_installation_opens_no_cookie() -> None:
    """Whoever changed the password wants others out."""
    sealed = Session.new().sealed(KEY)
    for other in (key_of(bytes(32), b"horse staple 2"), key_of(b"\1" * 32, b"horse staple")):
        assert opened(sealed, other) is None


@given(st.text(), st.integers(0, 200), st.text(max_size=1))
def test_no_octets_make_another_session(text: str, at: int, put: str) -> None:
    """Whatever a client makes up, or of one of ours (of whose base64 some bits say nothing)."""
    session = Session("session", "")
    sealed = session.sealed(KEY)
    assert opened(text, KEY) is None
    assert opened(sealed[:at] + put + sealed[at + 1 :], KEY) in {None, session}


@pytest.mark.parametrize(
    ("later_s", "is_open"), [(LASTS_S, True), (LASTS_S + 1, False), (-1, False)]
)
def test_a_session_is_over_after_its_time(
    monkeypatch: pytest.MonkeyPatch, later_s: int, *, is_open: bool
) -> None:
    """By the time that is signed, whatever the browser keeps."""
    monkeypatch.setattr(itsdangerous.timed.time, "time", lambda: 1_000_000)
    sealed = Session.new().sealed(KEY)
    monkeypatch.setattr(itsdangerous.timed.time, "time", lambda: 1_000_000 + later_s)
    assert (opened(sealed, KEY) is not None) == is_open


def test_over_https_the_cookie_is_of_this_host_alone() -> None:
    """`__Host-` binds it: Secure, Path=/, no Domain."""
    field = set_cookie("value", secure=True)
    name, *attributes = field.split("; ")
    assert name == "__Host-waypost=value"
    assert {*attributes} == {
        "HttpOnly", "Max-Age=43200", "Path=/", "SameSite=Strict", "Secure",
    }  # fmt: skip
    plain = set_cookie("value", secure=False)
    assert plain.startswith("waypost=value; ")
    assert "Secure" not in plain


def test_a_cookie_is_taken_back() -> None:
    """At logout."""
    assert "Max-Age=0" in set_cookie("", secure=False)
    assert cookie_name(secure=False) in set_cookie("", secure=False)
