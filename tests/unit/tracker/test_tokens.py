"""Tokens: what goes in comes out, nothing else is believed, and old links stay alive."""

import base64
import random
import zlib
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from hypothesis import given
from hypothesis import strategies as st

from config.keys import token_keys
from config.keys.secret_files import KeyFileError
from config.keys.token_keys import TokenKey
from tracker import tokens
from tracker.tokens import BadToken, Keyring, Link, mint, read

TODAY = date(2026, 11, 1)
SECRET = bytes(range(64))
KEYRING = Keyring([TokenKey(7, SECRET, TODAY)])
LINK = Link(b"\x01\x02\x03\x04\x05\x06\x07\x08", 1, 3, 1_795_430_400, "https://www.example.com/")
CUT_OCTET = 18
"""Where the payload starts in the octets of a token: header 2, synthetic IV 16."""

PRINTABLE = st.characters(min_codepoint=0x21, max_codepoint=0x7E)
DESTINATIONS = st.builds(
    str.__add__,
    st.sampled_from(["http://", "https://", "HTTP://", "Https://"]),
    st.text(PRINTABLE, min_size=1, max_size=1500),
)
LINKS = st.builds(
    Link,
    message_id=st.binary(min_size=8, max_size=8),
    recipient=st.integers(0, tokens.MAX_VARINT),
    number=st.integers(0, tokens.MAX_VARINT),
    sent_at_s=st.integers(0, tokens.MAX_SENT_AT_S),
    destination=DESTINATIONS,
    preview=st.booleans(),
)


def sealed(payload: bytes, header: bytes = b"\x01\x07") -> str:
    """Seal a payload of one's own with the right key, as only a leaked key allows."""
    octets = header + AESSIV(SECRET).encrypt(payload, [header])
    return base64.urlsafe_b64encode(octets).decode().rstrip("=")


def payload(
    recipient: bytes = b"\x01",
    number: bytes = b"\x03",
    flags: bytes = b"\x00",
    destination: bytes = b"https://www.example.com/",
) -> bytes:
    """Put a payload of form 1 together from its parts as they stand in a token."""
    return (
        b"\x01\x02\x03\x04\x05\x06\x07\x08"
        + recipient
        + number
        + b"\x6b\x03\xd2\x40"
        + flags
        + destination
    )


KNOWN_ANSWERS = [
    (
        "AQcmGIx6ifE619FIQl5iKdLoLMKhZn1pRnA3bNBqFTTYrV3ms8LBE3q_uw",
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
        "AQcBDWWhgb-4Mdj4P5bFf7vBGYbTndIFAlMUHGtvfBp5VbCE6pY",
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
        "AQf3hCEJw-qDiJT1UBs01F61KFxARY7YiNzdjp146l2zf17HqK3vLSFuVHUa4IF9SOXRJgcymq47CQrK-L5Ir47C3PKL6H16NwWzBFLRTM7zpjqpYvoHW4Q3wbMesFCiKY0",
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
        "AQd6OsOEI_2pi34DiknSQdY20Cha-hGTr9QELWJGItMGVjGYoumAGnFfS6DxRld8rKz7xxGJY2qJkv9ST8W1NxrKynqpbWK0ty5ump0dO_kTEAmljOlZ9kQzyH_eOUAMfeIGmb_jOLc",
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
        "AQcBHTq8tBH5lIfyVgR2QoHCZ8Wb7Ir1dXBRjFfp-7YtIRkoLAVr5DyVGg5ZLj2wFScb_fthvF_ioVtUFVevEkQDDZ5YoQ",
        Link(
            message_id=b"\x80\x00\x00\x00\x00\x00\x00\x01",
            recipient=127,
            number=2,
            sent_at_s=1700000000,
            destination="http://[2001:db8::1]:8080/a(b)'\"<>\\^`{|}",
            preview=False,
        ),
    ),
]


@pytest.mark.parametrize(("text", "link"), KNOWN_ANSWERS)
def test_links_delivered_long_ago_still_read(text: str, link: Link) -> None:
    """P11: these tokens stand in delivered mail; no later version may change their meaning."""
    assert read(KEYRING, text) == link


