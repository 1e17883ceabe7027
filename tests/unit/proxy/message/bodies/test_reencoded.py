"""A body that is encoded anew: it decodes to what it was, and says what it is."""

import quopri

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.message.bodies.body import Change, Edit
from proxy.message.bodies.reencoded import ReencodedBody, encoded
from proxy.message.editing import parse, splice
from tests.support.checks.growth import is_linear

TEXT = st.lists(
    st.sampled_from(
        [b"\r\n", b"\n", b"\r", b" ", b"\t", b"=", b"--", b"From ", b".", b"a" * 75, b"\xff"]
    )
).map(b"".join)


@given(st.one_of(TEXT, st.binary(max_size=300)))
def test_what_is_written_decodes_to_what_it_was(octets: bytes) -> None:
    """Octet by octet, in lines of at most 76, none of which could be taken for anything else."""
    written = encoded(octets)
    assert quopri.decodestring(written) == octets
    assert all(len(line) <= 76 for line in written.split(b"\r\n"))
    assert not any(line.startswith((b"--", b"From ")) for line in written.split(b"\r\n"))
    assert not any(line.endswith((b" ", b"\t")) for line in written.split(b"\r\n"))
    assert written.isascii()
    assert written.count(b"\n") == written.count(b"\r") == written.count(b"\r\n")


@pytest.mark.parametrize(
    "field",
    [b"", b"Content-Transfer-Encoding: 8bit\r\n", b"content-transfer-encoding:\r\n 7bit\r\n"],
)
def test_the_field_says_what_the_body_is(field: bytes) -> None:
    """In the place of the one that was there, else at the end of the header."""
    message = parse(b"MIME-Version: 1.0\r\n" + field + b"X-A: b\r\n\r\nold caf\xe9\r\n")
    (part,) = message.parts
    octets = message.raw[part.body_start : part.body_end]
    body = ReencodedBody(octets, part.body_start, part.body_end, part.headers)
    assert body.obstacles([Change(0, 3, 5000)]) == (None,)
    written = parse(splice(message.raw, body.to_raw([Edit(0, 3, b"new")])))
    assert written.values(b"content-transfer-encoding") == [b"quoted-printable"]
    assert written.values(b"x-a") == [b"b"]
    assert written.raw[written.body_start :] == b"new caf=E9\r\n"
    assert body.to_raw([Edit(0, 3, b"old")]) == []


def test_work_is_linear() -> None:
    """Also where every line might be a delimiter."""
    assert is_linear(lambda count: encoded(b"--" * count), 20_000)
