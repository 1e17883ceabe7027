"""Rendering a plan: only planned values change, and undoing the change gives back every octet."""

import dataclasses
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.links.charsets import HtmlView
from proxy.message.editing import Edit
from proxy.policy import Policy, Untouched
from proxy.rewrite.candidates import bare
from proxy.rewrite.planned import Plan, PlannedLink
from proxy.rewrite.planner import plan
from tests.support.mail import decoded, html_message, link
from tests.support.plans import ENCODINGS, PARAMS, TRACKED, URL


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_only_the_value_of_the_href_changes(encoding):
    """All other octets of the decoded part stay, in every transfer encoding."""
    html = f'<p>A <a class="x"  href = "{URL}?a=1&amp;b=2" >B</a> &copy; =3D end</p>' + "x " * 60
    message = html_message(html, encoding=encoding)
    made = plan(message, Policy())
    rendered = made.render(lambda _: TRACKED)
    assert [each.destination for each in made.links] == [f"{URL}?a=1&b=2"]
    assert decoded(rendered) == decoded(message).replace(
        f"{URL}?a=1&amp;b=2".encode(), TRACKED.encode()
    )
    head = message.index(b"\r\n\r\n")
    assert rendered[:head] == message[:head]


def test_nothing_to_do_gives_the_original_object():
    """Byte-identity costs nothing."""
    message = html_message("<p>No links</p>")
    assert plan(message, Policy()).render(lambda _: TRACKED) is message


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("value", [f"{URL}?a=1&amp;copy=2", f" {URL}?q=é\n", "HTTPS://Example.com"])
def test_rendering_each_destination_gives_the_original(encoding, value):
    """However it was written: a reader would arrive at the same place."""
    message = html_message(link(value), encoding=encoding)
    made = plan(message, Policy())
    assert len(made.links) == 1
    assert made.render(lambda each: each.destination) == message


def test_a_destination_with_parameters_is_written_out():
    """The original leads elsewhere."""
    made = plan(html_message(link(URL)), PARAMS)
    assert f"{URL}?utm_source=mail".encode() in made.render(lambda each: each.destination)


@pytest.mark.parametrize(
    ("encoding", "charset"),
    [
        *(
            (each, charset)
            for each in ENCODINGS
            for charset in ("utf-8", "iso-8859-1", "shift_jis")
        ),
        ("base64", "utf-16"),
    ],
)
def test_rendering_each_original_value_gives_the_original(encoding, charset):
    """Undoing the change gives back every octet."""
    html = f"<p>text</p>{link(URL + '?a=1&amp;b=2')}<a href='{URL}'>2</a><a href={URL}>3</a>"
    message = html_message(html.encode(charset), encoding=encoding, charset=charset)
    made = plan(message, Policy())
    assert len(made.links) == 3
    assert made.render(lambda each: each.original) == message


def test_edits_are_the_only_places_that_change():
    """Every octet between two edits stands in the outcome, in order."""
    message = html_message(link(URL) * 3 + "<p>" + "text " * 50, encoding="quoted-printable")
    made = plan(message, Policy())
    rest, at = made.render(lambda _: TRACKED), 0
    assert len(made.edits) == 3
    for edit in (*made.edits, Edit(len(message), len(message), b"")):
        before, kept, rest = rest.partition(message[at : edit.start])
        assert kept
        assert len(before) < 100
        at = edit.end


@given(st.lists(st.sampled_from([link(URL), link("http://e.x/?a=b&amp;c"), "é &lt; text\r\n", "=20 "])),
       st.sampled_from(ENCODINGS))  # fmt: skip
def test_undoing_the_hrefs_in_the_decoded_part_gives_the_original_html(pieces, encoding):
    """Promise 2, over documents of many shapes."""
    message = html_message("".join(pieces), encoding=encoding)
    made = plan(message, Policy())
    rendered = made.render(lambda each: f"https://t.test/c/{each.number:04}")
    back = decoded(rendered)
    for each in made.links:
        back = back.replace(b"https://t.test/c/%04d" % each.number, each.original.encode("latin-1"))
    assert back == decoded(message)


def planned_link(destination: str, original: bytes, author_url: str) -> PlannedLink:
    """Return a link whose value is all that its part holds."""
    view, place = HtmlView(original, "utf-8", "utf-8"), bare(0, len(original), author_url)
    return PlannedLink(1, destination, "", "1", 0, 200, place, view, author_url=author_url)


LINK = planned_link(f"{URL}?a&b", f"{URL}?a&amp;b".encode(), f"{URL}?a&b")
LATIN_1 = planned_link(LINK.destination, b"https://e.x/\xe9", LINK.author_url)


@pytest.mark.parametrize(
    ("planned", "url", "value"),
    [
        (LINK, LINK.destination, LINK.original),
        (LINK, TRACKED, TRACKED),
        (LINK._replace(destination=f"{URL}?a&b&c=d"), f"{URL}?a&b&c=d", f"{URL}?a&b&c=d"),
        (LATIN_1, LINK.destination, "https://e.x/\xe9"),
    ],
)
def test_a_value_is_the_original_where_it_leads_there_anyway(planned, url, value):
    """Octet for octet, whatever they stand for; with parameters added it leads elsewhere."""
    assert planned.value(url) == value.encode("latin-1")


def test_a_link_is_a_value():
    """Equal to its like, to be found by it, copied, and printed without the mail that it stands in."""
    message = html_message(f'<p>private</p><a href="{URL}">Buy</a>')
    (one,), (other,) = (plan(message, Policy()).links for _ in range(2))
    assert {one: "found"}[other] == "found"
    assert pickle.loads(pickle.dumps(one)) == one
    assert "private" not in repr(one)
    assert URL in repr(one)


def test_a_link_says_what_people_read_on_it():
    """In HTML; a URL in plain text is all that is read."""
    (in_html,) = plan(html_message(f'<a href="{URL}"><b>Buy</b> now</a>'), Policy()).links
    assert (in_html.text, LINK.text) == ("Buy now", "")


def test_a_plan_that_changes_nothing_is_a_reason():
    """There are no edits, and no pixel."""
    made = Plan(b"message", Untouched.NULL_SENDER)
    assert (made.edits, made.has_pixel) == ((), False)
    assert made.render(lambda _: TRACKED) is made.raw


@pytest.mark.parametrize("opens", [True, False])
def test_the_size_of_a_document_is_known_before_it_is_written(opens):
    """That is how clipping is foreseen."""
    html = link(URL) * 2 + link(URL, 'class="untracked" data-url-params="true"')
    policy = dataclasses.replace(PARAMS, opens=opens)
    message = html_message(html)
    made = plan(message, policy)
    (part,) = made.parts
    before, after = part.html_octets(lambda _: TRACKED)
    assert before == len(decoded(message))
    assert after == len(decoded(made.render(lambda _: TRACKED)))
    assert made.has_pixel is opens
