"""Which address fields Postfix rewrites for its own machine; e2e tests ask a real one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.signing.postfix_addresses import is_ordinary, postfix_rewrites
from tests.support.checks.growth import is_linear


@pytest.mark.parametrize(
    "value",
    [
        "a@example.com",
        " a@example.com, b@example.net ",
        "Some One <a@example.com>",
        '"One, Some" <a@example.com>, b@example.net',
        "Friends: a@example.com;, Others: b@example.com;, c@example.com",
        "a@example.com,, b@example.com,",
        "a@[192.0.2.1]",
        "a@[IPv6:2001:db8::1]",
        "(comment, with (nested) parts) a@example.com (more)",
        "undisclosed-recipients:;",
        "=?utf-8?q?caf=C3=A9?= <a@example.com>",
        "Caf\u00e9 <a@example.com>",
        "caf\u00e9@example.com",
        "John Q. Public <a@example.com>",
        "\r\n a@example.com,\r\n\tb@example.net\r\n",
        "",
        "a@x.example <a@example.com>",
        "'a@example.com' <a@example.com>",
        "<<a@example.com>>",
        '"Undisclosed" <>',
        "a@example.com; b@example.com",
        '"john doe"@example.com',
        "root@localhost",
        "[prod] App <a@example.com>",
        "AT&T @ Home <a@example.com>",
        "a%b.example@example.net",
        "a@example.com b@example.com",
        "a @ example.com",
        "<a@example.com> (App, Inc.)",
    ],
)
def test_what_postfix_leaves(value: str) -> None:
    """As real messages hold them."""
    assert not postfix_rewrites(value.encode())


@pytest.mark.parametrize(
    "value",
    [
        "a",
        "a, b@example.com",
        "Some One <a>",
        "<@route.example:a@example.com>",
        "a%b.example",
        "host!user",
        "One, Some <a@example.com>",
        "Some One a@example.com",
        "Some <a@example.com",
        "a@b@example.com",
        "Friends: a, b@example.net;",
        "=?utf-8?q?One,_Some?= <a@example.com>",
        '"john"@example.com',
        "s..p@example.com",
        ".a@example.com",
        "a@example.com.",
        "Not a group: a <a@example.com>",
        "A;B <a@example.com>",
        "A > B <a@example.com>",
        "<a@example.com> b",
        '"unclosed a@example.com',
        "mailto:a@example.com",
        "@example.com",
        '"a@example.com"',
    ],
)
def test_what_postfix_rewrites(value: str) -> None:
    """Completed, quoted anew, or taken for several addresses."""
    assert postfix_rewrites(value.encode())


@given(st.binary(max_size=300))
def test_noise_is_judged_and_never_raises(noise: bytes) -> None:
    """Any octets."""
    postfix_rewrites(noise)


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
    assert is_linear(lambda count: postfix_rewrites(piece * count), 1000)


def test_ordinary_values_are_those_that_nearly_all_programs_write() -> None:
    """Names, quoted or not, and addresses, in lists; whatever is ordinary is left."""
    ordinary = (
        "Shop <shop@example.com>",
        '"Doe, John" <a@example.com>, J. Doe <b@example.com>,\r\n c@example.com',
        "=?utf-8?q?caf=C3=A9?= <caf\u00e9@example.com>,",
    )
    for value in ordinary:
        assert is_ordinary(value.encode())
        assert not postfix_rewrites(value.encode())
    for value in ("Doe, John <a@example.com>", "root", "a@example.com.", '"a"@example.com'):
        assert not is_ordinary(value.encode())


@given(st.lists(st.sampled_from([*'ab.@,<>"() ', "a@b", "\u00e9", "\\"]), max_size=20).map("".join))
def test_what_is_ordinary_is_left(value: str) -> None:
    """To find that out is a shortcut, nothing else."""
    octets = value.encode()
    assert not (is_ordinary(octets) and postfix_rewrites(octets))
