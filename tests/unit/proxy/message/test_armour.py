"""OpenPGP with its armour in sight is recognised where it is whole."""

import pytest

from proxy.message.armour import protection
from proxy.message.model import Skip
from tests.support.checks.growth import is_linear

SIGNED = (
    b"-----BEGIN PGP SIGNED MESSAGE-----\r\nHash: SHA256\r\n\r\nSee https://example.org/\r\n"
    b"-----BEGIN PGP SIGNATURE-----\r\n\r\niQEz\r\n-----END PGP SIGNATURE-----\r\n"
)
ENCRYPTED = b"-----BEGIN PGP MESSAGE-----\r\n\r\nhQEMA\r\n-----END PGP MESSAGE-----\r\n"


@pytest.mark.parametrize(
    "octets", [SIGNED, b"Hello\n" + SIGNED + b"bye", b"<pre>" + SIGNED + b"</pre>"]
)
def test_signed_text_is_recognised(octets):
    """In plain text, and where webmail put it into HTML."""
    assert protection(octets) is Skip.SIGNED


@pytest.mark.parametrize("before", [b"", b"Hello\r\n"])
def test_encrypted_text_is_recognised(before):
    """Whatever stands around it, if anything does."""
    assert protection(before + ENCRYPTED) is Skip.ENCRYPTED


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nx\n-----END PGP PUBLIC KEY BLOCK-----\n",
        SIGNED.partition(b"-----BEGIN PGP SIGNATURE")[0],
        b"> " + SIGNED.replace(b"\n", b"\n> "),
        b"the line -----BEGIN PGP SIGNED MESSAGE----- opens it, -----BEGIN PGP SIGNATURE----- ends it",
    ],
)
def test_what_is_not_whole_is_none(octets):
    """A key, the beginning of a quotation, an article."""
    assert protection(octets) is None


@pytest.mark.parametrize(
    "piece", [b"-----BEGIN PGP SIGNED MESSAGE-----\n", b"\n-----BEGIN PGP MESSAGE-----"]
)
def test_time_grows_with_the_length_alone(piece):
    """Whatever a text repeats."""
    assert is_linear(lambda octets: protection(piece * (octets // len(piece))), 200_000)
