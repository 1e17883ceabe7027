"""Header fields: exact offsets, folding, obsolete forms, and broken blocks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.message.fields import HeaderBlock, after_mailbox_line, read_fields, unfold, values
from proxy.message.limits import MAX_HEADERS


def block(raw: bytes) -> HeaderBlock:
    """Read from the start, outside of any multipart."""
    return read_fields(raw, 0, lambda _: False)


def spans(raw: bytes) -> list[tuple[bytes, bytes]]:
    """Return each field's name and its whole octets."""
    return [(field.name, raw[field.start : field.end]) for field in block(raw).fields]


@pytest.mark.parametrize("ending", [b"\r\n", b"\n"])
def test_offsets_of_fields_and_body(ending: bytes) -> None:
    """A field reaches to the start of the next; the body begins after the empty line."""
    raw = b"A: 1%b: 2% folded%\tagain%%body: x%".replace(b"%", ending)
    read = block(raw)
    assert spans(raw) == [
        (b"A", b"A: 1" + ending),
        (b"b", b"b: 2% folded%\tagain%".replace(b"%", ending)),
    ]
    assert raw[read.body_start :] == b"body: x" + ending
    assert not read.broken
    assert values(raw, read.fields, b"B") == [b"2 folded\tagain"]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"Subject : x\r\n", [(b"Subject", b" x\r\n")]),
        (b"Subject:\r\n", [(b"Subject", b"\r\n")]),
        (b"Subject:", [(b"Subject", b"")]),
        (b"Subject:\r\n \r\n x\r\n\r\n", [(b"Subject", b"\r\n \r\n x\r\n")]),
        (b"a:\xe9\0:b\r\n", [(b"a", b"\xe9\0:b\r\n")]),
        (b"a:b\rc\r\n", [(b"a", b"b\rc\r\n")]),
        (b"--x: y\r\n\r\n", [(b"--x", b" y\r\n")]),
    ],
)
def test_odd_fields_are_fields(raw: bytes, expected: list[tuple[bytes, bytes]]) -> None:
    """Obsolete syntax, empty values, blank folded lines, 8-bit, NUL, lone CR."""
    read = block(raw)
    assert [(f.name, raw[f.value_start : f.end]) for f in read.fields] == expected
    assert not read.broken


@pytest.mark.parametrize(
    ("raw", "fields", "body"),
    [
        (b"A: 1\r\nno field\r\nB: 2\r\n\r\nbody", 1, b"no field\r\nB: 2\r\n\r\nbody"),
        (b"A: 1\r\n: x\r\n", 1, b": x\r\n"),
        (b"A: 1\r\nN\xe9: x\r\n", 1, b"N\xe9: x\r\n"),
        (b"A: 1\r\n\rB: 2\r\n", 1, b"\rB: 2\r\n"),
        (b" stray\r\n\tlines\r\nA: 1\r\n\r\nbody", 1, b"body"),
        (b" stray", 0, b""),
        (b"<html>", 0, b"<html>"),
    ],
)
def test_broken_blocks_say_so(raw: bytes, fields: int, body: bytes) -> None:
    """The body begins where fields end, as Postfix and mail clients read it."""
    read = block(raw)
    assert (len(read.fields), raw[read.body_start :], read.broken) == (fields, body, True)


@pytest.mark.parametrize(
    ("raw", "body_start"), [(b"", 0), (b"\r\n", 2), (b"\n", 1), (b"A: 1\r\n", 6), (b"A: 1", 4)]
)
def test_blocks_without_fields_or_body(raw: bytes, body_start: int) -> None:
    """They are whole, if short."""
    assert (block(raw).body_start, block(raw).broken) == (body_start, False)


def test_delimiter_ends_a_block() -> None:
    """A part may have fields and no body."""
    raw = b"A: 1\r\n--x\r\nB: 2\r\n"
    read = read_fields(raw, 0, lambda at: raw.startswith(b"--x\r\n", at))
    assert (len(read.fields), read.body_start, read.broken) == (1, 6, False)


def test_too_many_fields_are_broken() -> None:
    """Reading stops at the limit."""
    read = block(b"a:b\r\n" * (MAX_HEADERS + 1))
    assert (len(read.fields), read.broken) == (MAX_HEADERS, True)


def test_mailbox_line_is_passed_over() -> None:
    """Mailbox files put one before a message."""
    assert after_mailbox_line(b"From a Mon\nA: 1\n", 0) == 11
    assert after_mailbox_line(b">From a Mon\nA: 1\n", 0) == 12
    assert after_mailbox_line(b"From: a\n", 0) == 0


def test_unfold_trims_and_joins() -> None:
    """RFC 5322 §2.2.3: only the line endings go."""
    assert unfold(b" a\r\n b\n\tc \r\n") == b"a b\tc"


@given(
    st.lists(
        st.sampled_from(
            [b"A", b":", b" ", b"\r\n", b"\n", b"\r", b"-", b"\0", b"\xe9", b"x: y\r\n"]
        )
    )
)
def test_any_octets_are_read(tokens: list[bytes]) -> None:
    """Fields follow one another without gaps, and the body after them."""
    raw = b"".join(tokens)
    read = block(raw)
    for before, after in zip(read.fields, read.fields[1:], strict=False):
        assert before.end == after.start
    for field in read.fields:
        assert raw[field.start : field.value_start].rstrip(b": \t") == field.name
    if read.fields:
        assert read.fields[-1].end <= read.body_start <= len(raw)
        assert raw[read.fields[-1].end : read.body_start] in {b"", b"\n", b"\r\n"}
