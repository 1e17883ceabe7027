"""Links of any document are those that html5lib finds, piece by nasty piece."""

import warnings

import html5lib
from html5lib.constants import DataLossWarning
from hypothesis import given
from hypothesis import strategies as st

from proxy.links.html import links

LINKS = ['<a href="N">', "<a href=N>", "<A HREF='N'>", '<a\thref =\n"N" >', "<a/href=N>", "<area href=N />",
    '<a title="a>b" href="N">', "<a title='\"' href=\"N\">", "<a href=N href=no>", '<a =">" href=N>', '<a x=y"z> href=N">',
    '<a "x" href=N>', '<a href="N&amp;b&copy=1&copy;&#x41&notit;&#0;&#128">', "<a href=N/>", "<a x= href=N>", "<a x= y href=N>"]  # fmt: skip
NO_LINKS = ["<a>", '<a href="">', "<a href>", "<a\0 href=no>", "<ab href=no>", "</a href=no>", '</a x=">" href=no>',
    '<img alt="<a href=no>">', "<a", "<a href", '<a href="no', "<a href=no", "<p title='", '<p title="', '">', "'>"]  # fmt: skip
PIECES = ["<!--", "-->", "--!>", "<!-->", "<!--->", "<!", "<!x>", "<?x>", "</3>", "</>", "<!doctype html>", "<![CDATA[",
    "]]>", "<script>", "</script>", "<script", "<!--<script>", "</script >", "</SCRIPT/", "<style>", "</style>", "<title>",
    "</title>", "<textarea>", "</textarea >", "<xmp>", "</xmp>", "<iframe>", "</iframe>", "<noembed>", "</noembed>",
    "<noframes>", "</noframes>", "<noscript>", "</noscript>", "<plaintext>", "<svg>", "</svg>", "<svg/>", "<math>",
    "</math>", "<foreignObject>", "</foreignObject>", "<desc>", "<mi>", "</mi>", '<annotation-xml encoding="text/html">',
    "<p>", "</p>", "<div>", "<b>", "<font color=x>", "<font>", "</br>", "<table>", "<td>", "</table>", "<head>", "<body>",
    "</html>", "<![if !mso]>", "<![endif]>", "<!--<![endif]-->", "'", '"', "=", ">", "<", "/", "\r\n", "\f", "\v", "&",
    "x", " ", "<<", "é", '<p =">', '<p a="b"="c>', "<br/>", "<x a = >"]  # fmt: skip


@st.composite
def documents(draw: st.DrawFn) -> str:
    """Return a document of pieces, each link with a destination of its own."""
    pieces = draw(st.lists(st.sampled_from(LINKS * 4 + NO_LINKS + PIECES), max_size=12))
    return "".join(piece.replace("N", f"http://{at}.example/?") for at, piece in enumerate(pieces))


def html5lib_hrefs(html: str) -> set[str]:
    """Return the hrefs of every a and area that html5lib finds."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataLossWarning)
        tree = html5lib.parse(html)
    return {
        node.attrib["href"]
        for node in tree.iter()
        if isinstance(node.tag, str) and node.tag.rpartition("}")[2] in {"a", "area"}
        if node.attrib.get("href")
    }


@given(documents())
def test_links_are_those_of_html5lib(html):
    """The set of hrefs is the same; the pieces hold nothing that only a tree builder drops."""
    assert {href.value for href in links(html.encode())} == html5lib_hrefs(html)
