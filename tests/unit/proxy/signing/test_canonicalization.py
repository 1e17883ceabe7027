"""The relaxed form: dkimpy verifies what we sign, however odd fields and body are."""

import pytest
from dkim.canonicalization import Relaxed
from hypothesis import given
from hypothesis import strategies as st

from proxy.message.editing import parse
from proxy.signing import canonicalization
from proxy.signing.canonicalization import (
    MalformedHeader,
    is_malformed,
    read_header,
    relaxed_fields,
    relaxed_pieces,
)
from tests.support.checks.growth import is_linear
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


def relaxed_body(body: bytes) -> bytes:
    """Return the relaxed form of a body as a whole."""
    return b"".join(relaxed_pieces(body, 0))


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


@pytest.mark.parametrize(
    ("value", "relaxed"),
    [
        (b" X\r\n", b"X"),
        (b" Y\t\r\n\tZ  \r\n", b"Y Z"),
        (b"\t \r\n", b""),
        (b"", b""),
        (b"a\r\n \r\n b", b"a b"),
    ],
)
def test_a_value_is_one_line_of_single_spaces(value: bytes, relaxed: bytes) -> None:
    """As in the examples of RFC 6376 §3.4.5, among others."""
    fields = [(b"a", b" \tx\r\n"), (b"b", value), (b"c", b"y\r\n")]
    assert relaxed_fields(fields) == b"a:x\r\nb:%b\r\nc:y" % relaxed


VALUES = st.lists(st.sampled_from([b"x", b":", b" ", b"  ", b"\t", b"\r\n ", b"\r\n\t", b"\xe9"]))


@given(st.lists(VALUES.map(b"".join), min_size=1))
def test_fields_are_relaxed_as_dkimpy_does(values: list[bytes]) -> None:
    """All together as each by itself."""
    fields = [(b"to", value + b"\r\n") for value in values]
    relaxed = b"".join(
        [name + b":" + value for name, value in Relaxed.canonicalize_headers(fields)]
    )
    assert relaxed_fields(fields) + b"\r\n" == relaxed


def test_a_body_is_relaxed_as_in_the_standards_example() -> None:
    """RFC 6376 §3.4.5."""
    assert relaxed_body(b" C \r\nD \t E\r\n\r\n\r\n") == b" C\r\nD E\r\n"


SHAPES = st.lists(st.sampled_from([b" ", b"\t", b"\r\n", b"a", b"  ", b".", b"\xff"])).map(b"".join)


@given(SHAPES)
def test_a_body_is_relaxed_as_dkimpy_does(body: bytes) -> None:
    """Spaces, tabs and line ends in any order; twice is once. A message ends with a line end."""
    relaxed = relaxed_body(body)
    assert relaxed == Relaxed.canonicalize_body(body + b"\r\n")
    assert relaxed_body(relaxed) == relaxed


@given(SHAPES)
def test_time_and_memory_are_traded_without_a_difference(body: bytes) -> None:
    """What is beyond the limit is relaxed by another way."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(canonicalization, "SHORT_OCTETS", 0)
        large = relaxed_body(body)
    assert large == relaxed_body(body)


@given(SHAPES, st.integers(1, 9))
def test_pieces_make_no_difference(body: bytes, octets: int) -> None:
    """However small; a body may begin anywhere in a message."""
    whole = relaxed_body(body)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(canonicalization, "PIECE_OCTETS", octets)
        assert relaxed_body(body) == whole
        assert b"".join(relaxed_pieces(b"X-A: b \r\n\r\n" + body, 11)) == whole


@pytest.mark.parametrize("shape", [b" ", b" \t", b" \r\n", b"a  ", b"\r\n"])
def test_time_to_relax_a_body_is_linear(shape: bytes) -> None:
    """Whatever white space it is flooded with."""
    assert is_linear(lambda n: relaxed_body(shape * n), 100_000)


def test_fields_are_read_as_they_are_written() -> None:
    """Names and values, line ends of both kinds of folding included."""
    message = b"From: a\r\nSUBJECT:\tb\r\n c\r\n\td\r\nTo:\r\n\r\nbody"
    fields, body_start = outcome(message)
    assert fields == [(b"from", b" a\r\n"), (b"subject", b"\tb\r\n c\r\n\td\r\n"), (b"to", b"\r\n")]
    assert message[int(body_start) :] == b"body"


HEADERS = st.lists(
    st.sampled_from(
        [b"To", b"X-a", b":", b" ", b"\t", b"\r\n", b"--", b"From x", b"\xff", b"\r\n\r\n"]
    )
).map(b"".join)


@given(HEADERS)
def test_a_header_is_read_alike_in_one_go_and_field_by_field(message: bytes) -> None:
    """However odd it is: the same fields, or the same error."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(canonicalization, "read_usual", lambda _: None)
        one_by_one = outcome(message)
    assert outcome(message) == one_by_one


def outcome(message: bytes) -> tuple[list[tuple[bytes, bytes]], int] | str:
    """Return what is read of a header, or why it is none."""
    try:
        block = read_header(message)
    except MalformedHeader as error:
        return str(error)
    return list(block.named()), block.body_start


@pytest.mark.parametrize("shape", [b"x", b"x\r\n", b"x: \r\n", b"x:\r\n ", b" \r\n"])
def test_time_to_read_a_header_is_linear(shape: bytes) -> None:
    """Whatever it is made of."""
    assert is_linear(lambda n: outcome(b"x: " + shape * n + b"\r\n\r\n"), 10_000)


@pytest.mark.parametrize("message", [b"From: a\r\nno field\r\n\r\n", b" folded\r\nFrom: a\r\n\r\n"])
def test_a_malformed_header_is_told_with_its_line(message: bytes) -> None:
    """Signers and verifiers would not agree on its fields."""
    with pytest.raises(MalformedHeader, match="no header field"):
        read_header(message)
    assert is_malformed(parse(message).header)


def test_a_mailbox_line_is_malformed_to_signers() -> None:
    """The parser passes over it, as mail programs do; verifiers do not."""
    assert is_malformed(parse(b"From a@example.com Mon Jan  1\r\nFrom: a\r\n\r\n").header)
    assert not is_malformed(parse(b"From: a\r\n\r\n").header)
