"""Signatures: which fields they cover, and what cannot be signed is an error."""

import contextlib
import re

import dkim
import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.keys.dkim_keys import KeyUnusable
from proxy.signing import signer
from proxy.signing.signed_fields import OVERSIGNED_FIELDS
from proxy.signing.signer import Signable, Signer, SigningError
from tests.support.signed import MESSAGE, PEMS, RSA, SIGNERS, verified


def signed_names(signature: bytes) -> list[str]:
    """Return the names in h=."""
    value = re.search(rb"\bh=([^;]*);", signature)
    assert value is not None
    return [name.strip().decode() for name in value[1].split(b":")]


@pytest.mark.parametrize("algorithm", SIGNERS)
def test_a_signed_message_verifies_and_is_otherwise_unchanged(algorithm: str) -> None:
    """The field stands before the message, which follows octet for octet."""
    signed = SIGNERS[algorithm].sign(MESSAGE)
    assert signed.endswith(MESSAGE)
    assert signed.startswith(b"DKIM-Signature: v=1; a=%b; " % algorithm.encode())
    assert verified(signed, algorithm)


@pytest.mark.parametrize("algorithm", SIGNERS)
def test_a_changed_message_does_not_verify(algorithm: str) -> None:
    """The check above can fail."""
    signed = SIGNERS[algorithm].sign(MESSAGE)
    assert not verified(signed.replace(b"Hello", b"Hullo"), algorithm)
    assert not verified(signed.replace(b"Your order", b"My order"), algorithm)


LINE = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0\v\f\x1c\x1d\x1e\x85"))


SPACE = st.text(" \t", max_size=3)


@st.composite
def messages(draw: st.DrawFn) -> bytes:
    """Draw messages with odd folding, repeated fields and any body of CRLF lines."""
    names = st.sampled_from(["Subject", "To", "cc", "REPLY-TO", "Content-Type", "X-Any", "Date"])
    lines = ["From: shop@example.com"]
    for name in draw(st.lists(names, max_size=8)):
        folds = [draw(LINE).strip() for _ in range(draw(st.integers(0, 3)))]
        value = "".join(f"\r\n{draw(SPACE)} {fold}" for fold in folds if fold)
        lines.append(f"{name}:{draw(SPACE)}{draw(LINE).strip()}{value}")
    body = draw(st.lists(st.tuples(SPACE, st.binary(max_size=40), SPACE), max_size=8))
    text = b"\r\n".join(a.encode() + b + c.encode() for a, b, c in _without_line_ends(body))
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + text


def _without_line_ends(body: list[tuple[str, bytes, str]]) -> list[tuple[str, bytes, str]]:
    return [(a, b.translate(None, b"\r\n"), c) for a, b, c in body]


@given(messages(), st.sampled_from(list(SIGNERS)))
def test_any_message_verifies(message: bytes, algorithm: str) -> None:
    """What we sign, dkimpy verifies."""
    assert verified(SIGNERS[algorithm].sign(message), algorithm)


def test_what_mail_servers_add_or_drop_is_never_signed() -> None:
    """DESIGN §3.6: these change on every hop."""
    extra = b"Bcc: x@example.com\r\nResent-Bcc: x@example.com\r\nReturn-Path: <x@example.com>\r\n"
    signature = RSA.signature(Signable.read(b"Received: from x by y\r\n" + extra + MESSAGE))
    assert not {"bcc", "resent-bcc", "return-path", "received"} & set(signed_names(signature))


def test_what_readers_show_is_signed_once_more_than_it_is_there() -> None:
    """A second From, Subject and so on breaks the signature."""
    message = (
        b"Content-Type: text/html\r\nList-Unsubscribe: <https://example.com/u>\r\n"
        b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" + MESSAGE
    )
    signed = RSA.sign(message)
    names = signed_names(signed[: -len(message)])
    assert {name for name in names if names.count(name) == 2} == OVERSIGNED_FIELDS
    assert names.count("message-id") == 1
    start = len(signed) - len(message)
    for field in (
        b"From: evil@example.org\r\n",
        b"Subject: x\r\n",
        b"Content-Type: text/plain\r\n",
    ):
        assert not verified(signed[:start] + field + signed[start:])
    assert verified(signed[:start] + b"X-Other: fine\r\n" + signed[start:])


