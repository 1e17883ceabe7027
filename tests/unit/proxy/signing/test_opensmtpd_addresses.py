"""Which address fields OpenSMTPD completes; e2e tests ask a real one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.signing.opensmtpd_addresses import opensmtpd_completes
from tests.support.checks.growth import is_linear


@pytest.mark.parametrize(
    "value",
    [
        "a@example.com",
        "Some One <a@example.com>",
        '"One, Some" <a@example.com>',
        "undisclosed-recipients:;",
        "App: prod <a@example.com>",
        '"Undisclosed" <>',
        "a@example.com; b@example.com",
        "a@example.com,, b@example.com,",
        "root@localhost",
        "a@example.com.",
        "",
        " (comment, a) a@example.com",
        '"unclosed, root',
        "(unclosed, root",
        "Friends: a;",
    ],
)
def test_what_opensmtpd_leaves(value: str) -> None:
    """As real messages hold them."""
    assert not opensmtpd_completes(value.encode())


@pytest.mark.parametrize(
    "value",
    [
        "root",
        "Root <root>",
        "One, Some <a@example.com>",
        "a@example.com, root",
        "a%b.example",
        "host!user",
        "=?utf-8?q?One,_Some?= <a@example.com>",
        '"a@example.com"',
        '"a, b"',
        "a\\, b@example.com",
        "a@example.com, b; c@example.com, d;",
        ",(c)",
    ],
)
def test_what_opensmtpd_completes(value: str) -> None:
    """No @ between two commas, but something that might be an address."""
    assert opensmtpd_completes(value.encode())


@given(st.binary(max_size=300))
def test_noise_is_judged_and_never_raises(noise: bytes) -> None:
    """Any octets."""
    opensmtpd_completes(noise)


@pytest.mark.parametrize(
    "piece",
    [
        b'"',
        b"(",
        b"(\\",
        b"<",
        b",",
        b":",
        b"a@",
        b'"\\',
        b"[",
        b"a@b.",
        b"()",
        b'(")',
        b">",
        b"a ",
    ],
)
def test_work_is_linear_in_hostile_values(piece: bytes) -> None:
    """Quotes, comments and brackets that never close."""
    assert is_linear(lambda count: opensmtpd_completes(piece * count), 4000)
