"""What a relay is told of the real client: XCLIENT and XFORWARD, octet by octet."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.addresses import parse_ip
from proxy.client.trust import parse_attributes
from proxy.smtp.client_info import (
    MAX_VALUE_OCTETS,
    UNAVAILABLE,
    ClientInfo,
    xclient,
    xforward,
)

XCLIENT = "NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT"
XFORWARD = "NAME ADDR PORT PROTO HELO IDENT SOURCE"
ALICE = ClientInfo(
    parse_ip("203.0.113.9"), name="a.test", helo="[203.0.113.9]", login="alice", trusted=True
)
NOBODY = ClientInfo(None, esmtp=False)


@pytest.mark.parametrize(
    ("info", "expected"),
    [
        (
            ALICE,
            b"XCLIENT NAME=a.test ADDR=203.0.113.9 PROTO=ESMTP HELO=[203.0.113.9] LOGIN=alice",
        ),
        (
            NOBODY,
            b"XCLIENT NAME=%b ADDR=%b PROTO=SMTP HELO=%b LOGIN=%b" % ((UNAVAILABLE,) * 4),
        ),
    ],
)
def test_xclient_tells_all_that_is_known(info: ClientInfo, expected: bytes) -> None:
    """And says of the rest that it is not."""
    assert xclient(info, XCLIENT) == expected


def test_xforward_tells_whose_mail_it_is() -> None:
    """LOCAL is mail of our own clients: Postfix completes its addresses."""
    assert xforward(ALICE, XFORWARD).endswith(b" HELO=[203.0.113.9] SOURCE=LOCAL")
    assert xforward(NOBODY, XFORWARD).endswith(b" SOURCE=REMOTE")


def test_only_what_is_offered_is_told() -> None:
    """Nothing at all where nothing is."""
    assert xclient(ALICE, "addr PORT") == b"XCLIENT ADDR=203.0.113.9"
    assert xclient(ALICE, "") == b""
    assert xforward(ALICE, "IDENT") == b""


def test_ipv6_has_its_prefix() -> None:
    """As Postfix writes it."""
    assert xclient(ClientInfo(parse_ip("2001:db8::1")), "ADDR") == b"XCLIENT ADDR=IPV6:2001:db8::1"


@given(st.text(max_size=300))
def test_whatever_a_client_calls_itself_is_one_value(helo: str) -> None:
    """It cannot end the line, nor add an attribute; what is read back is what it said."""
    line = xforward(ClientInfo(None, helo=helo), "ADDR HELO")
    (_, address, value) = line.split(b" ")
    assert address == b"ADDR=[UNAVAILABLE]"
    assert value.startswith(b"HELO=")
    assert len(value) <= MAX_VALUE_OCTETS + len(b"HELO=")
    assert all(0x20 < octet < 0x7F for octet in value)
    if value != b"HELO=[UNAVAILABLE]":
        said = helo.encode("utf-8", "replace").decode()
        assert parse_attributes(value)["HELO"] == said
