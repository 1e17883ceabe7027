"""Which address fields Sendmail may rewrite; e2e tests ask a real one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.signing.sendmail_addresses import sendmail_may_rewrite
from tests.support.checks.growth import is_linear


@pytest.mark.parametrize(
    "value",
    [
        "a@example.com",
        " a@example.com, b@example.net",
        "Some One <a@example.com>",
        '"One, Some" <a@example.com>, b@example.net',
        "Friends: a@example.com, b@example.net;",
        "undisclosed-recipients:;",
        "a@[192.0.2.1]",
        "(comment) a@example.com (more)",
        "App (prod) <a@example.com>",
        "<a@example.com> (c)",
        "=?utf-8?q?caf=C3=A9?= <a@example.com>",
        "Caf\u00e9 <a@example.com>",
        "a@example.com,\r\n\tb@example.net\r\n",
        "",
        '"Undisclosed" <>',
    ],
)
def test_what_sendmail_leaves(value: str) -> None:
    """As real messages hold them."""
    assert not sendmail_may_rewrite(value.encode())


@pytest.mark.parametrize(
    "value",
    [
        "O'Brien <a@example.com>",
        "J. Doe <a@example.com>",
        "a@x.example <a@example.com>",
        "'a@example.com' <a@example.com>",
        "[prod] App <a@example.com>",
        "a@example.com,b@example.net",
        "a@example.com; b@example.net",
        "root@localhost",
        "root",
        "a@example.com.",
        "a@b@example.com",
        "Doe, John <a@example.com>",
        "a @ example.com",
        "<a@example.com >",
        "a(c)@example.com",
        '"unclosed <a@example.com>',
        "(unclosed a@example.com",
        "a@example.com,, b@example.net",
        "s..p@example.com",
        "=?utf-8?q?J._D?= <a@example.com>",
        ")",
    ],
)
def test_what_sendmail_may_rewrite(value: str) -> None:
    """When in doubt, a value counts as one of these."""
    assert sendmail_may_rewrite(value.encode())


@given(st.binary(max_size=300))
def test_noise_is_judged_and_never_raises(noise: bytes) -> None:
    """Any octets."""
    sendmail_may_rewrite(noise)


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
    assert is_linear(lambda count: sendmail_may_rewrite(piece * count), 4000)
