"""Usual structures are found at sight, and as the parser finds them."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.message import mime, parser, usual_structure
from proxy.message.editing import Message, Skip, parse
from proxy.message.fields import read_usual
from proxy.message.work_budget import BudgetExceeded, limit
from tests.support.entities import HTML, contents, crlf, listed, multipart

HEADS = [
    b"Content-Type: text/plain; charset=utf-8\n",
    b"Content-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n",
    b"Content-Type: text/html; charset=a; charset=b\n",
    b"Content-Type: application/pdf; name=a.pdf\nContent-Transfer-Encoding: base64\n",
    b"Content-Type: text/html\nContent-Disposition: attachment\n",
    b"Content-Type: text/html\nContent-Disposition: inline; filename=a\n",
    b"Content-Type: text/html\nContent-MD5: x\n",
    b"Content-Type: text/html\nContent-Transfer-Encoding: x-unknown\n",
    b"Content-Type: message/rfc822\n",
    b"Content-Type: multipart/mixed; boundary=inner\n",
    b"Content-Type: multipart/alternative; boundary=inner\n",
    b"Content-Type: multipart/signed; boundary=inner\nContent-Disposition: inline\n",
    b"Content-Type: multipart/mixed; boundary=inner\nContent-Transfer-Encoding: base64\n",
    b"Content-Type: multipart/mixed; boundary=b\n",
    b"X: " + b"x" * 2000 + b"\n",
    b"no field\n",
    b"",
]
TYPES = [
    b"multipart/alternative; boundary=b",
    b'multipart/mixed; boundary="b b"',
    b'multipart/signed; boundary="b"',
    b"multipart/report; boundary=b",
    b"multipart/digest; boundary=b",
    b'multipart/mixed; boundary="b "',
    b"multipart/mixed; boundary=b; boundary=c",
    b"multipart/mixed",
    b"multipart/mixed; boundary=" + b"b" * 80,
    b"text/html; charset=utf-8",
    b"text/html; name=x",
    b"message/rfc822",
]
LINES = [
    *(
        b"text",
        b"<a href=x>",
        b"",
        b"--",
        b"--b",
        b"--b--",
        b"--b ",
        b"--b-- ",
        b"--bc",
        b"--b b",
        b"--b b--",
    ),
    *(b"--inner", b"--inner--", b"-- "),
]
ENDINGS = st.sampled_from([b"\r\n"] * 9 + [b"\n", b"\r"])


@st.composite
def messages(draw: st.DrawFn) -> bytes:
    """Draw messages of nearly usual structure."""
    kind = draw(st.sampled_from(TYPES))
    more = draw(st.sampled_from([b"", b"", b"Content-Transfer-Encoding: base64\n", HEADS[4][24:]]))
    lines = [b"From: a@example.com\nContent-Type: " + kind + b"\n" + more]
    lines += [draw(st.sampled_from(LINES))] if draw(st.booleans()) else []
    for _ in range(draw(st.integers(0, 4))):
        mark = draw(st.sampled_from([b"--b"] * 5 + [b"--b b", b"--bc", b"--b "]))
        lines += [
            mark,
            draw(st.sampled_from(HEADS)),
            *draw(st.lists(st.sampled_from(LINES), max_size=3)),
        ]
        for _ in range(draw(st.integers(0, 2))):
            lines += [b"--inner", draw(st.sampled_from(HEADS)), draw(st.sampled_from(LINES))]
        lines += draw(st.sampled_from([[], [b"--inner--"]]))
    lines += draw(st.lists(st.sampled_from([b"--b--", b"--b b--", b"end", b"--b"]), max_size=3))
    text = b"\n".join(lines)
    return b"".join([line + draw(ENDINGS) for line in text.split(b"\n")])


def structure(message: Message) -> tuple[object, ...]:
    """Return all that was found in a message."""
    parts = [(part.headers, part.path, *part[2:]) for part in message.parts]
    return message.headers, message.body_start, message.content_type, message.skip, parts


def in_general(raw: bytes) -> tuple[object, ...]:
    """Return what the parser finds where nothing is usual to it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parser, "read_usual", lambda _: None)
        return structure(parse(raw))


@given(messages())
def test_what_is_found_at_sight_is_what_the_parser_finds(raw: bytes) -> None:
    """In any message: at sight all is found, or nothing is."""
    assert structure(parse(raw)) == in_general(raw)