@given(LINKS)
def test_minting_is_deterministic(link: Link) -> None:
    """The same link gives the same token, so that a retried message is the same message."""
    assert mint(KEYRING, link) == mint(KEYRING, link)


@given(LINKS)
def test_a_minted_link_reads_back(link: Link) -> None:
    """Whatever link can be minted is read back exactly."""
    assert read(KEYRING, mint(KEYRING, link)) == link


@given(LINKS)
def test_a_token_is_never_longer_than_announced(link: Link) -> None:
    """`url_octets` is the bound that the size rules of the proxy rely on."""
    url = tokens.tracked_url("https://t.example.com/x/", mint(KEYRING, link))
    assert len(url) <= tokens.url_octets("https://t.example.com/x/", len(link.destination))


def test_the_announced_length_is_reached() -> None:
    """The bound is tight: an incompressible destination with the largest numbers meets it."""
    noise = "".join(map(chr, random.Random(1).choices(range(0x21, 0x7F), k=100)))
    link = replace(
        LINK, recipient=tokens.MAX_VARINT, number=tokens.MAX_VARINT, destination=f"HTTP://{noise}"
    )
    text = mint(KEYRING, link)
    assert len(tokens.tracked_url("http://t", text)) == tokens.url_octets("http://t", 107)


def test_every_single_bit_counts() -> None:
    """P10: a token with any one bit of its octets flipped is refused."""
    text = mint(KEYRING, LINK)
    octets = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    for position in range(len(octets) * 8):
        flipped = bytearray(octets)
        flipped[position // 8] ^= 1 << position % 8
        with pytest.raises(BadToken):
            read(KEYRING, base64.urlsafe_b64encode(flipped).decode().rstrip("="))


def test_every_single_character_counts() -> None:
    """P10: no character can be replaced by any other, trailing bits included."""
    text = mint(KEYRING, LINK)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/=. \n%"
    for position, original in enumerate(text):
        for other in alphabet.replace(original, ""):
            with pytest.raises(BadToken):
                read(KEYRING, text[:position] + other + text[position + 1 :])


def test_no_truncation_reads() -> None:
    """P10: neither a head nor a tail of a token is a token."""
    text = mint(KEYRING, LINK)
    for cut in range(len(text)):
        for part in (text[:cut], text[cut + 1 :]):
            with pytest.raises(BadToken):
                read(KEYRING, part)


@pytest.mark.parametrize(
    "junk", ["=", "==", "\n", " ", "A", "AAAA", ".", ")", "/", "?x=1", "\x00", "é"]
)
def test_nothing_may_be_appended_or_prepended(junk: str) -> None:
    """Python's base64 decoder passes over junk and padding; we do not."""
    text = mint(KEYRING, LINK)
    for altered in (text + junk, junk + text, text[:20] + junk + text[20:]):
        with pytest.raises(BadToken):
            read(KEYRING, altered)


@given(st.text())
def test_any_text_is_a_bad_token_and_nothing_worse(text: str) -> None:
    """Arbitrary text, lone surrogates included, raises BadToken and no other exception."""
    with pytest.raises(BadToken):
        read(KEYRING, text)


@given(st.binary(max_size=120))
def test_any_octets_are_a_bad_token_and_nothing_worse(octets: bytes) -> None:
    """Well-formed base64url of arbitrary octets raises BadToken too."""
    with pytest.raises(BadToken):
        read(KEYRING, base64.urlsafe_b64encode(octets).decode().rstrip("="))


@given(st.binary(max_size=120))
def test_any_sealed_payload_reads_or_is_a_bad_token(octets: bytes) -> None:
    """Even with the right key in wrong hands, only what we would mint is read."""
    try:
        link = read(KEYRING, sealed(octets))
    except BadToken:
        return
    assert read(KEYRING, mint(KEYRING, link)) == link


def test_a_long_text_is_refused_before_any_work() -> None:
    """A megabyte of token costs nothing: its length alone refuses it."""
    with pytest.raises(BadToken, match="too long"):
        read(KEYRING, "A" * 1_000_000)


def test_the_payload_is_what_the_design_says() -> None:
    """The helper of these tests writes the documented layout, so that it proves what it refuses."""
    assert read(KEYRING, sealed(payload())) == replace(LINK, sent_at_s=0x6B03D240)


@pytest.mark.parametrize(
    ("fault", "octets"),
    [
        ("nothing", b""),
        ("no flags", payload(flags=b"", destination=b"")),
        ("no destination", payload(destination=b"")),
        ("unknown flag", payload(flags=b"\x04")),
        ("unknown high flag", payload(flags=b"\x80")),
        ("padded varint", payload(recipient=b"\x80\x01")),
        ("varint of five octets", payload(number=b"\x81\x81\x81\x81\x01")),
        ("varint without end", payload(number=b"\xff" * 8)),
        ("ftp", payload(destination=b"ftp://example.com/")),
        ("javascript", payload(destination=b"javascript:alert(1)//http://")),
        ("scheme alone", payload(destination=b"https://")),
        ("line break", payload(destination=b"https://example.com/\r\nSet-Cookie: a=b")),
        ("final newline", payload(destination=b"https://example.com/\n")),
        ("space", payload(destination=b"https://example.com/a b")),
        ("DEL", payload(destination=b"https://example.com/\x7f")),
        ("eight bits", payload(destination="https://example.com/é".encode())),
        ("long", payload(destination=b"https://example.com/" + b"a" * 2029)),
        ("not deflated", payload(flags=b"\x01", destination=b"\xff\xff\xff\xff")),
        ("deflate cut short", payload(flags=b"\x01", destination=b"\xca\x28")),
    ],
)
def test_a_malformed_payload_is_refused(fault: str, octets: bytes) -> None:
    """Authentic octets that we would never mint are refused as well."""
    with pytest.raises(BadToken):
        read(KEYRING, sealed(octets))


def deflated(octets: bytes) -> bytes:
    """Deflate as tokens do, but without a dictionary."""
    deflater = zlib.compressobj(wbits=-12)
    return deflater.compress(octets) + deflater.flush()


def test_an_inflated_destination_is_capped() -> None:
    """A destination that would inflate past 2,048 octets is refused, however small it looks."""
    just, over = (b"https://example.com/" + b"a" * count for count in (2028, 2029))
    assert (
        len(read(KEYRING, sealed(payload(flags=b"\x01", destination=deflated(just)))).destination)
        == 2048
    )
    for bomb in (over, b"https://example.com/" + b"a" * 10_000_000):
        with pytest.raises(BadToken):
            read(KEYRING, sealed(payload(flags=b"\x01", destination=deflated(bomb))))


def test_nothing_may_follow_a_deflated_destination() -> None:
    """Octets after the end of the deflated stream are refused."""
    with pytest.raises(BadToken):
        read(
            KEYRING, sealed(payload(flags=b"\x01", destination=deflated(b"https://a.test/") + b"x"))
        )


@pytest.mark.parametrize("length", [1, 1300, 2040])
def test_long_destinations_survive(length: int) -> None:
    """Compressible or not, a destination up to the limit comes back exactly."""
    for filler in ("a", "".join(chr(0x21 + (i * 7919) % 94) for i in range(94))):
        link = replace(LINK, destination="https://" + (filler * length)[:length])
        assert read(KEYRING, mint(KEYRING, link)) == link


@pytest.mark.parametrize(
    "change",
    [
        {"message_id": b"short"},
        {"recipient": -1},
        {"recipient": tokens.MAX_VARINT + 1},
        {"number": tokens.MAX_VARINT + 1},
        {"sent_at_s": -1},
        {"sent_at_s": 1 << 32},
        {"destination": "mailto:someone@example.com"},
        {"destination": "https://example.com/é"},
        {"destination": "https://example.com/\r\nX: y"},
        {"destination": "https://" + "a" * 2041},
    ],
)
def test_what_cannot_be_read_is_never_minted(change: dict[str, object]) -> None:
    """Minting refuses, with a ValueError, what reading would refuse."""
    with pytest.raises(ValueError, match=r"out of range|destination|message id"):
        mint(KEYRING, replace(LINK, **change))


def test_the_version_is_authenticated() -> None:
    """Another version octet is refused, even sealed with the right key."""
    for version in (0, 2, 255):
        with pytest.raises(BadToken, match="unknown version"):
            read(KEYRING, sealed(payload(), bytes((version, 7))))


def test_the_newest_key_mints_and_older_ones_read() -> None:
    """Rotation: links of both keys live, new ones carry the new key's id."""
    old, new = TokenKey(1, b"o" * 64, date(2025, 1, 1)), TokenKey(9, b"n" * 64, date(2026, 1, 1))
    before = mint(Keyring([old]), LINK)
    keyring = Keyring([new, old])
    assert tokens.key_id(mint(keyring, LINK)) == 9
    assert tokens.key_id(before) == 1
    assert read(keyring, before) == read(keyring, mint(keyring, LINK)) == LINK


def test_of_keys_of_one_day_the_later_in_the_file_mints() -> None:
    """Rotating twice in a day still moves on."""
    assert Keyring([TokenKey(3, b"a" * 64, TODAY), TokenKey(2, b"b" * 64, TODAY)]).minting_id == 2


def test_a_revoked_key_neither_mints_nor_reads() -> None:
    """A leaked key is the one reason for which a delivered link dies."""
    leaked, sound = (
        TokenKey(1, b"o" * 64, date(2027, 1, 1), revoked=True),
        TokenKey(2, b"n" * 64, TODAY),
    )
    text = mint(Keyring([replace(leaked, revoked=False)]), LINK)
    keyring = Keyring([sound, leaked])
    assert keyring.minting_id == 2
    with pytest.raises(BadToken):
        read(keyring, text)


def test_a_foreign_key_of_the_same_id_does_not_read() -> None:
    """Another installation's tokens are not ours."""
    with pytest.raises(BadToken, match="forged"):
        read(Keyring([TokenKey(7, b"x" * 64, TODAY)]), mint(KEYRING, LINK))


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ([], "no usable"),
        ([TokenKey(1, SECRET, TODAY, revoked=True)], "no usable"),
        ([TokenKey(1, SECRET, TODAY), TokenKey(1, b"x" * 64, TODAY)], "same id"),
        ([TokenKey(256, SECRET, TODAY)], "not within"),
        ([TokenKey(1, b"short", TODAY)], "5 octets"),
    ],
)
def test_an_unusable_key_ring_is_refused(keys: list[TokenKey], message: str) -> None:
    """What could not mint, or would mint ambiguously, is refused at the start."""
    with pytest.raises(ValueError, match=message):
        Keyring(keys)


