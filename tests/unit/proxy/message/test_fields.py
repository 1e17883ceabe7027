"""Header fields: exact offsets, folding, obsolete forms, and broken blocks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.message.fields import (
    USUAL_OCTETS,
    HeaderBlock,
    after_mailbox_line,
    is_read_differently,
    read_fields,
    read_usual,
    unfold,
)
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
    assert read.values(b"b") == [b"2 folded\tagain"]


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


PIECES = st.sampled_from(
    [
        *(b"A", b"To", b"TO", b":", b": x", b" ", b"\t", b"\r\n", b"\r\n ", b"\r\n\r\n", b"\n"),
        *(b"\r", b"-", b"--", b"\0", b"\xe9", b"x: y\r\n", b"Subject: a\r\n b\r\n", b"--b\r\n"),
    ]
)


@given(st.lists(st.sampled_from([b"", b"x: y\r\n", b"--b\r\n"])), st.lists(PIECES))
def test_what_is_usual_is_read_alike_in_one_go_and_field_by_field(
    before: list[bytes], tokens: list[bytes]
) -> None:
    """Wherever it begins; and nothing that is read differently is usual."""
    start = len(b"".join(before))
    raw = b"".join((*before, b"a: b\r\n", *tokens, b"\r\n\r\n"))
    usual = read_usual(raw, start)
    if usual is not None:
        assert everything(usual) == everything(read_fields(raw, start, lambda _: True))
        assert not is_read_differently(raw, read_fields(raw, start, lambda _: True))


def everything(read: HeaderBlock) -> tuple[object, ...]:
    """Return all that is known of a header."""
    values = {name: read.values(name) for name in read.names.known}
    bounds = (read.start, read.body_start, read.broken)
    return read.fields, bounds, read.names.written, list(read.named()), values


def test_a_usual_header_is_read_in_one_go() -> None:
    """With folded lines, names that repeat, and a body after it."""
    usual = read_usual(b"To: a\r\nX:\r\nTO: b,\r\n\tc\r\n\r\nSubject: body\r\n\r\n")
    assert usual is not None
    assert usual.values(b"to") == [b"a", b"b,\tc"]
    assert usual.names.known == {b"to", b"x"}


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\r\n",
        b"\r\nA: 1\r\n\r\n",
        b"A: 1\r\n",
        b"A: 1\n\n",
        b"A : 1\r\n\r\n",
        b"A: 1\r\r\n\r\n",
        b" A: 1\r\n\r\n",
        b"From a\r\nA: 1\r\n\r\n",
        b"A: 1\r\n--b: 2\r\n\r\n",
        b"A: " + b"x" * USUAL_OCTETS + b"\r\n\r\n",
        b"A:\r\n" * (MAX_HEADERS + 1) + b"\r\n",
    ],
)
def test_what_is_odd_is_left_to_reading_field_by_field(raw: bytes) -> None:
    """Whatever readers may take for something else, and what is long."""
    assert read_usual(raw) is None


def test_as_many_fields_as_are_allowed_are_read_in_one_go() -> None:
    """And not one more, as above."""
    usual = read_usual(b"A:\r\n" * MAX_HEADERS + b"\r\n")
    assert usual is not None
    assert len(usual.fields) == MAX_HEADERS


@pytest.mark.parametrize(
    ("head", "usual"),
    [
        (b"A: 1\r\nB: 2\r\n", True),
        (b"A:\r\n" * 64, True),
        (b"A:\r\n" * 65, False),
        (b"A" * 2048 + b":\r\n", True),
        (b"A" * 2049 + b":\r\n", False),
    ],
)
def test_names_are_kept_where_they_are_few_and_short(head: bytes, *, usual: bool) -> None:
    """Else whoever sends long ones has us keep them."""
    for raw in (head + b"\r\n", (head + b"\r\n").replace(b"\r\n", b"\n")):
        first, again = read_either(raw), read_either(raw + b"body")
        assert first.names.usual is usual
        assert (first.names is again.names) is usual


def read_either(raw: bytes) -> HeaderBlock:
    """Read a header in one go where it is usual."""
    return read_usual(raw) or read_fields(raw, 0, lambda _: False)
