"""The octets of DATA: where they end, what must not pass, and dots on their way out."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.smtp import data
from proxy.smtp.data import CHUNK_OCTETS, DataReader, Received, Refusal, stuffed
from proxy.smtp.octets import Octets

LIMIT = 1_000_000
END = b"\r\n.\r\n"
OCTETS = st.lists(
    st.sampled_from([b"\r\n", b".", b"..", b"a", b"\r", b"\n", b"\0", b"\r\n.", b"xyz"]),
    max_size=30,
).map(b"".join)


def read(raw: bytes, *, chunk: int = 0, normalise: bool = False) -> tuple[Received, bytes]:
    """Read `raw` in chunks; what comes after the end is part of what is given."""
    reader = DataReader(LIMIT, normalise=normalise)
    step = chunk or len(raw)
    for start in range(0, len(raw), step):
        if reader.feed(raw[start : start + step]):
            received, rest = reader.finish()
            return received, rest + raw[start + step :]
    raise AssertionError("no end of DATA")


@given(OCTETS, st.integers(1, 9), st.sampled_from([True, False]))
def test_chunks_make_no_difference(body: bytes, chunk: int, normalise: int) -> None:
    """However the octets come in, the same message is read and the same is left over."""
    raw = body + END + b"QUIT\r\n"
    mode = bool(normalise)
    assert read(raw, chunk=chunk, normalise=mode) == read(raw, normalise=mode)


@given(OCTETS)
def test_only_the_exact_sequence_ends_a_message(body: bytes) -> None:
    """CR LF . CR LF, and nothing that looks like it."""
    raw = body + END
    end = (b"\r\n" + raw).index(END) - 2
    received, rest = read(raw)
    assert rest == raw[end + len(END) :]
    if received.refusal is None:
        expected = (b"\r\n" + raw[: end + 2]).replace(b"\r\n.", b"\r\n")[2:]
        assert received.content == expected


@given(OCTETS, st.integers(1, 9), st.booleans())
def test_facts_are_those_of_the_content(body: bytes, chunk: int, normalise: bool) -> None:  # noqa: FBT001
    """However it comes in; of what is refused, nothing is told."""
    received, _ = read(body + END, chunk=chunk, normalise=normalise)
    whole = None if received.refusal else Octets(received.content).facts
    assert received.facts == whole


def test_a_line_is_as_long_without_its_transparency_dot() -> None:
    """Long lines are counted in the content, over the borders of chunks."""
    for octets, is_long in ((998, False), (999, True)):
        received, _ = read(b".." + b"x" * (octets - 1) + END, chunk=100)
        assert received.facts is not None
        assert received.facts.long_line is is_long


@given(OCTETS)
def test_normalised_content_has_no_lone_newline(body: bytes) -> None:
    """With `normalise`, CR and LF stand together only; NUL before a dot is refused even so."""
    received, _ = read(body + END, normalise=True)
    assert received.refusal is None or b"\0." in body.replace(b"..", b".")
    assert received.content.count(b"\r\n") == received.content.count(b"\r")
    assert received.content.count(b"\r\n") == received.content.count(b"\n")


SMUGGLING = [
    b"\n.\n",
    b"\n.\r\n",
    b"\r\n.\n",
    b"\r.\r",
    b"\r.\r\n",
    b"\r\n.\r",
    b"\r.\n",
    b"\n.\r",
    b"\r\r\n.\r\r\n",
    b"\r\n\0.\r\n",
    b"\r\n.\0\r\n",
    b"\r\n\0\0.\0\r\n",
    b"\r\0\n.\r\n",
    b"\0\n.\n\0",
    b"\n\0.\n",
]


@pytest.mark.parametrize("sequence", SMUGGLING)
@pytest.mark.parametrize("chunk", [0, 1, 3])
def test_what_a_laxer_server_would_take_for_the_end_is_refused(sequence: bytes, chunk: int) -> None:
    """Each sequence either ends nothing and is refused, or is our own end of DATA too."""
    raw = b"first" + sequence + b"MAIL FROM:<x@example.com>\r\n" + END
    received, rest = read(raw, chunk=chunk)
    assert received.refusal is Refusal.BARE_NEWLINE or rest
    assert not rest or END in sequence


def test_no_message_is_looked_through_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each chunk is looked at as it comes: 25 MB at the end would hold all others up."""
    looked_at: list[int] = []
    plain = data._DOT_BEHIND_NUL

    class Watched:
        def search(self, octets: bytes) -> re.Match[bytes] | None:
            looked_at.append(len(octets))
            return plain.search(octets)

    monkeypatch.setattr(data, "_DOT_BEHIND_NUL", Watched())
    received, _ = read(b"a\0." * 5000 + b"\0" * 5000 + END, chunk=500)
    assert received.refusal is Refusal.BARE_NEWLINE
    assert max(looked_at) < 600


