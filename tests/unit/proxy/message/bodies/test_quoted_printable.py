"""Quoted-printable: exact offsets, edits that move nothing else, and doubt where it is broken."""

import quopri
import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.message.bodies import quoted_printable
from proxy.message.bodies.body import Change, Edit, NotEditable, Obstacle
from proxy.message.bodies.quoted_printable import QuotedPrintableBody
from proxy.message.editing import splice
from tests.support.bodies import editable

URL = b"https://t.example.com/c/" + b"Ab-_09" * 30


def body(raw: bytes) -> QuotedPrintableBody:
    """Read octets that are all body."""
    return QuotedPrintableBody(raw, 0, len(raw))


def edited(raw: bytes, old: bytes, new: bytes) -> bytes:
    """Replace the first `old` of the decoded text by `new`."""
    decoded = body(raw)
    start = decoded.octets.index(old)
    return splice(raw, decoded.to_raw([Edit(start, start + len(old), new)]))


def longest_line(raw: bytes) -> int:
    """Measure without line endings."""
    return max(len(line.rstrip(b"\r")) for line in raw.split(b"\n"))


def test_short_replacement_stays_on_its_line() -> None:
    """Nothing is folded that need not be."""
    assert edited(b'<a href=3D"http://a/">x</a>\r\n', b"http://a/", b"http://b/?c=d") == (
        b'<a href=3D"http://b/?c=3Dd">x</a>\r\n'
    )


def test_long_replacement_is_folded_and_its_surroundings_keep_their_octets() -> None:
    """Soft breaks stand inside what we write, and before what follows if it needs the room."""
    raw = (
        b"first=20line\r\n" + b'<p class=3d"x"><a href=3d"http://a/">x</a> and more</p>=\r\nend\r\n'
    )
    new = edited(raw, b"http://a/", URL)
    assert new.startswith(b'first=20line\r\n<p class=3d"x"><a href=3d"https://t.')
    assert new.endswith(b'">x</a> and more</p>=\r\nend\r\n')
    assert longest_line(new) <= 76
    assert quopri.decodestring(new) == quopri.decodestring(raw).replace(b"http://a/", URL)


def test_soft_breaks_inside_the_old_text_go_with_it() -> None:
    """An href folded by the sender is one span."""
    raw = b'<a href=3D"http://exam=\r\nple.com/=\r\npath">x</a>\r\n'
    assert edited(raw, b"http://example.com/path", b"http://b/") == (
        b'<a href=3D"http://b/">x</a>\r\n'
    )


def test_soft_breaks_beside_the_old_text_stay() -> None:
    """They belong to the surroundings."""
    raw = b'<a href=3D"=\r\nhttp://a/=\r\n">x</a>\r\n'
    assert edited(raw, b"http://a/", b"http://b/") == b'<a href=3D"=\r\nhttp://b/=\r\n">x</a>\r\n'


def test_lone_newlines_are_kept_as_line_endings() -> None:
    """What we fold is folded as the message is."""
    new = edited(b'<a href=3D"http://a/">x</a>\n', b"http://a/", URL)
    assert b"\r" not in new
    assert new.count(b"=\n") >= 2


def test_escapes_are_upper_case_and_never_split() -> None:
    """RFC 2045 §6.7 rule 1."""
    new = edited(b"x http://a/ y\r\n", b"http://a/", b"\xe9=" * 40)
    assert b"".join(new.split(b"=\r\n")) == b"x " + b"=E9=3D" * 40 + b" y\r\n"


def test_two_edits_of_one_line_are_folded_together() -> None:
    """The second begins at the column where the first one left off."""
    raw = b'<a href=3D"http://a/">1</a><a href=3D"http://a/">2</a>\r\n'
    decoded = body(raw)
    spans = [match.span() for match in re.finditer(b"http://a/", decoded.octets)]
    new = splice(raw, decoded.to_raw([Edit(*span, URL) for span in spans]))
    assert longest_line(new) <= 76
    assert quopri.decodestring(new) == decoded.octets.replace(b"http://a/", URL)


def test_removed_text_leaves_no_white_space_at_the_end_of_a_line() -> None:
    """Trailing white space would be dropped on the way (RFC 2045 §6.7 rule 3)."""
    assert edited(b"a http://a/\r\nb", b"http://a/", b"") == b"a =\r\n\r\nb"


@pytest.mark.parametrize(
    "raw",
    [
        b'<a href="http://a/">x</a>\r\n',
        b"=ZZ http://a/\r\n",
        b"http://a/ =4\r\n",
        b"http://a/ = \r\n",
        b"http://a/ =\rx\r\n",
        b"=\r\nhttp://a/=3",
    ],
)
def test_line_with_a_malformed_escape_is_not_editable(raw: bytes) -> None:
    """Decoders differ on them."""
    decoded = body(raw)
    start = decoded.octets.index(b"http://a/")
    assert decoded.obstacles([Change(start, start + 9, 50)]) == (Obstacle.MALFORMED,)
    with pytest.raises(NotEditable):
        decoded.to_raw([Edit(start, start + 9, b"x")])


