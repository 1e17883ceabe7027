"""Form 2 of tokens: what it says, what it refuses, how short it is, and that it is read for ever."""

import base64
import zlib
from datetime import date

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from hypothesis import given
from hypothesis import strategies as st

from config.keys.token_keys import TokenKey
from tracker import token_payload
from tracker.token_payload import BadToken, Link
from tracker.tokens import Keyring, Minter, mint, read

SECRET = bytes(range(64))
KEYRING = Keyring([TokenKey(7, SECRET, date(2026, 11, 1))])
ID = b"\x01\x02\x03\x04\x05\x06\x07\x08"
SENT_AT = b"\x6b\x03\xd2\x40"
URL = b"https://www.example.com/"

KNOWN_ANSWERS = [
    (
        "JQegAv1wddRkwagSPjOQ0S0TusKLL6hmVv09Obh000t-gclvNZbhIw",
        Link(
            message_id=b"\x01\x02\x03\x04\x05\x06\x07\x08",
            recipient=1,
            number=3,
            sent_at_s=1795430400,
            destination="https://www.example.com/",
            preview=False,
        ),
    ),
    (
        "IQdT2thvLzOSxTxskzyaTmC-pG0VYAKvBz9OoGVm3TgRkMQN",
        Link(
            message_id=b"\x00\x00\x00\x00\x00\x00\x00\x00",
            recipient=0,
            number=0,
            sent_at_s=0,
            destination="http://a",
            preview=False,
        ),
    ),
    (
        "KweYaOdGkrPHfJ2M__dyBPeisfLDraIHB-U6oLaGsdq5vEc4rgx8AVe1BRlIZkJb4nMGMKYoqlJd5uzD044pV_Osqc1IsZG-ISLh0WECUPALeIoBKO_XLMhs6lwRqLp4PA",
        Link(
            message_id=b"\xff\xff\xff\xff\xff\xff\xff\xff",
            recipient=268435455,
            number=268435455,
            sent_at_s=4294967295,
            destination="HTTPS://EXAMPLE.ORG:8443/%7Euser/?q=%22&copy=2&copy;#frag%C3%A9",
            preview=True,
        ),
    ),
    (
        "KQeBagyBJdNK1URHrzjorGKMhdsc3s7FAFXUtVQbXn-gohdhfoRcqyK7yTZKnCWsyB1qlPJoNkg-Xc_lVpUxxpRhuDFIM54zlQJOn9ZRY9kRDFH24mzDFLSDx_Q",
        Link(
            message_id=b"waypost!",
            recipient=128,
            number=16384,
            sent_at_s=1795430400,
            destination="https://shop.example.de/products/wool-socks?variant=4021930123&utm_source=newsletter&utm_medium=email&utm_campaign=winter&utm_content=hero#top",
            preview=False,
        ),
    ),
    (
        "KQd08smb8UzvvDCTsGXZ1eYN2Yb8BUuVJ15bC7PkDSS_x3abICcOVc7RNTIewdXe1z9J08DlYrWVZc66FevjsNfuAUv1",
        Link(
            message_id=b"\x80\x00\x00\x00\x00\x00\x00\x01",
            recipient=2,
            number=127,
            sent_at_s=1700000000,
            destination="http://[2001:db8::1]:8080/a(b)'\"<>\\^`{|}",
            preview=False,
        ),
    ),
]


def sealed(first: int, payload: bytes) -> str:
    """Seal a payload of one's own with the right key, as only a leaked key allows."""
    header = bytes((first, 7))
    octets = header + AESSIV(SECRET).encrypt(payload, [header])
    return base64.urlsafe_b64encode(octets).decode().rstrip("=")


