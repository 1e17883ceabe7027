"""Splices that move nothing, and bodies decoded and edited whatever their octets are."""

from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.message.editing import Edit, decode, keeps_newlines_paired, parse, splice
from tests.support.bodies import editable
from tests.support.checks.growth import is_linear


def test_splice_replaces_only_the_edits() -> None:
    """In whatever order they come."""
    edits = [Edit(6, 8, b"Y"), Edit(0, 2, b""), Edit(8, 8, b"Z"), Edit(10, 10, b"!")]
    assert splice(b"0123456789", edits) == b"2345YZ89!"
    assert splice(b"0123456789", []) == b"0123456789"


@pytest.mark.parametrize(
    "edits",
    [[Edit(0, 3, b""), Edit(2, 4, b"")], [Edit(-1, 1, b"")], [Edit(9, 11, b"")], [Edit(3, 2, b"")]],
)
def test_splice_refuses_overlaps(edits: list[Edit]) -> None:
    """They can only come from a mistake of the caller."""
    with pytest.raises(ValueError, match="overlaps another or leaves the message"):
        splice(b"0123456789", edits)


@pytest.mark.parametrize(
    ("edit", "keeps"),
    [
        (Edit(1, 1, b"x"), True),
        (Edit(0, 3, b"x\r\ny\r\n"), True),
        (Edit(1, 3, b""), True),
        (Edit(4, 5, b""), True),
        (Edit(2, 2, b"x"), False),
        (Edit(0, 2, b""), False),
        (Edit(2, 4, b""), False),
        (Edit(1, 1, b"\n"), False),
        (Edit(1, 1, b"\r"), False),
    ],
)
def test_an_edit_that_parts_a_newline_is_told(edit: Edit, keeps: bool) -> None:  # noqa: FBT001
    """At its edges, or in what it puts there."""
    raw = b"a\r\nbc"
    assert keeps_newlines_paired(raw, [edit]) is keeps
    pairs = (new := splice(raw, [edit])).count(b"\r\n")
    assert keeps == (new.count(b"\r") == pairs == new.count(b"\n"))


@pytest.mark.parametrize("seed", range(200))
def test_an_edit_that_begins_or_ends_between_cr_and_lf_parts_them(seed: int) -> None:
    """Wherever it is; else only what is put in could have a bare newline."""
    random = Random(seed)
    raw = b"".join(random.choices([b"\r\n", b"a", b"bc"], k=12))
    start, end = sorted(random.choices(range(len(raw) + 1), k=2))
    new = random.choice([b"", b"x", b"\r\n", b"=\r\ny", b"\n", b"\r"])
    parted = any(raw[max(0, at - 1) : at + 1] == b"\r\n" for at in (start, end))
    keeps = not parted and new not in (b"\n", b"\r")
    assert keeps_newlines_paired(raw, [Edit(start, end, new)]) is keeps


TOKENS = st.sampled_from(
    [
        b"\r\n",
        b"\n",
        b"\r",
        b"--b",
        b"--b--",
        b"--c",
        b"--c--",
        b"--",
        b"\n--b\n",
        b"\n--c\n",
        b" ",
        b"Content-Type: multipart/mixed; boundary=b\n",
        b"Content-Type: text/html\n",
        b"x",
        b"=3D",
        b"Content-Type: multipart/signed; boundary=c\n",
        b"Content-Type: message/rfc822\n",
        b"\x00",
        b"Content-Transfer-Encoding: base64\n",
        b"Content-Transfer-Encoding: quoted-printable\n",
        b"Content-Disposition: attachment\n",
        b"aGk=",
        b"\xe9",
        b":",
        b"From a\n",
    ]
)


@given(st.lists(TOKENS, max_size=40).map(b"".join) | st.binary(max_size=200))
def test_any_octets_are_parsed(raw: bytes) -> None:
    """Parts lie in order, apart, inside the message; decoding and splicing nothing never fails."""
    message = parse(raw)
    at = 0
    for part in message.parts:
        assert at <= part.body_start <= part.body_end <= len(raw)
        at = part.body_end
        body = decode(message, part)
        assert splice(raw, body.to_raw([Edit(0, len(body.octets), body.octets)])) == raw


BODIES: dict[str, tuple[bytes, Callable[[int], bytes]]] = {
    "soft breaks": (b"quoted-printable", lambda n: b"=\r\n" * n),
    "escapes": (b"quoted-printable", lambda n: b"=3D" * n),
    "equals signs": (b"quoted-printable", lambda n: b"=" * n),
    "padded soft breaks": (b"quoted-printable", lambda n: b"= \r\n" * n),
    "white space": (b"quoted-printable", lambda n: b"=" + b" " * n),
    "one line": (b"quoted-printable", lambda n: b"http://a/ " * n),
    "lines": (b"base64", lambda n: b"\r\n" * n + b"aGk="),
    "padding": (b"base64", lambda n: b"=" * n),
    "junk": (b"base64", lambda n: b"!" * n),
    "long line": (b"8bit", lambda n: b"http://a/ " * n),
}


def edit_here_and_there(raw: bytes) -> None:
    """Decode a body and edit it at a hundred places, where that is allowed."""
    message = parse(raw)
    body = decode(message, message.parts[0])
    step = len(body.octets) // 100 + 1
    edits = [Edit(at, at, b"x") for at in range(0, len(body.octets), step)]
    body.to_raw([edit for edit in edits if editable(body, edit.start, edit.end)])


@pytest.mark.parametrize("name", BODIES)
def test_time_to_edit_is_linear(name: str) -> None:
    """For bodies that are made to take long."""
    encoding, flood = BODIES[name]
    head = b"Content-Type: text/html\nContent-Transfer-Encoding: " + encoding + b"\n\n"
    assert is_linear(lambda size: edit_here_and_there(head + flood(size)), 2000)