def test_a_key_ring_does_not_show_its_secrets() -> None:
    """A key ring in a traceback or a log tells ids alone."""
    assert repr(KEYRING) == "Keyring(reads=[7], mints=7)"


def test_a_key_ring_is_loaded_from_its_file(tmp_path: Path) -> None:
    """What `waypost init` and `keys rotate` write is what mints and reads."""
    old = token_keys.new_token_key()
    new = token_keys.new_token_key([old])
    token_keys.write_token_keys(tmp_path / "token.keys", [old, new])
    keyring = Keyring.load(tmp_path / "token.keys")
    assert tokens.key_id(mint(keyring, LINK)) == new.id
    assert read(keyring, mint(Keyring([old]), LINK)) == LINK


def test_a_missing_key_file_is_told_by_name(tmp_path: Path) -> None:
    """The error names the file, so that the operator knows what is missing."""
    with pytest.raises(KeyFileError, match=r"token\.keys does not exist"):
        Keyring.load(tmp_path / "token.keys")


@given(DESTINATIONS, st.integers(0, 10_000))
def test_what_is_told_of_one_destination_is_never_exceeded(destination: str, number: int) -> None:
    """Whoever reads it; and it is no more than what is told of any destination of that length."""
    octets = tokens.url_octets_to("https://t.example.net", destination, 10_000)
    link = replace(LINK, recipient=tokens.MAX_VARINT, number=number, destination=destination)
    assert len(tokens.tracked_url("https://t.example.net", mint(KEYRING, link))) <= octets
    assert octets <= tokens.url_octets("https://t.example.net", len(destination))