def test_absent_fields_are_not_named() -> None:
    """A relay may add what is missing without breaking the signature."""
    assert set(signed_names(RSA.signature(Signable.read(b"From: a@example.com\r\n\r\n")))) == {
        "from"
    }


def test_the_ses_profile_leaves_date_and_message_id_out() -> None:
    """SES replaces both."""
    signer = Signer("example.com", "waypost1", PEMS["rsa-sha256"], profile="ses")
    signed = signer.sign(MESSAGE)
    assert not {"date", "message-id"} & set(signed_names(signed))
    assert verified(signed.replace(b"10:00:00", b"11:00:00").replace(b"<order-7@", b"<0100@"))


def test_any_other_profile_is_the_default() -> None:
    """The name of a provider with no habits of its own is a fine profile."""
    signer = Signer("example.com", "waypost1", PEMS["rsa-sha256"], profile="postmark")
    assert "message-id" in signed_names(signer.sign(MESSAGE))


def test_the_field_is_folded_and_carries_no_expiry() -> None:
    """Lines of at most 78 octets; t= and no x=."""
    signature = RSA.signature(Signable.read(MESSAGE), now_s=1_700_000_000)
    assert max(map(len, signature.split(b"\r\n"))) <= 78
    assert b"t=1700000000;" in signature
    assert not re.search(rb"[;\s]x=", signature)
    assert all(line.startswith(b"\t") for line in signature.split(b"\r\n")[1:-1])


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"\r\n",
        b"no header at all",
        b"Subject: no From\r\n\r\n",
        b"From: a@example.com\r\nFrom: b@example.com\r\n\r\n",
        b"From: a@example.com\r\nnot a field\r\n\r\nbody\r\n",
        b" folded before anything\r\nFrom: a@example.com\r\n\r\n",
        b"From: a@example.com\n\nbare\n",
        b"From: a@example.com\r\n\r\nbare\rCR\r\n",
        b"From: a@example.com\r\n\r\nbare\nLF\r\n",
        b": no name\r\nFrom: a@example.com\r\n\r\n",
        b"Cc: b@example.com\r\n" * 600 + b"From: a@example.com\r\n\r\n",
    ],
)
def test_what_cannot_be_signed_is_a_signing_error(message: bytes) -> None:
    """One named error, whatever is wrong."""
    with pytest.raises(SigningError):
        RSA.sign(message)


@given(st.binary(max_size=300))
def test_nothing_but_signing_errors_is_raised(message: bytes) -> None:
    """Noise is signed or refused, never more; what is signed has all its octets."""
    for each in (message, MESSAGE + message):
        with contextlib.suppress(SigningError):
            signed = RSA.sign(each)
            assert signed.startswith(b"DKIM-Signature:")
            assert signed.endswith(b"\r\n" + each)


@pytest.mark.parametrize(
    "pem", [b"", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"]
)
def test_a_key_that_is_none_is_refused_by_name(pem: bytes) -> None:
    """At start, not at the first message."""
    with pytest.raises(KeyUnusable):
        Signer("example.com", "waypost1", pem)


@pytest.mark.parametrize(
    ("domain", "selector"), [("ex ample.com", "a"), ("example.com", "a;b"), ("", "a")]
)
def test_names_that_are_not_dns_names_are_refused(domain: str, selector: str) -> None:
    """They would end up in the header."""
    with pytest.raises(ValueError, match="DNS labels"):
        Signer(domain, selector, PEMS["rsa-sha256"])


def test_the_oracle_is_dkimpy() -> None:
    """What dkimpy signs itself, it verifies with the same records."""
    pem = _pkcs1(PEMS["rsa-sha256"])
    field = dkim.sign(MESSAGE, b"waypost1", b"example.com", pem)
    assert verified(field + MESSAGE)


def _pkcs1(pem: bytes) -> bytes:
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415

    key = serialization.load_pem_private_key(pem, password=None)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )


@pytest.mark.parametrize(
    ("more", "kept"),
    [(b"X-A: 1\r\n", 1), (b"X: 1\r\n" * 64, 0), (b"X" * 5000 + b": 1\r\n", 0)],
)
def test_what_is_signed_of_few_and_short_names_is_kept(more: bytes, kept: int) -> None:
    """A sender of long ones would have us keep them."""
    signer._selected.cache_clear()
    assert verified(RSA.sign(more + MESSAGE))
    assert signer._selected.cache_info().currsize == kept
