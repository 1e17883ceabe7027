"""The name in an AUTH exchange that passes through."""

from base64 import b64encode

import pytest

from proxy.session.authentication import account_name


@pytest.mark.parametrize(
    ("mechanism", "responses", "name"),
    [
        (b"PLAIN", [b"\0alice\0secret"], "account:alice"),
        (b"plain", [b"admin\0alice\0secret"], "account:alice"),
        (b"LOGIN", [b"alice", b"secret"], "account:alice"),
        (
            b"CRAM-MD5",
            [b"alice in chains 9e95aee09c40af2b84a0c2b3bbae786e"],
            "account:alice in chains",
        ),
        (b"SCRAM-SHA-256", [b"n,,n=alice,r=rOprNGfwEbeRWgbNEkqO"], "account:alice"),
        (
            b"XOAUTH2",
            [b"user=alice@example.com\x01auth=Bearer x\x01\x01"],
            "account:alice@example.com",
        ),
        (
            b"OAUTHBEARER",
            [b"n,a=alice@example.com,\x01auth=Bearer x\x01\x01"],
            "account:alice@example.com",
        ),
        (b"ANONYMOUS", [b"whoever"], None),
        (b"PLAIN", [b"nonsense"], None),
        (b"PLAIN", [], None),
    ],
)
def test_the_name_is_read_and_nothing_else(
    mechanism: bytes, responses: list[bytes], name: str | None
) -> None:
    """By it a retry is known again; a secret is never kept."""
    assert account_name(mechanism, [b64encode(response) for response in responses]) == name


def test_what_is_no_base64_has_no_name() -> None:
    """The relay will say so."""
    assert account_name(b"LOGIN", [b"*!*a"]) is None
