"""The name in an AUTH exchange that passes through."""

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.client.authentication import account_name


@pytest.mark.parametrize(
    ("mechanism", "responses", "name"),
    [
        (b"PLAIN", [b"\0alice\0secret"], "alice"),
        (b"plain", [b"admin\0alice\0secret"], "alice"),
        (b"LOGIN", [b"alice", b"secret"], "alice"),
        (
            b"CRAM-MD5",
            [b"alice in chains 9e95aee09c40af2b84a0c2b3bbae786e"],
            "alice in chains",
        ),
        (b"SCRAM-SHA-256", [b"n,,n=alice,r=rOprNGfwEbeRWgbNEkqO"], "alice"),
        (
            b"XOAUTH2",
            [b"user=alice@example.com\x01auth=Bearer x\x01\x01"],
            "alice@example.com",
        ),
        (
            b"OAUTHBEARER",
            [b"n,a=alice@example.com,\x01auth=Bearer x\x01\x01"],
            "alice@example.com",
        ),
        (b"SCRAM-SHA-1", [b"y,a=admin,n=alice,r=x", b"c=biws,r=xy,p=z"], "alice"),
        (b"SCRAM-SHA-1", [b"n,,n=alice,r=x", b"c=biws,r=xy,p=z", b""], "alice"),
        (b"XOAUTH2", [b"user=alice\x01auth=Bearer x\x01\x01", b""], "alice"),
        (b"ANONYMOUS", [b"whoever"], None),
        (b"DIGEST-MD5", [b'username="alice",realm=""'], None),
        (b"PLAIN", [b"nonsense"], None),
        (b"PLAIN", [b"\0\0secret"], None),
        (b"PLAIN", [b"\0\xff\0secret"], None),
        (b"PLAIN", [], None),
    ],
)
def test_the_name_is_read_and_nothing_else(
    mechanism: bytes, responses: list[bytes], name: str | None
) -> None:
    """By it a retry is known again; a secret is never kept."""
    assert account_name(mechanism, [b64encode(response) for response in responses]) == name


@pytest.mark.parametrize(
    ("mechanism", "responses"),
    [
        (b"PLAIN", [b"\0alice\0x", b"\0mallory\0secret"]),
        (b"PLAIN", [b"\0alice\0mallory\0secret"]),
        (b"LOGIN", [b"alice", b"mallory", b"secret"]),
        (b"LOGIN", [b"alice", b"mallory", b""]),
        (b"CRAM-MD5", [b"alice 9e95aee0", b"mallory 9e95aee09c40af2b84a0c2b3bbae786e"]),
        (b"SCRAM-SHA-256", [b"n,,n=alice,r=x", b"n,,n=mallory,r=x", b"c=biws,r=xy,p=z"]),
        (b"SCRAM-SHA-256", [b"n,,m=ext,n=alice,r=x", b"c=biws,r=xy,p=z"]),
        (b"SCRAM-SHA-256", [b"n,a=mallory,x=y,n=alice,r=x", b"c=biws,r=xy,p=z"]),
        (b"XOAUTH2", [b"user=alice\x01user=mallory\x01auth=Bearer x\x01\x01"]),
        (b"XOAUTH2", [b"user=alice\x01auth=Bearer x\x01user=mallory\x01\x01"]),
    ],
)
def test_what_a_relay_may_read_as_another_name_names_nobody(
    mechanism: bytes, responses: list[bytes]
) -> None:
    """A relay may ignore an initial response, or take the last of two fields."""
    assert account_name(mechanism, [b64encode(response) for response in responses]) is None


@pytest.mark.parametrize(
    "response", [b"*!*a", b"YWxp\tY2U=", b"YWxpY2U", b"YWxpY2V=", b"YWxpY2U=YQ==", b"*"]
)
def test_what_is_not_plainly_base64_has_no_name(response: bytes) -> None:
    """What one decoder ignores, another may take for the name's own."""
    assert account_name(b"LOGIN", [response]) is None


@given(st.text(min_size=1).filter(lambda name: "\0" not in name), st.binary())
def test_the_name_is_the_one_that_the_relay_reads(name: str, password: bytes) -> None:
    """RFC 4616 §2 and the draft of LOGIN, whatever name and password."""
    plain = b64encode(b"\0" + name.encode() + b"\0" + password.replace(b"\0", b""))
    assert account_name(b"PLAIN", [plain]) == name
    assert account_name(b"LOGIN", [b64encode(name.encode()), b64encode(password)]) == name
