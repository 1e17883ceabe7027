"""The pixel: where it may stand, that it is all that changes, and who gets none."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.links import charsets, tokenizer
from proxy.policy import Policy, Untouched
from proxy.rewrite import pixel
from proxy.rewrite.pixel import BodyEnds, place
from proxy.rewrite.planner import plan
from tests.support.mail import decoded, html_message, link, multipart
from tests.support.plans import ENCODINGS, TRACKED, URL
from tracker.tokens import PIXEL_NUMBER

OPENS = Policy(opens=True)
PIXEL = pixel.markup(TRACKED)
HTML = f"<body><p>Hello</p>{link(URL)}</body></html>\r\n"


def rendered(message: bytes, policy: Policy = OPENS) -> bytes:
    """Render a plan that has no fault, every link the same."""
    made = plan(message, policy)
    assert made.failure is None
    return made.render(lambda _: TRACKED)


def placed(html: str) -> str | None:
    """Insert a bar where the pixel would stand."""
    octets = html.encode()
    view = charsets.view(octets, "utf-8")
    assert view is not None
    at = place(view)
    return None if at is None else (octets[:at] + b"|" + octets[at:]).decode()


class EveryTag(BodyEnds):
    """The same, told of each tag."""

    next_tag = tokenizer.EVERY


# --- where


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<body>a</body></html>", "<body>a|</body></html>"),
        ("<BODY>a</BoDy >\r\n", "<BODY>a|</BoDy >\r\n"),
        ("a</body>b</body>c", "a</body>b|</body>c"),
        ("<p>a</p>\r\n\r\n", "<p>a</p>|\r\n\r\n"),
        ("a < b &amp", "a < b &amp|"),
        ("ü", "ü|"),
        ("a</body><!-- </body> -->", "a|</body><!-- </body> -->"),
        ("a<!--[if mso]></body><![endif]--></html>", "a<!--[if mso]></body><![endif]--></html>|"),
        ("a</body><script>'</body>'</script>", "a|</body><script>'</body>'</script>"),
        ('a</body><p title="</body>">', 'a|</body><p title="</body>">'),
        ("a<svg></body></svg>", "a<svg></body></svg>|"),
    ],
)
def test_it_stands_before_the_last_end_of_the_body_or_at_the_end(html, expected):
    """As a browser reads the document; white space at the end stays at the end."""
    assert placed(html) == expected


@given(
    st.lists(
        st.sampled_from(
            ["</body>", "</BODY >", "<p>", "</p>", link(URL), "<!--", "-->", "<style>", "</style>",
             "<svg>", "</svg>", "<b '", "'>", "<", "</", "</bodyx>", "<body>", "<p>" * 70]
        )
    )
)  # fmt: skip
def test_passing_over_other_tags_overlooks_no_end_of_the_body(pieces):
    """The quick way finds what looking at every tag finds."""
    html = "".join(pieces).encode()
    assert BodyEnds(html, "utf-8").ends() == EveryTag(html, "utf-8").ends()


@pytest.mark.parametrize(
    "html",
    ["", " \r\n", "a<!-- b", "a<style>b", "<textarea>a", '<a href="x', "<a href=x ", "a</", "a<!",
     "<plaintext>a", "<svg>a", "<!--[if !mso]><!-->a"],
)  # fmt: skip
def test_it_stands_nowhere_where_a_browser_might_read_no_markup(html):
    """In a tag, a comment, raw text, foreign content, or what some programs pass over."""
    assert placed(html) is None


@pytest.mark.parametrize(
    "charset", ["utf-16", "utf-16-le", "iso-2022-jp", "shift_jis", "windows-1252"]
)
@pytest.mark.parametrize("html", ["<p>a</p></body>", "<p>a</p>", "<p>a"])
def test_every_charset_that_links_are_tracked_in_has_room(charset, html):
    """The part says the same in its own charset, and the pixel besides."""
    message = html_message(html.encode(charset), encoding="base64", charset=charset)
    new = (
        PIXEL.decode().join(html.partition("</body>")[:2])
        if "</body>" in html
        else html + PIXEL.decode()
    )
    assert decoded(rendered(message)).decode(charset) == new


def test_a_wide_document_that_ends_beyond_ascii_gets_none():
    """The way back to its octets is known beside ASCII alone."""
    message = html_message("<p>漢".encode("utf-16-le"), encoding="base64", charset="utf-16-le")
    assert rendered(message) is message


# --- what changes


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_the_pixel_is_all_that_changes_in_a_message_without_links(encoding):
    """Taken out again, it leaves the original."""
    message = html_message("<body><p>Hello</p></body></html>\r\n", encoding=encoding)
    after = rendered(message)
    assert decoded(after) == decoded(message).replace(b"</body>", PIXEL + b"</body>")
    if encoding in ("7bit", "8bit"):
        assert after.replace(PIXEL, b"") == message


@given(
    st.lists(
        st.sampled_from(
            [link(URL), link("http://e.x/?a=b&amp;c"), "é &lt; text\r\n", "=20 ", "</body>", "<!--",
             "-->", "<style>", "</style>", "<p title='", "'>", "<svg>", "</svg>", "<!--[if mso]>"]
        )
    ),
    st.sampled_from(ENCODINGS),
)  # fmt: skip
def test_without_the_pixel_and_the_hrefs_it_is_the_original(pieces, encoding):
    """Promise 2 with opens on, over documents of many shapes."""
    message = html_message("".join(pieces), encoding=encoding)
    made = plan(message, OPENS)
    assert made.failure is None
    back = decoded(made.render(lambda each: f"https://t.test/c/{each.number:04}"))
    back = back.replace(pixel.markup(f"https://t.test/c/{PIXEL_NUMBER}"), b"")
    for each in made.links:
        back = back.replace(b"https://t.test/c/%04d" % each.number, each.original.encode("latin-1"))
    assert back == decoded(message)


@given(st.lists(st.sampled_from([link(URL), "text ", "</body>", "<!--", "-->", "\r\n"])))
def test_the_same_links_are_tracked_with_a_pixel_and_without(pieces):
    """An open is not worth a click."""
    message = html_message("".join(pieces))
    with_pixel, without = plan(message, OPENS), plan(message, Policy())
    assert with_pixel.links == without.links
    assert with_pixel.skipped == without.skipped


def test_rendering_each_destination_gives_the_original():
    """A pixel leads nowhere: undone, there is none."""
    message = html_message(HTML)
    assert plan(message, OPENS).render(lambda each: each.destination) == message
    assert plan(message, OPENS).render(lambda each: each.original) == message


def test_a_pixel_is_no_link():
    """It is told apart from what readers click on."""
    made = plan(html_message(HTML), OPENS)
    assert ([each.number for each in made.links], made.has_pixel) == ([1], True)
    assert len(made.edits) == 2


def test_a_message_gets_one_pixel():
    """In its first HTML part that has room."""
    part = b"Content-Type: text/html\r\n\r\n"
    message = multipart("mixed", part + b"<!-- open", part + b"<p>b</p>", part + b"<p>c</p>")
    after = rendered(message)
    assert after == message.replace(b"<p>b</p>", b"<p>b</p>" + PIXEL)


def test_a_line_that_is_full_has_no_room():
    """RFC 5322 §2.1.1: 998 octets; an encoding that breaks lines has no such limit."""
    html = "<p>" + "x" * 960 + "</p></body>"
    plain, quoted = html_message(html), html_message(html, encoding="quoted-printable")
    assert rendered(plain) is plain
    assert PIXEL in decoded(rendered(quoted))


def test_the_pixel_counts_as_growth():
    """A message that would grow too much stays whole."""
    policy = Policy(opens=True, max_growth=50)
    assert plan(html_message("<p>a</p>"), policy).untouched == Untouched.MAX_GROWTH


# --- who gets none


@pytest.mark.parametrize(
    ("headers", "policy"),
    [
        ([], Policy()),
        (["X-Track-Opens: on"], Policy()),
        (["X-Track-Opens: off"], OPENS),
        (["X-Track-Opens: on", "X-Track-Opens: off"], OPENS),
        (["X-Track-Opens: perhaps"], OPENS),
    ],
)
def test_the_workspace_then_the_message_says_no(headers, policy):
    """Links are tracked all the same."""
    made = plan(html_message(HTML, *headers), policy)
    assert (len(made.links), made.has_pixel) == (1, False)
    assert len(made.edits) == 1


@pytest.mark.parametrize(
    ("headers", "policy"),
    [
        (["X-Track-Links: off", "X-Track-Opens: on"], OPENS),
        (["X-Track-Opens: on"], Policy(opens=True, enabled=False)),
        (["X-Track-Opens: on"], Policy(opens=True, default=False)),
        (["X-Track-Person-Consent: none"], OPENS),
        (["ARC-Seal: i=1"], OPENS),
    ],
)
def test_a_message_that_is_not_tracked_gets_none(headers, policy):
    """Whatever it says of opens."""
    message = html_message(HTML, *headers)
    assert rendered(message, policy) is message


def test_a_message_may_ask_for_what_the_workspace_does_anyway():
    """And an unknown value is told of."""
    assert plan(html_message(HTML, "X-Track-Opens: yes"), OPENS).has_pixel
    made = plan(html_message(HTML, "X-Track-Opens: perhaps"), OPENS)
    assert made.asked.odd == ("x-track-opens",)


def test_an_attachment_gets_none():
    """Nor does text."""
    part = b"Content-Type: text/html\r\nContent-Disposition: attachment\r\n\r\n<p>a</p>"
    message = multipart("mixed", b"Content-Type: text/plain\r\n\r\nHello", part)
    assert rendered(message) is message


def test_the_markup_is_one_image_without_text():
    """Its URL is the only thing in it that changes."""
    assert re.fullmatch(rb'<img src="[^"<>]*"( [a-z]+="[^"<>]*")+>', PIXEL)
    assert b' alt="" ' in PIXEL
    assert pixel.octets(len(TRACKED)) == len(PIXEL)