def test_malformed_escape_on_another_line_does_not_matter() -> None:
    """Only the neighbourhood is in doubt."""
    raw = b"50=%\r\nhttp://a/\r\n=\r\n=\r\n7=%"
    assert edited(raw, b"http://a/", b"http://b/") == raw.replace(b"//a", b"//b")


def test_white_space_that_may_be_dropped_inside_the_span_is_not_editable() -> None:
    """Some decoders drop it, some keep it."""
    decoded = body(b"http://a/ \r\nb")
    assert not editable(decoded, 0, len(decoded.octets))


def test_line_over_998_octets_is_left_alone() -> None:
    """Relays cut it somewhere; where must not be for us to move."""
    decoded = body(b"x" * 990 + b"http://a/\r\n")
    assert decoded.obstacles([Change(990, 999, 9)]) == (Obstacle.LONG_LINE,)


def test_text_that_is_no_quoted_printable_at_all_is_not_editable() -> None:
    """Thousands of malformed escapes: the label is wrong."""
    decoded = body(b"a=\0\r\n" * 1001 + b"http://a/\r\n")
    assert not editable(decoded, 0, 1)


def test_what_may_begin_a_line_does_not_look_like_a_delimiter() -> None:
    """A soft break before two hyphens would put them at the start of a line."""
    raw = b'<a href=3D"http://a/">\r\n'
    new = edited(raw, b"http://a/", b"--" * 300)
    assert not re.search(rb"^--", new, re.MULTILINE)
    assert body(new).octets == body(raw).octets.replace(b"http://a/", b"--" * 300)


TOKENS = st.sampled_from(
    [
        b"a",
        b"b",
        b"http://a/",
        b"=3D",
        b"=e9",
        b"=E9",
        b"-",
        b"--",
        b".",
        b" ",
        b"\t",
        b'"',
        b"=\r\n",
        b"\r\n",
        b"word " * 8,
    ]
)
BROKEN = st.sampled_from([b"=", b"==", b"= \r\n", b"=\r", b"\r", b"\0", b"=4", b"\n", b"=\n"])


@st.composite
def encoded(draw: st.DrawFn, tokens: st.SearchStrategy[bytes]) -> bytes:
    """Draw quoted-printable text, folded here and there as encoders do."""
    lines = [b""]
    for token in draw(st.lists(tokens, max_size=60)):
        if len(lines[-1]) + len(token) > 75 and not token.endswith(b"\n"):
            lines[-1] += b"=\r\n"
            lines.append(b"")
        lines[-1] += token
        if token.endswith(b"\n"):
            lines.append(b"")
    return b"".join(lines)


@st.composite
def edits_of(draw: st.DrawFn, size: int) -> list[Edit]:
    """Draw edits in order and apart."""
    offsets = sorted(draw(st.lists(st.integers(0, size), max_size=8)))
    new = st.binary(max_size=12) | st.sampled_from([URL, b"", b"--", b" ", b"=", b"a b "])
    pairs = zip(offsets[::2], offsets[1::2], strict=False)
    return [Edit(start, end, draw(new)) for start, end in pairs]


def allowed(decoded: QuotedPrintableBody, edits: list[Edit]) -> list[Edit]:
    """Keep the edits that have no obstacle."""
    obstacles = decoded.obstacles([Change(e.start, e.end, len(e.replacement)) for e in edits])
    return [edit for edit, obstacle in zip(edits, obstacles, strict=True) if obstacle is None]


@given(encoded(TOKENS))
def test_decodes_as_the_standard_library_does(raw: bytes) -> None:
    """On text that is well formed."""
    assert body(raw).octets == quopri.decodestring(raw)


@given(st.data(), encoded(TOKENS))
def test_edited_text_decodes_to_the_edit(data: st.DataObject, raw: bytes) -> None:
    """Whatever is edited: the rest decodes as before, and lines stay within 76 octets."""
    decoded = body(raw)
    edits = allowed(decoded, data.draw(edits_of(len(decoded.octets))))
    new = splice(raw, decoded.to_raw(edits))
    assert body(new).octets == splice(decoded.octets, edits)
    assert longest_line(new) <= max(76, longest_line(raw))


@given(st.data(), encoded(TOKENS | BROKEN))
def test_edits_of_broken_text_decode_to_the_edit(data: st.DataObject, raw: bytes) -> None:
    """Broken places elsewhere change nothing."""
    decoded = body(raw)
    edits = allowed(decoded, data.draw(edits_of(len(decoded.octets))))
    new = splice(raw, decoded.to_raw(edits))
    assert body(new).octets == splice(decoded.octets, edits)


@given(st.data(), encoded(TOKENS | BROKEN))
def test_edit_that_changes_nothing_gives_none(data: st.DataObject, raw: bytes) -> None:
    """The original text in its own place leaves the octets alone."""
    decoded = body(raw)
    drawn = data.draw(edits_of(len(decoded.octets)))
    same = [Edit(e.start, e.end, decoded.octets[e.start : e.end]) for e in drawn]
    assert decoded.to_raw(same) == []