def first_octet(text: str) -> int:
    """Return the octet that says what form a token has."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))[0]


@pytest.mark.parametrize(("text", "link"), KNOWN_ANSWERS)
def test_links_delivered_since_form_2_still_read(text: str, link: Link) -> None:
    """P11: these tokens stand in delivered mail; no later version may change their meaning."""
    assert read(KEYRING, text) == link


@pytest.mark.parametrize(
    ("first", "payload", "recipient"),
    [
        (0x20, ID + SENT_AT + b"\x03" + URL, 0),
        (0x24, ID + SENT_AT + b"\x03" + URL, 1),
        (0x28, ID + SENT_AT + b"\x02\x03" + URL, 2),
    ],
)
def test_the_payload_is_what_the_design_says(first: int, payload: bytes, recipient: int) -> None:
    """Whose copy it is stands in the first octet, but for a number that has no room there."""
    link = Link(ID, recipient, 3, 0x6B03D240, URL.decode())
    assert read(KEYRING, sealed(first, payload)) == link
    preview = Link(ID, recipient, 3, 0x6B03D240, URL.decode(), preview=True)
    assert read(KEYRING, sealed(first | 2, payload)) == preview


@pytest.mark.parametrize("recipient", [0, 1, 2, 127, 128, token_payload.MAX_VARINT])
@pytest.mark.parametrize("preview", [True, False])
def test_what_stands_in_the_first_octet_is_authenticated(recipient: int, preview: bool) -> None:  # noqa: FBT001
    """P10: whoever changes it has no token of ours."""
    text = mint(KEYRING, Link(ID, recipient, 3, 1_795_430_400, URL.decode(), preview))
    octets = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    for other in set(range(256)) - {octets[0]}:
        altered = base64.urlsafe_b64encode(bytes((other,)) + octets[1:]).decode().rstrip("=")
        with pytest.raises(BadToken):
            read(KEYRING, altered)


@pytest.mark.parametrize(
    ("fault", "first", "payload"),
    [
        ("nothing", 0x24, b""),
        ("no number", 0x24, ID + SENT_AT),
        ("no destination", 0x24, ID + SENT_AT + b"\x03"),
        ("a time cut short", 0x24, ID + b"\x6b\x03\xd2"),
        ("no recipient", 0x28, ID + SENT_AT),
        ("a recipient that is shared", 0x28, ID + SENT_AT + b"\x00\x03" + URL),
        ("a recipient that is the first", 0x28, ID + SENT_AT + b"\x01\x03" + URL),
        ("padded recipient", 0x28, ID + SENT_AT + b"\x80\x02\x03" + URL),
        ("padded number", 0x24, ID + SENT_AT + b"\x80\x03" + URL),
        ("number without end", 0x24, ID + SENT_AT + b"\xff" * 8),
        ("unknown recipient", 0x2C, ID + SENT_AT + b"\x03" + URL),
        ("unknown flag", 0x34, ID + SENT_AT + b"\x03" + URL),
        ("unknown form", 0x44, ID + SENT_AT + b"\x03" + URL),
        ("javascript", 0x24, ID + SENT_AT + b"\x03javascript:alert(1)//http://"),
        ("line break", 0x24, ID + SENT_AT + b"\x03" + URL + b"\r\nSet-Cookie: a=b"),
        ("long", 0x24, ID + SENT_AT + b"\x03" + URL + b"a" * 2025),
        ("not deflated", 0x25, ID + SENT_AT + b"\x03\xff\xff\xff\xff"),
        ("deflate cut short", 0x25, ID + SENT_AT + b"\x03\xca\x28"),
    ],
)
def test_a_malformed_payload_is_refused(fault: str, first: int, payload: bytes) -> None:
    """Authentic octets that we would never mint are refused as well."""
    with pytest.raises(BadToken):
        read(KEYRING, sealed(first, payload))


@given(st.sampled_from([0x20, 0x21, 0x24, 0x25, 0x26, 0x28, 0x2B]), st.binary(max_size=120))
def test_any_sealed_payload_reads_or_is_a_bad_token(first: int, payload: bytes) -> None:
    """Even with the right key in wrong hands, only what we would mint is read."""
    try:
        link = read(KEYRING, sealed(first, payload))
    except BadToken:
        return
    assert read(KEYRING, mint(KEYRING, link)) == link


def test_an_inflated_destination_is_capped() -> None:
    """A destination that would inflate past 2,048 octets is refused, however small it looks."""
    deflater = zlib.compressobj(wbits=-12)
    bomb = deflater.compress(URL + b"a" * 10_000_000) + deflater.flush()
    with pytest.raises(BadToken):
        read(KEYRING, sealed(0x25, ID + SENT_AT + b"\x03" + bomb))


@pytest.mark.parametrize(
    "destination",
    [
        (
            "https://shop.example.com/collections/winter/products/wool-socks"
            "?utm_source=newsletter&utm_medium=email&utm_campaign=wint"
        ),
        (
            "https://www.example.com/products/1234567890"
            "?utm_source=springmail&utm_medium=email&utm_campaign=spring-2026&utm_content="
        ),
        (
            "https://www.example.org/blog/2026/11/spring-is-coming"
            "?utm_source=newsletter&utm_medium=email&utm_campaign=week-48&utm_co"
        ),
    ],
)
def test_a_token_for_a_url_of_120_characters_is_short(destination: str) -> None:
    """Of a newsletter as most are: at most 100 characters."""
    assert len(destination) == 120
    assert len(mint(KEYRING, Link(ID, 1, 7, 1_795_430_400, destination))) <= 100


def test_the_dictionaries_are_small_and_frozen() -> None:
    """At most 512 octets each; a changed octet would end links that were delivered."""
    sums = [zlib.crc32(each) for each in (token_payload._DICTIONARY_1, token_payload._DICTIONARY_2)]
    assert sums == [819507420, 849541027]
    assert len(token_payload._DICTIONARY_2) <= 512


def test_a_minter_mints_what_mint_does() -> None:
    """The links of one copy share what it prepares."""
    minter = Minter(KEYRING, ID, 1, 1_795_430_400)
    for number in (1, 2, 300):
        link = Link(ID, 1, number, 1_795_430_400, f"https://example.com/{number}")
        assert minter.token(number, link.destination) == mint(KEYRING, link)


def test_a_short_destination_stands_as_it_is() -> None:
    """Where deflating makes it no shorter, the first octet says so."""
    assert first_octet(mint(KEYRING, Link(ID, 0, 1, 0, "HTTP://~~"))) == 0x20
    assert first_octet(mint(KEYRING, Link(ID, 0, 1, 0, URL.decode()))) == 0x21