@pytest.mark.parametrize("kind", [b"alternative", b"mixed", b"signed", b"related"])
def test_flat_multiparts_are_found_at_sight(kind: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """The parser is not asked."""
    monkeypatch.setattr(parser, "_Walk", None)
    message = parse(
        b"From: a@example.com\r\n" + crlf(multipart(kind, b"b", HEADS[0] + b"\nx", HTML))
    )
    assert contents(message) == [b"x", crlf(HTML).partition(b"\r\n\r\n")[2]]
    skip = Skip.SIGNED if kind == b"signed" else None
    assert listed(message) == [("1", "text/plain", skip), ("2", "text/html", skip)]


def test_multiparts_within_one_another_are_found_at_sight(monkeypatch: pytest.MonkeyPatch) -> None:
    """Text and HTML beside a file, as most programs write it."""
    inner = multipart(b"alternative", b"c", HEADS[0] + b"\nx", HTML)
    raw = crlf(multipart(b"mixed", b"b", inner, HEADS[3] + b"\nAAAA"))
    expected = in_general(raw)
    monkeypatch.setattr(parser, "_Walk", None)
    assert [path for path, _, _ in listed(parse(raw))] == ["1.1", "1.2", "2"]
    assert structure(parse(raw)) == expected


def test_a_message_of_one_part_is_found_at_sight(monkeypatch: pytest.MonkeyPatch) -> None:
    """It reaches to the end."""
    monkeypatch.setattr(parser, "_Walk", None)
    assert listed(parse(crlf(HTML))) == [("1", "text/html", None)]


@pytest.mark.parametrize("inner", [0, 40])
def test_many_parts_are_left_to_the_parser(inner: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those who send so many have time; those of multiparts within one another count, too."""
    nested = [multipart(b"mixed", b"c", *[HTML] * inner)] if inner else []
    parts = [HTML] * (usual_structure.MOST_PARTS + 1 - inner)
    raw = crlf(multipart(b"mixed", b"b", *nested, *parts))
    assert len(parse(raw).parts) == usual_structure.MOST_PARTS + 1
    assert structure(parse(raw)) == in_general(raw)
    monkeypatch.setattr(parser, "_Walk", None)
    with pytest.raises(TypeError):
        parse(raw)


def test_a_boundary_with_a_newline_in_it_is_left_to_the_parser() -> None:
    """As RFC 2231 may write it: no line is such a delimiter, and nothing inside is touched."""
    head = b"From: a@example.com\nContent-Type: multipart/mixed; boundary*=us-ascii''a%0Ab\n\n"
    raw = crlf(head) + b"\n--a\nb\r\n" + crlf(HTML) + b"\n--a\nb--\r\n"
    assert structure(parse(raw)) == in_general(raw)
    assert listed(parse(raw)) == [("1", "multipart/mixed", Skip.MALFORMED)]


def test_the_same_header_of_a_part_is_read_once() -> None:
    """Of another message as well."""
    raw = crlf(multipart(b"mixed", b"b", HTML, HTML))
    first, second = parse(raw).parts
    assert first.header.names is second.header.names
    assert first.headers != second.headers


def test_work_at_sight_counts_as_the_parsers() -> None:
    """As many steps, where no line begins with hyphens for nothing."""
    raw = crlf(multipart(b"mixed", b"b", HTML, HTML))
    steps = next(each for each in range(1000) if _suffices(raw, each))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parser, "read_usual", lambda _: None)
        assert _suffices(raw, steps)
        assert not _suffices(raw, steps - 1)
    assert read_usual(raw) is not None


LONG = b"From: a@example.com\nSubject: " + b"x" * 3000 + b"\n" + HTML
LONG_PART = b"X: " + b"x" * 900 + b"\n" + HTML
LONG_PARTS = b"From: a@example.com\n" + multipart(b"mixed", b"b", LONG_PART, LONG_PART)


@pytest.mark.parametrize(
    ("raw", "steps", "read"), [(LONG, 1000, 0), (LONG_PARTS, 100, 1), (LONG_PARTS, 700, 2)]
)
def test_work_on_a_header_is_counted_before_it_is_done(
    raw: bytes, steps: int, read: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that none is done that is not allowed."""
    kinds: list[str] = []

    def content_type(values: Sequence[bytes], default: str) -> mime.Structured:
        kinds.append(default)
        return reader(values, default)

    reader = mime.content_type
    monkeypatch.setattr(mime, "content_type", content_type)
    with limit(steps), pytest.raises(BudgetExceeded):
        parse(crlf(raw))
    assert len(kinds) == read


def _suffices(raw: bytes, steps: int) -> bool:
    try:
        with limit(steps):
            parse(raw)
    except BudgetExceeded:
        return False
    return True