def test_a_lone_dot_line_at_the_very_start_is_seen() -> None:
    """DATA begins after a line end."""
    assert read(b".\nx" + END)[0].refusal is Refusal.BARE_NEWLINE


def test_harmless_lone_newlines_are_kept() -> None:
    """What cannot smuggle stays as it is: the message goes on to the octet."""
    received, _ = read(b"a\nb\rc\r\n..d" + END)
    assert received == Received(b"a\nb\rc\r\n.d\r\n", refusal=None)


def test_an_empty_message_ends_at_once() -> None:
    """The dot may be the first line of DATA."""
    assert read(b".\r\nQUIT\r\n") == (Received(b"", refusal=None), b"QUIT\r\n")


def test_what_is_too_big_is_read_to_its_end_and_not_kept() -> None:
    """Memory stays bounded, and the reply comes after the end (RFC 5321 §4.5.3.1.9)."""
    reader = DataReader(1000)
    for _ in range(100):
        assert not reader.feed(b"x" * 500 + b"\r\n")
        assert reader.held_octets <= 1502
    assert reader.feed(END)
    received, _ = reader.finish()
    assert received == Received(b"", refusal=Refusal.TOO_BIG)


def test_a_line_may_have_any_length() -> None:
    """There is no limit on lines, only on messages."""
    line = b"x" * 900_000
    assert read(line + END, chunk=65536)[0].content == line + b"\r\n"


@given(st.binary(max_size=200), st.integers(1, 40))
def test_stuffing_is_undone_by_any_receiver(noise: bytes, chunk: int) -> None:
    """RFC 5321 §4.5.2: whatever the content and the chunks, the receiver has it back."""
    content = noise.replace(b"\x01", b"\r\n").replace(b"\x02", b"\r\n.").replace(b"\x03", b".")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(data, "CHUNK_OCTETS", chunk)
        pieces = list(stuffed(content))
    wire = b"".join(piece for piece, _ in pieces)
    assert [last for _, last in pieces] == [False] * (len(pieces) - 1) + [True]
    assert wire == b".\r\n" or wire.endswith(b"\r\n.\r\n")
    lines = wire.split(b"\r\n")
    assert lines.index(b".") == len(lines) - 2
    back = b"\r\n".join(line.removeprefix(b".") for line in lines[:-2]) + b"\r\n"
    whole = content if content.endswith(b"\r\n") or not content else content + b"\r\n"
    assert back == (whole or b"\r\n")


def test_a_chunk_is_cut_beside_every_dot() -> None:
    """Lines that begin with a dot are found at each place relative to the end of a chunk."""
    for shift in range(6):
        content = b"x" * (CHUNK_OCTETS - shift) + b"\r\n.\r\n.y\r\n"
        wire = b"".join(piece for piece, _ in stuffed(content))
        assert wire == re.sub(rb"(?m)^\.", b"..", content) + b".\r\n"


@pytest.mark.parametrize("dots", [0, 1, 63, 64, 65, 1000])
def test_few_dots_are_doubled_and_undone_as_many_are(dots: int) -> None:
    """Whichever way is sooner, each line is the same."""
    lines = [b".", b"..a", b"a.", b"", b".b"]
    content = b"a\r\n" + b"".join(b".%d\r\n%b\r\n" % (at, lines[at % 5]) for at in range(dots))
    wire = b"".join(chunk for chunk, _ in stuffed(content))
    assert wire == content.replace(b"\r\n.", b"\r\n..") + b".\r\n"
    assert read(wire)[0].content == content


@pytest.mark.parametrize("before", [0, 1, 62, 63, 64, 65])
@pytest.mark.parametrize("behind", [0, 1, 62, 63, 64, 65, 1000])
def test_lines_that_begin_with_a_dot_behind_the_end_are_none_of_the_message(
    before: int, behind: int
) -> None:
    """However many there are, and with an end of their own: a next message may come in the same chunk."""
    content, following = b"a\r\n" + b".b\r\n" * before, b"..c\r\n" * behind + b".\r\n"
    wire = b"".join(chunk for chunk, _ in stuffed(content))
    assert read(wire + following) == (Received(content, refusal=None), following)
