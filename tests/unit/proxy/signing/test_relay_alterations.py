"""What a mail server would change after we signed: recognised, each by its name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.message.editing import parse
from proxy.signing.address_rewriting import MAX_READ_OCTETS
from proxy.signing.relay_alterations import Alteration, relay_would_alter

HEAD = (
    b"From: Shop <shop@example.com>\r\nTo: reader@example.net\r\nSubject: Your order\r\n"
    b"Date: Mon, 23 Nov 2026 10:00:00 +0000\r\nMessage-ID: <order-7@example.com>\r\n"
)
FINE = HEAD + b"\r\nHello\r\n"


def test_an_ordinary_message_is_left_as_it_is() -> None:
    """Nothing to alter."""
    assert relay_would_alter(parse(FINE), relay_8bitmime=True) is None
    assert relay_would_alter(parse(FINE), relay_8bitmime=False) is None


def without(name: bytes) -> bytes:
    """Return the message without one of its fields."""
    return b"".join(line for line in FINE.splitlines(keepends=True) if not line.startswith(name))


ALTERED = [
    (without(b"From"), Alteration.NO_FROM),
    (FINE.replace(b"shop@example.com", b"shop"), Alteration.ADDRESS),
    (FINE.replace(b"Shop <", b"Shop, Inc. <"), Alteration.ADDRESS),
    (b"Reply-To: help\r\n" + FINE, Alteration.ADDRESS),
    (FINE + b"x" * 999 + b"\r\n", Alteration.LONG_LINE),
    (b"In-Reply-To: " + b"x" * 1000 + b"\r\n" + FINE, Alteration.LONG_FIELD),
    (b"List-ID: x\r\n" + b" folded line\r\n" * 8000 + FINE, Alteration.LONG_FIELD),
    (b"X-Long: x\r\n" + b" folded line\r\n" * 5000 + FINE, Alteration.LONG_HEADER),
    (b"Subject : space\r\n" + FINE, Alteration.MALFORMED_HEADER),
    (b"no field\r\n" + FINE, Alteration.MALFORMED_HEADER),
    (b"From shop Mon Nov 23 10:00:00 2026\r\n" + FINE, Alteration.MALFORMED_HEADER),
    (b"X-Nul: a\0b\r\n" + FINE, Alteration.CONTROL),
    (b"X-Tab: a\vb\r\n" + FINE, Alteration.CONTROL),
    (FINE + b"a\0b\r\n", Alteration.CONTROL),
    (FINE + b"bare\nLF\r\n", Alteration.BARE_NEWLINE),
    (FINE + b"bare\rCR\r\n", Alteration.BARE_NEWLINE),
]


@pytest.mark.parametrize(
    ("message", "reason"), ALTERED, ids=[str(r) + str(i) for i, (_, r) in enumerate(ALTERED)]
)
def test_what_would_be_altered_has_a_name(message: bytes, reason: Alteration) -> None:
    """Each was seen to break a signature in a real server, or to be unreadable to a verifier."""
    assert relay_would_alter(parse(message), relay_8bitmime=True) is reason


def test_eight_bit_bodies_need_8bitmime() -> None:
    """Without it the relay converts to quoted-printable; octets in the header it leaves."""
    body = FINE + "caf\u00e9\r\n".encode()
    assert relay_would_alter(parse(body), relay_8bitmime=True) is None
    assert relay_would_alter(parse(body), relay_8bitmime=False) is Alteration.EIGHT_BIT
    head = "X-Name: caf\u00e9\r\n".encode() + FINE
    assert relay_would_alter(parse(head), relay_8bitmime=False) is None


def test_lines_of_998_octets_pass() -> None:
    """RFC 5321 §4.5.3.1.6 counts without the line end."""
    assert relay_would_alter(parse(FINE + b"x" * 998 + b"\r\n"), relay_8bitmime=True) is None


@pytest.mark.parametrize("missing", [b"Date", b"Message-ID", b"To"])
def test_what_is_missing_breaks_nothing_where_it_is_added(missing: bytes) -> None:
    """No signature names what is absent."""
    assert relay_would_alter(parse(without(missing)), relay_8bitmime=True) is None


LONG = [b"To: ", b"Cc: ", b"References: ", b"X-Long: ", b"Bcc: "]


@pytest.mark.parametrize("start", LONG)
def test_long_fields_that_are_not_signed_break_nothing(start: bytes) -> None:
    """Some never are, some are too long to be; so an address in them is nobody's matter."""
    field = start + b"root, " + b"reader@example.net, " * 60 + b"\r\n"
    message = parse(field + without(start.rstrip(b": ")))
    assert relay_would_alter(message, relay_8bitmime=True) is None


def test_address_fields_that_are_odd_and_many_count_as_altered() -> None:
    """To read them takes long; those that are ordinary pass, as many as there are."""
    ordinary = b"Cc: " + b"a@example.net,\r\n " * 3000 + b"a@example.net\r\n"
    assert relay_would_alter(parse(ordinary + FINE), relay_8bitmime=True) is None
    odd = b"'a@b.example' <a@b.example>,\r\n "
    few, many = (
        b"Reply-To: " + odd * count + odd.rstrip(b", \r\n") + b"\r\n" for count in (9, 900)
    )
    assert len(many) > MAX_READ_OCTETS
    assert relay_would_alter(parse(few + FINE), relay_8bitmime=True) is None
    assert relay_would_alter(parse(many + FINE), relay_8bitmime=True) is Alteration.ADDRESS


def test_the_relays_profile_says_which_addresses_are_rewritten() -> None:
    """Sendmail quotes names, and fills in what is empty; some rewrite nothing."""
    name = parse(FINE.replace(b"Shop <", b"O'Brien <"))
    comma = parse(FINE.replace(b"Shop <", b"Shop, Inc. <"))
    empty = parse(FINE.replace(b"<order-7@example.com>", b""))
    altered = {
        profile: [
            relay_would_alter(each, relay_8bitmime=True, profile=profile)
            for each in (name, comma, empty)
        ]
        for profile in ("default", "sendmail", "verbatim")
    }
    assert altered == {
        "default": [None, Alteration.ADDRESS, None],
        "sendmail": [Alteration.ADDRESS, Alteration.ADDRESS, Alteration.EMPTY],
        "verbatim": [None, None, None],
    }


@pytest.mark.parametrize("name", [b"To", b"Cc", b"Sender", b"Resent-To"])
def test_fields_that_are_not_signed_where_they_are_altered_keep_no_message_back(name) -> None:
    """The signature does without them."""
    message = parse(name + b": root\r\n" + without(b"To"))
    assert relay_would_alter(message, relay_8bitmime=True) is None


@given(st.binary(max_size=300))
def test_noise_is_judged_and_never_raises(noise: bytes) -> None:
    """Any octets, alone, in an address field, in a body."""
    relay_would_alter(parse(noise), relay_8bitmime=False)
    relay_would_alter(parse(b"To: " + noise + b"\r\n" + FINE), relay_8bitmime=False)
    relay_would_alter(parse(FINE + noise), relay_8bitmime=False)
    relay_would_alter(parse(b"To: " + noise + b"\r\n"), relay_8bitmime=True, profile="sendmail")