def test_hyphen_after_a_span_makes_it_not_editable() -> None:
    """Folding may put it at the start of a line, where two of them begin a delimiter."""
    decoded = body(b"<!-- http://a/-->\r\n")
    start = decoded.octets.index(b"http://a/")
    assert not editable(decoded, start, start + 9)


QUOTED = [
    *(
        '<a href=3D"',
        '" class=3D"x">text</a>',
        "=22>",
        "'>",
        "word word ",
        "=C3=A4",
        "=\r\n",
        "\r\n",
    ),
    *(
        "http://a/",
        "https://b.example/=\r\nc?d=3De",
        "https://c.example/!",
        "http",
        '"http',
        "=20",
        " \r\n",
        "\t=\r\n",
        "--",
        "=00",
    ),
    *('"=\r\nhttp://c/', '"ht=\r\ntp://d/', "x" * 70, "y" * 999, "http://e/=\r\n"),
]


def quoted(source: random.Random) -> bytes:
    """Return HTML with links as they are, and as they hardly are."""
    return "".join(source.choices(QUOTED, k=source.randrange(1, 14))).encode()


def urls_in(octets: bytes) -> list[tuple[int, int]]:
    """Return where URLs stand, up to the next quote or mark."""
    return [match.span() for match in re.finditer(rb"http[^\"'>]*", octets)]


@pytest.mark.parametrize("seed", range(40))
def test_a_url_in_quotes_is_found_where_it_is_found_by_counting(seed: int) -> None:
    """Its place, its lines, and what becomes of an edit."""
    source, noted = random.Random(seed), 0
    for _ in range(50):
        raw = quoted(source)
        soon, by_counting = body(raw), body(raw)
        by_counting._urls = {}
        spans = urls_in(soon.octets)
        assert soon._sites_of(spans) == by_counting._sites_of(spans)
        noted += len(soon._urls)
        edits = allowed(
            soon, [Edit(start, end, source.choice([URL, b"--x=", b""])) for start, end in spans]
        )
        assert soon.to_raw(edits) == by_counting.to_raw(edits)
    assert noted


@pytest.mark.parametrize("seed", range(10))
def test_places_are_the_same_whichever_are_asked_for_together(seed: int) -> None:
    """Each copy of a message may change other links of it."""
    source = random.Random(seed)
    for _ in range(50):
        raw = quoted(source)
        asked = body(raw)
        spans = urls_in(asked.octets)
        for _ in range(4):
            some = sorted(source.sample(spans, source.randrange(len(spans) + 1)))
            assert asked._sites_of(some) == body(raw)._sites_of(some)


@pytest.mark.parametrize("seed", range(10))
def test_what_has_quotes_in_it_is_found_as_well(seed: int) -> None:
    """It does not end with the first of them."""
    source, found = random.Random(seed), 0
    for _ in range(50):
        soon = body(quoted(source) + b'\r\n"http://a/"b"c">\r\n')
        by_counting = body(soon._raw)
        by_counting._urls = {}
        spans = [match.span() for match in re.finditer(rb'http[^>]*(?=")', soon.octets)]
        assert soon._sites_of(spans) == by_counting._sites_of(spans)
        found += len(soon._urls)
    assert found


def test_no_url_is_noted_in_text_that_is_broken() -> None:
    """Where its octets stand depends on what decoders make of the rest."""
    assert body(b'<a href=3D"http://a/">=\r\n')._urls == {9: 11}
    assert body(b'<a href=3D"http://a/">=x\r\n')._urls == {}


def test_urls_that_are_too_many_to_be_noted_are_found_by_counting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Those at the end are noted; it makes no difference to what becomes of them."""
    raw = b'<a href=3D"http://a/=3D">x</a>=\r\n<a href=3D"http://b/">y</a>\r\n' * 3
    every = body(raw)
    monkeypatch.setattr(quoted_printable, "MAX_HREFS", 2)
    few = body(raw)
    edits = [Edit(*span, URL) for span in urls_in(every.octets)]
    assert (len(every._urls), len(few._urls)) == (6, 2)
    assert few.octets == every.octets
    assert few.to_raw(edits) == every.to_raw(edits)


@pytest.mark.parametrize("seed", range(20))
def test_text_without_escapes_is_folded_as_any_is(seed: int) -> None:
    """Its lines are those of the same text with one escape behind all that is compared."""
    source = random.Random(seed)
    for _ in range(50):
        text = bytes(source.choices(b"ab-_", k=source.randrange(80, 400))).replace(b"--", b"-a")
        column = source.randrange(90)
        plain = quoted_printable._folded(column, text)
        escaped = quoted_printable._folded(column, text + b"=3D")
        assert plain[:-1] == escaped[: len(plain) - 1]
        assert b"".join(plain) + b"=3D" == b"".join(escaped)


@pytest.mark.parametrize("seed", range(20))
def test_texts_are_encoded_together_as_each_is_alone(seed: int) -> None:
    """Whether or not one of them needs an escape."""
    source = random.Random(seed)
    for _ in range(20):
        texts = source.choices([URL, b"a=b", b"", b"x y", b"\xe9", b"--"], k=source.randrange(4))
        alone = [each for text in texts for each in quoted_printable._encoded([text])]
        assert list(quoted_printable._encoded(texts)) == alone
