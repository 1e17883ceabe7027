"""What in a message is behind the reason for leaving it alone."""

import pytest

from proxy.message.editing import parse
from proxy.policy.reasons import CURES, Untouched
from proxy.policy.settings import Signing
from proxy.rewrite.diagnosis import ALTERATION_CURES, Diagnosis, diagnose
from proxy.signing.relay_alterations import Alteration
from tests.support.checks.growth import is_linear

HEAD = (
    b"From: Shop <shop@example.com>\r\nTo: reader@example.net\r\nSubject: Your order\r\n"
    b"Date: Mon, 23 Nov 2026 10:00:00 +0000\r\nMessage-ID: <order-7@example.com>\r\n"
)
FINE = HEAD + b"\r\nHello\r\n"
ALTERED = Untouched.RELAY_WOULD_ALTER


def of(message: bytes, untouched: Untouched = ALTERED, *, eight: bool = True) -> Diagnosis:
    """Return the diagnosis of a message."""
    return diagnose(parse(message), untouched, Signing(relay_8bitmime=eight))


@pytest.mark.parametrize(
    ("message", "what", "where"),
    [
        (b"Reply-To: help\r\n" + FINE, "address_rewritten", "header Reply-To, line 1"),
        (FINE.replace(b"shop@example.com", b"shop"), "address_rewritten", "header From, line 1"),
        (FINE + b"x" * 999 + b"\r\n", "line_too_long", "line 8"),
        (b"List-ID: " + b"x" * 1000 + b"\r\n" + FINE, "field_too_long", "header List-Id, line 1"),
        (b"List-ID: x\r\n" + b" folded line\r\n" * 8000 + FINE, "field_too_long", "header List-Id, line 1"),
        (FINE + b"NUL \0\r\n", "control_character", "line 8"),
        (b"X-Nul: a\0b\r\n" + FINE, "control_character", "header X-Nul, line 1"),
        (b"Subject : space\r\n" + FINE, "header_malformed", "header Subject, line 1"),
        (b"no field\r\n" + FINE, "header_malformed", "line 1"),
        (FINE + b"bare\nLF\r\n", "bare_newline", "line 8"),
    ],
)  # fmt: skip
def test_what_a_relay_would_alter_is_named_with_its_place(
    message: bytes, what: str, where: str
) -> None:
    """Header and line, as whoever wrote the program needs them, and the cure."""
    found = of(message)
    assert (found.what, found.where) == (what, where)
    assert found.cure


def test_a_body_that_the_relay_would_convert_is_named() -> None:
    """By the first line that is not ASCII."""
    found = of(FINE + "caf\u00e9\r\n".encode(), eight=False)
    assert (found.what, found.where) == ("eight_bit_without_8bitmime", "line 8")


@pytest.mark.parametrize(
    ("message", "untouched", "what", "where"),
    [
        (b"From: a@example.net\r\n" + FINE, Untouched.SEVERAL_FROM, "2 From headers", "header From, line 2"),
        (b"From: a@b.c, d@e.f\r\n\r\n", Untouched.SEVERAL_FROM, "several addresses", "header From, line 1"),
        (b"DKIM-Signature: v=1; d=esp.example; s=x\r\n" + FINE, Untouched.FOREIGN_SIGNATURE, "signed by esp.example", "header Dkim-Signature, line 1"),
        (b"ARC-Seal: i=1\r\n" + FINE, Untouched.ARC_SEALED, "", "header Arc-Seal, line 1"),
        (FINE, Untouched.UNKNOWN_SENDER, "", "header From, line 1"),
        (b"Subject: x\r\n\r\n", Untouched.NO_FROM, "", ""),
        (FINE, Untouched.NULL_SENDER, "", ""),
    ],
)  # fmt: skip
def test_other_reasons_have_their_header(
    message: bytes, untouched: Untouched, what: str, where: str
) -> None:
    """Where one is to blame; the cure is the reason's."""
    found = of(message, untouched)
    assert (found.what, found.where, found.cure) == (what, where, CURES.get(untouched, ""))


def test_everything_that_a_relay_would_alter_has_a_cure() -> None:
    """An operator is not left with a name."""
    assert set(Alteration) - ALTERATION_CURES.keys() == set()


@pytest.mark.parametrize("untouched", Untouched)
@pytest.mark.parametrize("message", [b"", b"\0", b"From", b":\r\n", b"\r\n\r\n", b"a: b\n\n\r"])
def test_a_diagnosis_is_made_of_anything(message: bytes, untouched: Untouched) -> None:
    """However little there is."""
    found = of(message, untouched)
    assert 0 <= found.line <= message.count(b"\n") + 1


def test_a_diagnosis_takes_linear_time() -> None:
    """Of whatever is sent."""
    assert is_linear(lambda size: of(FINE + b"x\r\n" * size + b"y" * 999), 20_000)
