"""Links are found as a browser finds them, and nothing else is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.links.html import Href, links
from proxy.message.limits import MAX_ATTRIBUTES, MAX_HREFS
from proxy.message.work_budget import BudgetExceeded, limit


def found(html: bytes) -> list[str]:
    """Return the values of the hrefs of a document."""
    return [href.value for href in links(html)]


@pytest.mark.parametrize(
    ("tag", "value"),
    [
        (b'<a href="http://x/">', "http://x/"),
        (b"<a href='http://x/'>", "http://x/"),
        (b"<a href=http://x/>", "http://x/"),
        (b"<A HREF=HTTP://x/>", "HTTP://x/"),
        (b'<a href = "http://x/" >', "http://x/"),
        (b'<a\n\thref\r\n=\f"http://x/">', "http://x/"),
        (b'<a/href="http://x/"/>', "http://x/"),
        (b'<a title="a>b" href="http://x/">', "http://x/"),
        (b"<a title='\"' href=\"http://x/\">", "http://x/"),
        (b"<a title=it's href=http://x/>", "http://x/"),
        (b'<a "title" href=http://x/>', "http://x/"),
        (b'<a href="http://x/" href="http://y/">', "http://x/"),
        (b'<a href="http://x/"class="y">', "http://x/"),
        (b'<a href="?a=1&amp;b&copy=2">', "?a=1&b&copy=2"),
        (b'<a href="  http://x/\n">', "  http://x/\n"),
        (b'<area href="http://x/">', "http://x/"),
        (b"<noscript><a href=http://x/>", "http://x/"),
        (b"<select><a href=http://x/>", "http://x/"),
        (b"</html><a href=http://x/>", "http://x/"),
        (b"<svg><a href=http://x/>", "http://x/"),
        (b"<svg><style><a href=http://x/>", "http://x/"),
        (b"<svg><title></svg><a href=http://x/>", "http://x/"),
        (b"<!--><a href=http://x/>-->", "http://x/"),
        (b"<!---><a href=http://x/>-->", "http://x/"),
        (b"<!-- --!><a href=http://x/>", "http://x/"),
        (b"<!-- <!--><a href=http://x/>", "http://x/"),
        (b"<![CDATA[ > <a href=http://x/> ]]>", "http://x/"),
        (b"<?php ?><a href=http://x/>", "http://x/"),
        (b"</ ' ><a href=http://x/>", "http://x/"),
        (b"</><a href=http://x/>", "http://x/"),
        (b"<3 <a href=http://x/>", "http://x/"),
        (b"<<a href=http://x/>", "http://x/"),
        (b'<p ="><a href=http://x/>', "http://x/"),
        (b"<script><!-- --></script><a href=http://x/>", "http://x/"),
        (b"<script><!--></script><a href=http://x/>", "http://x/"),
        (b"<script><!--<script></script>--></script><a href=http://x/>", "http://x/"),
        (b"<STYLE></sTyle/><a href=http://x/>", "http://x/"),
    ],
)  # fmt: skip
def test_a_link_is_found(tag, value):
    """Each of these is one link to a browser."""
    assert found(tag) == [value]


@pytest.mark.parametrize(
    "html",
    [
        b"",
        b"<a>",
        b'<a href="">',
        b"<a href>",
        b"<a href=>",
        b'<a href="" href="http://x/">',
        b'<a href="http://x/"',
        b'<a href="http://x/>',
        b"<abbr href=http://x/>",
        b"<a\0 href=http://x/>",
        b"<link href=http://x/>",
        b"</a href=http://x/>",
        b"<p title='<a href=http://x/>'>",
        b"<!-- <a href=http://x/> -->",
        b"<!-- <a href=http://x/>",
        b"<!---\0><a href=http://x/>-->",
        b"<!x <a href=http://x/>",
        b"<svg><![CDATA[<a href=http://x/>]]></svg>",
        b"<script><a href=http://x/></script>",
        b"<script><!--<script></script><a href=http://x/>",
        b"<style><a href=http://x/></style>",
        b"<title><a href=http://x/></title>",
        b"<textarea></textareas><a href=http://x/></textarea>",
        b"<xmp><a href=http://x/></xmp>",
        b"<iframe><a href=http://x/></iframe>",
        b"<noembed><a href=http://x/></noembed>",
        b"<noframes><a href=http://x/></noframes>",
        b"<plaintext><a href=http://x/>",
        b"<v:rect href=http://x/>",
        b"<!--[if mso]><!-- <a href=http://x/> --><![endif]-->",
    ],
)
def test_no_link_is_invented(html):
    """None of these opens anything when clicked."""
    assert found(html) == []


def test_the_span_is_that_of_the_raw_value():
    """Offsets bound what stands between the quotes; the content begins after the tag."""
    html = b'<p><a class="x" href="http://x/?a&amp;b" id=y>text</a>'
    (href,) = links(html)
    assert html[href.start : href.end] == b"http://x/?a&amp;b"
    assert html[href.content_start :] == b"text</a>"
    assert href.quote == '"'
    assert href.element == "a"


def test_attributes_are_decoded_and_the_first_wins():
    """Those that are asked for: names are in lower case, values decoded, duplicates ignored."""
    html = b"<a Class='a &amp; b' class=c data-x id=y href=http://x/>"
    (href,) = links(html, wanted=frozenset({b"class", b"data-x"}))
    assert href.attributes == {"class": "a & b", "data-x": ""}
    assert links(html)[0].attributes == {}


def test_values_are_read_in_the_charset_of_the_document():
    """A value is decoded by the codec that is given."""
    assert links("<a href='http://x/ä'>".encode("cp1252"), "cp1252")[0].value == "http://x/ä"


@pytest.mark.parametrize("element", [b"a", b"v:rect"])
@pytest.mark.parametrize(
    "html",
    [
        b"<!--[if mso]><%b href='http://x/'><![endif]-->",
        b"<!--[if (gte mso 9)|(IE)]><%b href='http://x/'><![endif]-->",
        b"<!--[IF mso]><style><!--</style><%b href='http://x/'><![endif]-->",
        b"<![if !mso]><%b href='http://x/'><![endif]>",
        b"<!--[if !mso]><!--><%b href='http://x/'><!--<![endif]-->",
        b"<!--[if !mso]>--><%b href='http://x/'><!-- <![endif]-->",
        b"<!--[if mso]><!--[if gte mso 9]><%b href='http://x/'><![endif]--><![endif]-->",
    ],
)
def test_conditional_comments_hold_links(html, element):
    """What only Outlook reads, or all but Outlook, is found; VML is a link there."""
    (href,) = links(html % element)
    assert (href.value, href.element) == ("http://x/", element.decode())


def test_a_condition_ends():
    """What follows a conditional comment is for everyone, and VML is no link there."""
    html = b"<!--[if mso]><v:rect href=x></v:rect><![endif]--><a href=y></a><v:rect href=z>"
    assert found(html) == ["x", "y"]


@pytest.mark.parametrize(
    "cut", [b"<a href='", b"<style>", b"<title>", b"<svg>", b"<plaintext>", b"<!-- ", b"<![x"]
)
def test_what_a_conditional_comment_leaves_open_ends_with_it(cut):
    """Whatever stands in a comment, the document after it is read as if it did not."""
    assert found(b"<!--[if mso]>" + cut + b"<![endif]--><a href=http://x/>") == ["http://x/"]


def test_links_and_attributes_are_bounded():
    """What no real mail holds is left as it stands."""
    assert len(links(b"<a href=x>" * (MAX_HREFS + 10))) == MAX_HREFS
    assert len(links(b'<a href="x">' * (MAX_HREFS + 10))) == MAX_HREFS
    many = b" ".join(b"a%d" % number for number in range(MAX_ATTRIBUTES + 10))
    assert found(b"<a href=x " + many + b"><a href=y>") == ["y"]
    assert found(b"<a href=x " + b"b " * (MAX_ATTRIBUTES + 10) + b">") == ["x"]
    quoted = b" ".join(b'a%d="b"' % number for number in range(MAX_ATTRIBUTES + 10))
    assert found(b'<a href="x" ' + quoted + b'><a href="y">') == ["y"]


@pytest.mark.parametrize("tag", [b'<a href="x">', b'<a href="">', b"<a href=x>"])
def test_each_link_is_work(tag):
    """Written as usual, of which many are read in one go, or not."""
    with limit(2000):
        links(tag * 100)
    with limit(500), pytest.raises(BudgetExceeded):
        links(tag * 100)


@given(st.binary())
def test_any_octets_are_read(octets):
    """No octets raise; every span lies within them and holds its value."""
    previous = 0
    for href in links(octets):
        assert previous < href.start < href.end < href.content_start <= len(octets)
        previous = href.end


@given(st.lists(st.sampled_from([b"<a href=", b"http://x/", b'"', b"'", b">", b" ", b"<!--", b"-->", b"<![", b"<style>", b"</style>", b"<!--[if mso]>", b"<![endif]-->", b"<svg>", b"<v:a "])))  # fmt: skip
def test_replacing_every_value_leaves_the_links_where_they_are(pieces):
    """A document with other values in the same places has the same links."""
    html = b"".join(pieces)
    before = links(html)
    changed = html
    for href in reversed(before):
        changed = changed[: href.start] + b"https://t.example/c/A" + changed[href.end :]
    after = links(changed)
    assert [_shape(href) for href in after] == [_shape(href) for href in before]
    assert all(href.value == "https://t.example/c/A" for href in after)


def _shape(href: Href) -> tuple[str, str, int]:
    return href.element, href.quote, href.content_start - href.end
