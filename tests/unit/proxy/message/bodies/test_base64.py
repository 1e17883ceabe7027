"""Base64: encoded anew only from the edit on, lines as long as they were, doubt where not canonical."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.message.bodies.base64 import Base64Body
from proxy.message.bodies.body import Change, Edit, NotEditable, Obstacle
from proxy.message.editing import splice
from tests.support.bodies import editable

HTML = (
    b'<p>some text before it</p> <a href="http://a/">x</a> <p>' + b"and after it " * 160 + b"</p>"
)


def body(raw: bytes) -> Base64Body:
    """Read octets that are all body."""
    return Base64Body(raw, 0, len(raw))


def wrapped(octets: bytes, size: int, ending: bytes = b"\r\n") -> bytes:
    """Encode in lines of that size."""
    text = base64.b64encode(octets)
    return b"".join(text[at : at + size] + ending for at in range(0, len(text), size))


def edited(raw: bytes, old: bytes, new: bytes) -> bytes:
    """Replace the first `old` of the decoded text by `new`."""
    decoded = body(raw)
    start = decoded.octets.index(old)
    return splice(raw, decoded.to_raw([Edit(start, start + len(old), new)]))


@pytest.mark.parametrize("size", [32, 57, 60, 64, 70, 72, 75, 76, 998])
@pytest.mark.parametrize("ending", [b"\r\n", b"\n"])
def test_lines_keep_their_length_and_ending(size: int, ending: bytes) -> None:
    """Encoding the edited text in the sender's manner gives the same octets."""
    new = HTML.replace(b"http://a/", b"https://t.example.com/c/abc")
    assert edited(wrapped(HTML, size, ending), b"http://a/", b"https://t.example.com/c/abc") == (
        wrapped(new, size, ending)
    )


def test_octets_before_the_edit_stay() -> None:
    """Only what follows is encoded anew."""
    raw = b"  PGEg\r\naHJ lZj0i\r\n\r\n" + wrapped(b'http://a/">x</a>' + b"text " * 50, 76)
    new = edited(raw, b"http://a/", b"http://bcd/")
    assert new.startswith(b"  PGEg\r\naHJ lZj0i\r\n\r\n")
    assert body(new).octets == body(raw).octets.replace(b"http://a/", b"http://bcd/")


def test_blank_lines_at_the_end_stay() -> None:
    """They are no part of the encoded text."""
    assert edited(b"aHR0cDovL2Ev\r\n\r\n \r\n", b"//a", b"//b").endswith(b"\r\n\r\n \r\n")


def test_one_short_line_does_not_tell_the_length_of_lines() -> None:
    """The usual 76 octets are filled."""
    new = edited(b"aHR0cDovL2Ev", b"a", b"a" * 100)
    assert [len(line) for line in new.split(b"\r\n")] == [76, 68]


def test_very_short_lines_are_not_imitated() -> None:
    """A line for each character would cost a hundred times its size."""
    new = edited(b"aHR0\r\ncDov\r\nL2Ev", b"a", b"b" * 60)
    assert [len(line) for line in new.split(b"\r\n")] == [4, 4, 76, 8]


@pytest.mark.parametrize(
    "raw",
    [
        b"aHR0cDovL2Ev!",
        b"aHR0cDovL2E",
        b"aHR0cDovL2F=",
        b"aHR0cA==\r\nOi8vYS8=",
        b"aHR0cDovL2EvA",
        b"aHR0cDovL2Ev=",
    ],
)
def test_what_decoders_read_differently_is_not_editable(raw: bytes) -> None:
    """Junk, missing or early padding, bits left over: readable for reports, nothing more."""
    decoded = body(raw)
    assert decoded.octets.startswith(b"http")
    assert decoded.obstacles([Change(0, 4, 9)]) == (Obstacle.MALFORMED,)
    with pytest.raises(NotEditable):
        decoded.to_raw([Edit(0, 1, b"x")])


def test_one_endless_line_is_left_alone() -> None:
    """Relays cut it; where must not be for us to move."""
    assert body(base64.b64encode(HTML)).obstacles([Change(0, 1, 9)]) == (Obstacle.LONG_LINE,)


@st.composite
def edits_of(draw: st.DrawFn, size: int) -> list[Edit]:
    """Draw edits in order and apart."""
    offsets = sorted(draw(st.lists(st.integers(0, size), max_size=6)))
    pairs = zip(offsets[::2], offsets[1::2], strict=False)
    return [Edit(start, end, draw(st.binary(max_size=200))) for start, end in pairs]


@given(st.data(), st.binary(max_size=400), st.integers(1, 90), st.sampled_from([b"\r\n", b"\n"]))
def test_edited_text_decodes_to_the_edit(
    data: st.DataObject, octets: bytes, size: int, ending: bytes
) -> None:
    """Whatever is edited, however long the lines: strictly decoded, the rest is as before."""
    raw = wrapped(octets, size, ending)
    decoded = body(raw)
    assert decoded.octets == octets
    edits = data.draw(edits_of(len(octets)))
    new = splice(raw, decoded.to_raw(edits))
    strict = base64.b64decode(new.translate(None, b"\r\n"), validate=True)
    assert strict == splice(octets, edits)
    assert max(map(len, new.splitlines()), default=0) <= max(size, 76)


@given(st.data(), st.text("AQg8=/+ \r\n\t!", max_size=60).map(str.encode))
def test_any_text_is_editable_or_refused(data: st.DataObject, raw: bytes) -> None:
    """Nothing raises; what is editable decodes to the edit."""
    decoded = body(raw)
    edits = data.draw(edits_of(len(decoded.octets)))
    if edits and editable(decoded, 0, 0):
        new = splice(raw, decoded.to_raw(edits))
        assert body(new).octets == splice(decoded.octets, edits)


@given(st.binary(max_size=80), st.integers(1, 90))
def test_edit_that_changes_nothing_gives_none(octets: bytes, size: int) -> None:
    """The original text in its own place leaves the octets alone."""
    assert body(wrapped(octets, size)).to_raw([Edit(0, len(octets), octets)]) == []
