"""The relaxed form: dkimpy verifies what we sign, however odd fields and body are."""

import pytest

from tests.support.signed import HEAD, RSA, verified

BODIES = [
    b"",
    b"\r\n",
    b"\r\n\r\n\r\n",
    b" ",
    b" \t \r\n \r\n",
    b"  leading\r\n",
    b"\ttab\tand  spaces \t \r\nend\r\n\r\n",
    b"no end",
    b"no end, spaces  \t",
    b"a\r\n \r\n\r\n",
    b"a \r\nb\t\r\n",
    b".\r\n..\r\n",
    b"\x00\xff\xfe 8-bit\r\n",
    b" " * 3_000 + b"x\r\n",
    b"x" + b" \t" * 2_000 + b"\r\n",
]


@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
def test_odd_bodies_verify(body: bytes) -> None:
    """RFC 6376 §3.4.4: white space, empty lines, no last line end."""
    assert verified(RSA.sign(HEAD + b"\r\n" + body))


def test_a_body_beyond_the_split_limit_is_canonicalised_alike() -> None:
    """Large bodies go another way, to the same result."""
    body = b"  two  spaces\t and a tab \r\n" * 100_000 + b"\r\n\r\n"
    assert verified(RSA.sign(HEAD + b"\r\n" + body))


FIELDS = [
    b"Subject:no space\r\n",
    b"Subject: \r\n",
    b"Subject:\r\n",
    b"Subject: folded\r\n\t and  again\r\n   more \r\n",
    b"SUBJECT: upper\r\n",
    b"Subject: \xc3\xa9t\xc3\xa9 \xff\r\n",
    b"Subject: one\r\nSubject: two\r\nsubject: three\r\n",
    b"Subject: folded over an almost empty line\r\n \r\n end\r\n",
    b"List-Unsubscribe: <https://example.com/u>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n",
    b"Reply-To: " + b"someone@example.com, " * 40 + b"last@example.com\r\n",
    b"References: " + b"<a@example.com>\r\n " * 50 + b"<z@example.com>\r\n",
    b"DKIM-Signature: v=1; a=rsa-sha256; d=other.test; b=x\r\n",
]


@pytest.mark.parametrize("extra", FIELDS, ids=range(len(FIELDS)))
def test_odd_header_fields_verify(extra: bytes) -> None:
    """Folding, empty values, repeated fields, octets that are no text."""
    head = b"".join(
        line for line in HEAD.splitlines(keepends=True) if not line.startswith(b"Subject")
    )
    assert verified(RSA.sign(head + extra + b"\r\nHello\r\n"))
    assert verified(RSA.sign(extra + head + b"\r\nHello\r\n"))
