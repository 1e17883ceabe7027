"""What a mail server would change after we signed: recognised, each by its name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.message.editing import parse
from proxy.signing.relay_alterations import Alteration, qualified, relay_would_alter
from tests.support.checks.growth import is_linear

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
    (without(b"Date"), Alteration.NO_DATE),
    (without(b"From"), Alteration.NO_FROM),
    (without(b"Message-ID"), Alteration.NO_MESSAGE_ID),
    (FINE.replace(b"reader@example.net", b"reader"), Alteration.UNQUALIFIED),
    (b"Reply-To: help\r\n" + FINE, Alteration.UNQUALIFIED),
    (FINE + b"x" * 999 + b"\r\n", Alteration.LONG_LINE),
    (b"X-Long: " + b"x" * 1000 + b"\r\n" + FINE, Alteration.LONG_LINE),
    (b"X-Long: x\r\n" + b" folded line\r\n" * 8000 + FINE, Alteration.LONG_FIELD),
    (b"Subject : space\r\n" + FINE, Alteration.MALFORMED_HEADER),
    (b"no field\r\n" + FINE, Alteration.MALFORMED_HEADER),
    (b"From shop Mon Nov 23 10:00:00 2026\r\n" + FINE, Alteration.MALFORMED_HEADER),
    (b"X-Nul: a\0b\r\n" + FINE, Alteration.CONTROL),
    (b"X-Tab: a\vb\r\n" + FINE, Alteration.CONTROL),
    (FINE + b"bare\nLF\r\n", Alteration.BARE_NEWLINE),
    (FINE + b"bare\rCR\r\n", Alteration.BARE_NEWLINE),
]


@pytest.mark.parametrize(
    ("message", "reason"), ALTERED, ids=[str(r) + str(i) for i, (_, r) in enumerate(ALTERED)]
)
def test_what_would_be_altered_has_a_name(message: bytes, reason: Alteration) -> None:
    """Each was seen to break a signature in a default Postfix, or to be unreadable to a verifier."""
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


@pytest.mark.parametrize(
    "value",
    [
        b"a@example.com",
        b" a@example.com, b@example.net ",
        b"Some One <a@example.com>",
        b'"One, Some" <a@example.com>, b@example.net',
        b"Friends: a@example.com;, Others: b@example.com;, c@example.com",
        b"a@example.com,, b@example.com,",
        b"a@[192.0.2.1]",
        b"a@[IPv6:2001:db8::1]",
        b"(comment, with (nested) parts) a@example.com (more)",
        b"Friends: a@example.com, b@example.net;",
        b"undisclosed-recipients:;",
        b"=?utf-8?q?caf=C3=A9?= <a@example.com>",
        "Caf\u00e9 <a@example.com>".encode(),
        b"John Q. Public <a@example.com>",
        b"\r\n a@example.com,\r\n\tb@example.net\r\n",
        b"",
    ],
)
def test_full_addresses_pass(value: bytes) -> None:
    """As applications write them."""
    assert qualified(value)


@pytest.mark.parametrize(
    "value",
    [
        b"a",
        b"a, b@example.com",
        b"Some One <a>",
        b"a@localhost",
        b"<>",
        b"<@route.example:a@example.com>",
        b"a%example.com@example.net",
        b"host!user",
        b"One, Some <a@example.com>",
        b"Some One a@example.com",
        b"a@example.com b@example.com",
        b"Some <a@example.com",
        b"a@b@example.com",
        b"Friends: a, b@example.net;",
        b"=?utf-8?q?One,_Some?= <a@example.com>",
        b'"john"@example.com',
        b"s..p@example.com",
        b".a@example.com",
        b"a@example.com.",
        b"Not a group: a <a@example.com>",
        b"a@example.com; b@example.com",
        b"(unclosed a@example.com",
        b'"unclosed a@example.com',
    ],
)
def test_what_a_mail_server_completes_or_rewrites_does_not(value: bytes) -> None:
    """When in doubt, it counts as one that would be changed."""
    assert not qualified(value)


@given(st.binary(max_size=300))
def test_noise_is_judged_and_never_raises(noise: bytes) -> None:
    """Any octets, alone, in an address field, in a body."""
    relay_would_alter(parse(noise), relay_8bitmime=False)
    relay_would_alter(parse(b"To: " + noise + b"\r\n" + FINE), relay_8bitmime=False)
    relay_would_alter(parse(FINE + noise), relay_8bitmime=False)


@pytest.mark.parametrize(
    "piece",
    [b'"', b"(", b"(\\", b"<", b",", b":", b"a@", b'"\\', b"[", b"a@b.", b"()", b'(")'],
)
def test_work_is_linear_in_hostile_addresses(piece: bytes) -> None:
    """Quotes, comments and brackets that never close."""
    assert is_linear(lambda count: qualified(piece * count), 4_000)
